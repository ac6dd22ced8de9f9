"""A broken promise is told: each of these plug-ins breaks one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from support.real_rig import RealRig
from support.researcher import situation

from autoexp_tui.evaluation.local import LocalEvaluator, LocalHandle
from autoexp_tui.evaluation.sandbox import Confinement
from autoexp_tui.loop.control import Interrupted
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.model.proposal import Proposal, Situation, Stream
from autoexp_tui.testing import check_evaluator, check_proposer, check_sandbox
from autoexp_tui.testing.evaluators import CONTRACT


class Good:
    """Doubles the rate."""

    name = "good"

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        text = situation.text.replace("0.1", "0.2")
        stream("target", text)
        return Proposal("faster", "double the rate", text, {"rate": 0.2})


class ChangesNothing(Good):
    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        stream("target", situation.text)
        return Proposal("none", "none", situation.text)


class ForgetsTheForm(Good):
    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        made = super().propose(situation, stream)
        return msgspec.structs.replace(made, memo={"rate": (1, 2)})


class TwoLines(Good):
    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        return msgspec.structs.replace(super().propose(situation, stream), description="a\nb")


class Silent(Good):
    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        return super().propose(situation, lambda *_: None)


class Deaf(Good):
    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        def quietly(part: object, text: str) -> None:
            try:
                stream("target", text)
            except Interrupted:
                return

        return super().propose(situation, quietly)


def test_a_good_proposer_passes() -> None:
    assert check_proposer(Good, situation()).memo == {"rate": 0.2}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (ChangesNothing, "changes the target"),
        (ForgetsTheForm, "`memo` is the same"),
        (TwoLines, "one line"),
        (Silent, "something is streamed"),
        (Deaf, "Interrupted was swallowed"),
    ],
)
def test_a_proposer_that_breaks_a_promise_is_told(bad: Callable[[], Good], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_proposer(bad, situation())


UNCONFINED = msgspec.structs.replace(CONTRACT, sandbox="none")


class Careless:
    """An evaluator that alters results."""

    def __init__(self, inner: LocalEvaluator, **altered: object) -> None:
        self._inner = inner
        self._altered = altered

    def submit(self, job: Job) -> LocalHandle:
        handle = self._inner.submit(job)
        result = handle.result

        def careless() -> Result:
            found = result()
            return msgspec.structs.replace(found, **self._altered) if found.failure else found

        handle.result = careless  # type: ignore[method-assign]
        return handle


@pytest.mark.parametrize(
    ("altered", "words"),
    [
        ({"metrics": {"loss": 0.5}}, "a failure has no metrics"),
        ({"tail": ""}, "`tail` has the last lines"),
        ({"cut_short": True}, "not cut short"),
        ({"cut_short": False}, "a time limit cuts"),
        ({"tampered": False}, "protected file is noticed"),
    ],
)
def test_an_evaluator_that_breaks_a_promise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, altered: dict[str, object], words: str
) -> None:
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))
    with (
        RealRig(tmp_path, [], UNCONFINED).evaluator() as evaluator,
        pytest.raises(AssertionError, match=words),
    ):
        check_evaluator(Careless(evaluator, **altered))


class Shell:
    """Puts the command through a shell."""

    name = "shell"

    def __init__(self, script: str) -> None:
        self._script = script

    def probe(self) -> str:
        return ""

    def wrap(self, argv: Sequence[str], _confinement: Confinement) -> list[str]:
        return ["/bin/sh", "-c", self._script, "sh", *argv]


def test_a_sandbox_that_only_passes_on_is_one(tmp_path: Path) -> None:
    check_sandbox(Shell('exec "$@"'), tmp_path, forbids=False)


def test_one_that_only_passes_on_forbids_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="what is hidden can't be read"):
        check_sandbox(Shell('exec "$@"'), tmp_path)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('"$@"; exit 0', "exit status"),
        ("exec $*", "exit status|arguments"),
        ('unset GIVEN; exec "$@"', "environment"),
        ('cd ..; exec "$@"', "current folder"),
    ],
)
def test_a_sandbox_that_breaks_a_promise_is_told(tmp_path: Path, script: str, words: str) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with pytest.raises(AssertionError, match=words):
        check_sandbox(Shell(script), workspace)
