"""A run that is taken up with less protection says so."""

from __future__ import annotations

import msgspec
import pytest
from support.fakes import started

from autoexp_tui.evaluation.sandbox import choice
from autoexp_tui.evaluation.sandbox.choice import protection, weakened
from autoexp_tui.evaluation.sandbox.seam import NoSandbox
from autoexp_tui.model.contract import SandboxChoice
from autoexp_tui.model.events import Record, RunnerStarted
from autoexp_tui.model.state import RunState
from autoexp_tui.testing.evaluators import CONTRACT
from autoexp_tui.text.safe import Safe


class Level(NoSandbox):
    def probe(self) -> str:
        return "" if self.name == "none" else "read-only home, no network"


def line(name: str, monkeypatch: pytest.MonkeyPatch) -> Safe:
    def fixed(_: SandboxChoice) -> Level:
        return Level(name)

    monkeypatch.setattr(choice, "choose", fixed)
    return Safe(protection(CONTRACT))


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ("bubblewrap", "landlock", "the sandbox is weaker than it was: landlock, before bubblew"),
        ("landlock", "none", "the sandbox is weaker than it was: no sandbox, before landlock"),
        ("none", "landlock", ""),
        ("bubblewrap", "bubblewrap", ""),
    ],
)
def test_a_weaker_sandbox_is_told(
    before: str, now: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = weakened(line(before, monkeypatch), line(now, monkeypatch))
    assert told.startswith(words)
    assert bool(told) == bool(words)


def test_the_protection_of_a_run_is_that_of_its_last_runner() -> None:
    state = RunState()
    state.apply(
        Record(1, 0.0, 0.0, msgspec.structs.replace(started(CONTRACT), protection=Safe("a")))
    )
    assert state.protection == "a"
    state.apply(Record(2, 0.0, 0.0, RunnerStarted(1, Safe("h"), "r", "t", True)))
    assert state.protection == "a"  # of an earlier version
    state.apply(Record(3, 0.0, 0.0, RunnerStarted(1, Safe("h"), "r", "t", True, Safe("b"))))
    assert state.protection == "b"
