"""What a flaky line takes of the cap, in the run's own books, whatever protocol is spoken."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from support import chat_server, messages_server
from support.chat_server import ChatServer
from support.fakes import contract, started
from support.messages_server import MessagesServer, Step
from support.researcher import TARGET, ChatDesk, Desk

from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import budget
from autoexp_tui.model.contract import Budget
from autoexp_tui.model.state import RunState

EDIT = ("lr = 0.1", "lr = 0.2")
AFTER = TARGET.replace(*EDIT)
DROPS = 100


class Protocol(NamedTuple):
    server: type[MessagesServer]
    desk: type[Desk]
    path: str
    good: Step
    dropped: Step
    """Accepted, and closed without a byte."""
    cut: Step
    """Closed when the proposal had just begun."""


_MESSAGES = list(messages_server.events_of([messages_server.call(chat_server.proposal(EDIT))]))
_CHUNKS = [*chat_server.called(chat_server.proposal(EDIT)), chat_server.usage()]
MESSAGES = Protocol(
    MessagesServer,
    Desk,
    "",
    messages_server.proposes(EDIT),
    messages_server.cut(_MESSAGES, 0, clean=False),
    messages_server.cut(_MESSAGES, 5, clean=False),
)
CHAT = Protocol(
    ChatServer,
    ChatDesk,
    "/v1",
    chat_server.proposes(EDIT),
    chat_server.cut(_CHUNKS, 0),
    chat_server.cut(_CHUNKS, 4),
)
_NO_SDK = pytest.mark.skipif(find_spec("openai") is None, reason="the extra is not installed")
PROTOCOLS = [
    pytest.param(MESSAGES, id="messages"),
    pytest.param(CHAT, id="chat", marks=_NO_SDK),
]


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with Journal(tmp_path / "journal.jsonl") as journal:
        yield Recorder(journal)


def dropped(spoken: Protocol, step: Step, recorder: Recorder, **settings: Any) -> RunState:
    """The run's state when a hundred requests have come to nothing, before one is answered."""
    made = msgspec.structs.replace(contract(), budget=Budget(max_cost_usd=2.0))
    recorder.record(started(made))
    counted: list[float] = []
    with spoken.server(count=lambda body: 80) as server:
        ledger = SpendLedger(recorder)
        url = server.url + spoken.path
        desk = spoken.desk(url, ledger=ledger, max_tokens=16_000, **settings)
        desk.patience.on_wait = lambda *_: counted.append(budget.counted_usd(recorder.state))
        server.play(*[step] * DROPS, spoken.good)
        try:
            assert desk.propose() == AFTER
        finally:
            desk.close()
        assert len(server.seen) == DROPS + 1
    assert len(counted) == DROPS
    return recorder.state


def share(state: RunState, cap: float) -> float:
    """Of a cap that is used up, the answer that came at last included."""
    state.budget = Budget(max_cost_usd=cap)
    return budget.counted_usd(state) / cap


@pytest.mark.parametrize("spoken", PROTOCOLS)
def test_a_hundred_requests_that_no_byte_answered(spoken: Protocol, recorder: Recorder) -> None:
    state = dropped(spoken, spoken.dropped, recorder)
    assert share(state, Budget().max_cost_usd) <= 0.03
    assert share(state, 2.0) <= 0.03
    assert state.possible_usd > 0


def test_a_hundred_answers_that_were_cut(recorder: Recorder) -> None:
    state = dropped(MESSAGES, MESSAGES.cut, recorder)
    assert state.spent_usd > DROPS * 100 * 2 / 1e6  # the input was billed a hundred times
    assert share(state, Budget().max_cost_usd) <= 0.03
    assert share(state, 2.0) <= 0.03


@pytest.mark.skipif(find_spec("openai") is None, reason="the extra is not installed")
def test_a_hundred_chats_that_were_cut(recorder: Recorder) -> None:
    state = dropped(CHAT, CHAT.cut, recorder, prices={"input": 0.25, "output": 2.0})
    assert share(state, Budget().max_cost_usd) <= 0.03
    assert share(state, 2.0) <= 0.03


@pytest.mark.parametrize("spoken", PROTOCOLS)
def test_while_a_server_is_down_it_is_paid_for_one_request_in_ten(
    spoken: Protocol, recorder: Recorder
) -> None:
    recorder.record(started(contract()))
    with spoken.server(player=lambda body: spoken.dropped) as server:
        desk = spoken.desk(server.url + spoken.path, ledger=SpendLedger(recorder))

        def fall(seconds: float, reason: str) -> None:
            server.hang_up_counts = True
            if len(desk.patience.waits) == DROPS:
                server.hang_up_counts, server.player = False, lambda body: spoken.good

        desk.patience.on_wait = fall
        try:
            assert desk.propose() == AFTER
        finally:
            desk.close()
        assert len(server.seen) <= DROPS / 10 + 1
