"""What a report tells, before it is laid out: figures, sentences and the steps that were kept.

Whoever lays it out escapes what means something there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.objective import Objective, least_words
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.summary.annotations import noted
from autoexp_tui.summary.digest import Digest, MetricDigest, digest_of
from autoexp_tui.summary.gains import progress, told
from autoexp_tui.summary.groups import Group, gains, group_ideas
from autoexp_tui.summary.headline import moves
from autoexp_tui.summary.holdout import holdout_words
from autoexp_tui.summary.lanes import use_of
from autoexp_tui.summary.notebook import notebook_title
from autoexp_tui.summary.trust import (
    confirmed_words,
    effect_words,
    near_misses,
    near_words,
    noise_words,
    runs_words,
)
from autoexp_tui.summary.verified import refuted, verified_words
from autoexp_tui.text.numbers import NONE, format_duration, format_number, money, told_apart
from autoexp_tui.text.safe import NOTHING, Safe, cut, one_line

_DIFF_CHARS = 64 << 10
"""Characters of one diff that a report shows."""
_ALL_DIFFS_CHARS = 1 << 20
"""Characters of all diffs that a report shows."""
_NEAR = 20
"""Near misses that are listed."""
_PARTNERS = 3
"""Other changes of one step that are named."""
_STEPS = 60
"""Kept changes that are shown one by one: of more, those that gained most."""


@dataclass(frozen=True, slots=True)
class KeptStep:
    """One kept change."""

    row: Row
    before: float | None
    """The best figure of the objective before it."""
    value: float | None
    share: float
    """Of the whole gain, 0 to 1; 0 where it was no new best."""
    diff: str
    """A unified diff; empty where there is none to show."""
    cut: bool
    """Whether `diff` is only its beginning, or left out for its length."""

    @property
    def figure(self) -> str:
        """The value, told apart from the one before it."""
        return told_apart(self.value, self.before)[0]

    @property
    def from_figure(self) -> str:
        """The one before it, told apart from the value."""
        return told_apart(self.value, self.before)[1]


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that a report says about one run or table."""

    digest: Digest
    contract: Contract
    project: Safe
    is_table: bool
    """Whether another program wrote it."""
    is_judged: bool
    """False: that table has no verdicts, so the page speaks of bests alone."""
    protection: Safe
    version: Safe
    began: float
    """Wall clock of the first row; 0 where no time is known."""
    ended: float
    rows: tuple[Row, ...]
    objective: Objective
    plotted: Objective
    """The same, with no direction presumed: its plot claims no best."""
    story: tuple[str, ...]
    steps: tuple[KeptStep, ...]
    """In order."""
    more_steps: int
    """Kept changes that are not among `steps`."""
    near_misses: tuple[Row, ...]
    """What looked better and may be luck, the nearest first; of many, the first."""
    groups: tuple[Group, ...]
    failures: tuple[tuple[Safe, tuple[int, ...]], ...]
    """Why experiments crashed, the commonest first, and which."""
    costs: tuple[tuple[str, str], ...]
    """What it cost, as label and figure."""
    trust: tuple[str, ...]
    """What the figures can and can't be trusted for."""
    alarms: tuple[str, ...]
    hints: tuple[str, ...]
    notebook: Safe
    """As it was last written, in lines; empty where nobody has."""
    notebook_title: Safe
    notes: Mapping[int, Safe]
    """What people have said of experiments, by number."""

    @property
    def title(self) -> str:
        return f"{self.project} · {self.digest.tag}" if self.project else self.digest.tag

    @property
    def chapter(self) -> str:
        """The title over `steps`."""
        return "What was kept" if self.is_judged else "How the best came"

    @property
    def nothing(self) -> str:
        """What stands there where there are none."""
        if not self.plotted.directed:
            return "Which way is better is not known, so there is no best."
        return "Nothing beat the baseline." if self.is_judged else "The first row is the best."

    @property
    def primary(self) -> Metric:
        return self.contract.primary

    @property
    def headline(self) -> tuple[MetricDigest, ...]:
        """What stands at the top: what is optimised, for a front both its metrics."""
        if self.objective.decide.rule == "pareto":
            return self.digest.metrics
        return (self.digest.objective,)

    @property
    def changes(self) -> tuple[str, ...]:
        """What changed, in words: what is optimised, then each metric by its own direction."""
        found, rule = self.digest.objective, self.objective.decide.rule
        others = self.digest.metrics[1:] if rule == "primary" else self.digest.metrics
        words = [f"{metric.name} {told(metric.gain)}" for metric in others if metric.gain.value]
        if found.gain.value:
            first = progress(self.objective, found.gain)
            named = bool(others) and rule != "pareto"
            words.insert(0, f"{found.name} {first}" if named else first)
        if held := self.digest.holdout:
            words.append(f"held out: {held.name} {told(held.gain)}")
        return tuple(words)

    @property
    def dead_ends(self) -> tuple[Group, ...]:
        return tuple(
            sorted((g for g in self.groups if g.is_dead_end), key=lambda g: (-g.tried, g.name))
        )


