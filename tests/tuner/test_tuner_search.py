from __future__ import annotations

import numpy as np
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights

from autoexp_tui.proposers.tuner import arms
from autoexp_tui.proposers.tuner.domains import Choices, Domain, Numbers
from autoexp_tui.proposers.tuner.past import Tried
from autoexp_tui.proposers.tuner.search import Mixture, suggest
from autoexp_tui.proposers.tuner.unmarked import blind


def domains() -> dict[str, Domain]:
    rate, size = blind("rate", "0.1", "0.1"), blind("size", "100", "100")
    assert rate is not None
    assert size is not None
    return {"rate": rate, "size": size, "mode": Choices(("a", "b", "c"))}


def past(count: int, seed: int = 0) -> list[Tried]:
    rng = np.random.default_rng(seed)
    points = [arms.uniform(domains(), rng) for _ in range(count)]
    return [
        Tried(n, "discard", "whole", point, {}, abs(np.log(float(point["rate"]) / 0.5)))
        for n, point in enumerate(points, 1)
    ]


def test_the_estimator_leans_towards_what_was_better() -> None:
    rates = [float(suggest(domains(), past(40), seed)["rate"]) for seed in range(20)]
    assert np.median(np.abs(np.log(np.array(rates) / 0.5))) < 0.7


@pytest.mark.parametrize("count", [0, 1, 2, 7, 24, 25, 26, 60])
def test_the_densities_are_optuna_s(count: int) -> None:
    space = domains()
    rng = np.random.default_rng(count)

    def points(n: int) -> dict[str, np.ndarray]:
        return {
            name: rng.integers(len(domain.options), size=n).astype(float)
            if isinstance(domain, Choices)
            else rng.uniform(*domain.ends, size=n)
            for name, domain in space.items()
        }

    encoded: dict[str, BaseDistribution] = {
        name: CategoricalDistribution(domain.options)
        if isinstance(domain, Choices)
        else FloatDistribution(*domain.ends)
        for name, domain in space.items()
    }
    seen, asked = points(count), points(50)
    parameters = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
    known = _ParzenEstimator(seen, encoded, parameters).log_pdf(asked)
    ours = Mixture(space, np.column_stack([*seen.values()]))
    assert ours.log_density(np.column_stack([*asked.values()])) == pytest.approx(known)


def test_draws_are_of_the_density() -> None:
    space = domains()
    rng = np.random.default_rng(1)
    rate = space["rate"]
    assert isinstance(rate, Numbers)
    low, high = rate.ends
    ours = Mixture({"rate": rate}, rng.uniform(low, low + 0.3 * (high - low), (6, 1)))
    drawn = np.sort(ours.draw(4000, rng)[:, 0])
    at = np.linspace(low, high, 2001)
    mass = np.cumsum(np.exp(ours.log_density(at[:, None]))) * (at[1] - at[0])
    assert mass[-1] == pytest.approx(1, abs=0.01)
    shares = np.interp(drawn, at, mass)
    assert np.abs(shares - np.linspace(0, 1, 4000)).max() < 0.03


def test_a_few_measurements_lead_nowhere_yet() -> None:
    rates = [float(suggest(domains(), past(7), seed)["rate"]) for seed in range(60)]
    assert min(rates) < 0.03
    assert max(rates) > 0.4


def test_a_crash_counts_as_worse_than_anything_measured() -> None:
    space = domains()
    near = past(40)
    crashes = [Tried(n, "crash", "whole", one.values, {}, None) for n, one in enumerate(near, 41)
               if float(one.values["rate"]) > 0.5]  # fmt: skip
    good = [one for one in near if float(one.values["rate"]) <= 0.5]
    rates = [float(suggest(space, [*good, *crashes], seed)["rate"]) for seed in range(20)]
    assert np.median(rates) < 0.5
