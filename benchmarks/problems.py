"""Problems with a known measure for the comparison of search methods: BBOB, mixed spaces, and nine.

A problem's text is a YAML target, read the way a project's is; the tuner sees nothing else. The
other methods search the box that the marked text gives. All begin at the text's own values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import tuner as projects
import yaml

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.text.safe import Safe

Loss = Callable[[Mapping[str, Any]], float | None]
"""The target's values to what is to be lowered; None for a crash."""

CONTRACT = Contract("config.yaml", "true", (Metric(Safe("loss"), "lower"),))
DIMENSIONS = (2, 5, 10)
FUNCTIONS = range(1, 25)
_BOX = 5.0


@dataclass(frozen=True)
class Problem:
    """One function with its start."""

    name: str
    family: str
    """`bbob`, `mixed` or `nine`."""
    marked: str
    """The text with a range at every value, where there are any."""
    loss: Loss

    @property
    def unmarked(self) -> str:
        """The text without its marks."""
        return "".join(line.partition("#")[0].rstrip() + "\n" for line in self.marked.splitlines())

    def of_text(self, text: str) -> float | None:
        return self.loss(yaml.safe_load(text))


def bbob(function: int, dimension: int, seed: int) -> Problem:
    """A function of the suite (of coco-experiment); the seed chooses its instance and the start."""
    import cocoex  # noqa: PLC0415 - of a benchmark only

    bare = cocoex.BareProblem("bbob", function, dimension, seed + 1)
    least = float(bare.best_value())
    start = np.random.default_rng([function, dimension, seed]).uniform(-4, 4, dimension)
    text = "".join(f"x{k}: {at:.3f}  # tune: -{_BOX} .. {_BOX}\n" for k, at in enumerate(start))
    return Problem(
        f"f{function} d{dimension}",
        "bbob",
        text,
        lambda x: float(bare([x[f"x{k}"] for k in range(dimension)])) - least,
    )


_CENTRES = {"a": -4.0, "b": -1.5, "c": 0.5, "d": 2.0, "e": 4.0}


def mixed(function: int, seed: int) -> Problem:
    """A BBOB function of six arguments: two integers, two words, one on a log scale, one plain."""
    import cocoex  # noqa: PLC0415 - of a benchmark only

    bare = cocoex.BareProblem("bbob", function, 6, seed + 1)
    least = float(bare.best_value())
    rng = np.random.default_rng([function, 6, seed])
    first, second = rng.choice(list(_CENTRES), 2)
    words = " | ".join(_CENTRES)
    text = (
        f"layers: {rng.integers(2, 15)}  # tune: 1 .. 16\n"
        f"width: {rng.integers(60, 300)}  # tune: 32 .. 512\n"
        f"kind: {first}  # {words}\n"
        f"mode: {second}  # {words}\n"
        f"rate: {10 ** rng.uniform(-4, -1):.2e}  # tune: 1e-5 .. 1 log\n"
        f"shift: {rng.uniform(-4, 4):.3f}  # tune: -5.0 .. 5.0\n"
    )

    def loss(x: Mapping[str, Any]) -> float:
        point = [
            (x["layers"] - 8.5) / 1.5,
            (x["width"] - 272) / 48,
            _CENTRES[x["kind"]],
            _CENTRES[x["mode"]],
            2 * (math.log10(float(x["rate"])) + 2.5),
            x["shift"],
        ]
        return float(bare(point)) - least

    return Problem(f"mixed f{function}", "mixed", text, loss)


def _plain(low: float, high: float, start: Sequence[float]) -> str:
    return "".join(f"x{k}: {at:.3f}  # tune: {low} .. {high}\n" for k, at in enumerate(start))


def _point(x: Mapping[str, Any]) -> np.ndarray:
    return np.array([x[f"x{k}"] for k in range(len(x))], dtype=float)


def _branin(x: Mapping[str, Any]) -> float:
    one, two = x["x0"], x["x1"]
    bend = two - 5.1 / (4 * math.pi**2) * one**2 + 5 / math.pi * one - 6
    return float(bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(one) + 10)


_HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def _hartmann(x: Mapping[str, Any]) -> float:
    inner = (_HARTMANN_A * (_point(x) - _HARTMANN_P) ** 2).sum(1)
    return float(-(np.array([1, 1.2, 3, 3.2]) * np.exp(-inner)).sum())


def _ackley(x: Mapping[str, Any]) -> float:
    at = _point(x)
    near = -20 * math.exp(-0.2 * math.sqrt(float((at**2).mean())))
    return float(near - math.exp(float(np.cos(2 * math.pi * at).mean())) + 20 + math.e)


def _rosenbrock(x: Mapping[str, Any]) -> float:
    at = _point(x)
    return float((100 * (at[1:] - at[:-1] ** 2) ** 2 + (1 - at[:-1]) ** 2).sum())


def _rastrigin(x: Mapping[str, Any]) -> float:
    at = _point(x)
    return float((at**2 - 10 * np.cos(2 * math.pi * at) + 10).sum())


def _off_centre(loss: Callable[[Mapping[str, Any]], float], shift: float) -> Loss:
    """Its optimum away from the middle of the box, where a method might look first by habit."""
    return lambda x: loss({name: value - shift for name, value in x.items()})


_SMOOTH: Mapping[str, tuple[float, float, int, Loss]] = {
    "sphere 5": (-5.0, 5.0, 5, _off_centre(lambda x: float((_point(x) ** 2).sum()), 0.7)),
    "rosenbrock 4": (-2.0, 2.0, 4, _rosenbrock),
    "ackley 6": (-5.0, 5.0, 6, _off_centre(_ackley, 0.7)),
    "hartmann 6": (0.0, 1.0, 6, _hartmann),
    "branin": (-5.0, 15.0, 2, _branin),
    "rastrigin 4": (-5.12, 5.12, 4, _off_centre(_rastrigin, 0.7)),
}
NINE = (*_SMOOTH, "training", "fleet", "switches")


def nine(name: str, seed: int) -> Problem:
    """One of six known functions, or of three that are like projects."""
    if name in _SMOOTH:
        low, high, dimension, loss = _SMOOTH[name]
        start = np.random.default_rng([seed, dimension]).uniform(0.1, 0.9, dimension)
        return Problem(
            name, "nine", _plain(low, high, [low + (high - low) * share for share in start]), loss
        )
    found = next(p for p in projects.SYNTHETIC if p.name.startswith(name))

    def measured(x: Mapping[str, Any]) -> float | None:
        return found.measure(yaml.safe_dump(dict(x))).get("loss")

    return Problem(name, "nine", found.text, measured)


@cache
def of_name(name: str, seed: int) -> Problem:
    """The problem that a figure was measured on."""
    if name in NINE:
        return nine(name, seed)
    words = name.split()
    if words[0] == "mixed":
        return mixed(int(words[1][1:]), seed)
    return bbob(int(words[0][1:]), int(words[1][1:]), seed)
