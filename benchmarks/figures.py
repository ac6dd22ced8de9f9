"""What is to be reached: every figure by its name, with its goal, and the table made of them.

A benchmark tells its figures beside its text, one JSON object a line, into the file that `--json`
names; `bench.py` makes the table of all of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that is to be at most `bound`, or at least if `at_least`."""

    what: str
    unit: str
    """Of the figure and of its reference."""
    reference: str
    """What stands beside it, in words; empty: nothing."""
    bound: float
    ratio: bool = False
    """Whether the bound is of the figure's ratio to its reference."""
    at_least: bool = False

    def compared(self, value: float, reference: float | None) -> float | None:
        """What the bound is of; None without the reference that it needs."""
        if not self.ratio:
            return value
        return value / reference if reference else None

    def is_met(self, compared: float) -> bool:
        return compared >= self.bound if self.at_least else compared <= self.bound


_FLOOR = "durable floor"
_BARE = "a bare Textual app"
_IMPORT = '`python -c "import textual"`'
GOALS: dict[str, Goal] = {
    "experiment, discarded": Goal("an experiment, discarded: CPU", "ms", _FLOOR, 2.5, ratio=True),
    "experiment, kept": Goal("an experiment, kept: CPU", "ms", _FLOOR, 2.5, ratio=True),
    "experiment, agent": Goal(
        "an experiment with an agent program: CPU", "ms", _FLOOR, 2.5, ratio=True
    ),
    "peers": Goal("an iteration at 1,000", "ms", "gepa, same stub", 1.0, ratio=True),
    "peers, flat": Goal("an iteration at 1,000", "ms", "at 300", 1.1, ratio=True),
    "programs": Goal("programs started for an experiment, but its harness' own", "", "", 1),
    "fsyncs": Goal("fsyncs of a discarded experiment", "", "", 3),
    "late, tuner": Goal("experiment 5,000, tuner: CPU", "ms", "experiment 100", 1.3, ratio=True),
    "late, agent": Goal(
        "experiment 500, agent program: CPU", "ms", "experiment 100", 1.3, ratio=True
    ),
    "proposal": Goal(
        "a tuner's proposal at trial 5,000, the slowest case", "ms", "trial 100", 2, ratio=True
    ),
    "files, discarded": Goal("in 10,000 files: CPU", "ms", "in 10 files", 1.3, ratio=True),
    "files, agent": Goal(
        "in 10,000 files, agent program: CPU", "ms", "in 10 files", 1.3, ratio=True
    ),
    "ignored": Goal("beside 1 GB of ignored data: CPU", "ms", "without", 1.1, ratio=True),
    "disk": Goal("disk for each experiment", "KB", "", 8),
    "help": Goal("`autoexp --help`", "ms", _IMPORT, 0.8, ratio=True),
    "first frame, attach": Goal("first full frame of attach", "ms", _BARE, 1.5, ratio=True),
    "first frame, replay": Goal("first full frame of replay", "ms", _BARE, 1.5, ratio=True),
    "first screen": Goal("first screen on the wire", "KB", "a Textual app with a table", 20),
    "wire, lines": Goal("live at 120×40, 10 lines/s", "KB/s", "`tail -f` in two tmux panes", 4),
    "wire, rows": Goal("live at 120×40, 1 row/s", "KB/s", "", 8),
    "wire, clock": Goal("a clock, else still", "B/s", "", 250),
    "wire, idle": Goal("idle", "B/s", "", 0),
    "cpu, idle": Goal("CPU of an idle screen", "%", "", 0.5),
    "cpu, live": Goal("CPU of a live screen, 10 lines/s", "%", "", 10),
    "ssh, attach": Goal("over SSH: attach", "KB", "", 20),
    "ssh, live": Goal("over SSH: live", "KB/s", "", 4),
    "ssh, key": Goal("over SSH: a key", "KB", "", 3),
    "ssh, thin": Goal("a key at 64 kbit/s, the slowest", "s", "", 1),
    "still": Goal("a line that stood still for 40 s, then goes on", "KB", "", 25),
    "key, idle": Goal("key press → changed screen, p95, idle", "ms", "a bare Textual modal", 40),
    "key, flood": Goal("the same in a flood", "ms", "a bare Textual modal", 50),
    "flood, plain": Goal(
        "flood drained, plain lines", "M lines/s", "`cat > file`", 1, at_least=True
    ),
    "flood, metric": Goal(
        "flood drained, lines that carry the metric", "M lines/s", "`cat > file`", 1, at_least=True
    ),
    "flood, one line": Goal("one endless line drained", "s", "`cat > file`", 1.5, ratio=True),
    "flood, memory": Goal("memory of a viewer in a flood", "MB", "", 80),
    "100,000 rows": Goal("first frame of 100,000 rows", "s", "of 1,000 rows", 1.3, ratio=True),
    "100,000 rows, memory": Goal("memory of 100,000 rows", "MB", "", 80),
    "100,000 rows, leap": Goal("a leap in 100,000 rows", "ms", "", 20),
    "1,000,000 rows": Goal("first frame of 1,000,000 rows", "s", "of 1,000 rows", 3),
    "1,000,000 rows, memory": Goal("memory of 1,000,000 rows", "MB", "", 400),
    "runner": Goal("runner at 5,000 experiments, tuner", "MB", "at 100", 80),
    "watched": Goal("the loop, watched", "/s", "alone", 0.9, ratio=True, at_least=True),
    "stalled": Goal(
        "the loop, watched by a stalled terminal", "/s", "alone", 0.9, ratio=True, at_least=True
    ),
}
"""By name, in the order of the table."""

