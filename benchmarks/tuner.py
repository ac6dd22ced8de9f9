"""Compare the built-in tuner with random search and a whole-space TPE at equal evaluations.

python benchmarks/tuner.py                                  # built-in objectives
python benchmarks/tuner.py sample_projects/ml_training      # and a project's real harness
"""

from __future__ import annotations

import argparse
import math
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from autoexp_tui import config
from autoexp_tui.evaluation.metrics import MetricReader
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.measurement import Measurement
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.proposal import Proposal, Proposer, Situation, Stream, Trial
from autoexp_tui.proposers.tuner import arms
from autoexp_tui.proposers.tuner.past import recall
from autoexp_tui.proposers.tuner.space import survey
from autoexp_tui.proposers.tuner.tuner import Tuner
from autoexp_tui.text.safe import Safe

Measure = Callable[[str], dict[str, float]]
"""The target's text to its metrics; empty for a crash."""


@dataclass(frozen=True)
class Problem:
    name: str
    contract: Contract
    text: str
    measure: Measure


class RandomSearch:
    """Uniform over the tuner's own space."""

    name = "random"

    def propose(self, situation: Situation, _: Stream) -> Proposal:
        space = survey(situation)
        values = {**space.here, **arms.uniform(space.domains, _rng(situation))}
        return Proposal("", "", space.write(values), {"values": values})


class WholeSpace:
    """The whole-space arm alone."""

    name = "whole-space TPE"

    def propose(self, situation: Situation, _: Stream) -> Proposal:
        space = survey(situation)
        past = recall(situation.contract, situation.history, space.baseline)
        drawn = arms.whole(space.domains, past, _rng(situation), space.weights)
        values = {**space.here, **drawn}
        return Proposal("", "", space.write(values), {"values": values})


def _rng(situation: Situation) -> np.random.Generator:
    return np.random.default_rng([situation.seed, situation.n])


@dataclass
class Run:
    """The loop without git: only what a proposer can tell from the real one."""

    problem: Problem
    proposer: Proposer
    seed: int
    history: list[Trial] = field(default_factory=list)
    slowest: float = 0.0
    """Seconds of the longest proposal."""

    def best(self, evaluations: int) -> float:
        """The primary metric of the best text after so many evaluations, the baseline included."""
        contract, text = self.problem.contract, self.problem.text
        first = kept = self.problem.measure(text)
        if not first:
            raise SystemExit(f"{self.problem.name}: the baseline gives no measurement")
        self.history.append(Trial(1, 0, "keep", first, "baseline", "", {}))
        incumbent = 1
        for n in range(2, evaluations + 1):
            situation = Situation(
                n, contract, text, incumbent, self.problem.text, self.history, seed=self.seed
            )
            began = time.perf_counter()
            proposal = self.proposer.propose(situation, lambda *_: None)
            self.slowest = max(self.slowest, time.perf_counter() - began)
            metrics = self.problem.measure(proposal.text)
            keep = bool(metrics) and (
                Objective.of(contract)
                .judge(*(Measurement.of(values) for values in (metrics, kept, first)))
                .keep
            )
            status: Status = "keep" if keep else "discard" if metrics else "crash"
            self.history.append(
                Trial(n, incumbent, status, metrics, proposal.description, "", proposal.memo)
            )
            if keep:
                text, incumbent, kept = proposal.text, n, metrics
        return kept[contract.primary.name]


# Built-in objectives: YAML targets, so that they are read the way a project's are.


def _training(x: Mapping[str, Any]) -> float | None:
    """Like the training of a small network: a poor start, one ridge, divergence beside it."""
    rate: float = x["learning_rate"] / (1 - x["momentum"])
    if rate > 1.2:
        return None
    steps = x["epochs"] / x["batch"]
    width: int = x["hidden"]
    fit = math.log(rate * steps / 0.6) ** 2
    capacity = math.log(width / 160) ** 2
    noise = math.log(x["dropout"] / (1 - x["dropout"]) / 0.3) ** 2 * math.sqrt(width / 100)
    decay = math.log(x["weight_decay"] / 3e-4) ** 2
    scale = math.log(x["init_scale"] / 0.7) ** 2
    return 0.1 + 0.1 * fit + 0.05 * capacity + 0.02 * noise + 0.01 * decay + 0.05 * scale


_TRAINING = """\
learning_rate: 0.002
momentum: 0.5
epochs: 60
batch: 32
hidden: 32
dropout: 0.05
weight_decay: 0.0001
init_scale: 2.0
"""

_PRICES = {"small": 0.05, "medium": 0.11, "large": 0.21, "compute": 0.17, "memory": 0.19}
_CORES = {"small": 2, "medium": 4, "large": 8, "compute": 8, "memory": 4}
_GIGABYTES = {"small": 2, "medium": 8, "large": 16, "compute": 8, "memory": 32}


def _fleet(x: Mapping[str, Any]) -> float | None:
    """Cost per hour of machines that must carry a load together; crashes where they can't."""
    web, workers, store = x["web"], x["workers"], x["store"]
    cache = x["cache_gb"]
    hits = min(0.9, cache / 40)
    if _CORES[web["type"]] * web["count"] * 90 < 1500 * (1 - 0.4 * hits):
        return None
    if _CORES[workers["type"]] * workers["count"] < 20:
        return None
    if _GIGABYTES[workers["type"]] * workers["count"] < 40:
        return None
    if store["iops"] < 4000 * (1 - hits) or _GIGABYTES[store["type"]] < 8:
        return None
    cost: float = web["count"] * _PRICES[web["type"]] + store["iops"] * 0.00012 + cache * 0.012
    cost += workers["count"] * _PRICES[workers["type"]] * (0.44 if workers["spot"] else 1)
    return cost + _PRICES[store["type"]] * (2 if store["replica"] else 1)