def account_of(
    state: RunState,
    diff_of: Callable[[int], str] | None = None,
    *,
    caveats: Sequence[str] = (),
) -> Account:
    """Take stock of a run. `diff_of` gives an experiment's patch, or an empty text.

    `caveats` are shown with what the figures can be trusted for. Raises ValueError for a run
    without a first event (NotStarted).
    """
    digest, started, objective = digest_of(state), state.run, state.objective.presumed()
    steps = tuple(_steps(state, objective, diff_of))
    times = [row.time for row in state.rows if row.time > 0]
    # What was tried and never kept is a dead end where somebody judges, and nothing elsewhere.
    ideas = group_ideas(state.rows, objective, refuted(state)) if state.is_judged else ()
    groups = tuple(ideas)
    return Account(
        digest=digest,
        contract=state.contract,
        project=started.project,
        is_table=state.is_table,
        is_judged=state.is_judged,
        protection=state.protection,
        version=started.version,
        began=min(times, default=0.0),
        ended=max(times, default=0.0),
        rows=tuple(state.rows),
        objective=objective,
        plotted=state.objective,
        story=tuple(_story(state, digest, objective, steps)),
        steps=steps,
        more_steps=digest.kept - len(steps) if digest.kept > len(steps) else 0,
        near_misses=tuple(near_misses(state.rows)[:_NEAR]),
        groups=groups,
        failures=tuple(_failures(state.rows)),
        costs=tuple(_costs(state, digest)),
        trust=(*_trust(state), *verified_words(state), *caveats),
        alarms=tuple(dict.fromkeys(n.text for _, n in state.notices if n.level == "alarm")),
        hints=tuple(f"{hint.by}: {hint.text}" for hint in state.hints),
        notebook=state.notebook.text if state.notebook else NOTHING,
        notebook_title=notebook_title(state),
        notes={n: noted(state, n) for n in state.notes},
    )


def _steps(
    state: RunState, objective: Objective, diff_of: Callable[[int], str] | None
) -> Iterator[KeptStep]:
    baseline = state.baseline
    kept = [row for row in state.rows if row.status == "keep" and row is not baseline]
    gained = dict(gains(state.rows, objective))
    whole = sum(gained.values())
    best = sorted(gained, key=lambda n: -gained[n])[:_STEPS]
    shown = {row.n for row in kept} if len(kept) <= _STEPS else set(best)
    top = objective.figure(baseline.metrics) if baseline else None
    room = _ALL_DIFFS_CHARS
    for row in kept:
        gain, value = gained.get(row.n, 0.0), objective.figure(row.metrics)
        if row.n in shown:
            diff = diff_of(row.n) if diff_of else ""
            text = diff[: min(_DIFF_CHARS, room)]
            room -= len(text)
            share = gain / whole if gain and math.isfinite(whole) else 0.0
            yield KeptStep(row, top, value, share, text, len(text) < len(diff))
        top = value if gain else top


# ---- the story -----------------------------------------------------------------------------------


def _story(
    state: RunState, digest: Digest, objective: Objective, steps: Sequence[KeptStep]
) -> Iterator[str]:
    yield _opening(state, digest)
    yield _outcome(state, digest, objective)
    if digest.holdout_told:
        yield f"{digest.holdout_told[:1].upper()}{digest.holdout_told[1:]}."
    yield from _course(state, steps)
    if state.hints:
        yield f"A person gave {_count(len(state.hints), 'hint')} on the way."
    if state.finished is None:
        yield "It has not ended yet."
    elif not state.is_table:
        yield f"It ended because: {cut(digest.ended, 300)}."


def _opening(state: RunState, digest: Digest) -> str:
    tried = max(0, digest.rows - 1)
    if state.is_table:
        return f"The table holds {_count(digest.rows, 'row')}."
    target = cut(state.contract.target, 80)
    harness = cut(state.contract.harness, 120)
    words = f"{cut(state.run.proposer, 40)} tried {_count(tried, 'change')} to {target}"
    when = f"In {format_duration(digest.seconds)}, {words}" if digest.seconds else words
    return f"{when}, judged by “{harness}”."


