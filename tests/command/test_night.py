"""A night of eight hours by a clock of our own, in which the agent is limited for five."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from support.fakes import Rig, contract

from autoexp_tui.loop import journal
from autoexp_tui.loop.control import Controls, Desk
from autoexp_tui.model import budget, events
from autoexp_tui.model.contract import Agent, Budget
from autoexp_tui.proposers.command import AgentRun, Called, CommandProposer
from autoexp_tui.proposers.waiting import Waiter

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Ears(Controls):
    """Whoever waits with them makes the time go by."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, n: int, timeout: float) -> None:
        self._clock.now += 20 * timeout
        super().wait(n, 0.0)


class Night:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
        self.clock = Clock()
        clock = types.SimpleNamespace(monotonic=self.clock, time=self.clock)
        monkeypatch.setattr(journal, "time", clock)
        caps = Budget(max_experiments=500, max_wall_clock_hours=8.0)
        made = msgspec.structs.replace(contract(), budget=caps)
        self.rig = Rig(folder, [], made)
        self.rig.lab.before_result = lambda n: self._pass(1200)
        self.controls = Ears(self.clock)
        self.desk = Desk(self.controls)
        self.says = says
        self.limited: Callable[[float], bool] = lambda now: HOUR < now < 6 * HOUR
        self.asked = 0
        (folder / "workspace").mkdir()
        self.rig.proposer = CommandProposer(  # type: ignore[assignment] - any proposer does
            Called.of(Agent("agent"), {}),
            root=folder / "workspace",
            folder="",
            home=folder / "scratch",
            run=self._agent,
            waiter=Waiter(
                self.desk,
                lambda: budget.used_up(self.rig.state, self.clock.now),
                self._announce,
                monotonic=self.clock,
                wall=self.clock,
            ),
        )

    def run(self) -> events.RunFinished:
        return self.rig._run(self.controls, self.desk)

    def _announce(self, seconds: float, reason: str) -> None:
        assert self.rig.recorder is not None
        self.rig.recorder.record(events.WaitBegan(self.desk.n, seconds, reason))

    def _pass(self, seconds: float) -> None:
        self.clock.now += seconds

    def _agent(
        self, command: str, *, cwd: Path, on_output: Callable[[bytes], None], **_: object
    ) -> AgentRun:
        self.asked += 1
        self._pass(20)
        if self.limited(self.clock.now):
            said = self.says.format(int((6 * HOUR - self.clock.now) / 60) + 1)
            on_output(f"{said}\n".encode())
            return AgentRun(1, f"exit 1: {said}", f"{said}\n")
        (cwd / "t.py").write_text(str(10 - self.asked / 1000))
        return AgentRun(0, "", "")


SAYS = ["You've hit your usage limit. Try again in {} minutes.", "usage limit reached"]


@pytest.mark.parametrize("says", SAYS)
def test_a_limit_of_five_hours_costs_no_row_and_the_night_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    night = Night(tmp_path, monkeypatch, says)
    finished = night.run()
    assert finished.ok
    assert finished.reason == "8 h have passed (max_wall_clock_hours)"
    rows = night.rig.state.rows
    assert len(rows) > 3 * HOUR / 1220 - 3
    assert [row.n for row in rows] == [*range(1, len(rows) + 1)]
    assert len(night.rig.table()) == len(rows)
    waited = [
        record.event
        for record in journal.read_all(night.rig.directory.journal)
        if isinstance(record.event, events.WaitBegan)
    ]
    assert all("limit" in wait.reason for wait in waited)
    assert 0 < len(waited) < 60
    assert 4.5 * HOUR < sum(wait.seconds for wait in waited) < 5.5 * HOUR


def test_a_night_in_which_the_agent_never_works_ends_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(tmp_path, monkeypatch, SAYS[1])
    night.limited = lambda now: True
    night.clock.now = 6 * HOUR
    finished = night.run()
    assert not finished.ok
    assert "while it waited: the agent failed: exit 1: usage limit reached" in finished.reason
    assert len(night.rig.state.rows) == 1


def test_who_stops_the_run_meanwhile_is_heard_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(tmp_path, monkeypatch, SAYS[0])

    def stop(record: events.Record, state: object) -> None:
        if isinstance(record.event, events.WaitBegan):
            night.controls.stop(now=False)

    monkeypatch.setattr(night.rig, "_hear", stop)
    assert night.run().ok
    assert night.clock.now < 2 * HOUR
