from __future__ import annotations

import warnings

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from autoexp_tui.proposers.tuner import arms
from autoexp_tui.proposers.tuner.domains import Choices, Domain, Numbers
from autoexp_tui.proposers.tuner.past import Tried
from autoexp_tui.proposers.tuner.search import suggest
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


def test_fewer_columns_are_the_same_as_holding_the_others_fixed() -> None:
    """What PartialFixedSampler does, with one study of all columns."""
    space = domains()
    encoded: dict[str, BaseDistribution] = {}
    for name, domain in space.items():
        encoded[name] = (
            FloatDistribution(*domain.ends)
            if isinstance(domain, Numbers)
            else CategoricalDistribution(domain.options)
        )
    study = optuna.create_study()
    for tried in past(30):
        params = {
            name: domain.encode(tried.values[name])
            if isinstance(domain, Numbers)
            else tried.values[name]
            for name, domain in space.items()
        }
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=encoded, value=tried.loss)
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.sampler = optuna.samplers.PartialFixedSampler(
            {"size": study.trials[0].params["size"], "mode": "a"},
            optuna.samplers.TPESampler(seed=5),
        )
    drawn = study.ask(encoded).params["rate"]

    domain = space["rate"]
    assert isinstance(domain, Numbers)
    assert suggest({"rate": domain}, past(30), 5) == {"rate": domain.decode(drawn)}


def test_a_crash_counts_as_worse_than_anything_measured() -> None:
    space = domains()
    near = past(40)
    crashes = [Tried(n, "crash", "whole", one.values, {}, None) for n, one in enumerate(near, 41)
               if float(one.values["rate"]) > 0.5]  # fmt: skip
    good = [one for one in near if float(one.values["rate"]) <= 0.5]
    rates = [float(suggest(space, [*good, *crashes], seed)["rate"]) for seed in range(20)]
    assert np.median(rates) < 0.5
