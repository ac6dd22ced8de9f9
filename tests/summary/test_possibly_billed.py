"""What may have been billed besides is told wherever what was spent is."""

from __future__ import annotations

import msgspec
from support.realistic_run import experiment, folded, opening, recorded

from autoexp_tui.model import events
from autoexp_tui.model.state import RunState
from autoexp_tui.summary.brief import brief
from autoexp_tui.summary.digest import digest_of
from autoexp_tui.text.safe import Safe
from autoexp_tui.ui.status import Now, first_line

DROPPED = [
    events.CostReserved(1, 2, Safe("m"), 100, 100, 0.5),
    events.CostSettled(1, 2, Safe("m"), {}, 0.0, False, Safe("did not answer"), 0.25),
]


def after(*more: events.AnyEvent) -> RunState:
    return folded(recorded([*opening(), *experiment(1, "keep"), *more, *experiment(2, "keep")]))


def test_it_is_told_beside_what_was_spent() -> None:
    state = after(*DROPPED)
    status = [piece.text for piece in first_line(state, Now(state.time, alive=True))]
    assert "$0.25 possibly billed" in status
    assert "$0.00 of $10.00" in status
    assert "it cost nothing; $0.25 more may be billed, for dropped lines" in brief(state, 0, 0.0)
    assert "it cost nothing" in brief(state, 0, 0.0, 0.25)
    assert digest_of(state).possible_usd == 0.25


def test_it_is_not_told_where_nothing_was_dropped() -> None:
    state = after()
    told = [piece.text for piece in first_line(state, Now(state.time, alive=True))]
    assert not [text for text in told if "billed" in text]
    assert "it cost nothing" in brief(state, 0, 0.0)


def test_a_journal_without_the_figure_is_read() -> None:
    old = msgspec.json.encode(DROPPED[1]).replace(b',"possible_usd":0.25', b"")
    assert b"possible" not in old
    assert msgspec.json.decode(old, type=events.CostSettled).possible_usd == 0.0
