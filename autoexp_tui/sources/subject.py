"""Which experiment the panes show, and where its texts are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import Experiment, Row, RunState
from autoexp_tui.summary.lanes import lanes_of
from autoexp_tui.summary.verified import verified_step

Base = Literal["parent", "baseline"]


@dataclass(frozen=True, slots=True)
class Subject:
    """One experiment: in flight, or finished."""

    n: int
    parent: int
    """Number of the experiment that it builds on; 0 for the baseline."""
    row: Row | None
    """None while it is in flight."""
    flight: Experiment | None
    verified: str = ""
    """What a verification has told of it, in words."""

    @property
    def is_whole(self) -> bool:
        """Whether its text is complete: finished, or at least proposed."""
        return self.row is not None or (self.flight is not None and bool(self.flight.digest))


def subject_of(state: RunState, selected: int | None, lane: int = 0) -> Subject | None:
    """The selected experiment, else the one in flight in that lane, else the last."""
    if selected is not None and (row := state.row(selected)) is not None:
        return _finished(state, row)
    if (flight := flight_in(state, lane)) is not None:
        return Subject(flight.n, flight.made_from, None, flight)
    return _finished(state, state.latest) if state.latest else None


def flight_in(state: RunState, place: int) -> Experiment | None:
    """What is in flight in the lane at that place; without lanes whatever is, if anything."""
    lanes = lanes_of(state)
    return lanes[min(place, len(lanes) - 1)].flight if lanes else state.current


def _finished(state: RunState, row: Row) -> Subject:
    return Subject(row.n, row.made_from, row, None, verified_step(state, row.n))


class Texts:
    """Reads what experiments left in the run's folder; without one there is nothing to read."""

    def __init__(self, run: RunDirectory | None) -> None:
        self._run = run

    def before(self, subject: Subject, base: Base) -> str | None:
        """The target that the subject is compared with."""
        return self._target(max(1, subject.parent if base == "parent" else 1))

    def after(self, subject: Subject) -> str | None:
        """The target as the subject's harness measured it."""
        return self._target(subject.n)

    def path(self, subject: Subject) -> str | None:
        """Which file it is; None: the contract's target."""
        return None

    def output(self, n: int) -> Path | None:
        return None if self._run is None else self._run.output(n)

    def proposal(self, n: int) -> Path | None:
        return None if self._run is None else self._run.proposal(n)

    def _target(self, n: int) -> str | None:
        if self._run is None or n < 1:
            return None
        try:
            return self._run.text(n).read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            return None
