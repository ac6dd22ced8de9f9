"""Events as lines: for a pipe, a log, a screen reader or a terminal that can't do more."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import assert_never

import msgspec

from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import RunState
from autoexp_tui.sources.journals import POLL_S, Source
from autoexp_tui.summary.annotations import note_words
from autoexp_tui.summary.headline import against_baseline, best_line, figures
from autoexp_tui.summary.outcomes import OUTCOMES, outcome_of
from autoexp_tui.summary.trust import evidence_words, noise_words
from autoexp_tui.summary.verified import verified_words
from autoexp_tui.text.numbers import money
from autoexp_tui.text.safe import Safe, cut, one_line, safe_json


class RunnerGone(Exception):
    """The runner ended without an end of the run: killed, or the machine went down."""


def follow(source: Source) -> Iterator[Record]:
    """Every record until the run has ended. Raises RunnerGone, JournalError."""
    ended = False
    while True:
        # Asked before reading: what a runner wrote before it died is read after.
        alive = source.alive()
        records = source.read()
        for record in records:
            match record.event:
                case events.RunFinished():
                    ended = True
                case events.RunnerStarted():
                    ended = False  # what else comes after an end, a verification, leaves it one
            yield record
        if records:
            continue
        if not alive:
            if ended:
                return
            raise RunnerGone
        time.sleep(POLL_S)


def as_json(record: Record) -> Safe:
    """One event as a line of JSON; `docs/events.md` tells its fields."""
    return safe_json(msgspec.json.encode(record))


def as_lines(record: Record, state: RunState) -> list[Safe]:
    """What a person wants to read of one event; `state` has it applied already."""
    stamp = f"{dt.datetime.fromtimestamp(record.time):%H:%M:%S}"  # noqa: DTZ006 - a person's clock
    return [one_line(f"{stamp}  {line}") for line in _lines(record.event, state)]


def _lines(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one case per event
    event: events.AnyEvent, state: RunState
) -> list[str]:
    match event:
        case events.RunStarted():
            target = cut(event.contract.target, 80)
            harness = cut(event.contract.harness, 80)
            return [
                f"run {event.tag} of {cut(event.project, 60)}: {target} by {event.proposer}",
                f"judged by `{harness}`: {_goals(state.objective)}",
                f"protection: {event.protection}",
            ]
        case events.RunnerStarted(resumed=resumed) if resumed:
            return [f"resumed with {len(state.rows)} rows"]
        case events.BudgetChanged(budget=budget):
            hours, usd = budget.max_wall_clock_hours, budget.max_cost_usd
            caps = f"{budget.max_experiments} experiments, {hours:g} h, ${usd:.2f}"
            words = f"budget is now {caps}"
            return [f"{cut(event.by, 60)}: {words}" if event.by else words]
        case events.Rebased():
            onto = state.numbers.get(event.parent, 0)
            return [f"#{event.n} was made from an older best: tried on #{onto}"]
        case events.EvaluationLost():
            return [f"#{event.n} was lost, and is measured again: {cut(event.reason, 200)}"]
        case events.ExperimentStarted(slot=slot) if slot:
            onto = state.numbers.get(event.parent, 0)
            on = f" on #{onto}" if onto else ""
            return [f"#{event.n} begins in {cut(slot, 40)}{on}"]
        case events.ProductsAllowed(paths=paths):
            named = cut(one_line(", ".join(paths[:3])), 200)
            more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
            return [f"#{event.n} makes {named}{more}: so may every experiment"]
        case events.Damaged(stamps=stamps):
            return [f"#{event.n} changed {cut(one_line(', '.join(stamps)), 200)}: mend it"]
        case events.InstructionsRead():
            return [f"instructions read: {event.lines} lines, from #{event.n} on"]
        case events.CostSettled():
            spent = f"{money(event.usd)}, {money(state.spent_usd)} in all"
            if event.possible_usd:
                besides = money(event.possible_usd), money(state.possible_usd)
                spent += f"; possibly billed besides {besides[0]}, {besides[1]} in all"
            return [f"#{event.n} {cut(event.model, 60)}: {event.outcome}, {spent}"]
        case events.WaitBegan():
            return [f"#{event.n} waits {event.seconds:.0f}s: {cut(event.reason, 300)}"]
        case events.AgentActed():
            return [f"#{event.n} · {event.tool} {cut(event.about, 120)}".rstrip()]
        case events.RepairBegan():
            return [f"#{event.n} crashed, repair {event.attempt - 1}: {event.failure}"]
        case events.ProposalAnswered():
            if _is_told(event, state):
                return []
            return [f"#{event.n} sent back: {event.reason}"]
        case events.Proposed() if event.n > 1:
            return [f"#{event.n} {cut(event.hypothesis, 300)}"]
        case events.Decided():
            words = noise_words(state) if event.n == 1 else ""
            return [_row_line(event, state), *([f"the harness: {words}"] if words else [])]
        case events.Retried(failure=failure):
            came = f"crashes too: {cut(failure, 200)}" if failure else "works"
            return [f"after crashes in a row #{event.of}, measured again, {came}"]
        case events.NotebookWritten():
            size = event.text.count("\n") + 1 if event.text else 0
            return [f"notebook of {cut(event.by, 60)}: {size} lines, from #{event.n} on"]
        case events.Abandoned():
            return [f"#{event.n} given up: {event.reason}"]
        case events.PauseRequested(by=by):
            return [f"{cut(by, 60)} asks to pause"]
        case events.Paused(reason=reason):
            return [reason]
        case events.Resumed(by=by):
            return [f"resumed by {cut(by, 60)}"]
        case events.SkipRequested():
            return [f"{cut(event.by, 60)} skips #{event.n}"]
        case events.StopRequested():
            when = "now" if event.now else "after this experiment"
            return [f"{cut(event.by, 60)} stops the run {when}"]
        case events.HintGiven():
            return [f"hint of {cut(event.by, 60)}: {cut(event.text, 300)}"]
        case events.NoteGiven():
            return [f"#{event.n}, {cut(event.by, 60)}: {note_words(event)}"]
        case events.Noticed():
            return [f"{event.level}: {cut(event.text, 400)}"]
        case events.VerificationStarted():
            texts = f"the baseline and {len(event.steps)} steps, {len(event.alone)} also taken out"
            return [f"verifying {texts}, by at most {event.rounds} rounds"]
        case events.Verified():
            return [_verified_line(event, state)]
        case events.VerificationFinished():
            return list(verified_words(state))
        case events.RunFinished():
            return [_end_line(event, state)]
        case (
            events.RunnerStarted()
            | events.ExperimentStarted()
            | events.CostReserved()
            | events.Proposed()
            | events.Committed()
            | events.EvaluationStarted()
            | events.Evaluated()
            | events.Remeasured()
        ):
            return []  # the row tells
        case _:
            assert_never(event)


def _goals(objective: Objective) -> str:
    """What is optimised; of two metrics the way of each, then how the rule puts them together."""
    words = [f"{metric.name} ({metric.direction} is better)" for metric in objective.metrics]
    return ", ".join(words if objective.is_metric else [*words, f"kept by {objective.goal}"])


def _row_line(event: events.Decided, state: RunState) -> str:
    row = state.row(event.n)
    outcome = outcome_of(row) if row else OUTCOMES[event.status]
    mark = f"#{event.n} {outcome.sign} {outcome.word:<7}"
    took = f"  [{event.seconds:.1f}s]" if event.seconds else ""
    if event.status == "crash":
        return f"{mark} {cut(event.reason, 200)}{took}"
    is_best = state.best is not None and state.best.n == event.n > 1
    gain = f"  {against_baseline(state)}" if is_best else ""
    if row and (words := evidence_words(row)):
        gain += f"  [{words}]"
    shown = event.metrics
    if state.is_table:  # which may have a thousand columns
        names = [metric.name for metric in state.objective.metrics]
        shown = {name: shown[name] for name in names if name in shown}
    measured = figures(state.objective, shown, least=state.places)
    return f"{mark} {measured}{gain}  {cut(event.description, 80)}{took}"


def _verified_line(event: events.Verified, state: RunState) -> str:
    which = f"round {event.round}" if event.round else "without a seed"
    name = f"#{event.variant.n}"
    if event.variant.without:
        name += f" without #{event.variant.without}"
    told = event.failure or figures(state.objective, event.metrics)
    return f"{which}  {name}  {told}  [{event.seconds:.1f}s]"


def _end_line(event: events.RunFinished, state: RunState) -> str:
    word = "finished" if event.ok else "failed"
    kept = f"{state.kept} kept of " if state.is_judged else ""
    counts = f"{kept}{len(state.rows)}"
    return f"{word}: {cut(event.reason, 400)} · {counts} · {best_line(state)}"


def _is_told(event: events.ProposalAnswered, state: RunState) -> bool:
    """Whether the answer before, to the same experiment, was the same."""
    flight = state.in_flight.get(event.n)
    return flight is not None and flight.answers[-2:-1] == flight.answers[-1:]
