"""Hypotheses in words: what is moved, and what the history says for it. Nothing is invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autoexp_tui.proposers.tuner.arms import direction, mentioned, moves
from autoexp_tui.proposers.tuner.domains import Domain
from autoexp_tui.proposers.tuner.past import Arm, Tried

_COUNTS = {2: "two", 3: "three", 4: "four", 5: "five"}
_SHOWN = 4


def description(changed: Mapping[str, tuple[str, str]]) -> str:
    """One line: `learning_rate 0.04 → 0.07, epochs 30 → 20`."""
    parts = [_moved(name, pair) for name, pair in changed.items()]
    if len(parts) > _SHOWN:
        return f"{', '.join(parts[:_SHOWN])} and {len(parts) - _SHOWN} more"
    return ", ".join(parts)


def hypothesis(
    arm: Arm,
    changed: Mapping[str, tuple[str, str]],
    domains: Mapping[str, Domain],
    past: Sequence[Tried],
    hints: Sequence[str],
) -> str:
    """A sentence or two for a person to read while the harness runs."""
    if arm == "whole":
        return _whole(changed, domains, past)
    moved = " and ".join(_moved(name, pair) for name, pair in changed.items())
    many = len(changed) > 1
    facts = []
    for name, (before, after) in changed.items():
        fact = _fact(name, domains[name], before, after, past)
        if mentioned(name, hints):
            fact = f"a hint names it; {fact}"
        facts.append(f"{name}: {fact}" if many else fact)
    return f"{moved}: {'; '.join(facts)}." if not many else f"{moved}. {'; '.join(facts)}."


def _moved(name: str, pair: tuple[str, str]) -> str:
    return f"{name} {pair[0]} → {pair[1]}"


def _fact(name: str, domain: Domain, before: str, after: str, past: Sequence[Tried]) -> str:
    """The strongest thing that the history says about one move."""
    known = moves(name, past)
    if not known:
        return "not moved before"
    way = direction(domain, before, after)
    if way == 0:
        return _choice_fact(after, known)
    noun, verb = ("raise", "raising") if way > 0 else ("cut", "cutting")
    other = "cut" if way > 0 else "raise"
    ordered = [(tried, direction(domain, old, new), new) for tried, old, new in known]
    ordered = [entry for entry in ordered if entry[1]]
    if not ordered:
        return f"the first {noun}"
    run = _run_of_keeps(ordered, way)
    if run > 1:
        return f"the last {_COUNTS.get(run, run)} {noun}s {'both' if run == 2 else 'all'} helped"
    last, last_way, last_value = ordered[-1]
    outcome = _outcome(last)
    if last_way == way:
        if last.status == "keep":
            return f"the last {noun}, to {last_value} in #{last.n}, helped"
        near = _is_nearer(domain, before, after, last_value)
        kind = "a shorter one" if near else "further this time"
        return f"the last {noun}, to {last_value} in #{last.n}, {outcome}; {kind}"
    if last.status != "keep":
        return f"the last {other}, to {last_value} in #{last.n}, {outcome}, so the other way"
    return f"the last {other}, to {last_value} in #{last.n}, helped; {verb} may show it overshot"


def _choice_fact(after: str, known: Sequence[tuple[Tried, str, str]]) -> str:
    earlier = [tried for tried, _, value in known if value == after]
    if not earlier:
        return f"{after} not tried before"
    last = earlier[-1]
    return f"{after} {_outcome(last)} in #{last.n}, beside other values"


def _run_of_keeps(ordered: Sequence[tuple[Tried, int, str]], way: int) -> int:
    run = 0
    for tried, moved, _ in reversed(ordered):
        if moved != way or tried.status != "keep":
            break
        run += 1
    return run


def _is_nearer(domain: Domain, here: str, there: str, other: str) -> bool:
    """Whether `there` is closer to `here` than `other` is, on the domain's own scale."""
    at, new, old = (
        None if _unordered(domain) else _encode(domain, x) for x in (here, there, other)
    )
    if at is None or new is None or old is None:
        return False
    return abs(new - at) < abs(old - at)


def _unordered(domain: Domain) -> bool:
    return not hasattr(domain, "encode")


def _encode(domain: Domain, literal: str) -> float | None:
    encode = getattr(domain, "encode", None)
    return None if encode is None else encode(literal)


def _outcome(tried: Tried) -> str:
    return {"keep": "helped", "crash": "crashed"}.get(tried.status, "did not help")


def _whole(
    changed: Mapping[str, tuple[str, str]], domains: Mapping[str, Domain], past: Sequence[Tried]
) -> str:
    size = f"{len(changed)} of {len(domains)} values" if len(domains) > 1 else "the value"
    measured = [tried for tried in past if tried.status != "crash"]
    if len(measured) < 8:
        why = f"a draw from the whole space, as only {len(measured)} measurements are known"
    else:
        best = min(measured, key=lambda tried: tried.loss)
        why = f"likely from all {len(measured)} measurements; the best so far is #{best.n}"
    return f"Move {size} at once: {description(changed)}; {why}."
