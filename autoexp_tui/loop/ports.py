"""What the loop needs of the outside world, and nothing of how it is done.

`Evaluator` runs the harness, `CandidateStore` keeps texts and commits. Who forms the hypotheses is
`model.proposal.Proposer`; what a person wrote for it is read by `loop.guidance`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from autoexp_tui.loop.guidance import Guidance
from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import Purpose
from autoexp_tui.text.safe import NOTHING, Safe


class Job(msgspec.Struct, frozen=True):
    """One run of the harness that is wanted."""

    n: int
    """The experiment that it is for; also for a run of the incumbent beside it."""
    text: str
    """The whole target; bytes that are no UTF-8 are surrogates."""
    time_limit: float
    """Seconds, from the harness' start to its end; 0 ends it at once."""
    purpose: Purpose = ""
    command: str = ""
    """Run instead of the harness: a guard, a hold-out. Empty: the harness."""
    seed: int | None = None
    """What the harness finds as `AUTOEXP_SEED`; None leaves it unset."""
    beside: int = 0
    """The experiment whose progress it must keep up with, or be ended; 0: it runs to its end."""
    reads: tuple[Metric, ...] = ()
    """What the command prints; the harness prints the contract's metrics."""
    slot: Safe = NOTHING
    """Where it is to run, one of `Evaluator.slots`; empty where there is one."""


class Result(msgspec.Struct, frozen=True):
    """One run of the harness, as the loop judges it."""

    seconds: float
    """From the harness' start to its end."""
    metrics: dict[str, float]
    """Complete and finite, or empty."""
    extras: dict[str, float]
    """Other numbers that it printed."""
    failure: str
    """Why there is no measurement; empty when there is one."""
    units: dict[str, str] = {}
    """What each metric was printed in, where the contract doesn't say."""
    forms: dict[str, tuple[str, ...]] | None = None
    """Beside what else each metric's name stood, of a baseline: a later run must not bring new."""
    cut_short: bool = False
    """Ended by `Handle.cancel`, by its time limit, or early."""
    stopped_early: bool = False
    """Ended since it was far behind `Job.beside`; `failure` tells by how much."""
    tail: str = ""
    """The last lines of output, for a repair."""
    tampered: bool = False
    """It changed what it is judged by; `failure` names it."""
    holdout: float | None = None
    """The contract's hold-out; the loop takes it out of `extras`, so no evaluator fills it in."""
    notes: tuple[str, ...] = ()
    """What else a person should know of this run."""
    remedy: str = ""
    """Of a failed baseline: what to do about it, where that is known."""
    damaged: dict[str, int] = {}
    """What it changed for good outside of the workspace, see `events.Damaged`."""
    lost: str = ""
    """Why nobody knows what came of it: the node or the line went away."""
    cores: float = 0.0
    """How many processors it kept busy, on average; 0: nobody knows."""
    made: tuple[str, ...] = ()
    """What the baseline makes that others would be blamed for, see `events.ProductsAllowed`."""


class Handle(Protocol):
    """A run of the harness that was submitted."""

    @property
    def output(self) -> Path:
        """Where what it prints can be followed while it runs; may not be there yet."""
        ...

    def result(self) -> Result:
        """Wait until the harness and all that it started have gone; the same at every call.

        Whatever goes wrong with the harness is the result's `failure`. Raises what makes every
        further evaluation impossible: `repository.RepositoryError` where the workspace can't be
        restored, say.
        """
        ...

    def cancel(self) -> None:
        """End it, from any thread and at any time; returns at once, `result` soon after."""
        ...


class Evaluator(Protocol):
    """Runs the harness on texts of the target."""

    @property
    def slots(self) -> tuple[Safe, ...]:
        """Where experiments can run at once, by name; empty: one at a time, anywhere.

        Asked when the run begins and once its baseline is known: by then it is final.
        """
        ...

    def submit(self, job: Job) -> Handle:
        """Begin to evaluate. What was submitted earlier may still run, in another slot.

        Called from several threads.
        """
        ...


class CandidateStore(Protocol):
    """The texts of a run, as commits that nothing can lose, and its branch; for several threads."""

    def text_of(self, commit: str) -> str:
        """The target as it stands in a commit."""
        ...

    def commit(self, n: int, parent: str, text: str, message: str, attempt: int) -> str:
        """Put a candidate into the store; returns its name.

        An earlier attempt of the same experiment stays there too.
        """
        ...

    def graft(self, n: int, own: str, tip: str, text: str, message: str) -> str:
        """Put a candidate on top of `tip`, which `own` wasn't made from; returns its new name.

        `own` stays in the store too.
        """
        ...

    def advance(self, to: str) -> str:
        """Let the run's branch end at `to`; what a person should know of it, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What one run has of the outside world."""

    candidates: CandidateStore
    evaluator: Evaluator
    guidance: Guidance
    free_mb: Callable[[], int]
    """Megabytes of disk that are left where the run writes."""
    bypasses: Callable[[], Sequence[str]] = tuple
    """Why the harness may not read the target that is evaluated, each with its cure."""
    crowded: Callable[[], str] = str
    """How slots disturb each other, as far as the baseline tells, in words; empty: not."""
    has_room: Callable[[], bool] = lambda: True
    """Whether something can be written there: it is tried."""
