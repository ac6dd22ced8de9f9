"""What the status lines say: pure text from the state, most important first.

Colours and widths are the widgets'; figures of the run are `model.state`'s.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal, NamedTuple

from rich.cells import cell_len

from autoexp_tui.model.budget import Forecast, forecast, seconds_left
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.summary.gains import progress
from autoexp_tui.summary.headline import brief_figure
from autoexp_tui.summary.lanes import activity, busy_words, first_wait, lanes_of, use_of
from autoexp_tui.summary.night import ended_at
from autoexp_tui.summary.trust import spread
from autoexp_tui.text.numbers import MINUS, apart, format_duration, format_number, money
from autoexp_tui.text.safe import NOTHING, Safe, cut, one_line

StatusRole = Literal["quiet", "plain", "alive", "better", "attention"]

_BAR = 8


class StatusPiece(NamedTuple):
    """Some words of a status line."""

    text: Safe
    role: StatusRole
    rank: int
    """The higher, the sooner it is left out where there is no room."""


def piece(text: str, role: StatusRole, rank: int) -> StatusPiece:
    """A piece of words put together."""
    return StatusPiece(one_line(text), role, rank)


class Now(NamedTuple):
    """What the state alone does not tell."""

    time: float
    """Wall clock, seconds since the epoch."""
    alive: bool
    """Whether the runner is there (or the replay goes on)."""
    replay: str = ""
    """How a replay stands: `▶ 30×`; empty for a run."""
    waiting: str = "waiting for the run's first event"
    """What there is to say before it came."""


def run_clock(state: RunState, now: Now) -> float:
    """Seconds on the run's clock; it stands still while no runner is alive."""
    if now.replay or not now.alive or state.finished:
        return state.elapsed
    return state.elapsed + max(0.0, now.time - state.time)


def phase_words(state: RunState, now: Now) -> StatusPiece:
    """Is it alive? What does it do, and for how long."""
    if standing := _standing(state, now):
        return standing
    if (first := first_wait(state)) is not None:
        began, wait = first
        if (
            left := began + wait.seconds - now.time
        ) > 0:  # after it, whatever failed is tried again
            words = f"▶ waiting {ticking(left)}: {cut(wait.reason, 40)}"
            return piece(words, "attention", 0)
    asked = "pausing: " if state.pause_requested else "stopping: " if state.stop_requested else ""
    role: StatusRole = "attention" if asked else "alive"
    if busy := busy_words(state):
        sign, _, words = busy.partition(" ")
        return piece(f"{sign} {asked}{words}", role, 0)
    since = ticking(now.time - state.phase_time)
    return piece(f"▶ {asked}{doing(state)} {since}", role, 0)


def _standing(state: RunState, now: Now) -> StatusPiece | None:
    """What has no clock: a replay, an end, a pause, another program's table."""
    if now.replay:
        return piece(now.replay, "plain", 0)
    if state.finished:
        word = "finished" if state.finished.ok else "failed"
        return piece(f"■ {word}", "plain" if state.finished.ok else "attention", 0)
    if not now.alive:
        return piece("■ runner gone", "attention", 0)
    if state.is_table:
        return piece("▶ watching", "alive", 0)
    return piece("‖ paused", "attention", 0) if state.paused else None


def doing(state: RunState) -> str:
    """The phase in words: `evaluating`, `confirming 2 of 4`, `measuring the best again`."""
    return activity(state.current, state.phase)


def ticking(seconds: float) -> str:
    """Time that goes by: whole seconds, then as any duration."""
    whole = max(0, int(seconds))
    return f"{whole}s" if whole < 60 else format_duration(whole)


