"""Runs as a journal tells them, for tests of whatever folds or stores events."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from autoexp_tui.model import events
from autoexp_tui.model.contract import Budget, Contract, Metric
from autoexp_tui.model.events import AnyEvent, Record, Status
from autoexp_tui.model.state import RunState

CONTRACT = Contract(
    "train.py",
    "python evaluate.py",
    (Metric("val_loss", "lower"), Metric("latency_ms", "lower")),
    budget=Budget(max_experiments=50, max_cost_usd=10.0, max_wall_clock_hours=8.0),
)
_STATUSES: tuple[Status, ...] = ("keep", "discard", "crash")
BASE = "0" * 40


def commit_of(n: int) -> str:
    return f"{n:040x}"


def opening(contract: Contract = CONTRACT) -> list[AnyEvent]:
    return [
        events.RunStarted(
            "nov23-train", "demo", "", BASE, contract, "tuner", 7, "files are verified", "0.1"
        ),
        resumption(resumed=False),
    ]


def resumption(*, resumed: bool = True) -> AnyEvent:
    return events.RunnerStarted(42, "host", "/project", "/project/results.tsv", resumed)


def experiment(
    n: int,
    status: Status,
    *,
    parent: str = BASE,
    cost: float = 0.0,
    description: str = "a change",
    reason: str = "because",
) -> list[AnyEvent]:
    """All that one experiment leaves in the journal."""
    metrics = {} if status == "crash" else {"val_loss": 1.0 / n, "latency_ms": 44.0 + n}
    failure = "exit code 1" if status == "crash" else ""
    return [
        events.ExperimentStarted(n, parent),
        events.ProposalAnswered(n, "the same again", "it changes nothing"),
        events.Proposed(n, "It may help.", description, 2, 1, f"digest {n}", {"arm": "steps"}),
        events.Committed(n, commit_of(n)),
        events.EvaluationStarted(n),
        events.Evaluated(n, 1.5, metrics, {"test_loss": 2.0}, failure),
        events.Decided(n, status, commit_of(n), parent, description, reason, metrics, 1.5, cost),
    ]


def request(n: int, usd: float, worst: float | None = None) -> list[AnyEvent]:
    """A request to a model, the `n`th of the run and for experiment `n`."""
    tokens = {"input": 1000, "cache_read": 500, "output": 100}
    return [
        events.CostReserved(n, n, "claude", 1500, 1000, usd if worst is None else worst),
        events.CostSettled(n, n, "claude", tokens, usd, True, "answered"),
    ]


def whole_run(statuses: Iterable[Status], cost: float = 0.0) -> list[AnyEvent]:
    """A run from its first event to its last; the first status is the baseline's."""
    run, parent = opening(), BASE
    for n, status in enumerate(statuses, 1):
        run += experiment(n, status, parent=parent, cost=cost)
        if status == "keep":
            parent = commit_of(n)
    return [*run, events.RunFinished("stopped by a person", ok=True)]


def recorded(
    run: Iterable[AnyEvent], *, step: float = 1.0, time: float = 1_700_000_000.0
) -> list[Record]:
    """The events as the journal numbers them, `step` seconds apart."""
    return [Record(i, time + i * step, i * step, event) for i, event in enumerate(run, 1)]


def folded(records: Iterable[Record]) -> RunState:
    state = RunState()
    for record in records:
        state.apply(record)
    return state


_interruptions: st.SearchStrategy[list[AnyEvent]] = st.lists(
    st.sampled_from(
        [
            events.PauseRequested("ann@tty1"),
            events.Paused("paused by ann@tty1"),
            events.Resumed("ann@tty1"),
            events.SkipRequested("ann@tty1", 1),
            events.StopRequested("ann@tty1", now=False),
            events.HintGiven("ann@tty1", "try a smaller step"),
            events.Noticed("warning", "results.tsv had been edited"),
            events.Noticed("alarm", "#3 tampered with evaluate.py"),
            events.BudgetChanged(Budget(max_experiments=60)),
            events.RunFinished("all 50 experiments done", ok=True),
            resumption(),
        ]
    ),
    max_size=2,
)


@st.composite
def runs(draw: st.DrawFn) -> list[Record]:
    """Runs with people's commands between any two events, skips, and resumes."""
    statuses = draw(st.lists(st.sampled_from(_STATUSES), max_size=6))
    plain = whole_run(statuses, cost=draw(st.sampled_from([0.0, 0.25])))
    run = plain[:2]
    for event in plain[2:]:
        run += draw(_interruptions)
        if isinstance(event, events.ExperimentStarted) and draw(st.integers(0, 4)) == 0:
            run += [event, events.Abandoned(event.n, "skipped before it was committed")]
        run.append(event)
    return recorded(run)
