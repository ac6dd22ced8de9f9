"""The one reducer: events in, everything that any viewer shows out.

The loop, an attached screen, plain lines and a replay all fold the same records with
`RunState.apply`; nothing shown has another origin. Folding is deterministic and does no I/O.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, assert_never

import msgspec

from autoexp_tui.model import events
from autoexp_tui.model.calibration import Calibration
from autoexp_tui.model.contract import Budget, Contract
from autoexp_tui.model.events import Mark, Record, Status
from autoexp_tui.model.evidence import Evidence
from autoexp_tui.model.measurement import Centre, Measurement, Sample
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.verification import Verification
from autoexp_tui.text.numbers import apart
from autoexp_tui.text.safe import NOTHING, Safe, one_line
from autoexp_tui.text.value_changes import ValueChange

Phase = Literal["starting", "reading", "proposing", "evaluating", "deciding", "paused", "finished"]

_NOTICES_KEPT = 200
_ACTS_KEPT = 6
SKIPPED = "skipped"
"""The reason of what a person has skipped, also where earlier versions had no mark for it."""


class NotStarted(RuntimeError):
    """A run was asked what it is before its first event told it."""


@dataclass(slots=True)
class Experiment:
    """The experiment in flight."""

    n: int
    parent: str
    since: float = 0.0
    """Run clock when it began."""
    made_from: int = 0
    """Number of the experiment whose text it changes; 0 for the baseline."""
    aside: bool = False
    """Whether that was not the best when it began."""
    slot: Safe = NOTHING
    """Where it runs, where several do at once."""
    rebased: int = 0
    """How often its change was put on what had become the best."""
    phase: Phase = "reading"
    phase_time: float = 0.0
    """Wall clock when that began."""
    digest: str = ""
    likeness: str = ""
    hypothesis: Safe = NOTHING
    description: Safe = NOTHING
    added: int = 0
    removed: int = 0
    memo: dict[str, Any] = field(default_factory=dict)
    changes: tuple[ValueChange, ...] = ()
    commit: str = ""
    attempt: int = 1
    evaluation: events.EvaluationStarted | None = None
    """The run of the harness that is going on, or was the last."""
    answers: list[Safe] = field(default_factory=list)
    """Why proposals for it were sent back."""
    waiting: tuple[float, events.WaitBegan] | None = None
    """When the wait began, by the wall clock, and for what."""
    acts: tuple[events.AgentActed, ...] = ()
    """What an agent has done for its proposal, the latest few."""
    evaluated: events.Evaluated | None = None
    measuring: bool = False
    """Whether a run of the harness has begun and nothing tells its end."""
    lost: int = 0
    """How often this text was lost with the node or the line that it ran on."""
    deaths: int = 0
    """Runners that died while this text was measured."""

    @property
    def repairs(self) -> int:
        """How often its text was mended, or is being: its other attempts were put on a new best."""
        return self.attempt - 1 - self.rebased


class Row(msgspec.Struct, frozen=True, gc=False):
    """A finished experiment: a line of the results table and what led to it."""

    n: int
    status: Status
    commit: str
    parent: str
    description: Safe
    reason: Safe
    metrics: dict[str, float]
    """Empty for a crash."""
    extras: dict[str, float]
    seconds: float
    cost_usd: float
    hypothesis: Safe
    added: int
    removed: int
    memo: dict[str, Any]
    time: float
    """Wall clock when it was decided."""
    elapsed: float
    """Run clock when it was decided."""
    samples: tuple[Sample, ...] = ()
    """The runs that it was judged by, where there were several."""
    centre: Centre = "median"
    evidence: Evidence | None = None
    """What speaks for it; None where nobody knows the harness' noise."""
    mark: Mark = ""
    holdout: float | None = None
    """Of what was kept, where the contract names one: never judged, never shown to the proposer."""
    made_from: int = 0
    """Number of the experiment whose text it changes; 0 for the baseline, and where none is known.
    """
    aside: bool = False
    """Whether that was not the best when it began."""
    changes: tuple[ValueChange, ...] = ()
    """The values that it changed, where those are all that it changed."""
    texts: tuple[Safe, ...] = ()
    """Of another program's table: the cells of its columns of words, as `RunStarted.texts`."""

    @property
    def is_near_miss(self) -> bool:
        """Not kept, though it looked better: by no more than luck does, as far as could be told."""
        return self.status == "discard" and self.evidence is not None and self.evidence.is_near

    @property
    def is_skipped(self) -> bool:
        """A person has ended it: nothing is wrong with it."""
        return self.status == "crash" and self.reason == SKIPPED

    @property
    def is_lost(self) -> bool:
        """What it ran on went away each time: nothing is known of the idea."""
        return self.status == "crash" and self.mark == "lost"

    @property
    def has_failed(self) -> bool:
        """Its text gave no measurement: nobody has skipped it, and nothing was lost."""
        return self.status == "crash" and not self.is_skipped and not self.is_lost

    @property
    def is_judged(self) -> bool:
        """Whether somebody has given a verdict on it."""
        return self.mark != "unjudged"

    @property
    def is_baseline(self) -> bool:
        return self.n == 1

    @property
    def measurement(self) -> Measurement:
        """Every run that it was judged by; empty for a crash."""
        return Measurement.recorded(
            self.samples, self.metrics, self.seconds, self.extras, self.centre
        )