def first_line(state: RunState, now: Now) -> list[StatusPiece]:
    """Alive? better? when does it end? Then whose run it is."""
    if state.started is None:
        return [piece(now.waiting, "quiet", 0)]
    pieces = [piece(cut(state.started.tag, 40), "quiet", 5), phase_words(state, now)]
    pieces += _best(state)
    if noise := spread(state):
        pieces.append(piece(noise, "quiet", 4))
    total = state.budget.max_experiments
    count = f"{len(state.rows)} rows" if state.is_table else f"{len(state.rows)} of {total}"
    pieces.append(piece(count, "plain", 3))
    if state.is_judged:
        pieces.append(piece(f"{state.kept} kept", "plain", 4))
    if end := _end(state, now):
        pieces.append(end)
    if state.spent_usd or state.settled:
        spent = f"{money(state.spent_usd)} of {money(state.budget.max_cost_usd)}"
        pieces.append(piece(spent, "quiet", 6))
    if state.possible_usd:
        possible = f"{money(state.possible_usd)} possibly billed"
        pieces.append(piece(possible, "quiet", 6))
    return pieces


def second_line(state: RunState, now: Now) -> list[StatusPiece]:
    """The budgets as bars, the pace, the keep rate and the protection."""
    if state.started is None:
        return []
    if state.is_table:
        return [piece(f"{state.run.known_by}   (m: another column, v: the other way)", "quiet", 0)]
    if state.finished is not None:
        return _came_to(state)
    budget = state.budget
    clock = run_clock(state, now)
    hours = budget.max_wall_clock_hours * 3600
    pieces = [
        piece(f"experiments {bar(len(state.rows) / budget.max_experiments)}", "quiet", 1),
        piece(f"time {bar(clock / hours)} {format_duration(hours)}", "quiet", 2),
        piece(
            f"cost {bar(state.spent_usd / budget.max_cost_usd)} {money(budget.max_cost_usd)}",
            "quiet",
            3,
        )
        if budget.max_cost_usd > 0
        else piece("cost: nothing may be spent", "quiet", 3),
    ]
    if use := use_of(state, clock):
        pieces.append(piece(use.briefly, "quiet", 3))
    if pace := forecast(state, clock):
        pieces.append(piece(f"{pace.per_hour:.0f} an hour", "quiet", 4))
    if state.spent_usd and state.rows:
        each = state.spent_usd / len(state.rows)
        pieces.append(piece(f"{money(each)} each", "quiet", 4))
        night = min(each * budget.max_experiments, budget.max_cost_usd)
        pieces.append(piece(f"{money(night)} in the end", "quiet", 6))
    if state.spent_usd and state.kept:
        pieces.append(piece(f"{money(state.spent_usd / state.kept)} per keep", "quiet", 5))
    return [*pieces, *_counts(state)]


def _counts(state: RunState) -> list[StatusPiece]:
    """What came of the experiments, and what keeps the target from cheating."""
    pieces = []
    if tried := len(state.rows) - 1:
        pieces.append(piece(f"{100 * state.kept / max(1, tried):.0f} % kept", "quiet", 5))
    if state.near_misses:
        near = f"{state.near_misses} near miss{'es' if state.near_misses > 1 else ''}"
        pieces.append(piece(near, "quiet", 5))
    if state.crashed:
        pieces.append(piece(f"{state.crashed} crashed", "quiet", 6))
    if state.skipped:
        pieces.append(piece(f"{state.skipped} skipped", "quiet", 6))
    if state.lost:
        pieces.append(piece(f"{state.lost} lost", "quiet", 6))
    pieces.append(piece(cut(state.protection, 80), "quiet", 7))
    return pieces


def _came_to(state: RunState) -> list[StatusPiece]:
    """Of a run that has ended: when, and what it took."""
    words = [f"ended {ended_at(state)}".rstrip(), f"took {format_duration(state.elapsed)}"]
    cost = money(state.spent_usd) if state.spent_usd else "free"
    if state.spent_usd and state.kept:
        cost += f", {money(state.spent_usd / state.kept)} per keep"
    if use := use_of(state):
        words.append(use.briefly)
    pieces = [piece(text, "quiet", rank) for rank, text in enumerate([*words, cost], start=1)]
    return [*pieces, *_counts(state)]


def bar(fraction: float) -> str:
    """`▰▰▰▱▱▱▱▱`; something spent always shows, and only all of it fills the bar."""
    full = 0 if fraction <= 0 else max(1, min(_BAR, int(fraction * _BAR)))
    return "▰" * full + "▱" * (_BAR - full)


