"""Ways to choose the next values: small steps, draws from the whole space, what a model expects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from autoexp_tui.proposers.tuner import search
from autoexp_tui.proposers.tuner.domains import Choices, Domain
from autoexp_tui.proposers.tuner.past import Past
from autoexp_tui.proposers.tuner.space import Space

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


def whole(
    domains: Mapping[str, Domain],
    past: Past,
    rng: np.random.Generator,
    weights: Mapping[str, float] | None = None,
) -> dict[str, str]:
    """New values for all slots, or for a random few dozen of very many.

    A slot of a weight below 1 takes part as often as its weight says.
    """
    names = list(domains)
    if weights is not None and any(weights[name] < 1 for name in names):
        names = [name for name in names if rng.random() < weights[name]] or names
    if past.measured < search.STARTUP and len(names) <= _WIDEST:
        return uniform({name: domains[name] for name in names}, rng)
    if len(names) > _WIDEST:
        names = [names[i] for i in sorted(rng.choice(len(names), _WIDEST, replace=False))]
    return search.suggest({name: domains[name] for name in names}, past.window(), _seed(rng))


def steps(
    space: Space,
    past: Past,
    hints: Sequence[str],
    rng: np.random.Generator,
    *,
    one: bool = False,
) -> dict[str, str]:
    """New values for one to three slots; the others stay where the best text has them.

    With `one`, for a single slot, those first that no step has moved.
    """
    names = list(space.domains)
    if one:
        names = [name for name in names if not past.is_moved_now(name)] or names
        names = [name for name in names if past.credit.is_untried(name)] or names
    promise = past.credit.promise(names, rng) * [
        space.weights[name] * (_HINTED if mentioned(name, hints) else 1.0) for name in names
    ]
    size = 1 if one else min(int(rng.choice(3, p=_SHARES)) + 1, len(names))
    chance = promise / promise.sum()
    picked = [names[i] for i in sorted(rng.choice(len(names), size, replace=False, p=chance))]
    if one or rng.random() < _LOCAL:
        return {n: _short_way(n, space.domains[n], space.here[n], past, rng) for n in picked}
    moving = {name: space.domains[name] for name in picked}
    return search.suggest(moving, past.window(), _seed(rng))


def uniform(domains: Mapping[str, Domain], rng: np.random.Generator) -> dict[str, str]:
    """Any point of the space."""
    return {name: _anywhere(domain, rng) for name, domain in domains.items()}


def direction(domain: Domain, before: str, after: str) -> int:
    """1 for a raise, -1 for the contrary, 0 where there is no order."""
    if isinstance(domain, Choices):
        return 0
    first, second = domain.encode(before), domain.encode(after)
    if first is None or second is None or first == second:
        return 0
    return 1 if second > first else -1


def mentioned(name: str, hints: Sequence[str]) -> bool:
    """Whether a person's hint names the slot."""
    plain = re.sub(r"(\[\d+\])+|#\d+$", "", name)
    last = re.split(r"[. ]", re.sub(r'\["([^"]*)"\]$', r".\1", plain))[-1].lstrip("-")
    words = [re.escape(word) for word in {name, last} if len(word) > 1]
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(words))})(?!\w)", re.IGNORECASE)
    return bool(words) and any(pattern.search(hint) for hint in hints)


def _short_way(name: str, domain: Domain, here: str, past: Past, rng: np.random.Generator) -> str:
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


def _lesson(name: str, domain: Domain, past: Past) -> tuple[int, float]:
    """Which way to go in the domain's coordinates, and how far as a share of its range.

    The last moves of this slot decide: on after one that was kept, back and shorter after each
    one in a row that was not.
    """
    way, failures = 0, 0
    for tried, before, after in reversed([*past.moves(name)][-6:]):
        moved = direction(domain, before, after)
        if isinstance(domain, Choices) or moved == 0 or tried.arm != "steps":
            continue
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
