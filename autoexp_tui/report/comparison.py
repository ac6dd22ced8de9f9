"""Several runs held against each other: their running bests on one scale, and what each kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from autoexp_tui.model.objective import Objective
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.report.textplot import LETTERS
from autoexp_tui.summary.gains import told
from autoexp_tui.summary.picture import Axis, Picture, PlotMark, StepLine, Tick
from autoexp_tui.text.numbers import (
    format_column,
    format_duration,
    money,
    told_apart,
)
from autoexp_tui.text.safe import Safe, clean_line, cut, one_line

By = Literal["experiment", "time", "cost"]

_NAME = 40
_HUGE = 1e300
_MOST = len(LETTERS)


@dataclass(frozen=True, slots=True)
class KeptChange:
    """One kept change of a run."""

    row: Row
    value: float
    """The objective's figure."""
    x: float
    """Experiments, seconds or dollars that it took to come to it."""
    is_best: bool
    """Whether it was a new best when it came."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of a comparison."""

    name: Safe
    objective: Objective
    kept: tuple[KeptChange, ...]
    """The baseline first."""
    end: float
    """Where the run ends, in the unit of `KeptChange.x`."""
    rows: int
    seconds: float
    usd: float

    @property
    def best(self) -> KeptChange | None:
        """The best kept one, the earliest of equals."""
        return next((kept for kept in reversed(self.kept) if kept.is_best), None)

    @property
    def percent(self) -> float | None:
        """By how much the best is better than the first, in per cent of it."""
        if self.best is None or not self.kept[0].value:
            return None
        return _percent(self.objective, self.best.value, self.kept[0].value)


def entry_of(name: str, state: RunState, by: By) -> Entry:
    """A run's part of the comparison. Raises UsageProblem where nothing was measured."""
    name, objective = clean_line(name), state.objective.presumed()
    bests = {row.n: gain is None or gain.better for row, gain in objective.climb(state.rows)}
    kept: list[KeptChange] = []
    at = spent = 0.0
    for place, row in enumerate(state.rows, start=1):
        spent += row.cost_usd if math.isfinite(row.cost_usd) else 0.0
        at = max(at, {"experiment": float(place), "time": row.elapsed, "cost": spent}[by])
        if row.n in bests:
            value = max(-_HUGE, min(_HUGE, objective.figure(row.metrics) or 0.0))
            kept.append(KeptChange(row, value, at, bests[row.n]))
    if not kept:
        raise UsageProblem(f"{name}: nothing that was kept has a figure for {objective.name}")
    return Entry(name, objective, tuple(kept), at, len(state.rows), state.elapsed, spent)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs on one scale."""

    entries: tuple[Entry, ...]
    by: By
    relative: bool
    """Their metrics differ: each is shown as per cent better than its own baseline."""

    @property
    def scale(self) -> str:
        """What the plot's height means, in words."""
        if self.relative:
            return "% better than the own baseline, higher is better"
        return clean_line(self.entries[0].objective.goal, 120)


def compare(entries: Sequence[Entry], by: By) -> Comparison:
    """Hold runs against each other.

    Raises UsageProblem where there are too many, where none has times or costs to go by, or where
    metrics differ and one has no baseline to be held against.
    """
    if len(entries) > _MOST:
        raise UsageProblem(f"{len(entries)} runs are too many to tell apart: at most {_MOST}")
    for entry in entries:
        if by == "time" and entry.end <= 0:
            raise UsageProblem(f"{entry.name} has no times: `--by experiment` needs none")
    if by == "cost" and all(entry.end <= 0 for entry in entries):
        raise UsageProblem("none of these cost anything: `--by experiment` or `--by time`")
    relative = len({entry.objective.goal for entry in entries}) > 1
    for entry in entries:
        if relative and not entry.kept[0].value:
            raise UsageProblem(
                f"{entry.name} begins at 0 {entry.objective.name}: nothing is a share of that, and "
                "the others have another metric"
            )
    return Comparison(tuple(entries), by, relative)


def picture(comparison: Comparison) -> Picture:
    """The running best of each run, marked by its letter."""
    lines = [
        StepLine(tuple(_points(entry, comparison)), _x(entry.end, comparison), letter, stroke)
        for stroke, (letter, entry) in enumerate(zip(LETTERS, comparison.entries, strict=False))
    ]
    heights = [y for line in lines for _, y in line.points]
    unit: dict[By, Callable[[float], str]] = {
        "experiment": lambda x: f"#{x + 1:.0f}",
        "time": format_duration,
        "cost": money,
    }
    end = max(line.end or 0.0 for line in lines)
    ticks = tuple(Tick(x, unit[comparison.by](x)) for x in (0.0, end))
    # From the last to the first: where they meet, the first stays on top.
    return Picture(
        x=Axis(0.0, end, fixed=ticks),
        y=Axis.fitting(min(heights), max(heights), heights),
        lines=tuple(reversed(lines)),
        marks=tuple(PlotMark(0, x, y, at.kind) for at in reversed(lines) for x, y in at.points),
    )


def table(comparison: Comparison) -> Iterator[str]:
    """One line a run: baseline, best and what it took."""
    lines = []
    for entry, letter in zip(comparison.entries, LETTERS, strict=False):
        best, first = entry.best, entry.kept[0]
        figures = " → ".join(told_apart(first.value, best.value if best else None))
        gain = entry.objective.gain_of_figures(best.value, first.value) if best else None
        better = told(gain) if gain else ""
        kept = f"{len(entry.kept) - 1} kept of {entry.rows}"
        took = [format_duration(entry.seconds)] if entry.seconds > 0 else []
        took += [money(entry.usd)] if entry.usd > 0 else []
        name = cut(entry.name, _NAME)
        metric = cut(entry.objective.name, _NAME)
        lines.append((letter, name, metric, figures, better, kept, ", ".join(took)))
    widths = [max(len(line[column]) for line in lines) for column in range(7)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True) if width)
        yield "  ".join(cells).rstrip()


def kept_lines(entry: Entry, most: int) -> Iterator[Safe]:
    """What the run kept: number, value and description; the last `most` of many."""
    steps = entry.kept[1:]
    if not steps:
        yield Safe("  nothing beat the baseline")
    if len(steps) > most:
        yield one_line(f"  … {len(steps) - most} before these")
    shown = steps[-most:]
    width = len(str(shown[-1].row.n)) if shown else 0
    for kept, figure in zip(shown, format_column(kept.value for kept in shown), strict=True):
        mark = " " if kept.is_best else "↓"
        what = cut(kept.row.description, 90)
        yield one_line(f"  #{kept.row.n:<{width}}  {figure} {mark} {what}".rstrip())


def _points(entry: Entry, comparison: Comparison) -> Iterator[tuple[float, float]]:
    first = entry.kept[0].value
    for kept in entry.kept:
        if kept.is_best:
            relative = comparison.relative
            height = _percent(entry.objective, kept.value, first) if relative else kept.value
            yield _x(kept.x, comparison), height


def _x(x: float, comparison: Comparison) -> float:
    """The first experiment stands at the axis' beginning."""
    return x - 1 if comparison.by == "experiment" else x


def _percent(objective: Objective, value: float, first: float) -> float:
    gain = objective.gain_of_figures(value, first)
    percent = gain.percent
    if percent is None:  # too much for a float
        percent = math.copysign(_HUGE, gain.value or 0.0)
    return max(-_HUGE, min(_HUGE, percent))
