"""The loop: nine steps, never reordered.

`Loop.experiment` is the loop as a person would tell it; what each step does stands below it, in
the same order. Everything that happens is recorded as it happens, so a run that was cut anywhere
goes on from its journal.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from autoexp_tui.loop.confirming import Confirmer, GuardFailed, Judgement, Overtaken
from autoexp_tui.loop.control import Desk, Interrupted
from autoexp_tui.loop.journal import DiskFull
from autoexp_tui.loop.lanes import Lanes
from autoexp_tui.loop.measuring import (
    MOST_DEATHS,
    Lost,
    Measurer,
    OutOfTime,
    Runs,
    Tampered,
    died_words,
)
from autoexp_tui.loop.mutating import ask_mutants, unread
from autoexp_tui.loop.ports import Ports, Result
from autoexp_tui.loop.proposing import Drafting
from autoexp_tui.loop.rebasing import Change, change_of
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.results import bracketed
from autoexp_tui.loop.situation import gather
from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import events
from autoexp_tui.model.events import RunFinished
from autoexp_tui.model.measurement import Measurement
from autoexp_tui.model.objective import Verdict
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.proposal import (
    Crash,
    Exhausted,
    Proposal,
    Proposer,
    Situation,
    Trial,
    Unable,
    digest,
)
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.search import next_start
from autoexp_tui.model.state import SKIPPED, Row, RunState
from autoexp_tui.model.straits import is_in_doubt
from autoexp_tui.system.files import is_full, make_folder, open_for_writing
from autoexp_tui.text import diffs
from autoexp_tui.text.likeness import likeness
from autoexp_tui.text.safe import NOTHING, Safe, clean, clean_line, one_line
from autoexp_tui.text.value_changes import value_changes


@dataclass(frozen=True, slots=True)
class Candidate:
    """A committed text of the target, to be measured."""

    n: int
    parent: str
    commit: str
    text: str
    description: str
    attempt: int = 1


_REASON = 1000
"""Characters of a reason that are written down."""


_SAME = 5
"""Candidates that measure exactly the same, at which a person is told."""


class BaselineFailed(Exception):
    """There is nothing to compare with; the message says why."""


class GroundLost(Problem):
    """What was measured once gives no measurement any more; the message says why."""


class Loop:
    """The loop of one lane; `run` returns when a budget or a person has ended it."""

    def __init__(
        self,
        run: RunDirectory,
        ports: Ports,
        proposer: Proposer,
        recorder: Recorder,
        lanes: Lanes,
        desk: Desk,
        slot: Safe = NOTHING,
    ) -> None:
        """`lanes` is what it shares with the other lanes of the run, `desk` is its proposer's."""
        self._directory = run
        self._ports = ports
        self._candidates = ports.candidates
        self._drafting = Drafting(run, proposer, recorder, desk, lanes.drafts)
        self._recorder = recorder
        self._projections = lanes.projections
        self._controls = desk.controls
        self._slot = slot
        self._measurer = Measurer(ports.evaluator, recorder, desk.controls, slot)
        self._confirmer = Confirmer(self._measurer, ports.candidates, recorder, lanes)
        self._history: list[Trial] = []
        self._lanes = lanes
        self._pauses = lanes.pauses
        self._n = 0
        """The experiment in hand; 0: none."""

    def run(self, another: Callable[[Safe], Loop] | None = None) -> RunFinished:
        """Experiment until a budget or a person ends it; an error of ours is raised.

        `another` makes the loop of a further lane, for a slot: once there is a baseline, which is
        measured alone.
        """
        SpendLedger(self._recorder).close_open()
        self._pauses.with_room(self._catch_up)
        self.work(until=lambda: bool(self._recorder.state.rows))
        if self._lanes.finished is None:
            first, *more = self._ports.evaluator.slots or (self._slot,)
            self._slot = self._measurer.slot = first
            if more and (words := self._ports.crowded()):
                self._recorder.warn(words)
            joins = [partial(self._join, slot, another) for slot in more if another]
            self._lanes.side_by_side(self.work, joins)
        finished = self._lanes.finished or RunFinished(Safe("ended"), ok=False)
        self.log_row()  # what was settled since the last row, where the disk was full then
        self._projections.force()
        self._recorder.record(finished)
        return finished

    def _join(self, slot: Safe, another: Callable[[Safe], Loop]) -> None:
        """Make another lane and let it work; where it can't be made, the run goes on without."""
        try:
            lane = another(slot)
        except Problem as problem:
            self._recorder.warn(f"{slot} is not used: {problem}")
            return
        lane.work()

    def work(self, until: Callable[[], bool] = lambda: False) -> None:
        """Experiment until the run ends, or `until` says so; why it ends is told to all lanes."""
        try:
            while not until():
                if reason := self._lanes.stop_reason():  # 9. only a budget, or a person, ends it
                    self._lanes.end(reason, ok=True)
                    return
                self._go_on()
        except (Exhausted, OutOfTime) as end:
            self._lanes.end(str(end), ok=True)
        except (Unable, BaselineFailed) as failure:
            self._lanes.end(str(failure), ok=False)

    def _go_on(self) -> None:
        """The next experiment. One that a full disk has cut is gone on with when there is room."""
        self._n, reason = 0, ""
        try:
            self.experiment()
        except Exhausted as end:
            # What others have in hand may open a way, or leave money.
            if self._lanes.busy < 2:
                raise
            reason = f"it stands by: {end}"
        except Exception as error:
            if isinstance(error, Problem) and self._pauses.may_pass(error):
                self._lanes.abandon(self._n, f"before it was committed: {error}")
                self._pauses.stand_back(error)
                return
            if isinstance(error, DiskFull) or not is_full(error):
                raise
            self._pauses.stand_still(error)
            self._lanes.abandon(self._n, "the disk was full before it was committed")
            self._pauses.with_room(self._catch_up)
        finally:
            self._lanes.leave(self._n)
        if reason:
            self._lanes.abandon(self._n, reason)
            self._lanes.wait_for_others()

    def experiment(self) -> None:
        """Steps 1 to 8, once."""
        candidate = self.unfinished()
        try:
            if candidate is not None and self.give_up_deadly(candidate):
                return
            if candidate is None:
                with self._in_turn():
                    situation = self.read_state()  # 1. target, history, last results, hints
                    proposal = self.form_hypothesis(situation)  # 2. with its edit: 3. of one file
                    # 4. on record before it is run; it may have cost money, so it is not lost
                    candidate = self._pauses.with_room(partial(self.commit, situation.n, proposal))
            while True:
                runs = self.run_harness(candidate)  # 5. under a fixed time budget
                measured = self.extract_metrics(candidate, runs)  # 6. complete, finite, or none
                further = (
                    self.mend_slip(candidate, measured, runs)
                    # 7. better: the branch advances; or its change goes onto a newer best
                    or self.keep_or_revert(candidate, measured, runs)
                )
                if further is None:
                    break
                candidate = further
            self.log_row()  # 8. in results.tsv
            self._pauses.row_logged()
        except Interrupted:
            self._interrupted()
        except Lost as lost:
            if candidate is None:  # what was measured once, measured again
                raise
            self.give_up(candidate, str(lost), "lost")

    # The steps.

    def unfinished(self) -> Candidate | None:
        """What a run that was cut had committed and not yet decided: it is measured again."""
        self._n = self._lanes.take_left()
        cut = self._recorder.state.in_flight.get(self._n)
        if cut is None:
            return None
        text = self._candidates.text_of(cut.commit)
        return Candidate(cut.n, cut.parent, cut.commit, text, cut.description, cut.attempt)

    @contextlib.contextmanager
    def _in_turn(self) -> Iterator[None]:
        """One lane after the other, where proposals are quick: each knows of those before it."""
        with self._lanes.proposing if self._drafting.in_turn else contextlib.nullcontext():
            yield

    def give_up_deadly(self, candidate: Candidate) -> bool:
        """Make a crash of what takes the runner, or the machine, with it each time."""
        deaths = self._recorder.state.in_flight[candidate.n].deaths
        # With several lanes, its neighbours may have done it: once more, alone.
        if deaths < MOST_DEATHS + bool(self._ports.evaluator.slots[1:]):
            return False
        words = clean_line(died_words(deaths))
        if self._recorder.state.rows:
            self._recorder.alarm(f"#{candidate.n} is given up: {words}")
        self.give_up(candidate, words)
        return True

    def give_up(self, candidate: Candidate, words: str, mark: events.Mark = "") -> None:
        """Make a crash of what can't be measured, whatever it is. Raises BaselineFailed."""
        if not self._recorder.state.rows:
            raise BaselineFailed(f"the baseline gave no measurement: {words}")
        with self._lanes.turn:
            self._recorder.record(
                events.Decided(
                    n=candidate.n,
                    status="crash",
                    commit=candidate.commit,
                    parent=candidate.parent,
                    description=one_line(candidate.description),
                    reason=clean_line(words, _REASON),
                    metrics={},
                    seconds=0.0,
                    cost_usd=round(self._recorder.state.unbooked_usd.get(candidate.n, 0.0), 6),
                    mark=mark,
                )
            )
        self.log_row()

    def read_state(self) -> Situation:
        with self._recorder.transaction() as state:
            self._lanes.check_begin()
            n, start = state.next_n, next_start(state)
            self._controls.clear_interrupt(n)
            parent = start.row.commit if start else self._base
            self._recorder.record(events.ExperimentStarted(n, parent, self._slot))
            self._lanes.take(n)
            self._n = n
        with self._lanes.proving:
            self.prove_ground(n)
        if start and self._starts_anew(state, start.row):
            best = state.incumbent.n if state.incumbent else 0
            place = "the best again" if start.row.n == best else f"#{start.row.n}"
            words = f"no gain since #{best}: it goes on from {place}"
            self._recorder.record(events.Noticed("info", one_line(words)))
        with self._recorder.transaction():
            situation = gather(
                n, state, start, self._candidates, self._ports.guidance, self._history
            )
        told = digest(situation.instructions)
        if situation.instructions and told != state.instructions:
            lines = situation.instructions.count("\n") + 1
            self._recorder.record(events.InstructionsRead(n, told, lines))
        return situation

    def prove_ground(self, n: int) -> None:
        """After a streak of crashes: that what was measured once still is. Raises GroundLost."""
        state = self._recorder.state
        if not is_in_doubt(state):
            return
        if self._controls.pausing:  # another lane has just found out
            raise Interrupted
        failures = []
        for row in {row.n: row for row in (state.incumbent, state.baseline) if row}.values():
            failure = self._measurer.retry(n, self._candidates.text_of(row.commit)).failure
            self._recorder.record(events.Retried(n, row.n, clean_line(failure, _REASON)))
            if not failure:
                break
            failures.append(f"#{row.n} too, measured again: {failure}")
        else:
            raise GroundLost(
                f"{state.unproven} experiments in a row have crashed, and {'; '.join(failures)}: "
                "mend the harness or the machine"
            )

    def form_hypothesis(self, situation: Situation) -> Proposal:
        if not situation.history:
            return Proposal("The target as it is, measured.", "baseline", situation.text)
        return self._drafting.propose(self._drafting.with_notebook(situation))

    def commit(
        self, n: int, proposal: Proposal, attempt: int = 1, parent: str | None = None
    ) -> Candidate:
        """`parent`: another than the experiment began with."""
        parent = parent or self._recorder.state.in_flight[n].parent
        before = self._candidates.text_of(parent)
        added, removed = diffs.count(before, proposal.text)
        description = clean_line(proposal.description or "no description")
        self._put_beside(n, before, proposal.text)
        self._recorder.record(
            events.Proposed(
                n=n,
                hypothesis=clean(proposal.hypothesis),
                description=description,
                added=added,
                removed=removed,
                digest=digest(proposal.text),
                memo=proposal.memo,
                attempt=attempt,
                changes=value_changes(before, proposal.text),
                likeness=likeness(proposal.text, self._recorder.state.contract.target),
            )
        )
        commit = parent
        if proposal.text != before:
            message = self._message(n, description, proposal.hypothesis)
            commit = self._candidates.commit(n, parent, proposal.text, message, attempt)
        self._recorder.record(events.Committed(n, commit, attempt))
        return Candidate(n, parent, commit, proposal.text, description, attempt)

    def run_harness(self, candidate: Candidate) -> Runs:
        n, text, attempt = candidate.n, candidate.text, candidate.attempt
        if not self._recorder.state.rows:
            return self._confirmer.measure_baseline(n, text, attempt)
        self._confirmer.refresh(n)
        return self._measurer.measure(n, text, self._recorder.state.contract.repeats, attempt)

    def extract_metrics(self, candidate: Candidate, runs: Runs) -> events.Evaluated:
        skipped = runs.last.cut_short and self._controls.interrupted(candidate.n)
        self._controls.clear_interrupt(candidate.n)
        failure = clean_line(SKIPPED if skipped else runs.failure, _REASON)
        measurement = runs.measurement
        evaluated = events.Evaluated(
            n=candidate.n,
            seconds=round(runs.seconds, 3),
            metrics={} if failure else measurement.metrics,
            extras=runs.extras,
            failure=failure,
            attempt=candidate.attempt,
            samples=measurement.samples if len(runs.results) > 1 else (),
            units=runs.last.units,
            forms=runs.last.forms,
            cores=0.0 if self._recorder.state.rows else runs.last.cores,
        )
        self._recorder.record(evaluated)
        for note in runs.notes:
            self._recorder.warn(f"#{candidate.n}: {note}")
        if runs.last.tampered:
            self._recorder.alarm(f"#{candidate.n} {runs.failure}")
        return evaluated

    def mend_slip(
        self, candidate: Candidate, measured: events.Evaluated, runs: Runs
    ) -> Candidate | None:
        """A crash that may be a typo goes back to its author, a bounded number of times."""
        state, result = self._recorder.state, runs.last
        worth_it = measured.failure and state.rows and not (result.cut_short or result.tampered)
        if not worth_it or candidate.attempt > state.contract.fix_attempts:
            return None
        if state.in_flight[candidate.n].rebased:
            return None  # its author has never seen the text
        crash = Crash(candidate.n, measured.failure, result.tail)
        repair = self._drafting.mend(crash, candidate.text, candidate.attempt + 1)
        if repair is None:
            return None
        return self.commit(candidate.n, repair, candidate.attempt + 1)  # 3. and 4.

    def keep_or_revert(
        self, candidate: Candidate, measured: events.Evaluated, runs: Runs
    ) -> Candidate | None:
        """Decide over it; or give its change on top of what became the best meanwhile.

        What the verdict takes of further runs is done side by side with other lanes; the verdict
        itself is a lane's turn, and void where another has changed the best since.
        """
        state = self._recorder.state
        if measured.failure and not state.rows:
            cure = f"; {runs.last.remedy}" if runs.last.remedy else ""
            raise BaselineFailed(f"the baseline gave no measurement: {measured.failure}{cure}")
        while True:
            best = state.incumbent
            change = self._change_of(candidate, measured, runs)
            judged = change.ended
            if judged is None and change.text is None:
                try:
                    judged = self._judged(candidate, measured, runs)
                except Overtaken:
                    continue
            with self._lanes.turn:
                if state.incumbent is not best and not measured.failure:
                    continue
                if judged is not None:
                    self._decide(candidate, measured, change.told(judged))
                    return None
                if change.text is not None and best is not None:
                    return self._rebase(candidate, change.text, best)

    def _change_of(self, candidate: Candidate, measured: events.Evaluated, runs: Runs) -> Change:
        tried = self._recorder.state.in_flight[candidate.n]
        first = Measurement() if measured.failure else runs.measurement
        return change_of(tried, candidate.text, first, self._recorder.state, self._candidates)

    def _rebase(self, candidate: Candidate, text: str, best: Row) -> Candidate:
        """Commit its change on the best, to be measured there: no figure goes with it."""
        n, attempt = candidate.n, candidate.attempt + 1
        tried = self._recorder.state.in_flight[n]
        memo = self._drafting.memo_of(tried.memo, self._candidates.text_of(best.commit), text)
        proposal = Proposal(tried.hypothesis, candidate.description, text, memo)
        made = self._pauses.with_room(partial(self.commit, n, proposal, attempt, best.commit))
        self._recorder.record(events.Rebased(n, best.commit, attempt))
        return made

    def _judged(self, candidate: Candidate, measured: events.Evaluated, runs: Runs) -> Judgement:
        """What becomes of it. Raises Overtaken."""
        if not measured.failure:
            return self._judge(candidate, runs.measurement)
        ended: events.Mark = "stopped early" if runs.last.stopped_early else ""
        ended = "skipped" if measured.failure == SKIPPED else ended
        return Judgement(Verdict(keep=False, reason=measured.failure), Measurement(), mark=ended)

    def _decide(self, candidate: Candidate, measured: events.Evaluated, judged: Judgement) -> None:
        state = self._recorder.state
        brackets: list[str] = []
        origin = state.in_flight[candidate.n]
        if origin.aside:
            brackets.append(f"(from #{origin.made_from})")
        if count := candidate.attempt - 1 - origin.rebased:
            word = "still broken after" if measured.failure else "after"
            brackets.append(f"({word} {count} repair{'s' if count > 1 else ''})")
        if judged.mark == "suspicious":
            known = "its gain is far beyond what this run makes plausible"
            self._recorder.alarm(f"#{candidate.n} is suspicious: {known}; {judged.verdict.reason}")
        status: events.Status = "keep" if judged.verdict.keep else "discard"
        if not judged.measurement:
            status = "crash"
        elif judged.mark:
            named = judged.mark == "guard failed"
            note = judged.verdict.reason.partition(":")[0] if named else judged.mark
            brackets.append(f"({note})")
        commit = candidate.commit
        if status == "keep" and state.incumbent and candidate.parent != state.incumbent.commit:
            commit = self._graft(candidate, state.incumbent.commit, origin.made_from)
        found = judged.measurement
        further = found.seconds if judged.was_tested else 0.0
        self._recorder.record(
            events.Decided(
                n=candidate.n,
                status=status,
                commit=commit,
                parent=candidate.parent,
                description=bracketed(candidate.description, *brackets),
                reason=clean_line(judged.verdict.reason, _REASON),
                metrics=found.metrics,
                seconds=round(measured.seconds + further, 3),
                cost_usd=round(state.unbooked_usd.get(candidate.n, 0.0), 6),
                samples=found.samples if judged.was_tested or len(found.samples) > 1 else (),
                against=judged.against,
                centre=found.centre,
                evidence=judged.evidence,
                mark=judged.mark,
                holdout=judged.holdout,
            )
        )
        if status == "keep":
            self._advance(commit)
        if state.same_figures == _SAME:
            self._recorder.alarm(
                f"{_SAME} candidates in a row, all different, measured exactly what the best does: "
                f"is {state.contract.target} what is measured, or are the figures too coarse to "
                "tell them apart? `autoexp check` asks"
            )

    def _graft(self, candidate: Candidate, tip: str, made_from: int) -> str:
        """The commit of a keep that was made elsewhere, on the tip: the branch stays one line."""
        n, hypothesis = candidate.n, self._recorder.state.in_flight[candidate.n].hypothesis
        message = self._message(n, candidate.description, hypothesis, made_from)
        return self._candidates.graft(n, candidate.commit, tip, candidate.text, message)

    def _judge(self, candidate: Candidate, first: Measurement) -> Judgement:
        """Without a measurement: it tampered when it was run again."""
        baseline = not self._recorder.state.rows
        try:
            judged = self._confirmer.judge(candidate.n, candidate.text, first)
            if baseline:
                self._ask_mutants(candidate, judged.measurement)
            if not judged.verdict.keep or not self._recorder.state.contract.holdout:
                return judged
            measured = Measurement(first.samples + judged.measurement.samples)
            return replace(judged, holdout=self._hold_out(candidate, measured))
        except GuardFailed as failure:
            raise BaselineFailed(f"the baseline can't be kept: {failure}") from None
        except Tampered as tampering:
            if baseline:
                raise BaselineFailed(f"the baseline {tampering}") from None
            self._recorder.alarm(f"#{candidate.n} {tampering}")
            return Judgement(Verdict(False, str(tampering)), Measurement())
        finally:
            self._controls.clear_interrupt(candidate.n)

    def _ask_mutants(self, candidate: Candidate, measured: Measurement) -> None:
        """Whether the target is what is measured. Raises BaselineFailed where it is known why not.

        Without a cause it may be a harness that takes no notice of gross mistakes: an alarm.
        """
        contract = self._recorder.state.contract

        def run(text: str, limit: float) -> Result | None:
            return self._measurer.mutant(candidate.n, text, limit)

        if ask_mutants(run, contract, candidate.text, measured) is None:
            known = self._ports.bypasses()
            words = unread(contract, measured, known)
            if known:
                raise BaselineFailed(words)
            self._recorder.alarm(f"#{candidate.n}: {words}")

    def _hold_out(self, candidate: Candidate, measured: Measurement) -> float | None:
        """What is never judged, of what is kept. Raises Tampered."""
        contract = self._recorder.state.contract
        metric, holdout = contract.held_out, contract.holdout
        if metric is None or holdout is None:
            return None
        value, why = measured.holdout, "the harness didn't print it"
        if holdout.command:
            result = self._measurer.hold_out(candidate.n, candidate.text, holdout.command, metric)
            value, why = result.metrics.get(metric.name), result.failure
        if value is None:
            self._recorder.warn(f"#{candidate.n}: no hold-out {metric.name}: {why}")
        return value

    def log_row(self) -> None:
        with self._lanes.turn:
            for note in self._projections.update():
                self._recorder.warn(note)

    # What the steps are made of.

    @staticmethod
    def _starts_anew(state: RunState, start: Row) -> bool:
        """Whether a plateau has ended elsewhere than at what was reached from there."""
        last = state.rows[-1]
        known = {last.n, last.made_from}
        return state.contract.search.policy == "restart" and start.n not in known

    def _message(self, n: int, description: str, hypothesis: str, made_from: int = 0) -> str:
        trailer = f"Experiment {n} of run {self._directory.tag}"
        if made_from:
            trailer += f", made from experiment {made_from}"
        return f"{description}\n\n{hypothesis}\n\n{trailer}\n"

    def _put_beside(self, n: int, before: str, after: str) -> None:
        """The candidate's text and patch where viewers find them without a repository."""
        patch = diffs.unified(before, after, self._recorder.state.contract.target)
        make_folder(self._directory.experiment(n), self._directory.path)
        for path, text in ((self._directory.text(n), after), (self._directory.diff(n), patch)):
            with os.fdopen(open_for_writing(path), "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))

    @property
    def _base(self) -> str:
        return self._recorder.state.run.base

    def _catch_up(self) -> None:
        """Bring branch and tables to where the journal is, however the last runner ended."""
        state = self._recorder.state
        self._advance(state.incumbent.commit if state.incumbent else self._base)
        self.log_row()

    def _advance(self, commit: str) -> None:
        if note := self._candidates.advance(commit):
            self._recorder.warn(note)

    def _interrupted(self) -> None:
        """A stop leaves what is committed for the next runner; a skip gives up the proposal."""
        self._lanes.abandon(self._n, "skipped before it was committed")
