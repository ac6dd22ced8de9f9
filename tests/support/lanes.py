"""A run with several experiments in flight, as its journal tells it: nothing is measured."""

from __future__ import annotations

from support.realistic_run import BASE, CONTRACT, commit_of, experiment

from autoexp_tui.model import events
from autoexp_tui.model.events import AnyEvent, Mark, Status

SLOTS = ("gpu:0", "gpu:1", "gpu:2", "gpu:3")


def opened(*slots: str) -> list[AnyEvent]:
    """A run with these slots, up to its runner."""
    return [
        events.RunStarted(
            "nov23-train", "demo", "", BASE, CONTRACT, "tuner", 7, "files are verified", "0.1"
        ),
        events.RunnerStarted(42, "host", "/project", "results.tsv", False, slots=slots or SLOTS),
    ]


def begun(
    n: int, slot: str, *, parent: str = BASE, idea: str = "a change", until: str = "evaluating"
) -> list[AnyEvent]:
    """Experiment `n` in a lane, up to the phase named."""
    start: list[AnyEvent] = [events.ExperimentStarted(n, parent, slot)]
    if until == "proposing":
        return start
    why = f"It may help: {idea}."
    proposed: list[AnyEvent] = [
        events.Proposed(n, why, idea, 2, 1, f"digest {n}"),
        events.Committed(n, commit_of(n)),
        events.EvaluationStarted(n),
    ]
    measured: list[AnyEvent] = [events.Evaluated(n, 1.5, {"val_loss": 1.0 / n, "latency_ms": 44.0})]
    return [*start, *proposed, *(measured if until == "deciding" else [])]


def decided(
    n: int, status: Status, *, parent: str = BASE, mark: Mark = "", reason: str = "because"
) -> AnyEvent:
    """The row of an experiment that was begun in a lane."""
    metrics = {} if status == "crash" else {"val_loss": 1.0 / n, "latency_ms": 44.0}
    return events.Decided(
        n, status, commit_of(n), parent, "a change", reason, metrics, 1.5, mark=mark
    )


def four_lanes() -> list[AnyEvent]:
    """A baseline and a keep, then four lanes: three that measure or decide, one that proposes."""
    best = commit_of(2)
    return [
        *opened(),
        *experiment(1, "keep"),
        *experiment(2, "keep", parent=commit_of(1), description="a smaller step"),
        *begun(3, SLOTS[0], parent=best, idea="warm up for longer"),
        *begun(4, SLOTS[1], parent=best, idea="a wider net"),
        *begun(5, SLOTS[2], parent=best, idea="no dropout", until="deciding"),
        *begun(6, SLOTS[3], parent=best, until="proposing"),
    ]