def title(state: RunState, now: Now) -> Safe:
    """The terminal's title: best and state, readable in a list of tabs."""
    if state.started is None:
        return Safe("autoexp")
    best = next((one.text for one in _best(state)), NOTHING)
    words = phase_words(state, now).text.partition(" ")[2]
    word = "replay" if now.replay else words if lanes_of(state) else words.partition(" ")[0]
    return one_line(" · ".join(filter(None, [cut(state.started.tag, 40), word, best])))


def fit(pieces: Sequence[StatusPiece], width: int, gap: int) -> list[StatusPiece]:
    """The pieces that fit into `width` with `gap` cells between, by rank; always the first rank."""
    kept: list[StatusPiece] = []
    room = width + gap
    for found in sorted(pieces, key=lambda one: one.rank):
        needs = cell_len(found.text) + gap
        if needs <= room or not kept:
            kept.append(found)
            room -= needs
    return [one for one in pieces if one in kept]


def alert(state: RunState, now: Now) -> Safe:
    """What needs a person, and what to press; empty when nothing does."""
    if now.replay or state.started is None:
        return NOTHING
    if state.finished and not state.finished.ok:
        return one_line(f"the run failed: {state.finished.reason}")
    if not now.alive and not state.finished:
        return one_line(
            f"the runner is gone; nothing that was logged is lost: "
            f"`autoexp run --tag {cut(state.started.tag, 40)}` goes on"
        )
    if state.paused:
        return one_line(f"{cut(state.paused, 200)} — space goes on")
    if state.notices and state.notices[-1][1].level == "alarm":
        return one_line(state.notices[-1][1].text)
    return NOTHING


def _best(state: RunState) -> list[StatusPiece]:
    first, kept = state.baseline, state.incumbent
    if first is None or kept is None:
        none = "nothing kept" if state.is_judged else "no best"
        words = "no measurement yet" if first is None else none
        return [piece(words, "quiet", 1)]
    last = piece(f"kept last {_figure(state, kept)}", "quiet", 4)
    if state.best is None:
        return [last]
    if state.best is first:
        pieces = [piece(f"baseline {_figure(state, first)}", "plain", 1)]
    else:
        pieces = [_gain(state, state.best, first)]
    return pieces if state.best is kept else [*pieces, last]


def _gain(state: RunState, best: Row, first: Row) -> StatusPiece:
    """`best 0.43  −22.1 % of 0.55`, `best score 6.5  −40.9 % of 11`, `best loss 1, ms 4  …`."""
    objective = state.objective
    gain = objective.gain(best.metrics, first.metrics)
    role: StatusRole = "better" if gain.better else "plain"
    shown = _figure(state, best)
    if objective.decide.rule == "pareto":
        return piece(f"best {shown}  {progress(objective, gain)}", role, 1)
    value, start = (objective.figure(row.metrics) or 0.0 for row in (best, first))
    if gain.percent is None:
        return piece(f"best {shown} from {format_number(start)}", role, 1)
    size = f"{MINUS if value < start else '+'}{abs(gain.percent):.1f} %"
    return piece(f"best {shown}  {size} of {format_number(start, apart(start, value))}", role, 1)


def _figure(state: RunState, row: Row) -> str:
    """Of one metric the value alone: it stands in every line, and there is little room."""
    if state.objective.is_metric:
        return format_number(state.objective.figure(row.metrics), state.places)
    return brief_figure(state.objective, row.metrics)


def _end(state: RunState, now: Now) -> StatusPiece | None:
    if state.finished is not None:
        return piece(cut(state.finished.reason, 60), "plain", 2)
    if now.replay or not now.alive or state.paused:
        return None
    if state.is_table:
        return None  # a table that another program writes: its end is unknown
    coming: Forecast | None = forecast(state, run_clock(state, now))
    if coming is None:
        left = seconds_left(state, run_clock(state, now))
        return piece(f"at most {format_duration(max(0.0, left))} more", "quiet", 2)
    end = dt.datetime.fromtimestamp(now.time + coming.seconds)  # noqa: DTZ006 - a person's clock
    if coming.seconds < 24 * 3600:
        return piece(f"stops ≈ {end:%H:%M}", "plain", 2)
    return piece(f"stops ≈ {end:%a %H:%M}", "plain", 2)
