"""What the tuner costs in a long run: proposals, whole experiments and memory, late against early.

python benchmarks/proposals.py                             # all, 5,000 experiments: some minutes
python benchmarks/proposals.py --experiments 0             # proposals alone: seconds
python benchmarks/proposals.py --report docs/search.md     # the tables into the document
python benchmarks/proposals.py --json FILE                 # the figures too

Every figure is a ratio of two of the same process: processor time with so many experiments behind
it against 100. Proposals are asked of a made-up past; experiments are a real run's, of a harness
that does next to nothing.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from figures import Figures, add_argument

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.proposal import Situation, Trial, digest
from autoexp_tui.proposers.tuner.lines.line_edits import KINDS
from autoexp_tui.proposers.tuner.tuner import Tuner
from autoexp_tui.text.safe import Safe

EARLY, LATE = 100, 5000
ASKED = 40
"""Proposals that a figure is the mean of."""
ABOUT = 50
"""Experiments before and after the one that a figure is of."""

Past = Callable[[int], list[Trial]]
"""So many trials."""


def settings(slots: int) -> str:
    return "".join(f"rate_{n}: 0.5\n" for n in range(slots))


def settings_past(slots: int, trials: int) -> list[Trial]:
    """Random points of a bowl, of which the better ones were kept, by all arms in turn."""
    rng = np.random.default_rng(0)
    history = [Trial(1, 0, "keep", {"loss": 9.0}, "baseline", "", {})]
    best = 9.0
    for n in range(2, trials + 1):
        at = np.exp(rng.normal(0, 0.7, slots)) * 0.5
        loss = float(np.mean(np.log(at / 0.3) ** 2))
        values = {f"rate_{k}": f"{one:.3f}" for k, one in enumerate(at)}
        arm = ("steps", "whole", "model", "region")[n % 4]
        moved = dict(list(values.items())[: 2 if arm == "steps" else slots])
        changed = {name: ["0.5", value] for name, value in moved.items()}
        memo = {"arm": arm, "values": values, "changed": changed}
        status: Status = "keep" if loss < best else "discard"
        history.append(Trial(n, 1, status, {"loss": loss}, "", "", memo))
        best = min(best, loss)
    return history


def prompt(lines: int) -> str:
    return "".join(f"Rule {n}: what is asked in case {n} is answered.\n" for n in range(lines))


def prompt_past(lines: int, trials: int) -> list[Trial]:
    """Changes of random lines, one in fifty of which was kept."""
    rng = np.random.default_rng(0)
    rows = prompt(lines).splitlines()
    history = [Trial(1, 0, "keep", {"loss": 9.0}, "baseline", "", {})]
    for n in range(2, trials + 1):
        subject, kind = rows[rng.integers(lines)], KINDS[rng.integers(len(KINDS))]
        idea = f"Idea {rng.integers(1000)}." if kind in {"insert", "swap"} else ""
        edit = {"kind": kind, "subject": subject, "idea": idea}
        memo = {"arm": "lines", "edits": [edit], "digest": digest(f"{n}")}
        status: Status = "keep" if n % 50 == 0 else "discard"
        loss = 9.0 - n / 1e4 if status == "keep" else 9.0 + float(rng.random())
        history.append(Trial(n, 1, status, {"loss": loss}, "", "", memo))
    return history


def seconds_each(target: str, text: str, history: list[Trial]) -> tuple[float, float]:
    """Processor time of taking in a past, as a resume does, and of a proposal afterwards."""
    contract = Contract(target, "true", (Metric(Safe("loss"), "lower"),))
    tuner = Tuner()

    def asked(seed: int) -> float:
        n = len(history) + 1
        now = Situation(n, contract, text, 1, text, history, seed=seed, sigma=0.0)
        began = time.process_time()
        tuner.propose(now, lambda *_: None)
        return time.process_time() - began

    asked(0)
    fresh, tuner = tuner, Tuner()
    first = asked(0)
    tuner = fresh
    each = statistics.fmean(asked(seed) for seed in range(1, ASKED + 1))
    return first - each, each


def proposals(figures: Figures) -> Iterator[str]:
    yield f"| a proposal | after {EARLY} | after {LATE:,} | ratio | taking in {LATE:,} once |"
    yield "|---|---|---|---|---|"
    cases: list[tuple[str, str, str, Past]] = [
        (f"{slots} values", "c.yaml", settings(slots), partial(settings_past, slots))
        for slots in (2, 4, 50)
    ]
    cases.append(("40 lines of a prompt", "p.txt", prompt(40), partial(prompt_past, 40)))
    worst = (0.0, 1.0)
    for name, target, text, past in cases:
        _, early = seconds_each(target, text, past(EARLY))
        once, late = seconds_each(target, text, past(LATE))
        worst = max(worst, (late, early), key=lambda each: each[0] / each[1])
        yield (
            f"| {name} | {1000 * early:.0f} ms | {1000 * late:.0f} ms | {late / early:.2f}"
            f" | {1000 * max(once, 0):.0f} ms |"
        )
    figures.tell("proposal", *(1000 * each for each in worst))


_TARGET = "rate: 0.002\nwidth: 3.0\nshift: 0.5\ncount: 40\n"
_HARNESS = """\
awk '/rate/{a=$2} /width/{b=$2} /shift/{c=$2} /count/{d=$2} END{
  print "loss:", log(a/0.01)^2 + (b-1)^2 + (c+2)^2 + log(d/7)^2}' config.yaml
