"""Other search methods, asked for one point at a time over the box that a marked text gives."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import optuna
from problems import CONTRACT

from autoexp_tui.model.proposal import Situation, Trial
from autoexp_tui.proposers.tuner.domains import Choices, Domain, Numbers
from autoexp_tui.proposers.tuner.space import Space, survey


def searched(text: str) -> Space:
    """The space of a text: what the tuner would search."""
    first = Trial(1, 0, "keep", {"loss": 1.0}, "", "", {})
    return survey(Situation(2, CONTRACT, text, 1, text, [first]))


def literal(domain: Domain, coordinate: float | str) -> str:
    """With all digits, where the tuner would write a few."""
    if isinstance(domain, Choices):
        return str(coordinate)
    number = domain.number(float(coordinate))
    return str(round(number)) if domain.style.integer else f"{number:.12f}"


class Rival:
    """A method, begun on a text: `ask` for a text, `tell` its loss (None for a crash)."""

    def __init__(self, text: str, seed: int) -> None:
        self.space = searched(text)
        self.domains, self.here = self.space.domains, self.space.here
        self.seed = seed
        self.worst = -np.inf

    def start(self) -> dict[str, float | str]:
        """Coordinates of the text's own values."""
        return {
            name: self.here[name]
            if isinstance(domain, Choices)
            else _encoded(domain, self.here[name])
            for name, domain in self.domains.items()
        }

    def point(self, coordinates: Mapping[str, float | str]) -> str:
        return self.space.write({n: literal(d, coordinates[n]) for n, d in self.domains.items()})

    def finite(self, loss: float | None) -> float:
        """A crash counts as the worst that was seen, for methods that know no crashes."""
        if loss is not None:
            self.worst = max(self.worst, loss)
        return self.worst if loss is None else loss


def _encoded(domain: Numbers, literal: str) -> float:
    found = domain.encode(literal)
    assert found is not None
    return found


class Random(Rival):
    name = "random"

    def __init__(self, text: str, seed: int) -> None:
        super().__init__(text, seed)
        self.rng = np.random.default_rng([seed, 7])
        self.first = True

    def ask(self) -> str:
        if self.first:
            self.first = False
            return self.point(self.start())
        drawn: dict[str, float | str] = {}
        for name, domain in self.domains.items():
            if isinstance(domain, Choices):
                drawn[name] = domain.options[int(self.rng.integers(len(domain.options)))]
            else:
                drawn[name] = float(self.rng.uniform(*domain.ends))
        return self.point(drawn)

    def tell(self, loss: float | None) -> None:
        """It learns nothing."""


class _Optuna(Rival):
    def __init__(self, text: str, seed: int) -> None:
        super().__init__(text, seed)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        self.study = optuna.create_study(sampler=self.sampler())
        self.space_of: dict[str, optuna.distributions.BaseDistribution] = {}
        for name, domain in self.domains.items():
            if isinstance(domain, Choices):
                self.space_of[name] = optuna.distributions.CategoricalDistribution(domain.options)
            elif domain.style.integer:
                self.space_of[name] = optuna.distributions.IntDistribution(
                    int(np.ceil(domain.low)), int(domain.high), log=domain.scale == "log"
                )
            else:
                self.space_of[name] = optuna.distributions.FloatDistribution(*domain.ends)
        self.study.enqueue_trial(
            {
                n: int(self.here[n])
                if isinstance(self.space_of[n], optuna.distributions.IntDistribution)
                else at
                for n, at in self.start().items()
            }
        )

    def sampler(self) -> optuna.samplers.BaseSampler:
        raise NotImplementedError

    def ask(self) -> str:
        self.trial = self.study.ask(self.space_of)
        drawn = self.trial.params
        return self.space.write(
            {
                name: str(drawn[name])
                if isinstance(self.space_of[name], optuna.distributions.IntDistribution)
                else literal(domain, drawn[name])
                for name, domain in self.domains.items()
            }
        )

    def tell(self, loss: float | None) -> None:
        self.study.tell(self.trial, self.finite(loss))


class Tpe(_Optuna):
    name = "Optuna TPE"

    def sampler(self) -> optuna.samplers.BaseSampler:
        return optuna.samplers.TPESampler(seed=self.seed)


class Gp(_Optuna):
    name = "Optuna GP"

    def sampler(self) -> optuna.samplers.BaseSampler:
        return optuna.samplers.GPSampler(seed=self.seed)


class CmaEs(Rival):
    """Words by the nearest of as many stretches of a coordinate."""

    name = "CMA-ES"

    def __init__(self, text: str, seed: int) -> None:
        import cmaes  # noqa: PLC0415 - of a benchmark only

        super().__init__(text, seed)
        mean = np.array([self._unit(n, at) for n, at in self.start().items()])
        size = len(mean)
        bounds = np.tile([0.0, 1.0], (size, 1))
        self.cma = cmaes.CMA(mean=mean, sigma=0.25, bounds=bounds, seed=seed)
        self.told: list[tuple[np.ndarray, float]] = []
        self.first = True

    def _unit(self, name: str, at: float | str) -> float:
        domain = self.domains[name]
        if isinstance(domain, Choices):
            return (domain.options.index(str(at)) + 0.5) / len(domain.options)
        low, high = domain.ends
        return (float(at) - low) / (high - low)

    def ask(self) -> str:
        if self.first:
            return self.point(self.start())
        self.asked = self.cma.ask()
        drawn: dict[str, float | str] = {}
        for (name, domain), at in zip(self.domains.items(), self.asked, strict=True):
            if isinstance(domain, Choices):
                drawn[name] = domain.options[
                    min(int(at * len(domain.options)), len(domain.options) - 1)
                ]
            else:
                low, high = domain.ends
                drawn[name] = float(low + at * (high - low))
        return self.point(drawn)

    def tell(self, loss: float | None) -> None:
        finite = self.finite(loss)
        if self.first:
            self.first = False
            return
        self.told.append((self.asked, finite))
        if len(self.told) == self.cma.population_size:
            self.cma.tell(self.told)
            self.told = []


RIVALS = {rival.name: rival for rival in (Random, Tpe, Gp, CmaEs)}
