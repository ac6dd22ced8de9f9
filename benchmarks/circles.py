"""Circle packing, n = 26: a program in the field's usual form, and the tuner alone on it.

python benchmarks/circles.py --seeds 4 --evaluations 200

A constructor places 26 circles in the unit square with numbers that nobody marked: one in the
middle, a ring of eight and a ring of sixteen, as searches in this field usually begin; radii are
cut back pair by pair until no two circles overlap. The sum of the radii is to be raised; the best
that is known is 2.636. The program is our own.
"""

from __future__ import annotations

import argparse
import statistics
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.proposal import Exhausted, Situation, Trial
from autoexp_tui.proposers.tuner.tuner import Tuner
from autoexp_tui.text.safe import Safe

COUNT = 26
_SLACK = 1e-9
PROGRAM = '''\
"""Constructor of a packing of 26 circles in the unit square."""
import numpy as np


# EVOLVE-BLOCK-START
def construct_packing():
    """Centres of the circles, one in each row, and their radii."""
    centers = np.zeros((26, 2))

    # One in the middle.
    centers[0] = [0.5, 0.5]

    # A ring around it.
    for i in range(8):
        angle = 2 * np.pi * i / 8
        centers[i + 1] = [0.5 + 0.3 * np.cos(angle), 0.5 + 0.3 * np.sin(angle)]

    # A second ring, which the square cuts.
    for i in range(16):
        angle = 2 * np.pi * i / 16
        centers[i + 9] = [0.5 + 0.7 * np.cos(angle), 0.5 + 0.7 * np.sin(angle)]

    centers = np.clip(centers, 0.01, 0.99)
    return centers, largest_radii(centers)
# EVOLVE-BLOCK-END


def largest_radii(centers):
    """Up to the walls, then cut back in proportion wherever two circles overlap."""
    radii = np.minimum(centers, 1 - centers).min(axis=1)
    for i in range(len(centers)):
        for j in range(i + 1, len(centers)):
            apart = np.hypot(*(centers[i] - centers[j]))
            if radii[i] + radii[j] > apart:
                scale = apart / (radii[i] + radii[j])
                radii[i] *= scale
                radii[j] *= scale
    return radii
'''
CONTRACT = Contract("packing.py", "true", (Metric(Safe("radii"), "higher"),))


def sum_of_radii(centres: np.ndarray, radii: np.ndarray) -> float | None:
    """What a packing comes to; None for one that is none."""
    if centres.shape != (COUNT, 2) or radii.shape != (COUNT,):
        return None
    if not (np.isfinite(centres).all() and np.isfinite(radii).all() and (radii >= 0).all()):
        return None
    first, second = np.triu_indices(COUNT, 1)
    apart = np.linalg.norm(centres[first] - centres[second], axis=1)
    overlaps = radii[first] + radii[second] > apart + _SLACK
    outside = np.minimum(centres, 1 - centres).min(1) < radii - _SLACK
    return None if overlaps.any() or outside.any() else float(radii.sum())


def measure(text: str) -> float | None:
    """The sum of the radii that the program finds; None for a crash."""
    names: dict[str, Any] = {}
    try:
        exec(compile(text, "packing.py", "exec"), names)
        centres, radii = names["construct_packing"]()
        return sum_of_radii(np.asarray(centres, dtype=float), np.asarray(radii, dtype=float))
    except (ArithmeticError, ValueError, TypeError, IndexError, SyntaxError, NameError):
        return None


def climb(seed: int, evaluations: int) -> list[float]:
    """The best sum after each evaluation, the program's own first."""
    first = measure(PROGRAM)
    assert first is not None
    tuner, at, incumbent, best = Tuner(), PROGRAM, 1, first
    history = [Trial(1, 0, "keep", {"radii": first}, "baseline", "", {})]
    curve = [first]
    for n in range(2, evaluations + 1):
        now = Situation(n, CONTRACT, at, incumbent, PROGRAM, history, seed=seed, sigma=0.0)
        try:
            proposal = tuner.propose(now, lambda *_: None)
        except Exhausted:
            break
        value = measure(proposal.text)
        kept = value is not None and value > best
        metrics = {} if value is None else {"radii": value}
        history.append(
            Trial(
                n,
                incumbent,
                "keep" if kept else "crash" if value is None else "discard",
                metrics,
                proposal.description,
                "",
                proposal.memo,
            )
        )
        if value is not None and kept:
            at, incumbent, best = proposal.text, n, value
        curve.append(best)
    return curve


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        curves = [*pool.map(climb, range(options.seeds), [options.evaluations] * options.seeds)]
    looks = [look for look in (1, 30, 60, 100, 200) if look <= options.evaluations]
    print("| evaluations | " + " | ".join(map(str, looks)) + " |")
    print("|---|" + "---|" * len(looks))
    for name, middle in (("mean", statistics.fmean), ("best", max), ("worst", min)):
        cells = [middle([curve[min(look, len(curve)) - 1] for curve in curves]) for look in looks]
        print(f"| {name} of {len(curves)} seeds | " + " | ".join(f"{c:.4f}" for c in cells) + " |")


if __name__ == "__main__":
    main()
