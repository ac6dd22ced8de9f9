"""Hypotheses in words: what is moved, and what the history says for it. Nothing is invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from autoexp_tui.proposers.tuner.arms import direction, mentioned
from autoexp_tui.proposers.tuner.domains import Choices, Domain
from autoexp_tui.proposers.tuner.past import Arm, Past, Tried

_COUNTS = {2: "two", 3: "three", 4: "four", 5: "five"}
_SHOWN = 4
_FEW = 8
"""Below so many measurements nothing is claimed about where the good values lie."""

_Move = tuple[Tried, int, str]
"""An experiment, the direction in which it moved a slot, and the value it moved it to."""


def description(changed: Mapping[str, tuple[str, str]]) -> str:
    """One line: `learning_rate 0.04 → 0.07, epochs 30 → 20`."""
    parts = [_arrow(name, *pair) for name, pair in changed.items()]
    if len(parts) > _SHOWN:
        return f"{', '.join(parts[:_SHOWN])} and {len(parts) - _SHOWN} more"
    return ", ".join(parts)


def hypothesis(
    arm: Arm,
    changed: Mapping[str, tuple[str, str]],
    domains: Mapping[str, Domain],
    past: Past,
    hints: Sequence[str],
    expected: str = "",
) -> str:
    """What is moved and why, for a person to read while the harness runs.

    `expected`: the figure that a model expects of it, in words.
    """
    if arm == "rest":
        return (
            f"{description(changed)}: a combination that is left, as the likelier ones are tried."
        )
    if arm == "whole":
        return _whole(changed, domains, past)
    if arm in {"model", "region"}:
        return _modelled(arm, changed, past, expected)
    moved = " and ".join(_arrow(name, *pair) for name, pair in changed.items())
    facts = []
    for name, (before, after) in changed.items():
        fact = _fact(domains[name], name, before, after, past)
        if mentioned(name, hints):
            fact = f"a hint names it; {fact}"
        facts.append(f"{name}: {fact}" if len(changed) > 1 else fact)
    return f"{moved}{'. ' if len(changed) > 1 else ': '}{'; '.join(facts)}."


def _arrow(name: str, before: str, after: str) -> str:
    return f"{name} {before} → {after}"


def _whole(
    changed: Mapping[str, tuple[str, str]], domains: Mapping[str, Domain], past: Past
) -> str:
    values = f"{len(changed)} of {len(domains)} values" if len(domains) > 1 else "the value"
    if past.measured < _FEW or past.best is None:
        known = "the baseline is" if past.measured == 1 else f"{past.measured} measurements are"
        why = f"a draw from the whole space, as only {known} known"
    else:
        why = f"a draw that {past.measured} measurements favour; the best of them is #{past.best.n}"
    return f"Move {values} at once, {description(changed)}: {why}."


def _modelled(arm: Arm, changed: Mapping[str, tuple[str, str]], past: Past, expected: str) -> str:
    near = " in its region around the best" if arm == "region" else ""
    count = len([tried for tried in past.window() if tried.loss is not None])
    why = f"a model of {count} measurements finds it the most promising point{near}"
    return f"{description(changed)}: {why}{f' and expects {expected}' if expected else ''}."


def _fact(domain: Domain, name: str, before: str, after: str, past: Past) -> str:
    """The strongest thing that the history says about one move."""
    known = past.moves(name)
    if not known:
        return "not moved before"
    way = direction(domain, before, after)
    if way == 0:
        return _about_choice(name, after, past)
    ordered = [(tried, direction(domain, old, new), new) for tried, old, new in known]
    ordered = [move for move in ordered if move[1]]
    if not ordered:
        return "not moved so before"
    run = _keeps_in_a_row(ordered, way)
    if len(run) > 1:
        alone = all(len(tried.changed) == 1 for tried in run)
        both = "both" if len(run) == 2 else "all"
        result = f"{both} helped" if alone else f"were {both} kept"
        return f"the last {_COUNTS.get(len(run), len(run))} {_noun(way)}s {result}"
    if ordered[-1][1] == way:
        return _about_same_way(domain, before, after, ordered[-1])
    return _about_other_way(ordered[-1])


def _about_choice(name: str, after: str, past: Past) -> str:
    if earlier := past.last_to(name, after):
        return f"{after} in #{earlier.n} {_outcome(earlier)}"
    if past.was_left(name, after):
        return f"back to {after}"
    return f"{after} not tried before"


def _about_same_way(domain: Domain, before: str, after: str, last: _Move) -> str:
    tried, way, value = last
    fact = f"the last {_noun(way)}, to {value} in #{tried.n}, {_outcome(tried)}"
    if tried.status == "keep":
        return fact
    return f"{fact}; {'a shorter one' if _is_nearer(domain, before, after, value) else 'another'}"


def _about_other_way(last: _Move) -> str:
    tried, way, value = last
    fact = f"the last {_noun(way)}, to {value} in #{tried.n}, {_outcome(tried)}"
    return (
        f"{fact}, but may have gone too far"
        if tried.status == "keep"
        else f"{fact}, so the other way"
    )


def _noun(way: int) -> str:
    return "raise" if way > 0 else "cut"


def _outcome(tried: Tried) -> str:
    outcome = {"keep": "helped", "crash": "crashed"}.get(tried.status, "did not help")
    return outcome if len(tried.changed) == 1 else f"{outcome} among others"


def _keeps_in_a_row(ordered: Sequence[_Move], way: int) -> list[Tried]:
    """The latest moves of a slot, as far back as they went this way and were kept."""
    backwards = reversed(ordered)
    fitting = takewhile(lambda move: move[1] == way and move[0].status == "keep", backwards)
    return [tried for tried, _, _ in fitting]


def _is_nearer(domain: Domain, here: str, there: str, other: str) -> bool:
    """Whether `there` is closer to `here` than `other` is, on the domain's own scale."""
    if isinstance(domain, Choices):
        return False
    at, new, old = (domain.encode(literal) for literal in (here, there, other))
    return at is not None and new is not None and old is not None and abs(new - at) < abs(old - at)