"""
_CONTRACT = """\
target: config.yaml
harness: sh harness.sh
metrics: [{name: loss, direction: lower}]
proposer: tuner
"""


def project(folder: Path) -> None:
    files = {"config.yaml": _TARGET, "harness.sh": _HARNESS, "autoexp.yaml": _CONTRACT}
    for name, text in files.items():
        (folder / name).write_text(text)
    who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "start"]):
        subprocess.run(["git", *words], cwd=folder, check=True)


def experiments(count: int, figures: Figures) -> Iterator[str]:
    """A real run's figures around the 100th experiment and at its end."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        project(folder)
        words = ["run", ".", "--detach", "--max-experiments", str(count)]
        command = [sys.executable, "-m", "autoexp_tui", *words]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        marks = (EARLY - ABOUT, EARLY + ABOUT, count - 2 * ABOUT, count - 2)
        runner = _runner(folder)
        try:
            seen = dict(_watched(runner, folder / "results.tsv", marks))
        finally:  # it writes until it has ended
            with suppress(psutil.NoSuchProcess):
                runner.terminate()
                runner.wait(60)
    first, early, before, late = (seen[mark] for mark in marks)
    costs = [(b.seconds - a.seconds) / (b.row - a.row) for a, b in ((first, early), (before, late))]
    yield f"| a run of {count:,} | about {EARLY} | at its end | ratio |"
    yield "|---|---|---|---|"
    yield (
        f"| runner's processor time of an experiment | {1000 * costs[0]:.0f} ms"
        f" | {1000 * costs[1]:.0f} ms | {costs[1] / costs[0]:.2f} |"
    )
    yield (
        f"| runner's memory | {early.megabytes:.0f} MB | {late.megabytes:.0f} MB"
        f" | {late.megabytes / early.megabytes:.2f} |"
    )
    figures.tell("late, tuner", 1000 * costs[1], 1000 * costs[0])
    figures.tell("runner", late.megabytes, early.megabytes)


class _Look:
    """What a process has used when the table had so many rows."""

    def __init__(self, runner: psutil.Process, row: int) -> None:
        spent = runner.cpu_times()
        self.row, self.seconds = row, spent.user + spent.system
        self.megabytes = runner.memory_info().rss / 1e6


def _runner(folder: Path) -> psutil.Process:
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "autoexp_tui.runner.runner" in words and any(w.startswith(str(folder)) for w in words):
            return process
    raise SystemExit("the runner has ended before it could be watched")


def _watched(
    runner: psutil.Process, table: Path, marks: tuple[int, ...]
) -> Iterator[tuple[int, _Look]]:
    left = list(marks)
    while left:
        row = table.read_text().count("\n") - 1 if table.exists() else 0
        try:
            look = _Look(runner, row)
        except psutil.NoSuchProcess:
            raise SystemExit(f"the run ended at row {row}, before {left[0]}") from None
        while left and row >= left[0]:
            yield left.pop(0), look
        time.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--experiments", type=int, default=LATE, help="of the real run; 0: none")
    parser.add_argument("--report", type=Path, help="a document with sections for the tables")
    add_argument(parser)
    options = parser.parse_args()
    figures = Figures(options.json)
    found = {"proposals": proposals(figures)}
    if options.experiments:
        found["experiments"] = experiments(options.experiments, figures)
    for name, rows in found.items():
        lines = []
        for row in rows:
            print(row, flush=True)
            lines.append(row)
        print()
        if options.report:
            from sections import put  # noqa: PLC0415 - only where it is written

            put(options.report, name, "\n".join(lines))


if __name__ == "__main__":
    main()