_NAMED, _GOAL_AT = 56, 16
"""Characters of a name in the plot, and of a bar up to its goal."""
_VALUE, _REFERENCE, _NAME = "value", "reference", "name"


class Figures:
    """Where a benchmark tells its figures; nowhere without a file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def tell(self, name: str, value: float, reference: float | None = None) -> None:
        """A figure of `GOALS`, in its unit there; KeyError for any other."""
        if name not in GOALS:
            raise KeyError(name)
        line = {_NAME: name, _VALUE: value, _REFERENCE: reference}
        if self._path is not None:
            with self._path.open("a") as file:
                file.write(json.dumps(line) + "\n")


def add_argument(parser: argparse.ArgumentParser) -> None:
    """`--json FILE`."""
    parser.add_argument("--json", type=Path, help="a file for the figures, one object a line")


def read(path: Path) -> dict[str, tuple[float, float | None]]:
    """Figures and their references by name; the last of each counts."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = map(json.loads, lines)
    return {each[_NAME]: (each[_VALUE], each[_REFERENCE]) for each in found}


def table(found: Mapping[str, tuple[float, float | None]]) -> str:
    """All goals with what was found, in Markdown."""
    rows = [_row(goal, *found.get(name, (None, None))) for name, goal in GOALS.items()]
    head = ["| what | figure | reference in the same run | goal | |", "|---|--:|--:|--:|---|"]
    return "\n".join([*head, *rows])


def _row(goal: Goal, value: float | None, reference: float | None) -> str:
    beside = goal.reference
    if reference is not None:
        beside = f"{beside}: {_told(reference, goal.unit)}"
    sign = "≥" if goal.at_least else "≤"
    bound = f"{sign} {_number(goal.bound)}{'×' if goal.ratio else f' {goal.unit}'.rstrip()}"
    if value is None:
        return f"| {goal.what} | – | {beside} | {bound} | not measured here |"
    compared = goal.compared(value, reference)
    figure = _told(value, goal.unit)
    if compared is None:
        return f"| {goal.what} | {figure} | {beside} | {bound} | no reference here |"
    figure = f"{figure}, {_number(compared)}×" if goal.ratio else figure
    return f"| {goal.what} | {figure} | {beside} | {bound} | {_word(goal, compared)} |"


def _word(goal: Goal, compared: float) -> str:
    return "met" if goal.is_met(compared) else "**missed**"


def plot(found: Mapping[str, tuple[float, float | None]]) -> str:
    """Of each figure how far it is on the way to its goal's bound, as bars of characters."""
    return "\n".join(
        f"{GOALS[name].what[:_NAMED]:<{_NAMED}} {_bar(share)}" for name, share in _shares(found)
    )


def _shares(found: Mapping[str, tuple[float, float | None]]) -> Iterator[tuple[str, float]]:
    """The part of what it may be that each figure is; above 1 the goal is missed."""
    for name, goal in GOALS.items():
        compared = goal.compared(*found[name]) if name in found else None
        if compared and goal.bound:
            yield name, goal.bound / compared if goal.at_least else compared / goal.bound


def _bar(share: float) -> str:
    """A bar whose goal stands in the middle; what is twice as much or more ends in an arrow."""
    filled = min(round(share * _GOAL_AT), 2 * _GOAL_AT)
    bar = "█" * filled + "·" * (2 * _GOAL_AT - filled)
    end = "▶" if share > 2 else " "
    return f"{bar[:_GOAL_AT]}│{bar[_GOAL_AT:]}{end} {_number(share)}"


def missed(found: Mapping[str, tuple[float, float | None]]) -> Iterable[str]:
    """The names of goals that what was found doesn't reach."""
    for name, (value, reference) in found.items():
        compared = GOALS[name].compared(value, reference)
        if compared is not None and not GOALS[name].is_met(compared):
            yield name


def _told(number: float, unit: str) -> str:
    return f"{_number(number)} {unit}".rstrip()


def _number(number: float) -> str:
    """In two or three digits."""
    if number == 0 or abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.2g}" if abs(number) < 1 else f"{number:.3g}"
