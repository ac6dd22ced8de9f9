from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from autoexp_tui.loop.control import Controls, Desk, Interrupted
from autoexp_tui.model.proposal import Exhausted
from autoexp_tui.proposers.waiting import Waiter

HOURS = 36_000.0


def test_a_wait_is_announced_and_ends_by_itself() -> None:
    announced: list[tuple[float, str]] = []
    patience = Waiter(Desk(Controls()), lambda: "", lambda *wait: announced.append(wait))
    patience.wait(0.01, "overloaded")
    assert announced == [(0.01, "overloaded")]


ENDS: dict[str, Callable[[Controls], None]] = {
    "skip": lambda controls: controls.skip(0),
    "stop now": lambda controls: controls.stop(now=True),
    "stop after this experiment": lambda controls: controls.stop(now=False),
}


@pytest.mark.parametrize("wish", ENDS)
def test_a_person_ends_a_wait_at_once(wish: str) -> None:
    controls = Controls()
    waiting = threading.Event()
    patience = Waiter(Desk(controls), lambda: "", lambda *_: waiting.set())
    person = threading.Thread(target=lambda: (waiting.wait(), ENDS[wish](controls)))
    person.start()
    with pytest.raises(Interrupted):
        patience.wait(HOURS, "overloaded")
    person.join()


def test_a_budget_ends_a_wait() -> None:
    looks = iter(["", "", "8 h have passed"])
    patience = Waiter(Desk(Controls()), lambda: next(looks), lambda *_: None)
    with pytest.raises(Exhausted, match="8 h have passed"):
        patience.wait(HOURS, "overloaded")


def test_a_step_that_is_to_end_is_not_waited_for() -> None:
    controls = Controls()
    announced: list[float] = []
    patience = Waiter(Desk(controls), lambda: "", lambda seconds, _: announced.append(seconds))
    controls.skip(0)
    with pytest.raises(Interrupted):
        patience.wait(HOURS, "overloaded")
    with pytest.raises(Interrupted):
        patience.check()
    assert announced == []
