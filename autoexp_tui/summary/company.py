"""What several experiments at once do to each other's figures, in words."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from autoexp_tui.model.measurement import Sample
from autoexp_tui.text.numbers import format_duration, format_number

_CLEAR = 3.0
"""Standard errors from which on a difference is more than noise."""
_LONGER = 0.1
"""Share of the time alone from which on company is worth a word."""


def company_words(alone: Sequence[Sample], together: Sequence[Sample]) -> list[str]:
    """What the same text measured alone and in company tell: a line for the time, and for each
    metric; and what to do where company tells in a metric. Both have at least one sample.
    """
    count = len(together)
    before, now = ([sample.seconds for sample in each] for each in (alone, together))
    took = format_duration(statistics.fmean(now))
    lines = [f"{count} take {took} each, {_share(before, now, 'longer', 'shorter')} than alone"]
    disturbed = []
    for name in alone[0].metrics:
        before, now = ([sample.metrics[name] for sample in each] for each in (alone, together))
        if set(before) == set(now) and len(set(now)) == 1:
            lines.append(f"{name} is what it is alone")
            continue
        figure = format_number(statistics.fmean(now))
        told = f"{name} {figure}, {_share(before, now, 'more', 'less')} than alone"
        clear = _is_clear(before, now)
        lines.append(f"{told}: {'more than' if clear else 'within'} its noise")
        if clear:
            disturbed.append(name)
    slower = statistics.fmean(sample.seconds for sample in together)
    usual = statistics.fmean(sample.seconds for sample in alone)
    if disturbed:
        lines.append(
            f"slots disturb each other in {' and '.join(disturbed)}: verdicts stay fair, for "
            "candidate and best run among the same neighbours, but small gains drown; take "
            "fewer, or name slots that share nothing"
        )
    elif slower > (1 + _LONGER) * usual:
        speed = count * usual / slower
        lines.append(f"{count} at once do {speed:.1f} times as much as one; no figure is disturbed")
    else:
        lines.append("slots don't disturb each other")
    return lines


def _share(before: Sequence[float], now: Sequence[float], more: str, less: str) -> str:
    first, second = statistics.fmean(before), statistics.fmean(now)
    if not first:
        return f"{format_number(abs(second))} {more if second >= 0 else less}"
    share = (second - first) / abs(first)
    return f"{abs(100 * share):.2g} % {more if share >= 0 else less}"


def _is_clear(before: Sequence[float], now: Sequence[float]) -> bool:
    """Whether the means differ by more than the spread within both explains."""
    squares = sum((x - statistics.fmean(group)) ** 2 for group in (before, now) for x in group)
    freedom = len(before) + len(now) - 2
    apart = abs(statistics.fmean(now) - statistics.fmean(before))
    if freedom < 1 or not squares:
        return apart > 0
    error = math.sqrt(squares / freedom * (1 / len(before) + 1 / len(now)))
    return apart > _CLEAR * error
