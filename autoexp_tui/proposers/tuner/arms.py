"""Two ways to choose the next values, and a bandit that prefers the one that keeps more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from autoexp_tui.proposers.tuner import search
from autoexp_tui.proposers.tuner.domains import Choices, Domain
from autoexp_tui.proposers.tuner.past import Arm, Tried

ARMS: tuple[Arm, ...] = ("steps", "whole")

_FORGET = 0.93
"""What an older outcome still weighs, per experiment since."""
_PRIOR: dict[Arm, tuple[float, float]] = {"steps": (2.0, 2.0), "whole": (2.0, 2.0)}
"""Kept and not kept, as if seen before the first experiment."""
_SHARES = (0.5, 0.3, 0.2)
"""How often a small step moves one, two or three slots."""
_WIDEST = 24
"""So many slots at most are moved at once by the arm that takes the whole space."""
_LOCAL = 0.4
"""Share of small steps that go a short way from where the slot stands; the rest asks the TPE."""
_STRIDE = 0.16
"""Their usual length, as a share of the slot's range."""
_HINTED = 6.0
"""How much likelier a slot is picked when a person's hint names it."""


def choose_arm(past: Sequence[Tried], rng: np.random.Generator) -> Arm:
    """Thompson sampling: a draw from what is believed of each arm's chance to be kept."""
    kept = dict.fromkeys(ARMS, 0.0)
    lost = dict.fromkeys(ARMS, 0.0)
    for tried in past:
        if tried.arm not in ARMS:
            continue
        for outcomes in (kept, lost):
            for arm in ARMS:
                outcomes[arm] *= _FORGET
        outcomes = kept if tried.status == "keep" else lost
        outcomes[tried.arm] += 1
    draws = {arm: rng.beta(_PRIOR[arm][0] + kept[arm], _PRIOR[arm][1] + lost[arm]) for arm in ARMS}
    return max(ARMS, key=lambda arm: draws[arm])


def whole(
    domains: Mapping[str, Domain],
    past: Sequence[Tried],
    rng: np.random.Generator,
    weights: Mapping[str, float] | None = None,
) -> dict[str, str]:
    """New values for all slots, or for a random few dozen of very many.

    A slot of a weight below 1 takes part as often as its weight says.
    """
    names = list(domains)
    if weights is not None and any(weights[name] < 1 for name in names):
        names = [name for name in names if rng.random() < weights[name]] or names
    if len(names) > _WIDEST:
        names = [names[i] for i in sorted(rng.choice(len(names), _WIDEST, replace=False))]
    return search.suggest({name: domains[name] for name in names}, past, _seed(rng))


def steps(
    domains: Mapping[str, Domain],
    here: Mapping[str, str],
    past: Sequence[Tried],
    hints: Sequence[str],
    rng: np.random.Generator,
    weights: Mapping[str, float] | None = None,
) -> dict[str, str]:
    """New values for one to three slots; the others stay where the best text has them."""
    names = list(domains)
    promise = _promise(names, past, hints, rng, weights or {})
    size = min(int(rng.choice(3, p=_SHARES)) + 1, len(names))
    picked = [names[i] for i in sorted(rng.choice(len(names), size, replace=False, p=promise))]
    if rng.random() < _LOCAL:
        return {name: _short_way(name, domains[name], here[name], past, rng) for name in picked}
    return search.suggest({name: domains[name] for name in picked}, past, _seed(rng))


def uniform(domains: Mapping[str, Domain], rng: np.random.Generator) -> dict[str, str]:
    """Any point of the space."""
    return {name: _anywhere(domain, rng) for name, domain in domains.items()}


def moves(name: str, past: Sequence[Tried]) -> list[tuple[Tried, str, str]]:
    """Every experiment that moved this slot, with the values before and after."""
    return [(tried, *tried.changed[name]) for tried in past if name in tried.changed]


def direction(domain: Domain, before: str, after: str) -> int:
    """1 for a raise, -1 for the contrary, 0 where there is no order."""
    if isinstance(domain, Choices):
        return 0
    first, second = domain.encode(before), domain.encode(after)
    if first is None or second is None or first == second:
        return 0
    return (1 if second > first else -1) * (-1 if domain.negative else 1)


def mentioned(name: str, hints: Sequence[str]) -> bool:
    """Whether a person's hint names the slot."""
    plain = re.sub(r"(\[\d+\])+|#\d+$", "", name)
    last = re.split(r"[. ]", re.sub(r'\["([^"]*)"\]$', r".\1", plain))[-1].lstrip("-")
    words = [re.escape(word) for word in {name, last} if len(word) > 1]
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(words))})(?!\w)", re.IGNORECASE)
    return bool(words) and any(pattern.search(hint) for hint in hints)


def _promise(
    names: Sequence[str],
    past: Sequence[Tried],
    hints: Sequence[str],
    rng: np.random.Generator,
    prior: Mapping[str, float],
) -> np.ndarray:
    """A weight per slot: a draw from what is believed of a change of it to be kept."""
    won = dict.fromkeys(names, 1.0)
    lost = dict.fromkeys(names, 1.0)
    for tried in past:
        if tried.arm != "steps":
            continue
        for name in names:
            won[name] = 1 + _FORGET * (won[name] - 1)
            lost[name] = 1 + _FORGET * (lost[name] - 1)
        for name in tried.changed:
            if name in won:
                side = won if tried.status == "keep" else lost
                side[name] += 1 / len(tried.changed)
    weights = np.array([rng.beta(won[name], lost[name]) + 0.02 for name in names])
    weights *= [prior.get(name, 1.0) for name in names]
    weights *= [_HINTED if mentioned(name, hints) else 1.0 for name in names]
    return np.asarray(weights / weights.sum())


def _short_way(
    name: str, domain: Domain, here: str, past: Sequence[Tried], rng: np.random.Generator
) -> str:
    """On in a direction that was kept, back after one that was not, at a random length."""
    if isinstance(domain, Choices):
        others = [option for option in domain.options if option != here]
        return others[int(rng.integers(len(others)))] if others else here
    at = domain.encode(here)
    if at is None:
        return _anywhere(domain, rng)
    low, high = domain.ends
    way, stride = _lesson(name, domain, past)
    if way == 0 or rng.random() < 0.2:
        way = 1 if rng.random() < 0.5 else -1
    if not low < at + way * 0.01 * (high - low) < high:
        way = -way
    length = (high - low) * stride * float(np.exp(rng.normal(0, 0.5)))
    for _ in range(12):
        literal = domain.decode(at + way * length)
        if literal != here:
            return literal
        length *= 1.5
    return _anywhere(domain, rng)


def _lesson(name: str, domain: Domain, past: Sequence[Tried]) -> tuple[int, float]:
    """Which way to go in the domain's coordinates, and how far as a share of its range.

    The last moves of this slot decide: on after one that was kept, back and shorter after each
    one in a row that was not.
    """
    way, failures = 0, 0
    for tried, before, after in reversed(moves(name, past)[-6:]):
        moved = direction(domain, before, after)
        if isinstance(domain, Choices) or moved == 0 or tried.arm != "steps":
            continue
        moved *= -1 if domain.negative else 1
        if way == 0:
            way = moved if tried.status == "keep" else -moved
        if tried.status == "keep":
            break
        failures += 1
    return way, _STRIDE * 0.75 ** max(failures - 1, 0)


def _anywhere(domain: Domain, rng: np.random.Generator) -> str:
    if isinstance(domain, Choices):
        return domain.options[int(rng.integers(len(domain.options)))]
    return domain.decode(float(rng.uniform(*domain.ends)))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