def place_of(rows: Sequence[Row], n: int, count: int) -> int | None:
    """Index of experiment `n` among the first `count` of `rows`, which are in finishing order."""
    # That is nearly the order of numbers: search outward from where it would be.
    start = min(n, count) - 1
    for distance in range(count):
        for index in {start - distance, start + distance}:
            if 0 <= index < count and rows[index].n == n:
                return index
    return None


_NOTHING_KNOWN = Experiment(0, "")
"""What led to the row of a bare table."""


@dataclass(slots=True)
class RunState:
    """A run, as its journal tells it so far."""

    started: events.RunStarted | None = None
    runner: events.RunnerStarted | None = None
    objective: Objective = field(default_factory=lambda: Objective(()))
    """What better means here; knows the baseline as soon as it is measured."""
    budget: Budget = field(default_factory=Budget)
    slots_since: float = 0.0
    """Run clock from which on it has the present slots."""
    slot_seconds: float = 0.0
    """What it had before: seconds, times how many slots there were."""
    phase: Phase = "starting"
    phase_time: float = 0.0
    """Wall clock when the phase began."""
    calibration: Calibration = field(default_factory=Calibration)
    """What the run has learnt of its harness' noise, and of what the incumbent is worth."""
    units: dict[str, str] = field(default_factory=dict)
    """What each metric was first printed in, where the contract doesn't say."""
    forms: dict[str, tuple[str, ...]] | None = None
    """In what forms, beside its own, each metric's name stood when the baseline ran."""
    cores_used: float = 0.0
    """How many processors the baseline kept busy, on average; 0 while nobody knows."""
    products: tuple[str, ...] = ()
    """What experiments may make since the baseline does."""
    slots: tuple[Safe, ...] = ()
    """Names of what it runs on at once; of one slot none. How many there are may turn out later."""
    in_flight: dict[int, Experiment] = field(default_factory=dict)
    """What was begun and not decided, by number, in the order of its beginning."""
    rows: list[Row] = field(default_factory=list)
    """In finishing order; `row` finds one by its number."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Which experiment has a commit; of another program's table, among those that were kept."""
    children: dict[int, int] = field(default_factory=dict)
    """How many experiments were made from one, by its number."""
    tried: dict[str, int] = field(default_factory=dict)
    """Digest of every text that was committed, and by which experiment."""
    alike: dict[str, int] = field(default_factory=dict)
    """The same by likeness: texts that differ in form alone have one."""
    incumbent: Row | None = None
    """The last kept row: the tip of the branch, the text that proposals change."""
    best: Row | None = None
    """The incumbent, in a run of ours; in another program's table, where the last kept row may be
    worse, the best kept row. None while there is none, or where no way is known to be better.
    """
    places: int = 0
    """Decimals that tell each best from the one before, where five digits don't."""
    kept: int = 0
    """Improvements kept; the baseline is not one."""
    discarded: int = 0
    near_misses: int = 0
    """Of the discarded, those that looked better, but by no more than luck does."""
    crashed: int = 0
    skipped: int = 0
    lost: int = 0
    """Whose node or line went away: neither crashed nor judged."""
    failure_streak: int = 0
    """Crashes since the last measurement."""
    unproven: int = 0
    """Crashes since anything was measured, the best or the baseline once more among it."""
    best_fails: Safe = NOTHING
    """Why the best gave no measurement when it was measured again, until something does."""
    same_figures: int = 0
    """Different candidates in a row that measured exactly what the incumbent does."""
    spent_usd: float = 0.0
    """Settled requests, and open reservations at their worst."""
    possible_usd: float = 0.0
    """That may have been billed besides, for requests whose line was dropped."""
    reserved: dict[int, events.CostReserved] = field(default_factory=dict)
    """Requests under way, by number."""
    settled: list[tuple[float, events.CostSettled]] = field(default_factory=list)
    """Requests and the wall clock when they were settled."""
    unbooked_usd: dict[int, float] = field(default_factory=dict)
    """Settled for experiments that have no row yet, by number."""
    damaged: dict[str, int] = field(default_factory=dict)
    """What experiments have changed outside of the workspace, see `events.Damaged`."""
    instructions: str = ""
    """Digest of the instructions at the last proposal."""
    pause_requested: Safe = NOTHING
    """Who asked, until the loop stands still."""
    paused: Safe = NOTHING
    """Why the loop stands still."""
    stop_requested: events.StopRequested | None = None
    hints: list[events.HintGiven] = field(default_factory=list)
    notebook: events.NotebookWritten | None = None
    """As it was last written; None while nobody has."""
    notes: dict[int, tuple[events.NoteGiven, ...]] = field(default_factory=dict)
    """What people have said of experiments, by number."""
    notices: deque[tuple[float, events.Noticed]] = field(
        default_factory=lambda: deque(maxlen=_NOTICES_KEPT)
    )
    finished: events.RunFinished | None = None
    verification: Verification | None = None
    """The last one."""
    seq: int = 0
    time: float = 0.0
    elapsed: float = 0.0

    def copy(self) -> RunState:
        """Another state that goes its own way from here; rows and events are shared."""
        other = copy.copy(self)
        for name, value in ((part.name, getattr(self, part.name)) for part in fields(self)):
            if isinstance(value, list | dict | deque):
                setattr(other, name, value.copy())
        other.in_flight = {
            n: replace(experiment, answers=[*experiment.answers])
            for n, experiment in self.in_flight.items()
        }
        return other

    @property
    def current(self) -> Experiment | None:
        """The experiment in flight that was begun first: what a view of one lane shows."""
        return next(iter(self.in_flight.values()), None)

    @property
    def next_n(self) -> int:
        """The number of the next experiment. One that was abandoned may be used again."""
        n = len(self.rows) + len(self.in_flight) + 1
        while n in self.in_flight or self.row(n) is not None:
            n -= 1  # fewer are taken than there are up to it
        return n

    @property
    def protection(self) -> Safe:
        """What keeps it honest, as its last runner found it. Raises NotStarted."""
        now = self.runner.protection if self.runner else NOTHING
        return now or self.run.protection

    @property
    def run(self) -> events.RunStarted:
        """What this run is. Raises NotStarted before the first event."""
        if self.started is None:
            raise NotStarted("the run has no first event")
        return self.started

    @property
    def contract(self) -> Contract:
        """Raises NotStarted before the first event."""
        return self.run.contract

    @property
    def is_table(self) -> bool:
        """Whether it was read from an experiment table that another program wrote."""
        return self.started is not None and self.started.origin == "table"

    @property
    def is_judged(self) -> bool:
        """Whether there are verdicts: always, but in some tables of other programs."""
        return self.started is None or self.started.judged

    @property
    def baseline(self) -> Row | None:
        """The first row that was measured; in a run of ours, the first."""
        return next((row for row in self.rows if row.metrics), None)

    @property
    def latest(self) -> Row | None:
        """The row that was decided last."""
        return self.rows[-1] if self.rows else None

    def row(self, n: int) -> Row | None:
        """The row of experiment `n`, if it has one."""
        place = place_of(self.rows, n, len(self.rows))
        return None if place is None else self.rows[place]

    def note(self, n: int) -> Safe:
        """What people have said of experiment `n`, in a line; empty where nobody did."""
        said = (note.text for note in self.notes.get(n, ()) if note.text)
        return one_line("; ".join(said))

    def is_never(self, n: int) -> bool:
        """Whether a person wants the idea of experiment `n` never tried again."""
        told = [note.never for note in self.notes.get(n, ()) if note.never is not None]
        return bool(told and told[-1])

    def apply(self, record: Record) -> None:  # noqa: C901, PLR0912, PLR0915 - one case per event
        """Fold one record in."""
        self.seq, self.time, self.elapsed = record.seq, record.time, record.elapsed
        match record.event:
            case events.Decided() as event:  # first, for a table has nothing else
                self._decided(event, record)
            case events.RunStarted() as event:
                self.started, self.budget = event, event.contract.budget
                self.objective = Objective.of(event.contract, directed=event.directed)
            case events.RunnerStarted() as event:
                self._runner_started(event)
            case events.BudgetChanged(budget=budget):
                self.budget = budget
            case events.ExperimentStarted() as event:
                self.in_flight[event.n] = Experiment(
                    event.n,
                    event.parent,
                    record.elapsed,
                    made_from=self.numbers.get(event.parent, 0),
                    aside=self.incumbent is not None and event.parent != self.incumbent.commit,
                    slot=event.slot,
                )
                if event.slot and event.slot not in self.slots:
                    self._has_slots((*self.slots, event.slot))
                self._enter("proposing" if event.n > 1 else "reading", event.n)
            case events.Rebased() as event:
                if event.n in self.in_flight:
                    moved = self.in_flight[event.n]
                    moved.parent, moved.attempt = event.parent, event.attempt
                    moved.rebased += 1
                    moved.made_from = self.numbers.get(event.parent, 0)
            case events.EvaluationLost(n=n):
                if n in self.in_flight:
                    self.in_flight[n].measuring = False
                    self.in_flight[n].lost += 1
            case events.ProductsAllowed(paths=paths):
                self.products += paths
            case events.Damaged(stamps=stamps):
                self.damaged = {**self.damaged, **stamps}
            case events.InstructionsRead(digest=digest):
                self.instructions = digest
            case events.CostReserved() as event:
                self.reserved[event.id] = event
                if event.n in self.in_flight:
                    self.in_flight[event.n].waiting = None  # it asks again
                self.spent_usd += event.usd
            case events.CostSettled() as event:
                self._settled(event)
            case events.AgentActed(n=n) as event:
                if n in self.in_flight:
                    acting = self.in_flight[n]
                    acting.acts, acting.waiting = (*acting.acts, event)[-_ACTS_KEPT:], None
            case events.EvaluationStarted(purpose="verify"):
                if self.verification is not None:
                    self.verification = self.verification.began()
            case (
                events.WaitBegan()
                | events.ProposalAnswered()
                | events.Proposed()
                | events.RepairBegan()
                | events.Committed()
                | events.EvaluationStarted()
                | events.Evaluated()
            ) as event:
                self._experiment_went_on(event)
            case events.Remeasured(sample=sample, n=n, incumbent=of):
                if n in self.in_flight:
                    self.in_flight[n].measuring = False
                if self.incumbent is None or of == self.incumbent.n:
                    self.calibration = self.calibration.remeasured(sample, self.objective)
            case events.Retried() as event:
                self._retried(event)
            case events.Abandoned(n=n):
                self.in_flight.pop(n, None)
            case events.PauseRequested(by=by):
                self.pause_requested = by
            case events.Paused(reason=reason):
                self.paused, self.pause_requested = reason, NOTHING
                self._enter("paused")
            case events.Resumed(by=by):
                if by not in events.BY_ITSELF:
                    self.damaged = {}
                self.paused = self.pause_requested = NOTHING
                self.failure_streak = 0  # whoever resumes has seen it
                if self.phase == "paused":
                    self._enter("reading")
            case events.SkipRequested():
                pass  # shown by what it leads to
            case events.StopRequested() as event:
                self.stop_requested = event
                if event.by == events.GONE:
                    for cut in self.in_flight.values():
                        cut.deaths += cut.measuring
            case events.HintGiven() as event:
                self.hints.append(event)
            case events.NotebookWritten() as event:
                self.notebook = event if event.text else None
            case events.NoteGiven(n=n) as event:
                self.notes[n] = (*self.notes.get(n, ()), event)
            case events.Noticed() as event:
                self.notices.append((record.time, event))
            case events.VerificationStarted() as event:
                self.verification = Verification(event)
            case events.Verified() | events.VerificationFinished() as event:
                if self.verification is not None:
                    self.verification = self.verification.apply(event)
            case events.RunFinished() as event:
                self.finished = event
                self._enter("finished")
            case _:
                assert_never(record.event)

    def _retried(self, event: events.Retried) -> None:
        if event.n in self.in_flight:
            self.in_flight[event.n].measuring = False
        if not event.failure:
            self.unproven = 0
        is_best = self.incumbent is not None and event.of == self.incumbent.n
        if is_best:
            self.best_fails = event.failure
        self._enter("proposing", event.n)

    def _settled(self, event: events.CostSettled) -> None:
        reservation = self.reserved.pop(event.id, None)
        self.spent_usd += event.usd - (reservation.usd if reservation else 0.0)
        self.possible_usd += event.possible_usd
        self.unbooked_usd[event.n] = self.unbooked_usd.get(event.n, 0.0) + event.usd
        self.settled.append((self.time, event))

    def _enter(self, phase: Phase, n: int = 0) -> None:
        """Tell what the run does, or what it does for experiment `n`: which is the same of one."""
        experiment = self.in_flight.get(n)
        if experiment is not None and phase != experiment.phase:
            experiment.phase, experiment.phase_time = phase, self.time
        if phase != self.phase:
            self.phase, self.phase_time = phase, self.time

    def _has_slots(self, slots: tuple[Safe, ...]) -> None:
        """From now on; what was had until now is added up."""
        self.slot_seconds += (self.elapsed - self.slots_since) * max(1, len(self.slots))
        self.slots_since, self.slots = self.elapsed, slots

    def _runner_started(self, event: events.RunnerStarted) -> None:
        self.runner = event
        self._has_slots(event.slots)
        died = self.finished is None or not self.finished.ok
        for cut in self.in_flight.values():
            cut.deaths += cut.measuring and died
            cut.measuring = False
            cut.phase, cut.phase_time = "starting", self.time  # until a lane takes it up
        self.finished = self.stop_requested = None
        # What the last runner had not committed is gone with it: its number is used again.
        self.in_flight = {n: cut for n, cut in self.in_flight.items() if cut.commit}
        self.paused = self.pause_requested = NOTHING
        self._enter("starting")

    def _experiment_went_on(
        self,
        event: events.WaitBegan
        | events.ProposalAnswered
        | events.Proposed
        | events.RepairBegan
        | events.Committed
        | events.EvaluationStarted
        | events.Evaluated,
    ) -> None:
        current = self.in_flight.get(event.n)
        if current is None:
            return
        current.waiting = None
        current.measuring = isinstance(event, events.EvaluationStarted)
        match event:
            case events.WaitBegan():
                current.waiting, current.acts = (self.time, event), ()
            case events.RepairBegan(attempt=attempt):
                current.attempt, current.digest, current.deaths = attempt, "", 0
                current.acts = ()
                self._enter("proposing", event.n)
            case events.ProposalAnswered():
                current.acts = ()
                told = filter(None, (event.description, event.reason))
                current.answers.append(one_line(": ".join(told)))
            case events.Proposed():
                current.hypothesis, current.description = event.hypothesis, event.description
                current.added, current.removed = event.added, event.removed
                current.digest, current.memo = event.digest, event.memo
                current.likeness, current.changes = event.likeness, event.changes
            case events.Committed():
                if event.attempt != current.attempt or not current.commit:
                    current.deaths = current.lost = 0  # another text
                current.commit, current.attempt = event.commit, event.attempt
                current.evaluated = None
                self.tried.setdefault(current.digest, current.n)
                if current.likeness:
                    self.alike.setdefault(current.likeness, current.n)
            case events.EvaluationStarted():
                current.evaluation = event
                if event.purpose not in {"guard", "holdout", "mutant"}:
                    self.calibration = self.calibration.evaluated()
                self._enter("evaluating", event.n)
            case events.Evaluated():
                current.evaluated = event
                self.units = {**event.units, **self.units}
                self.forms = event.forms if self.forms is None else self.forms
                self.cores_used = self.cores_used or event.cores
                self._enter("deciding", event.n)
            case _:
                assert_never(event)

    def _decided(self, event: events.Decided, record: Record) -> None:
        current = self.in_flight.pop(event.n, _NOTHING_KNOWN)
        extras = current.evaluated.extras if current.evaluated else {}
        row = Row(
            n=event.n,
            status=event.status,
            commit=event.commit,
            parent=event.parent,
            description=event.description,
            reason=event.reason,
            metrics=event.metrics,
            extras=Measurement(event.samples).extras if event.samples else extras or event.others,
            seconds=event.seconds,
            cost_usd=event.cost_usd,
            hypothesis=current.hypothesis,
            added=current.added,
            removed=current.removed,
            memo=current.memo,
            time=record.time,
            elapsed=record.elapsed,
            samples=event.samples,
            centre=event.centre,
            evidence=event.evidence,
            mark=event.mark,
            holdout=event.holdout,
            made_from=self.numbers.get(event.parent, 0) if event.parent else 0,
            aside=current.aside,
            changes=current.changes,
            texts=event.texts,
        )
        self.rows.append(row)
        self._set_free_if_lost(row, current)
        self.children[row.made_from] = self.children.get(row.made_from, 0) + 1
        if row.status == "keep" or not self.is_table:
            self.numbers[row.commit] = row.n
        if row.metrics and self.objective.baseline is None:
            self.objective = self.objective.relative_to(row.metrics)
        if not self.is_table and self.objective.metrics:
            self._calibrate(row)
        if not self.settled:  # another program's table: its rows tell all that is known
            self.spent_usd += row.cost_usd
        self.unbooked_usd.pop(event.n, None)
        # What was ended early or skipped has no measurement, and nothing is wrong with it.
        late = row.mark in {"stopped early", "superseded"}
        if row.status != "crash" or (row.has_failed and not late):
            crashed = row.has_failed
            self.failure_streak = self.failure_streak + 1 if crashed else 0
            self.unproven = self.unproven + 1 if crashed else 0
            self.best_fails = self.best_fails if crashed else NOTHING
        if row.metrics:
            same = self.incumbent is not None and row.metrics == self.incumbent.metrics
            another = self.incumbent is None or row.commit != self.incumbent.commit
            self.same_figures = self.same_figures + 1 if same and another else 0
        match row.status:
            case "keep":
                self.incumbent = row
                if self._is_best(row):
                    if self.best is not None:
                        old, new = (self.objective.figure(r.metrics) for r in (self.best, row))
                        self.places = max(self.places, apart(old, new))
                    self.best = row
                self.kept += not row.is_baseline
            case "discard":
                self.discarded += 1
                self.near_misses += row.is_near_miss
            case "crash":
                self.skipped += row.is_skipped
                self.lost += row.is_lost
                self.crashed += row.has_failed
            case _:
                assert_never(row.status)
        self._enter("paused" if self.paused else "reading")

    def _set_free_if_lost(self, row: Row, tried: Experiment) -> None:
        """What was lost says nothing about the idea: it may be tried again."""
        for known, name in ((self.tried, tried.digest), (self.alike, tried.likeness)):
            if row.is_lost and known.get(name) == row.n:
                del known[name]

    def _calibrate(self, row: Row) -> None:
        """Learn from the evaluations of a row, and remember those of another incumbent."""
        known, kept = self.calibration, row.status == "keep"
        measured = row.measurement
        if not measured:
            return
        evaluations = measured.samples if row.centre == "mean" else (measured.as_sample(),)
        if row.is_baseline:
            self.calibration = known.began(evaluations, self.objective)
        elif row.centre == "mean":
            self.calibration = known.tested(evaluations, self.objective, kept=kept)
        elif kept:
            self.calibration = known.kept(evaluations)

    def _is_best(self, row: Row) -> bool:
        if not self.is_table:
            return True
        before = [] if self.best is None else [self.best]
        return self.objective.best([*before, row]) is row
