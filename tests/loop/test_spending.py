"""The run's money: no reservation is lost, none goes past the cap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from support.fakes import contract, started

from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import events
from autoexp_tui.model.contract import Budget
from autoexp_tui.model.proposal import Exhausted


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """Of a run that may spend four dollars."""
    made = msgspec.structs.replace(contract(), budget=Budget(max_cost_usd=4.0))
    with Journal(tmp_path / "journal.jsonl") as journal:
        recorder = Recorder(journal)
        recorder.record(started(made))
        yield recorder


def request(usd: float) -> events.CostReserved:
    return events.CostReserved(0, 1, "claude", 100, 100, usd)


def test_the_last_cent_may_be_reserved_and_no_more(recorder: Recorder) -> None:
    books = SpendLedger(recorder)
    books.reserve(request(3.0))
    with pytest.raises(Exhausted, match="max_cost_usd"):
        books.reserve(request(1.01))
    books.reserve(request(1.0))
    assert recorder.state.spent_usd == 4.0


def test_no_two_requests_share_a_number(recorder: Recorder) -> None:
    books = SpendLedger(recorder)
    numbers = [books.reserve(request(0.5)), books.reserve(request(0.5))]
    books.settle(numbers[0], {}, 0.25, "answered")
    numbers += [books.reserve(request(0.5)), books.reserve(request(0.5))]
    assert len(set(numbers)) == 4
    assert recorder.state.spent_usd == 0.25 + 3 * 0.5


def test_what_a_dead_runner_had_reserved_is_settled_at_its_worst(recorder: Recorder) -> None:
    books = SpendLedger(recorder)
    books.reserve(request(0.5))
    books.reserve(request(1.0))
    books.close_open()
    settled = [event for _, event in recorder.state.settled]
    assert [(event.usd, event.exact) for event in settled] == [(0.5, False), (1.0, False)]
    assert recorder.state.reserved == {}


def test_what_is_possibly_billed_counts_up_to_a_hundredth_of_the_cap(recorder: Recorder) -> None:
    books = SpendLedger(recorder)
    for _ in range(3):
        books.settle(books.reserve(request(1.0)), {}, 0.0, "dropped", exact=False, possible_usd=0.5)
    assert (recorder.state.spent_usd, recorder.state.possible_usd) == (0.0, 1.5)
    with pytest.raises(Exhausted, match=r"\$1\.50 possibly billed besides"):
        books.reserve(request(3.97))
    books.reserve(request(3.96))


def test_a_person_is_told_once_that_much_may_have_been_billed(recorder: Recorder) -> None:
    books = SpendLedger(recorder)
    for _ in range(4):
        books.settle(books.reserve(request(1.0)), {}, 0.0, "dropped", exact=False, possible_usd=0.3)
    assert len(recorder.state.notices) == 1
    assert "may have been billed" in recorder.state.notices[0][1].text


def test_whoever_keeps_the_log_hears_of_each_settlement(recorder: Recorder) -> None:
    heard: list[int] = []
    books = SpendLedger(recorder, lambda: heard.append(len(recorder.state.settled)))
    books.settle(books.reserve(request(1.0)), {}, 0.5, "answered")
    books.settle(books.reserve(request(1.0)), {}, 0.5, "answered")
    assert heard == [1, 2]