def _outcome(state: RunState, digest: Digest, objective: Objective) -> str:
    parts = [f"{digest.kept} kept", f"{digest.discarded} discarded"] if state.is_judged else []
    for count, word in _ended(digest):
        parts += [f"{count} {word}"] if count else []
    counts = ", ".join(parts) or "no verdicts"
    found, rule = digest.objective, objective.decide.rule
    name = cut(objective.name, 120)
    if not state.objective.directed and found.baseline is not None:
        first_figure = format_number(found.baseline)
        return f"{name} begins at {first_figure}; which way is better is not known ({counts})."
    if found.baseline is None or found.best is None:
        return f"{name} was never measured ({counts})."
    first: dict[str, float | None] = {metric.name: metric.baseline for metric in digest.metrics}
    last: dict[str, float | None] = {metric.name: metric.best for metric in digest.metrics}
    if found.best == found.baseline:
        what = f"{name} {format_number(found.baseline)}"
        if rule == "pareto":
            what = cut(moves(objective, first), 200)
        return f"Nothing beat the baseline, {what} ({counts})."
    moved = cut(moves(objective, last, first), 200)
    if rule == "pareto":
        return f"{name}: {progress(objective, found.gain)} than the baseline ({moved}): {counts}."
    went = "went down" if found.best < found.baseline else "went up"
    before, _ = told_apart(found.baseline, found.best)
    figures = f"{before} to {format_number(found.best, digest.decimals)}"
    if rule == "weighted":
        figures += f", {told(found.gain)} ({moved})"
    return f"{name} {went} from {figures}: {counts}."


def _ended(digest: Digest) -> Iterator[tuple[int, str]]:
    """What has no measurement, by why."""
    yield digest.crashed, "crashed"
    yield digest.skipped, "skipped"
    yield digest.lost, "lost"


def _course(state: RunState, steps: Sequence[KeptStep]) -> Iterator[str]:
    """How the gain came, and where it stayed away."""
    gaining = [step for step in steps if step.share > 0]
    if len(gaining) > 1:
        biggest = max(gaining, key=lambda step: step.share)
        what = cut(biggest.row.description, 120)
        yield f"The largest step was #{biggest.row.n}, {part(biggest.share)} of the gain: {what}."
        reached = 0.0
        for step in gaining:
            reached += step.share
            if reached >= 0.9:
                break
        if step is not gaining[-1]:
            yield f"{part(reached)} of the gain was there after #{step.row.n}."
    dry, end = _drought(state.rows)
    if dry >= 5:
        after = "at its end" if end == state.rows[-1].n else f"up to #{end}"
        sought = "kept change" if state.is_judged else "new best"
        yield f"The longest stretch without a {sought} was {dry} experiments, {after}."


def _drought(rows: Sequence[Row]) -> tuple[int, int]:
    """The most rows in a stretch without a keep, and the number of the last of them."""
    longest = dry = end = 0
    for row in rows:
        dry = 0 if row.status == "keep" else dry + 1
        if dry > longest:
            longest, end = dry, row.n
    return longest, end


def _failures(rows: Sequence[Row]) -> list[tuple[Safe, tuple[int, ...]]]:
    reasons: dict[Safe, list[int]] = {}
    for row in rows:
        if row.has_failed:
            reasons.setdefault(cut(row.reason, 160) or Safe("no reason given"), []).append(row.n)
    ranked = sorted(reasons.items(), key=lambda pair: -len(pair[1]))
    return [(reason, tuple(numbers)) for reason, numbers in ranked]


# ---- cost and trust ------------------------------------------------------------------------------


def _costs(state: RunState, digest: Digest) -> Iterator[tuple[str, str]]:
    own = not state.is_table
    budget = state.budget
    of = f" of {budget.max_experiments}" if own else ""
    yield "experiments", f"{digest.rows}{of}"
    if digest.seconds:
        cap = f" of {format_duration(budget.max_wall_clock_hours * 3600)}" if own else ""
        yield "time", format_duration(digest.seconds) + cap
    harness = sum(row.seconds for row in state.rows if math.isfinite(row.seconds))
    if harness > 0:
        yield "in the harness", format_duration(harness)
        lost = sum(
            row.seconds
            for row in state.rows
            if row.status == "crash" and math.isfinite(row.seconds)
        )
        if lost > 0:
            yield "of it without a measurement", format_duration(lost)
    if use := use_of(state):
        yield "at once", use.words
    if own and not digest.cost_usd:
        yield "money", f"nothing of {money(budget.max_cost_usd)}"
    elif digest.cost_usd:
        cap = f" of {money(budget.max_cost_usd)}" if own else ""
        yield "money", money(digest.cost_usd) + cap
        if digest.kept and state.is_judged:
            yield "per kept change", money(digest.cost_usd / digest.kept)
    if digest.possible_usd:
        yield "possibly billed besides", f"{money(digest.possible_usd)}, for dropped lines"


