"""What a run has come to, for who wasn't there: was it a success, is it real, what did it cost.

The finished screen, `autoexp brief` and the morning's greeting show the same lines.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal, NamedTuple

from autoexp_tui.model.state import Row, RunState
from autoexp_tui.summary.gains import progress
from autoexp_tui.summary.groups import group_ideas, tried_words
from autoexp_tui.summary.headline import brief_figure, figures, moves
from autoexp_tui.summary.holdout import holdout_words, not_held_out
from autoexp_tui.summary.lanes import in_flight_words, use_of
from autoexp_tui.summary.trust import (
    confirmed_briefly,
    effect_words,
    near_misses,
    near_words,
    noise_words,
)
from autoexp_tui.summary.verified import verified_line
from autoexp_tui.text.numbers import format_duration, format_number, money
from autoexp_tui.text.safe import Safe, cut, one_line

_DEAD_ENDS = 5
_NEAR = 3
_DESCRIPTION = 120

LineTone = Literal["", "better", "quiet", "attention"]


class Line(NamedTuple):
    """One line of the story."""

    text: Safe
    tone: LineTone = ""
    of_list: bool = False


def story(state: RunState) -> list[Line]:
    """The whole of it, what matters most first; empty before anything was measured."""
    if state.baseline is None:
        return []
    won = state.best is not None and state.best is not state.baseline
    shared = won and not not_held_out(state)
    lines = [Line(one_line(won_words(state)), "better" if shared else "")]
    if words := holdout_words(state):
        lines.append(Line(one_line(words), "" if shared else "attention"))
    lines += [Line(one_line(words)) for words in _trust(state)]
    lines.append(Line(one_line(spent_words(state)), "quiet"))
    if use := use_of(state):
        lines.append(Line(one_line(use.words), "quiet"))
    if words := in_flight_words(state):
        lines.append(Line(one_line(words), "quiet"))
    if needs := needs_words(state):
        lines.append(Line(one_line(needs), "attention"))
    lines += _section("Kept", _steps(state))
    near = near_misses(state.rows)
    lines += _section("Near misses, which may be luck", (_near(row) for row in near[:_NEAR]))
    lines += _section("Dead ends", dead_ends(state))
    return lines


def headline(state: RunState) -> Safe:
    """All that matters, in one line; empty before anything was measured."""
    if state.baseline is None:
        return one_line("")
    told = (won_words(state), holdout_words(state), *_trust(state), spent_words(state))
    return one_line("; ".join(words for words in told if words))


def won_words(state: RunState) -> str:
    """`0.618 → 0.056, 91.0 % better`: from the baseline to the best."""
    first, best, objective = state.baseline, state.best, state.objective
    if first is None:
        return "no measurement"
    if best is None or best is first:
        tried = len(state.rows) - 1
        return f"no gain over the baseline, {brief_figure(objective, first.metrics)}, in {tried}"
    words = progress(objective, objective.gain(best.metrics, first.metrics))
    if objective.is_metric:
        start, end = (
            format_number(objective.figure(row.metrics), state.places) for row in (first, best)
        )
        return f"{objective.title} {start} → {end}, {words}"
    return f"{moves(objective, best.metrics, first.metrics)}: {words}"


def spent_words(state: RunState) -> str:
    """`took 7h 52m, $4.10; ended 06:12: all 100 experiments done (max_experiments)`."""
    cost = money(state.spent_usd) if state.spent_usd else "free"
    words = f"took {format_duration(state.elapsed)}, {cost}"
    if state.finished is None:
        return words
    return f"{words}; ended {ended_at(state)}: {cut(state.finished.reason, 200)}"


def ended_at(state: RunState) -> str:
    """When it ended, on a person's clock: `06:12`, with the day where that is another one."""
    if state.finished is None or state.phase != "finished" or not state.phase_time:
        return ""
    end = dt.datetime.fromtimestamp(state.phase_time).astimezone()
    today = dt.datetime.fromtimestamp(state.time).astimezone().date()
    return f"{end:%H:%M}" if end.date() == today else f"{end:%a %d %b %H:%M}"


def needs_words(state: RunState) -> str:
    """What a person has to do about it; empty where nothing is."""
    if state.paused:
        return f"it needs you: {state.paused}"
    if state.finished and not state.finished.ok:
        return f"it needs you: {state.finished.reason}"
    alarms = [notice.text for _, notice in state.notices if notice.level == "alarm"]
    return f"look at this: {alarms[-1]}" if alarms else ""


def dead_ends(state: RunState) -> Iterator[str]:
    """What was tried more than once and brought nothing, most tried first."""
    groups = [group for group in group_ideas(state.rows, state.objective) if group.is_dead_end]
    groups.sort(key=lambda group: -group.tried)
    for group in groups[:_DEAD_ENDS]:
        crashed = f", {group.crashed} crashed" if group.crashed else ""
        yield f"{group.name}: {tried_words(group)}{crashed}"
    if len(groups) > _DEAD_ENDS:
        yield f"and {len(groups) - _DEAD_ENDS} more"


def _trust(state: RunState) -> Iterator[str]:
    tried = max(0, len(state.rows) - 1)
    real = f", {confirmed_briefly(state)}" if state.kept else ""
    crashed = f", {state.crashed} crashed" if state.crashed else ""
    skipped = f", {state.skipped} skipped" if state.skipped else ""
    lost = f", {state.lost} lost" if state.lost else ""
    yield f"{state.kept} kept of {tried}{real}{crashed}{skipped}{lost}"
    words = noise_words(state)
    if words and not state.calibration.is_exact:
        yield f"the harness: {words}"
    if told := verified_line(state):
        yield told


def _section(title: str, lines: Iterator[str]) -> Iterator[Line]:
    found = [Line(one_line(f"  {line}"), of_list=True) for line in lines]
    if found:
        yield Line(one_line(""))
        yield Line(one_line(title), "quiet")
        yield from found


def _steps(state: RunState) -> Iterator[str]:
    """The chain of keeps, its figures under each other."""
    kept = [row for row in state.rows if row.status == "keep" and not row.is_baseline]
    values = [_value(row, state) for row in kept]
    effects = [effect_words(row.evidence) if row.evidence else "" for row in kept]
    width, room = (max(map(len, texts), default=0) for texts in (values, effects))
    for row, value, effect in zip(kept, values, effects, strict=True):
        told = f"{effect:<{room}}  " if room else ""
        yield f"#{row.n:<3} {value:<{width}}  {told}{cut(row.description, _DESCRIPTION)}"


def _value(row: Row, state: RunState) -> str:
    if state.objective.is_metric:
        return format_number(state.objective.figure(row.metrics), state.places)
    return figures(state.objective, row.metrics, ", ")


def _near(row: Row) -> str:
    return f"#{row.n:<3} {near_words(row)}  {cut(row.description, _DESCRIPTION)}"
