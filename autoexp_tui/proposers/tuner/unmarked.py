"""The range of a number that nobody gave one: by its size, its sign, its form and its name."""

from __future__ import annotations

import re

from autoexp_tui.proposers.tuner import literals
from autoexp_tui.proposers.tuner.domains import Domain, Numbers
from autoexp_tui.proposers.tuner.structural import snake

_SPREAD = 8.0
"""So many times smaller or larger it may become."""
_ODDS = 16.0
"""The same for the odds of a share: from 0.5 it is as far to 0.94."""
_REACH = 4.0
"""So far the range stays open beyond the best text's own value."""
_LARGEST = 2**53
_SHARE = re.compile(
    r"(^|[^a-z])(drop(out|path)?|momentum|beta_?[12]?|p|prob(ability)?|opacity|alpha|fraction|frac"
    r"|ratio|quantile|top_p|threshold|split|decay|ema|gamma|rho|discount|keep|mix|share"
    r"|subsample|smoothing|tau)([^a-z]|$)"
)
_SIGNED = re.compile(
    r"(^|[^a-z])([xyz]\d*|d[xyz]|[xyz]_?(pos|off|shift)|offset|shift|bias|delta|center|centre|pos"
    r"|position|angle|theta|phi|phase|intercept|origin|left|top|tilt|skew|balance|lat|lon|drift"
    r"|correction)([^a-z]|$)"
)
_POSITIVE = re.compile(
    r"(^|[^a-z])(lr|rates?|eta|scale|sizes?|counts?|num|n|depth|width|height|length|len|limit|max"
    r"|thresh(old)?|temp(erature)?|t0|cool(ing)?|tol(erance)?|eps(ilon)?|sigma|std|var(iance)?"
    r"|weights?|penalty|reg|lambda|l1|l2|decay|momentum|noise|factor|ratio|gain|capacity|radius"
    r"|radii|speed|time|timeout|seconds|ms|interval|period|budget|memory|cache|gb|mb|power|cost"
    r"|price|spacing|gap|margin|steps?|step_?size|drop(out)?|prob(ability)?|alpha|beta|gamma|tau"
    r"|rho|batch|hidden|units|layers?|heads?|epochs?|iter(ation)?s?|rounds|passes|patience|warmup"
    r"|window|chunk|block|buf(fer)?|workers|threads|retries|restarts|population|pop|mutation"
    r"|crossover|strength|frequency|freq|amplitude|resolution|share|fraction|frac|quantile)"
    r"([^a-z]|$)"
)


def blind(name: str, anchor: str, current: str) -> Domain | None:
    """The range of a number without an annotation, around what the run began with.

    A size x may become x/8 to 8x on a log scale; what is below zero, or may well be meant to cross
    it, -8x to 8x on a scale that is linear near zero. What is called like a share and lies between
    0 and 1 has its odds moved so far instead, and stays between them. The range reaches on beyond
    the best text's own value, so that a good direction has no wall.
    """
    first, now = literals.read(anchor), literals.read(current)
    if first is None or now is None:
        return None
    value, style = first
    called = snake(name.rpartition(".")[2])
    size, reached = abs(value), abs(now[0])
    if style.integer and size > _LARGEST:
        return None
    if not style.integer and 0 < value < 1 and _SHARE.search(name.lower()):
        return _share(size, reached if 0 < now[0] < 1 else size, style)
    if value < 0 or now[0] < 0 or (value != 0 and _may_cross(called, style)):
        return _signed(size, reached, style)
    if value == 0:
        return _from_nought(called, reached, style)
    return _positive(size, reached, style)


def _positive(size: float, reached: float, style: literals.NumberStyle) -> Numbers:
    low = _neat(min(size / _SPREAD, (reached or size) / _REACH))
    high = _neat(max(size * _SPREAD, reached * _REACH))
    if not style.integer:
        return Numbers(low, high, "log", style)
    halves = size >= 16 and float(size).hex().startswith("0x1.0000000000000p")
    return Numbers(max(1.0, float(-(-low // 1))), float(high // 1), "log", style, halves)


def _may_cross(called: str, style: literals.NumberStyle) -> bool:
    """Whether zero is nothing special for what is called so."""
    if _SIGNED.search(called):
        return True
    return not (style.integer or style.exponent or _POSITIVE.search(called))


def _signed(size: float, reached: float, style: literals.NumberStyle) -> Numbers:
    end = _neat(_SPREAD * max(size, reached))
    if style.integer:
        end = float(max(end, 4.0) // 1)
        return Numbers(-end, end, "signed", style, bend=max(size / 2, 1.0))
    return Numbers(-end, end, "signed", style, bend=size / 2 or end / 16)


def _from_nought(called: str, reached: float, style: literals.NumberStyle) -> Numbers:
    """From zero up to something; on both sides of it where the name has no sign."""
    if style.integer:
        end, bend = max(4.0, reached * _REACH), 1.0
    else:
        end, bend = _neat(max(1.0, reached * _REACH)), 0.003
    low = -end if _SIGNED.search(called) else 0.0
    return Numbers(low, end, "signed", style, bend=bend if low == 0 else end / 16)


def _share(size: float, reached: float, style: literals.NumberStyle) -> Numbers:
    def scaled(share: float, factor: float) -> float:
        odds = share / (1 - share) * factor
        return odds / (1 + odds)

    low = min(scaled(size, 1 / _ODDS), scaled(reached, 1 / _REACH))
    high = max(scaled(size, _ODDS), scaled(reached, _REACH))
    return Numbers(_neat(low), _neat(min(high, 0.9999)), "odds", style)


def _neat(end: float) -> float:
    """Rounded as the numbers in the range will be, so that the end itself can be written."""
    return float(literals.write(end, literals.NumberStyle(integer=False)))
