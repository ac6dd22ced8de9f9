"""Optuna's tree-structured Parzen estimator, asked for the next values of some slots.

Restricting the columns that it is shown does what `PartialFixedSampler` does for a multivariate
TPE (it takes the fixed names out of the search space before anything is modelled), and a study of
three columns costs less than one of thirty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from autoexp_tui.proposers.tuner.domains import Choices, Domain
from autoexp_tui.proposers.tuner.past import Tried

STARTUP = 8
"""So many measurements before the estimator is asked; uniform draws until then."""


def suggest(domains: Mapping[str, Domain], past: Sequence[Tried], seed: int) -> dict[str, str]:
    """A literal for every named slot, likely to be better given the past.

    The study is built from the past each time, so that the same past gives the same answer in a
    run that was resumed.
    """
    space = {name: _distribution(domain) for name, domain in domains.items()}
    trials = []
    crash = _worse_than_all(past)
    for tried in past:
        params = _encoded(domains, tried.values)
        if params is not None:
            loss = crash if tried.loss is None else tried.loss
            trials.append(optuna.trial.create_trial(params=params, distributions=space, value=loss))
    with _quiet():
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        study = optuna.create_study(sampler=sampler)
        study.add_trials(trials)
        drawn = study.ask(space).params
    return {name: _literal(domain, drawn[name]) for name, domain in domains.items()}


def _worse_than_all(past: Sequence[Tried]) -> float:
    """What a crash counts as."""
    losses = [tried.loss for tried in past if tried.loss is not None]
    best, worst = min(losses, default=0.0), max(losses, default=0.0)
    return worst + max(worst - best, abs(worst), 1.0)


def _distribution(domain: Domain) -> BaseDistribution:
    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.options)
    return FloatDistribution(*domain.ends)


def _encoded(domains: Mapping[str, Domain], values: Mapping[str, str]) -> dict[str, object] | None:
    """Coordinates in the study; None when the point lacks one of the slots."""
    params: dict[str, object] = {}
    for name, domain in domains.items():
        literal = values.get(name)
        if literal is None:
            return None
        if isinstance(domain, Choices):
            if literal not in domain.options:
                return None
            params[name] = literal
        elif (coordinate := domain.encode(literal)) is not None:
            params[name] = coordinate
        else:
            return None
    return params


def _literal(domain: Domain, value: object) -> str:
    return str(value) if isinstance(domain, Choices) else domain.decode(float(str(value)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's line for every study."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
