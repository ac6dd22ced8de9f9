"""The parts of a briefing that change: where the run stands, what was tried, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from autoexp_tui.model.objective import Objective
from autoexp_tui.model.proposal import Situation, Trial
from autoexp_tui.proposers.briefing.budgets import BUDGETS
from autoexp_tui.proposers.briefing.wording import (
    Entry,
    bounded,
    fence,
    head,
    listed,
    sendable,
    tail,
)
from autoexp_tui.proposers.context import Change, Context
from autoexp_tui.summary import tried as told
from autoexp_tui.summary.notebook import digest
from autoexp_tui.text import diffs
from autoexp_tui.text.numbers import format_duration, money
from autoexp_tui.text.safe import clean, clean_line

_LATEST = 12
_PLATEAU = 8
"""Experiments without a keep from which on that is worth a word of advice."""
_NEAR_LIMIT = 0.6
"""Share of the time limit from which on a slower text is in danger."""
_STALE = 5
"""So many of the latest gains that came too late are told."""
_STREAK = 3
"""Crashes in a row from which on they are told as such."""


@dataclass(frozen=True)
class News:
    """What is told of one situation; each property is a part, empty where there is nothing."""

    situation: Situation
    context: Context

    @cached_property
    def objective(self) -> Objective:
        return told.objective_of(self.situation.contract, self.situation.history)

    @cached_property
    def trials(self) -> Mapping[int, Trial]:
        return {trial.n: trial for trial in self.situation.history}

    def parts(self) -> list[str]:
        """All but `kept`, in order; other words each time."""
        situation = self.situation
        parts = [
            self.standing,
            self.strategy,
            self.notebook,
            self.latest,
            self.changes,
            self.near,
            self.tried,
            self.crashes,
            self.crash,
            self.said,
            self.others,
            listed(
                "Being tried now, in other slots: nobody knows yet what comes of it, so propose "
                "something else",
                [f"#{p.n} {clean_line(p.description, 300)}" for p in situation.pending],
                BUDGETS["ideas"],
            ),
            listed(
                "Gains that came too late: another change of the same lines had become the best "
                "meanwhile; what they did may be worth doing again on the target as it is",
                [
                    f"#{t.n} {clean_line(t.description, 160)}: {clean_line(t.reason, 300)}"
                    for t in [t for t in situation.history if t.mark == "stale"][-_STALE:]
                ],
                BUDGETS["ideas"],
            ),
            listed(
                "Ideas that a person wrote down; take them or leave them",
                [clean_line(idea, 300) for idea in situation.ideas],
                BUDGETS["ideas"],
                keep="first",
            ),
            listed(
                "Hints of the person who watches: heed the latest ones",
                [clean_line(hint, 600) for hint in situation.hints],
                BUDGETS["hints"],
            ),
            listed(
                "What a person noted of experiments",
                [f"#{t.n}: {clean_line(t.note, 300)}" for t in situation.history if t.note],
                BUDGETS["hints"],
            ),
            listed(
                "Never again: the person wants none of these ideas tried once more, in any form",
                [
                    f"#{t.n} {clean_line(t.description, 160)}"
                    + (f": {clean_line(t.note, 300)}" if t.note else "")
                    for t in situation.history
                    if t.never
                ],
                BUDGETS["hints"],
            ),
            listed(
                "Your proposals for this very experiment that were sent back",
                [clean_line(answer, 600) for answer in situation.answers],
                BUDGETS["answers"],
            ),
        ]
        return [part for part in parts if part]

    @property
    def kept(self) -> str:
        """The chain that the target is made of: it changes when the target does, and not before."""
        chain = [trial for trial in self.situation.history if trial.status == "keep"]
        if not chain:
            return ""

        def older(count: int) -> str:
            first, last = chain[0], chain[count - 1]
            gain = told.gain_words(self.objective, self.objective.gain(last.metrics, first.metrics))
            return f"{count} earlier ones, #{first.n} to #{last.n}: together {gain}"

        return bounded(
            "Kept so far, each better than the best before it; oldest first",
            list(map(self._entry, chain)),
            BUDGETS["kept"],
            older,
            newest_last=True,
        )

    @property
    def standing(self) -> str:
        """Baseline, best, start, noise, budget, and how long nothing was kept."""
        situation, limit = self.situation, self.situation.contract.time_limit
        lines = ["# Where the run stands", ""]
        baseline, best = self.trials.get(1), self.trials.get(situation.incumbent)
        if baseline is not None:
            lines.append(f"- Baseline: {told.figures(self.objective, baseline, limit)}")
        if best is not None and best is not baseline:
            figures = told.figures(self.objective, best, limit)
            lines.append(f"- Best so far, #{best.n}: {figures}")
        if best is not None and best.seconds > _NEAR_LIMIT * limit:
            room = limit / best.seconds
            lines.append(
                f"- The time limit is near: a change that makes it take {room:.3g} times as long "
                "as the best is a crash"
            )
        lines += self._start()
        if situation.noise:
            lines.append(f"- The harness: {situation.noise}; what is better by luck is not kept")
        lines.append(f"- {self._budget()}")
        if (idle := self._idle) >= _PLATEAU:
            lines.append(
                f"- Nothing was kept in the last {idle} experiments: small steps bring little now, "
                "so try what is different in kind, or combine what nearly worked"
            )
        return "\n".join(lines)

    def _start(self) -> list[str]:
        """Where the text comes from, if not from the best."""
        situation = self.situation
        if situation.parent in {0, situation.incumbent}:
            return []
        start = self.trials.get(situation.parent)
        figures = f" ({told.measured(self.objective, start.metrics)})" if start else ""
        words = (
            f"- You start from #{situation.parent}{figures}, not from the best, to look elsewhere; "
            f"kept is only what beats the best, #{situation.incumbent}"
        )
        return [words]

    def _budget(self) -> str:
        budget, left = self.situation.contract.budget, self.situation.left
        done = len(self.situation.history)
        if left is None:
            return (
                f"{done} of {budget.max_experiments} experiments are done; the run may cost "
                f"{money(budget.max_cost_usd)} and take {budget.max_wall_clock_hours:g} h in all"
            )
        words = (
            f"{done} experiments are done; at most {left.experiments} more, "
            f"{format_duration(left.hours * 3600)} and {money(left.usd)} are left"
        )
        affordable = self.situation.affordable
        if affordable is not None and affordable < left.experiments:
            words += f", which is about {affordable} experiments at the present pace"
        return words

    @property
    def _idle(self) -> int:
        """Experiments since the last keep."""
        count = 0
        for trial in reversed(self.situation.history):
            if trial.status == "keep":
                break
            count += 1
        return count

    @property
    def strategy(self) -> str:
        """What a streak of crashes asks for."""
        count = self.situation.crashes
        if count < _STREAK:
            return ""
        words = [f"# The last {count} experiments have all crashed", ""]
        match self.situation.strategy:
            case "":
                words.append(
                    "Before anything bold, find out why: the causes are listed below. Propose what "
                    "surely runs, and stays well within the limits."
                )
            case "mend the best":
                words.append(
                    "The best so far crashed too, when it was measured again: it is close to a "
                    "limit, or depends on luck. First make it cheaper or sturdier at the same "
                    "result."
                )
            case "small steps":
                words.append(
                    "Change your strategy: propose one small change of a single line of the target "
                    "as it stands, the best so far, which runs. Leave what the last experiments "
                    "tried."
                )
            case "afresh":
                words.append(
                    "Begin afresh: the target as it stands was measured again just now, and it "
                    "works. Drop the line of work of the last experiments altogether, and propose "
                    "one small, safe change in another place."
                )
        return "\n".join(words)

    @property
    def notebook(self) -> str:
        text = clean(self.situation.notebook).strip()
        title = f"Lab notebook, as of #{self.situation.notebook_n}"
        if not text:
            text, title = digest(self.objective, self.trials), "What all experiments tell"
        return f"# {title}\n\n{fence(head(text, BUDGETS['notebook']))}" if text else ""

    @property
    def latest(self) -> str:
        return bounded(
            "The latest experiments, oldest first",
            [
                # What was kept is told at length already.
                Entry(
                    partial(self._line if trial.status == "keep" else self._story, trial),
                    partial(self._line, trial),
                )
                for trial in self.situation.history[-_LATEST:]
            ],
            BUDGETS["latest"],
            lambda count: f"{count} before them",
            newest_last=True,
        )

    @property
    def tried(self) -> str:
        """Every idea that was not all kept, with its values and what came of each."""
        ideas = told.ideas(self.objective, self.trials)

        def rest(count: int) -> str:
            left = ideas[len(ideas) - count :]
            tries = sum(len(idea.tries) for idea in left)
            kept, crashed = sum(idea.kept for idea in left), sum(idea.crashed for idea in left)
            words = (
                f"{count} older ideas, in {tries} experiments: {kept} kept, {crashed} crashed, "
                f"{tries - kept - crashed} no better"
            )
            ranked = sorted(
                (idea for idea in left if idea.best), key=lambda idea: -(idea.best or (0,))[0]
            )
            if ranked:
                best = "; ".join(i.summed_up(self.objective, self.trials) for i in ranked[:3])
                words += f". The best of them: {best}"
            return words

        entries = [
            Entry(
                partial(idea.told, self.objective, self.trials),
                partial(idea.summed_up, self.objective, self.trials),
            )
            for idea in ideas
        ]
        return bounded(
            "What was tried and what came of each change, the latest first: don't repeat what "
            "failed; go on where something helped",
            entries,
            BUDGETS["tried"],
            rest,
        )

    @property
    def changes(self) -> str:
        return self._diffs(
            "What the last experiments changed, and what came of it",
            self.context.recent if self.situation.strategy != "afresh" else (),
            BUDGETS["changes"],
        )

    @property
    def near(self) -> str:
        return self._diffs(
            "Near misses: better, but by no more than luck may be",
            self.context.near,
            BUDGETS["near"],
        )

    @property
    def crashes(self) -> str:
        """By cause, with what was changed."""
        found = told.causes(self.situation.history)
        limit = self.situation.contract.time_limit

        def full(found: Sequence[Trial]) -> str:
            shown = "; ".join(
                f"#{t.n} {told.change(t)}"
                + (f" ({words})" if (words := told.took(t, limit)) else "")
                for t in found[-4:]
            )
            more = f"; and {len(found) - 4} before" if len(found) > 4 else ""
            return f"{clean_line(found[-1].reason, 200)} - {_times(found)}: {shown}{more}"

        def short(found: Sequence[Trial]) -> str:
            return f"{clean_line(found[-1].reason, 80)} - {_times(found)}"

        def rest(count: int) -> str:
            left = found[len(found) - count :]
            return f"{len(left)} other causes, {sum(len(group) for _, group in left)} crashes"

        return bounded(
            "Crashes by cause, the latest first: stay clear of these",
            [Entry(partial(full, group), partial(short, group)) for _, group in found],
            BUDGETS["crashes"],
            rest,
        )

    @property
    def crash(self) -> str:
        """The end of the last experiment's output, if it crashed."""
        crash = self.context.crash
        if crash is None or self.situation.strategy == "afresh":
            return ""
        end = fence(tail(clean(crash.tail), BUDGETS["crash"]))
        why = clean_line(crash.failure, 300)
        return f"# How #{crash.n} crashed: {why}\n\nThe end of its output:\n\n{end}"

    @property
    def said(self) -> str:
        """What the harness said of the best and of the latest, beside its figures."""
        outputs = self.context.outputs
        if not outputs:
            return ""
        room = BUDGETS["said"] // len(outputs)
        parts = ["# What the harness said"]
        for output in outputs:
            best = ", the best so far" if output.n == self.situation.incumbent else ""
            parts.append(f"#{output.n}{best}:")
            if output.feedback:
                shown = fence(head("\n".join(map(clean, output.feedback)), room // 2))
                parts.append(f"Feedback on the result:\n{shown}")
            if output.last.strip():
                shown = fence(tail(clean(output.last), room // (2 if output.feedback else 1)))
                parts.append(f"Its last lines:\n{shown}")
        return "\n\n".join(parts)

    @property
    def others(self) -> str:
        """Other texts of which something may be taken over."""
        found = self.situation.inspirations
        if not found:
            return ""
        room = BUDGETS["other"] // len(found)
        parts = ["# Other texts of this run that are worth a look, as changes of the target above"]
        for other in found:
            patch = diffs.unified(self.situation.text, other.text, self.situation.contract.target)
            trial = self.trials.get(other.n)
            figures = f" [{told.measured(self.objective, trial.metrics)}]" if trial else ""
            title = f"#{other.n} {clean_line(other.description, 160)}{figures}"
            parts.append(f"{title}\n\n{fence(head(sendable(clean(patch)), room))}")
        return "\n\n".join(parts)

    def _diffs(self, title: str, changes: Sequence[Change], budget: int) -> str:
        if not changes:
            return ""
        room = budget // len(changes)
        parts = [f"# {title}"]
        for change in changes:
            trial = self.trials.get(change.n)
            if trial is None:
                continue
            came = told.outcome(self.objective, trial, self.trials.get(trial.parent))
            diff = fence(head(sendable(clean(change.diff)), room))
            parts.append(f"#{change.n} ({came})\n\n{diff}")
        return "\n\n".join(parts) if len(parts) > 1 else ""

    def _entry(self, trial: Trial) -> Entry:
        return Entry(partial(self._story, trial), partial(self._line, trial))

    def _line(self, trial: Trial) -> str:
        limit = self.situation.contract.time_limit
        return told.line(self.objective, trial, self.trials.get(trial.parent), limit)

    def _story(self, trial: Trial) -> str:
        limit = self.situation.contract.time_limit
        return told.story(self.objective, trial, self.trials.get(trial.parent), limit)


def _times(group: Sequence[Trial]) -> str:
    return f"{len(group)} times" if len(group) > 1 else "once"
