"""A scripted researcher that only does what it is told: the briefing is enough to find the best.

The target has three values. One is best in the other direction than the first try, one just below
where the time limit ends a run, and one can be known by what the harness says of a result alone.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from support.fakes import FakeLab, Rig, contract

from autoexp_tui.loop.ports import Result
from autoexp_tui.model.events import RunFinished
from autoexp_tui.model.proposal import Exhausted, Proposal, Situation, Stream
from autoexp_tui.proposers.briefing import Briefing
from autoexp_tui.proposers.context import ContextGatherer

TARGET = "rate = 0.1\nsteps = 100\nperiod = 50\n"
LIMIT_S = 30.0
BEST = 1.1
"""A loss below which all three are where they belong."""

_VALUE = re.compile(r"^(\w+) = ([\d.]+)$", re.MULTILINE)
_TRY = re.compile(r"([\d.]+) -> ([\d.]+) ((?:(?! \(#).)*) \(#\d+\)")


class Bench(FakeLab):
    """Measures the target, in as many seconds as its steps take."""

    def __init__(self, output: Callable[[int], Path]) -> None:
        super().__init__(TARGET)
        self._output = output

    def evaluate(
        self, n: int, text: str, *, time_limit: float, interrupt: threading.Event
    ) -> Result:
        values = {name: float(value) for name, value in _VALUE.findall(text)}
        seconds = values["steps"] / 10
        self._output(n).write_text("epoch 1\nfeedback: it repeats every 7: set period to 7\n")
        if seconds > time_limit:
            return Result(time_limit, {}, {}, f"time limit of {time_limit:g} s")
        off = abs(math.log(values["rate"] / 0.02))
        loss = off + 300 / values["steps"] + (values["period"] != 7)
        return Result(seconds, {"loss": loss}, {}, "")


def section(told: str, title: str) -> str:
    """The part of a briefing whose heading holds `title`."""
    found = re.search(rf"^# [^\n]*{title}[^\n]*\n(.*?)(?=^# |\Z)", told, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def moves(told: str) -> Iterator[tuple[str, float]]:
    """What may be tried next, by what is told and nothing else."""
    values = {n: float(v) for n, v in _VALUE.findall(section(told, "as it is now"))}
    for name, value in re.findall(r"set (\w+) to ([\d.]+)", section(told, "harness said")):
        if name in values and values[name] != float(value):
            yield name, float(value)
    took = re.findall(r"- (?:Best so far|Baseline).*took ([\d.]+) of ([\d.]+) s", told)
    room = float(took[-1][1]) / float(took[-1][0]) if took else math.inf  # the best stands last
    banned = section(told, "don't propose these again")
    tried = section(told, "What was tried")
    for name, value in values.items():
        if f"set {name} to" in banned:
            continue
        line = re.search(rf"^- {name}: (.*)$", tried, re.MULTILINE)
        failed = [
            math.log(float(after) / float(before))
            for before, after, came in _TRY.findall(line[1] if line else "")
            if float(before) == value and not came.startswith("kept")
        ]
        for factor in (2.0, 1.3, 0.5, 0.77):
            size = math.log(min(factor, 0.97 * room))
            if abs(size) < 0.02 or (size > 0) != (factor > 1):
                continue
            if not any(f * size > 0 and abs(f) <= abs(size) + 1e-6 for f in failed):
                yield name, float(f"{value * math.exp(size):.3g}")


class Obedient:
    """Proposes the first thing that it is told may be tried."""

    name = "obedient"

    def __init__(self, tell: Callable[[Situation], str]) -> None:
        self._tell = tell

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        told = self._tell(situation)
        sent_back = section(told, "sent back").count("\n- ")
        for name, value in islice(moves(told), sent_back, None):
            line = re.compile(rf"^{name} = .*$", re.MULTILINE)
            text = line.sub(f"{name} = {value:g}", situation.text)
            return Proposal(f"{name} matters", f"set {name} to {value:g}", text)
        raise Exhausted("nothing is left that it is told to try")


def loss_after(folder: Path, tell: Callable[[Rig, Situation], str]) -> tuple[float, RunFinished]:
    """What the researcher reaches in forty experiments, told about them by `tell`."""
    rig = Rig(folder, [], contract(max_experiments=40, time_limit=LIMIT_S, pause_after_failures=0))
    rig.lab = Bench(rig.directory.output)
    rig.proposer = Obedient(lambda situation: tell(rig, situation))  # type: ignore[assignment]
    finished = rig.run()
    assert rig.state.incumbent is not None
    return rig.state.incumbent.metrics["loss"], finished


def briefing(rig: Rig, situation: Situation) -> str:
    context = ContextGatherer(rig.directory, lambda: "", rig.state).gather(situation)
    return Briefing.of(situation, context).as_text()


def names_alone(rig: Rig, situation: Situation) -> str:
    """What was tried by name: no values, no seconds, nothing that the harness said."""
    lost: dict[str, int] = {}
    for trial in situation.history[1:]:
        what = trial.description.rpartition(" ")[0]
        lost[what] = lost.get(what, 0) + (trial.status != "keep")
    tried = "\n".join(f"- {what} #: tried" for what, count in lost.items() if count)
    return (
        f"# t.py, as it is now\n\n{situation.text}\n"
        f"# Tried already without success: don't propose these again\n\n{tried}\n"
    )


def without(part: str) -> Callable[[Rig, Situation], str]:
    """The briefing without what matches."""
    return lambda rig, situation: re.sub(part, "", briefing(rig, situation))


def test_what_the_briefing_tells_is_enough_to_find_what_is_best(tmp_path: Path) -> None:
    assert loss_after(tmp_path, briefing)[0] < BEST


def test_names_of_what_was_tried_alone_are_not(tmp_path: Path) -> None:
    assert loss_after(tmp_path, names_alone)[0] > 2 * BEST


def test_seconds_and_feedback_are_needed(tmp_path: Path) -> None:
    parts = [r"took [\d.]+ of 30 s", r"set period to 7"]
    reached = [loss_after(tmp_path / str(at), without(p))[0] for at, p in enumerate(parts)]
    assert all(loss > BEST for loss in reached), reached