_FLEET = """\
web:
  type: large      # small | medium | large | compute | memory
  count: 6         # tune: 1 .. 16
workers:
  type: large      # small | medium | large | compute | memory
  count: 4         # tune: 1 .. 16
  spot: no
store:
  type: memory     # small | medium | large | compute | memory
  iops: 6000       # tune: 500 .. 12000 log
  replica: yes
cache_gb: 2        # tune: 0 .. 64
"""


def _switches(x: Mapping[str, Any]) -> float | None:
    """Milliseconds under compiler-like switches, some of which help only in company."""
    level = {"O0": 90.0, "O1": 55.0, "O2": 48.0, "O3": 47.0}[x["level"]]
    time_ms = level * (0.86 if x["native"] else 1)
    time_ms *= (0.9 if x["native"] else 1.05) if x["vectorise"] else 1
    time_ms *= (0.93 if x["level"] == "O3" else 1.04) if x["unroll"] else 1
    time_ms *= 0.9 if x["fast_math"] and x["vectorise"] else 1
    time_ms *= 0.97 if x["lto"] else 1
    time_ms *= 1.03 if x["stack_protector"] else 1
    time_ms *= 1.02 if x["pic"] else 1
    return time_ms * (1 + 0.04 * math.log(x["inline_limit"] / 220) ** 2)


_SWITCHES = """\
level: O1            # O0 | O1 | O2 | O3
native: no
vectorise: no
unroll: no
fast_math: no
lto: no
stack_protector: yes
pic: yes
inline_limit: 40     # tune: 10 .. 1000 log
"""


def _synthetic(
    name: str, text: str, function: Callable[[Mapping[str, Any]], float | None]
) -> Problem:
    contract = Contract("config.yaml", "true", (Metric(Safe("loss"), "lower"),))

    def measure(target: str) -> dict[str, float]:
        value = function(yaml.safe_load(target))
        return {} if value is None else {"loss": value}

    return Problem(name, contract, text, measure)


SYNTHETIC = (
    _synthetic("training (coupled rates, divergence)", _TRAINING, _training),
    _synthetic("fleet (coupled constraints)", _FLEET, _fleet),
    _synthetic("switches (interactions)", _SWITCHES, _switches),
)


@contextmanager
def project(folder: Path, time_limit: float | None = None) -> Iterator[Problem]:
    """A project's own harness, run in a copy; texts that were measured before are remembered."""
    contract = config.load(folder / "autoexp.yaml")
    if time_limit is not None:
        contract = msgspec.structs.replace(contract, time_limit=time_limit)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / folder.name
        shutil.copytree(folder, copy)
        known: dict[str, dict[str, float]] = {}

        def measure(text: str) -> dict[str, float]:
            if text not in known:
                (copy / contract.target).write_text(text, encoding="utf-8", newline="")
                known[text] = _harness(contract, copy)
            return known[text]

        text = (folder / contract.target).read_bytes().decode()
        yield Problem(folder.name, contract, text, measure)


def _harness(contract: Contract, folder: Path) -> dict[str, float]:
    try:
        done = subprocess.run(
            ["sh", "-c", contract.harness],
            cwd=folder,
            capture_output=True,
            timeout=contract.time_limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {}
    reader = MetricReader(contract.metrics)
    reader.feed(done.stdout)
    reading = reader.finish()
    return {} if done.returncode or reading.failure else reading.metrics


def compare(problem: Problem, seeds: range, evaluations: int) -> None:
    """Print each method's mean and median best, and its mean against random search."""
    print(f"\n{problem.name}: {len(seeds)} seeds from {seeds.start}, {evaluations} evaluations")
    print(f"  {'method':<16} {'mean':>9} {'median':>9} {'of random':>10} {'slowest':>9}")
    random: float | None = None
    for make in (RandomSearch, WholeSpace, Tuner):
        runs = [Run(problem, make(), seed) for seed in seeds]
        bests: Sequence[float] = [run.best(evaluations) for run in runs]
        mean = statistics.fmean(bests)
        random = mean if random is None else random
        slowest = max(run.slowest for run in runs)
        print(
            f"  {make.name:<16} {mean:9.4g} {statistics.median(bests):9.4g}"
            f" {mean / random if random else math.nan:10.2f} {slowest:8.2f}s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("projects", nargs="*", type=Path, help="folders with an autoexp.yaml")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=40)
    parser.add_argument("--only-projects", action="store_true", help="leave the built-in ones out")
    parser.add_argument(
        "--time-limit", type=float, help="seconds per run, where a busy machine needs more"
    )
    parser.add_argument(
        "--first-seed", type=int, default=0, help="judge a setting on seeds it was not chosen on"
    )
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    for problem in () if options.only_projects else SYNTHETIC:
        compare(problem, seeds, options.evaluations)
    for folder in options.projects:
        with project(folder, options.time_limit) as problem:
            compare(problem, seeds, options.evaluations)


if __name__ == "__main__":
    main()
