"""Does a long run wear out? Memory, descriptors and zombies of a runner and of an attached screen.

    python benchmarks/soak.py [--experiments 5000] [--seed 1] [--no-faults] [--report FILE]

One runner makes all the experiments, with a harness that does nothing, while somebody looks on in
a terminal of 120 by 40. About every fiftieth experiment something goes wrong. What is measured
after the first tenth must be flat: ends with 1 when it is not.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import select
import signal
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pexpect
import psutil

from autoexp_tui.loop.control import Command
from autoexp_tui.loop.wire import NoRunner, send
from autoexp_tui.model.events import Decided
from autoexp_tui.sources.journals import JournalSource
from autoexp_tui.text.safe import Safe

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sections import circumstances, put
from support.gitrepos import git
from support.trial import TAG, Trial, end_of

_BARS = "▁▂▃▄▅▆▇█"
_SAMPLES = 50
_KIB_A_ROW = 3.0
"""What a row may cost in memory: it is kept, as every row is shown, and weighs 1 KiB itself."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at both processes."""

    rows: int
    rate: float
    """Experiments per second since the last."""
    runner_kib: int
    runner_files: int
    viewer_kib: int
    viewer_files: int
    zombies: int
    packs: int


def memory(pid: int) -> int:
    """Resident KiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") >> 10


def descriptors(pid: int) -> int:
    """The fewest open files of some looks: what is open for a moment only does not count."""
    looks = []
    for _ in range(20):
        looks.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        time.sleep(0.01)
    return min(looks)


def zombies(*parents: int) -> int:
    """Children of theirs that stay dead and unburied for half a second."""

    def dead() -> set[int]:
        found = set()
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, parent = path.read_text().rpartition(")")[2].split()[:2]
                if state == "Z" and int(parent) in parents:
                    found.add(int(path.parent.name))
        return found

    first = dead()
    if not first:
        return 0
    time.sleep(0.5)
    return len(first & dead())


def go_wrong(trial: Trial, pid: int, chance: random.Random) -> str:
    """Something that a runner must take without being taken up again."""
    what = chance.choice(["table", "stop", "gc", "supervisor", "hint", "pause", "branch", "skip"])
    match what:
        case "table":
            (trial.project / "results.tsv").write_text("mine\n")
        case "stop":
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.2)
            os.kill(pid, signal.SIGCONT)
        case "gc":
            git(trial.repository, "gc", "--quiet", "--prune=now")
        case "supervisor":
            with suppress(psutil.Error):
                for child in psutil.Process(pid).children(recursive=True):
                    if any("forkserver" in word for word in child.cmdline()):
                        child.kill()
        case "branch":
            git(trial.repository, "update-ref", "-d", f"refs/heads/autoexp/{TAG}", check=False)
        case "pause":
            send(trial.run, Command("pause", by=Safe("the soak")))
            time.sleep(0.2)
            send(trial.run, Command("resume", by=Safe("the soak")))
        case _:
            send(
                trial.run,
                Command("hint" if what == "hint" else "skip", Safe("the soak"), Safe("less")),
            )
    return what


class Screen:
    """`autoexp attach` in a terminal whose other end is read."""

    def __init__(self, trial: Trial) -> None:
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable,
            ["-m", "autoexp_tui", "attach", TAG],
            cwd=str(trial.project),
            env={**trial.environment, "TERM": "xterm-256color"},
            dimensions=(40, 120),
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        self.pid = int(self._child.pid)

    def _read(self) -> None:
        while not self._ended.wait(0.02):
            with suppress(OSError):
                while select.select([self._child.child_fd], [], [], 0)[0]:
                    os.read(self._child.child_fd, 1 << 16)

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._child.close(force=True)


def soak(trial: Trial, experiments: int, chance: random.Random | None) -> list[Sample]:
    """All samples, in order; the run is checked at its end."""
    process = trial.start(experiments)
    pid = process.pid or 0
    while not trial.run.lock.exists() or not trial.state().rows:
        time.sleep(0.1)
    screen = Screen(trial)
    source = JournalSource(trial.run)
    samples: list[Sample] = []
    rows, at, since = 0, 0, time.monotonic()
    every = max(1, experiments // _SAMPLES)
    try:
        while process.is_alive():
            before = rows
            rows += sum(isinstance(record.event, Decided) for record in source.read())
            if chance is not None and rows > before and chance.random() < (rows - before) / 50:
                with suppress(NoRunner):
                    go_wrong(trial, pid, chance)
            if rows - at >= every and rows < experiments:
                now = time.monotonic()
                rate, at, since = (rows - at) / (now - since), rows, now
                with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                    samples.append(look(trial, rows, rate, pid, screen.pid))
                    print(samples[-1], flush=True)
            time.sleep(0.02)
    finally:
        screen.close()
    if end_of(process) != 0:
        raise AssertionError(trial.said())
    trial.resume()
    return samples


def look(trial: Trial, rows: int, rate: float, runner: int, viewer: int) -> Sample:
    """Both processes as they are now."""
    return Sample(
        rows=rows,
        rate=rate,
        runner_kib=memory(runner),
        runner_files=descriptors(runner),
        viewer_kib=memory(viewer),
        viewer_files=descriptors(viewer),
        zombies=zombies(runner, viewer),
        packs=len(list((trial.repository / ".git/objects/pack").glob("*.pack"))),
    )


def weight(trial: Trial) -> float:
    """KiB that a row takes in a state: what both processes must hold of each, at the least."""
    tracemalloc.start()
    rows = len(trial.state().rows)
    held = trial.state()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 1024 / max(rows, len(held.rows))


def bars(values: Sequence[float]) -> str:
    """A plot from 0 to the highest value."""
    top = max(values) or 1
    return "".join(_BARS[min(7, int(value / top * 7.99))] for value in values)


def slope(samples: Sequence[Sample], values: Sequence[int]) -> float:
    """By least squares, per row."""
    rows = [sample.rows for sample in samples]
    middle, mean = sum(rows) / len(rows), sum(values) / len(values)
    over = sum((row - middle) * (value - mean) for row, value in zip(rows, values, strict=True))
    return over / (sum((row - middle) ** 2 for row in rows) or 1)


def report(samples: Sequence[Sample], row: float, file: TextIO) -> list[str]:
    """The table and the plots; what is not flat."""
    print(f"`python benchmarks/soak.py {' '.join(sys.argv[1:])}`: {circumstances()}.\n", file=file)
    late = [each for each in samples if each.rows >= samples[-1].rows / 10]
    wrong = []
    print("| rows | per second | runner MiB | viewer MiB | files | zombies | packs |", file=file)
    print("|---:|---:|---:|---:|---:|---:|---:|", file=file)
    for each in samples[:: max(1, len(samples) // 10)]:
        print(
            f"| {each.rows} | {each.rate:.1f} | {each.runner_kib / 1024:.1f} "
            f"| {each.viewer_kib / 1024:.1f} | {each.runner_files}, {each.viewer_files} "
            f"| {each.zombies} | {each.packs} |",
            file=file,
        )
    print(file=file)
    for name in ("runner", "viewer"):
        sizes = [getattr(each, f"{name}_kib") for each in samples]
        grows = slope(late, sizes[len(samples) - len(late) :])
        print(f"    {name} memory {bars(sizes)} {grows:+.2f} KiB a row at the end", file=file)
        if grows > _KIB_A_ROW:
            wrong.append(f"the {name}'s memory grows by {grows:.1f} KiB a row")
        files = [getattr(each, f"{name}_files") for each in late]
        if max(files) > min(files) + 3:
            wrong.append(f"the {name} has {min(files)} to {max(files)} files open")
    print(f"    a row itself, in memory: {row:.2f} KiB", file=file)
    print(f"    rows a second {bars([each.rate for each in samples])}", file=file)
    if any(each.zombies for each in samples):
        wrong.append("there were zombies")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-faults", action="store_true")
    parser.add_argument("--report", type=Path, help="The document whose section is written.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="autoexp-soak-", ignore_cleanup_errors=True) as home:
        trial = Trial(Path(home) / "trial")
        chance = None if given.no_faults else random.Random(given.seed)
        samples = soak(trial, given.experiments, chance)
        row = weight(trial)
    wrong = report(samples, row, sys.stdout)
    if given.report:
        text = io.StringIO()
        report(samples, row, text)
        put(given.report, "soak", text.getvalue())
    print("; ".join(wrong) or "flat")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
