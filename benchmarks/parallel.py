"""What several experiments at once bring: speed, and what of the search is lost to staleness.

    python benchmarks/parallel.py [sleepers] [samples] [search] [--seeds 12] [--report FILE]

`sleepers`: real runs of the tuner whose harness sleeps for two seconds. `samples`: the machine
learning sample, which keeps the processor busy. `search`: evaluations that the tuner takes to a
target when 1, 2 or 4 are under way, on functions that cost nothing: as the loop does it, with gains
on an older best put on the new one and evaluated there, which counts too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from problems import NINE, Problem, nine
from sections import circumstances, put

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import Mark
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.proposal import Pending, Proposal, Situation, Trial, digest
from autoexp_tui.proposers.tuner.tuner import Tuner
from autoexp_tui.text.merging import merge
from autoexp_tui.text.safe import Safe

_SLEEP_S = 2.0
_ROUNDS = 8
"""Experiments of each lane."""
_TARGET = """\
lr: 0.1    # tune: 0.001 .. 1 log
wd: 0.5    # tune: 0.01 .. 2
depth: 4   # tune: 1 .. 16
width: 32  # tune: 8 .. 512
"""
_HARNESS = f"""\
sleep {_SLEEP_S:g}
cksum config.yaml | awk '{{print "loss: " 1 + $1 / 4294967296}}'
"""
_CONFIG = """\
target: config.yaml
harness: sh harness.sh
metrics: {loss: lower}
proposer: tuner
time_limit: 60
"""
_SAMPLES = Path(__file__).parents[1] / "sample_projects"


# Real runs.


def run(folder: Path, parallel: int, experiments: int) -> list[dict[str, Any]]:
    """The journal of a run of the project in `folder`: its records."""
    tag = f"n{parallel}"
    config = folder / "autoexp.yaml"
    lines = [
        line
        for line in config.read_text().splitlines()
        if not line.startswith(("parallel:", "confirm:"))
    ]
    config.write_text("\n".join([*lines, f"parallel: {parallel}", 'confirm: "off"']) + "\n")
    subprocess.run(["git", "-C", str(folder), "add", "-A"], check=True)
    subprocess.run(
        [
            "git",
            "-C",
            str(folder),
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-qm",
            tag,
        ],
        check=True,
    )
    subprocess.run(
        [
            *(sys.executable, "-m", "autoexp_tui", "run", str(folder), "--plain", "--tag", tag),
            *("--max-experiments", str(experiments)),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    journal = folder / ".git" / "autoexp" / tag / "journal.jsonl"
    return [json.loads(line) for line in journal.read_text().splitlines()]


def made(folder: Path, files: dict[str, str] | Path) -> Path:
    """A repository with these files, or a copy of that folder."""
    if isinstance(files, Path):
        shutil.copytree(files, folder)
    else:
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
    subprocess.run(["git", "-C", str(folder), "init", "-q"], check=True)
    return folder


def rate(records: Sequence[dict[str, Any]]) -> float:
    """Rows a second of all lanes together: of each between its first and its last."""
    slots: dict[int, str] = {}
    ends: dict[str, list[float]] = {}
    for record in records:
        event = record["event"]
        if event["kind"] == "ExperimentStarted":
            slots[event["n"]] = event.get("slot", "")
        elif event["kind"] == "Decided" and event["n"] > 1:
            ends.setdefault(slots[event["n"]], []).append(record["time"])
    return sum((len(times) - 1) / (times[-1] - times[0]) for times in ends.values())


def sleepers(home: Path) -> list[str]:
    lines = [
        f"Real runs of the tuner, whose harness sleeps for {_SLEEP_S:g} s. {load()}.\n",
        "| lanes | experiments an hour | speed-up | of ideal | of the bare sleep |",
        "|---:|---:|---:|---:|---:|",
    ]
    first = 0.0
    for parallel in (1, 2, 4, 8):
        files = {"config.yaml": _TARGET, "harness.sh": _HARNESS, "autoexp.yaml": _CONFIG}
        folder = made(home / f"sleep{parallel}", files)
        rows = rate(run(folder, parallel, _ROUNDS * parallel + 1))
        first = first or rows
        lines.append(_row(parallel, rows, first))
        print(lines[-1], flush=True)
    lines.append("\nThe bare sleep: with nothing between one and the next.")
    return lines


def _row(parallel: int, rows: float, first: float) -> str:
    speed = rows / first
    shares = (100 * speed / parallel, 100 * rows * _SLEEP_S / parallel)
    told = " | ".join(f"{share:.0f} %" for share in shares)
    return f"| {parallel} | {3600 * rows:.0f} | {speed:.2f} | {told} |"


def samples(home: Path) -> list[str]:
    lines = [
        f"`sample_projects/ml_training`, on {os.cpu_count()} cores. {load()}.\n",
        "| lanes | experiments an hour | speed-up |\n|---:|---:|---:|",
    ]
    first = 0.0
    for parallel in (1, 2):
        folder = made(home / f"ml{parallel}", _SAMPLES / "ml_training")
        rows = rate(run(folder, parallel, 16))
        first = first or rows
        lines.append(f"| {parallel} | {3600 * rows:.0f} | {rows / first:.2f} |")
        print(lines[-1], flush=True)
    return lines


# The search alone.

_MOST = 160
_GOAL = 40
"""The target is what the median run with one lane has reached after so many evaluations."""
CONTRACT = Contract("config.yaml", "true", (Metric(Safe("loss"), "lower"),))


@dataclass(slots=True)
class _Tried:
    n: int
    parent: int
    before: str
    """The text that it was made from."""
    proposal: Proposal
    rebased: bool = False


class Search:
    """The loop without git and time: `lanes` evaluations are under way, and end in their order."""

    def __init__(self, problem: Problem, lanes: int, seed: int) -> None:
        self._problem = problem
        self._lanes = lanes
        self._seed = seed
        self._tuners = [Tuner() for _ in range(lanes)]
        self._objective = Objective.of(CONTRACT)
        self._text, self._best = problem.marked, 1
        self._losses: dict[int, float] = {}
        self.curve: list[float] = []
        """The best loss after each evaluation."""

    def run(self, evaluations: int, target: float = float("-inf")) -> list[float]:
        """Evaluate so often, or until the target is reached."""
        first = self._problem.of_text(self._text)
        assert first is not None
        self._losses[1] = first
        self.curve.append(first)
        history = [Trial(1, 0, "keep", {"loss": first}, "baseline", "", {})]
        pending: deque[_Tried] = deque()
        texts = {self._text}
        numbers = itertools.count(2)
        while len(self.curve) < evaluations and self.curve[-1] > target:
            while len(pending) < self._lanes:
                tried = self._proposed(next(numbers), history, pending, texts)
                texts.add(tried.proposal.text)
                pending.append(tried)
            self._ended(pending, history, texts)
        return self.curve

    def _proposed(
        self, n: int, history: list[Trial], pending: Sequence[_Tried], texts: set[str]
    ) -> _Tried:
        answers: tuple[str, ...] = ()
        while True:
            situation = Situation(
                n,
                CONTRACT,
                self._text,
                self._best,
                self._problem.marked,
                history,
                answers=answers,
                seed=self._seed,
                parent=self._best,
                pending=tuple(
                    Pending(t.n, t.parent, "", digest(t.proposal.text), t.proposal.memo)
                    for t in pending
                ),
            )
            proposal = self._tuners[n % self._lanes].propose(situation, lambda *_: None)
            if proposal.text not in texts:
                return _Tried(n, self._best, self._text, proposal)
            answers = (*answers, "it repeats another")

    def _ended(self, pending: deque[_Tried], history: list[Trial], texts: set[str]) -> None:
        """The first that is under way ends: a row, or it goes onto a newer best."""
        tried = pending.popleft()
        loss = self._problem.of_text(tried.proposal.text)
        best = self._losses[self._best]
        keep = loss is not None and loss < best
        self.curve.append(loss if keep and loss is not None else best)
        late = tried.parent != self._best
        if late and loss is not None and loss < self._losses[tried.parent]:
            text = merge(tried.before, tried.proposal.text, self._text)
            if text is not None and text not in {tried.proposal.text, self._text, *texts}:
                memo = tried.proposal.memo
                memo = self._tuners[0].memo_of(memo, CONTRACT, self._text, text)
                proposal = Proposal("", "", text, memo)
                texts.add(text)
                pending.appendleft(_Tried(tried.n, self._best, self._text, proposal, rebased=True))
                return
        if loss is not None:
            self._losses[tried.n] = loss
        mark: Mark = (
            "superseded" if tried.rebased and not keep else "stale" if late and not keep else ""
        )
        history.append(
            Trial(
                tried.n,
                tried.parent,
                "keep" if keep else "crash" if loss is None else "discard",
                {} if loss is None else {"loss": loss},
                "",
                "",
                tried.proposal.memo,
                mark=mark,
            )
        )
        if keep:
            self._text, self._best = tried.proposal.text, tried.n


def evaluations_to(problem: str, lanes: int, seed: int, target: float) -> int:
    """How many evaluations it took, `_MOST` where it came to its end before."""
    curve = Search(nine(problem, seed), lanes, seed).run(_MOST, target)
    return len(curve)


def search(seeds: int) -> list[str]:
    lines = [
        f"The target: what the median of {seeds} runs with one lane has reached in {_GOAL}.\n",
        "| problem | 1 lane | 2 lanes | 4 lanes | 4 to 1 |\n|---|---:|---:|---:|---:|",
    ]
    ratios = []
    for name in NINE:
        ends = [Search(nine(name, seed), 1, seed).run(_GOAL)[-1] for seed in range(seeds)]
        target = statistics.median(ends)
        means = [
            statistics.fmean(evaluations_to(name, lanes, seed, target) for seed in range(seeds))
            for lanes in (1, 2, 4)
        ]
        ratios.append(means[2] / means[0])
        figures = " | ".join(f"{mean:.0f}" for mean in means)
        lines.append(f"| {name} | {figures} | {ratios[-1]:.2f} |")
        print(lines[-1], flush=True)
    lines.append(f"| **mean of the ratios** | | | | **{statistics.fmean(ratios):.2f}** |")
    print(lines[-1])
    return lines


def load() -> str:
    """How busy the machine is, in words."""
    return f"Load of the machine at the start: {os.getloadavg()[0]:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["sleepers", "samples", "search"])
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--report", type=Path, help="The document whose sections are written.")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="autoexp-parallel-"))
    try:
        for part in given.parts:
            found = {
                "sleepers": lambda: sleepers(home),
                "samples": lambda: samples(home),
                "search": lambda: search(given.seeds),
            }[part]()
            head = f"`python benchmarks/parallel.py {part}`: {circumstances()}.\n"
            if given.report:
                put(given.report, f"parallel {part}", "\n".join([head, *found]))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