def _trust(state: RunState) -> Iterator[str]:
    started, contract = state.run, state.contract
    if state.is_table:
        yield "Another program wrote this table: what guarded its figures is not known."
        return
    yield f"Protection: {cut(started.protection, 300)}."
    yield (
        "Nothing protects a figure that is computed in the same process as the code that was "
        "changed."
    )
    runs = "the median of " + _count(contract.repeats, "run") if contract.repeats > 1 else "one run"
    if contract.confirm in {"off", 0} or state.calibration.is_exact:
        figure = f"Each figure is {runs}"
    else:
        figure = f"A figure is {runs}, a kept one the mean of its fresh runs"
    yield f"{figure}; {confirmed_words(state)}."
    if words := noise_words(state):
        yield f"The harness: {words}."
    if words := holdout_words(state):
        yield f"{words[:1].upper()}{words[1:]}."
    for metric in contract.metrics:
        if words := least_words(metric):
            yield f"A change of {cut(metric.name, 60)} counted from {words} on."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def columns(account: Account, rows: Sequence[Row]) -> tuple[list[Safe], list[list[float | None]]]:
    """The table's columns of figures, by title: what is optimised, then every metric."""
    names = [metric.name for metric in account.objective.metrics]
    cells = [[row.metrics.get(name) for row in rows] for name in names]
    if held := account.contract.held_out:
        names.append(held.name)
        cells.append([row.holdout for row in rows])
    if account.objective.is_metric:
        return names, cells
    figures = [account.objective.figure(row.metrics) for row in rows]
    return [one_line(account.objective.title), *names], [figures, *cells]


CHAIN = ("#", "figure", "effect", "interval", "runs", "what")


def chain(account: Account) -> list[tuple[str, ...]]:
    """The kept changes with what speaks for each, as cells of a table; empty where nothing does."""
    if not any(step.row.evidence for step in account.steps):
        return []
    return [_link(step) for step in account.steps]


def _link(step: KeptStep) -> tuple[str, ...]:
    row, cells = step.row, (NONE, NONE, NONE)
    if row.evidence is not None:
        effect, _, interval = effect_words(row.evidence).partition(" (")
        cells = effect, interval.rstrip(")") or "exact", runs_words(row.evidence)
    return (f"#{row.n}", step.figure, *cells, row.description)


def near_line(row: Row) -> str:
    """`#5 better by 0.8 σ, not confirmed: a wider net`."""
    return f"#{row.n} {near_words(row)}: {cut(row.description, 200)}"


LEARNED = "gain alone", "gain with others"


def learned(group: Group) -> tuple[str, str]:
    """What an idea gained by itself, and together with what else; as cells of a table."""
    alone = format_number(group.gain) if group.gain else NONE
    shared = NONE
    if group.shared:
        others = ", ".join(group.partners[:_PARTNERS]) or "what was tried before"
        more = len(group.partners) - _PARTNERS
        shared = f"{format_number(group.shared)} together with {others}"
        shared += f" and {more} more" if more > 0 else ""
    if group.refuted:
        gone = f"#{group.refuted[0]} was gone when measured again"
        if len(group.refuted) > 1:
            gone = f"{numbered(group.refuted)} were gone when measured again"
        shared = gone if shared == NONE else f"{shared}; {gone}"
    return alone, shared


def together_words(groups: Sequence[Group]) -> str:
    """What a reader must know of gains that several changes share; empty where there are none."""
    if not any(group.shared for group in groups):
        return ""
    return (
        "What several changes gained together is no lesson about any of them: only one that is "
        "tried alone tells. `autoexp verify` measures every step again."
    )


def part(share: float) -> str:
    """A share as a person reads it: `71 %`, `<1 %`."""
    return "<1 %" if 0 < share < 0.005 else f"{round(100 * share)} %"


def numbered(numbers: Sequence[int], most: int = 8) -> str:
    """Experiments by number: `#3, #5`; of many the first, and how many more."""
    words = ", ".join(f"#{n}" for n in numbers[:most])
    return words if len(numbers) <= most else f"{words} and {len(numbers) - most} more"
