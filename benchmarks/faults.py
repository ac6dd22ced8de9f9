"""The long fault campaign: thousands of ways for a night to go wrong, counted.

    python benchmarks/faults.py [--points 1000] [--seed 1] [--workers 2] [--parallel 1]
                                [--report FILE]

`--points` is the number of kill -9; every other kind comes a fortieth as often. Each point hurts a
real run of a real repository, takes it up again without a question, and compares journal, tables,
branch, refs and the user's files: see `tests/support/trial.py`. With `--parallel N` the runs have N
lanes, and only the kills are done. Ends with 1 when a promise broke.
"""

from __future__ import annotations

import argparse
import io
import itertools
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sections import circumstances, put
from support import floods
from support.escapes import ENDS, ESCAPES, escaped
from support.mishaps import KILLS, OTHERS, Mishap, real_disk_full, small_disk
from support.trial import Trial

_SHARES = dict(zip(KILLS, (0.3, 0.1, 0.4, 0.2), strict=True))
"""Of the kills: at an effect, in a write, at a random moment, with all children."""
_LONGEST = 25
"""Points after which a project is thrown away: git itself is not what is on trial."""


@dataclass(slots=True)
class Tally:
    """What became of one kind."""

    tried: int = 0
    broken: list[str] = field(default_factory=list)
    details: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Campaign:
    """Counts; safe to use from several threads."""

    def __init__(self, home: Path, seed: int, parallel: int = 1) -> None:
        self.parallel = parallel
        self.home = home
        self.seed = seed
        self.tallies: dict[str, Tally] = {}
        self.rows = 0
        self._done = 0
        self._mutex = threading.Lock()
        self._numbers = itertools.count(1)

    def folder(self) -> Path:
        with self._mutex:
            return self.home / f"{next(self._numbers)}"

    def attempt(self, kind: str, index: int, act: Callable[[random.Random], str]) -> bool:
        """Do it, and write down what became of it. False when a promise was broken."""
        name = f"{self.seed}:{kind}:{index}"
        began = time.monotonic()
        problem, detail = "", ""
        try:
            detail = act(random.Random(name))
        except Exception:  # noqa: BLE001 - whatever it is, it is counted and told
            problem = f"{name}\n{traceback.format_exc(limit=-3)}"
        with self._mutex:
            tally = self.tallies.setdefault(kind, Tally())
            tally.tried += 1
            self._done += 1
            if self._done % 100 == 0:
                print(f"{self._done} points", flush=True)
            tally.seconds += time.monotonic() - began
            if problem:
                tally.broken.append(problem)
                print(f"\nBROKEN {problem}", flush=True)
            else:
                tally.details[detail] += 1
        return not problem

    def work(self, points: list[tuple[str, int, Mishap]]) -> None:
        """A share of the points, on one project after another."""
        for some in _batches(points, _LONGEST):
            trial = Trial(self.folder(), self.parallel)
            for kind, index, mishap in some:
                if not self.attempt(kind, index, partial(mishap, trial)):
                    # The broken one stays as it is, to be looked at.
                    trial = Trial(self.folder(), self.parallel)
            with self._mutex:
                self.rows += len(trial.state().rows)
            self.attempt("the end: git fsck --strict", 0, partial(_end, trial))
            shutil.rmtree(trial.folder, ignore_errors=True)

    def on_a_small_disk(self, times: int) -> None:
        """A real file system that is really full."""
        try:
            with small_disk(self.folder()) as folder:
                trial = Trial(folder)
                for index in range(times):
                    self.attempt("a real disk, full", index, partial(real_disk_full, trial))
        except OSError as error:
            print(f"left out: {error}")

    def escapes(self, times: int) -> None:
        """Every way out, every end."""
        for index, escape, end in itertools.product(range(times), ESCAPES, ENDS):
            folder = self.folder()
            act = partial(escaped, folder, escape, end)
            if self.attempt(f"a harness that escapes: {end}", index, act):
                shutil.rmtree(folder, ignore_errors=True)

    def floods(self, share: float) -> None:
        """Output of all kinds and too much of it; `share` of the full sizes."""
        for kind in floods.KINDS:
            folder = self.folder()
            self.attempt(f"a flood: {kind}", 0, partial(floods.flooded, folder, kind, share))
            shutil.rmtree(folder, ignore_errors=True)


def _end(trial: Trial, _chance: random.Random) -> str:
    if not trial.run.journal.exists():
        return "not begun"  # the last point's project was put aside as broken
    trial.check(fsck=True)
    return "whole"


def _batches(
    points: list[tuple[str, int, Mishap]], size: int
) -> Iterator[list[tuple[str, int, Mishap]]]:
    for start in range(0, len(points), size):
        yield points[start : start + size]


def plan(points: int, seed: int, *, kills_alone: bool) -> list[tuple[str, int, Mishap]]:
    """All points of the campaign, shuffled."""
    all_of_them = [
        (kind, index, mishap)
        for kind, mishap in KILLS.items()
        for index in range(round(points * _SHARES[kind]))
    ]
    all_of_them += [
        (kind, index, mishap)
        for kind, mishap in ({} if kills_alone else OTHERS).items()
        for index in range(max(1, points // 40))
    ]
    random.Random(seed).shuffle(all_of_them)
    return all_of_them


def report(campaign: Campaign, seconds: float, file: TextIO) -> None:
    """The table."""
    print(
        f"`python benchmarks/faults.py {' '.join(sys.argv[1:])}`: {circumstances()}; "
        f"{seconds / 60:.0f} minutes.\n",
        file=file,
    )
    print("| fault | points | promises broken | seconds each |\n|---|---:|---:|---:|", file=file)
    order = [*KILLS, *OTHERS, *campaign.tallies]
    for kind, tally in sorted(campaign.tallies.items(), key=lambda found: order.index(found[0])):
        each = tally.seconds / tally.tried
        print(f"| {kind} | {tally.tried} | {len(tally.broken)} | {each:.2f} |", file=file)
    tried = sum(tally.tried for tally in campaign.tallies.values())
    broken = sum(len(tally.broken) for tally in campaign.tallies.values())
    print(f"| **all** | **{tried}** | **{broken}** | |", file=file)
    kinds = ("kill -9 before an effect", "kill -9 in the middle of a write")
    hurt: Counter[str] = Counter()
    for kind in kinds:
        hurt.update(campaign.tallies.get(kind, Tally()).details)
    missed = hurt.pop("not reached", 0)
    print(
        f"\n{campaign.rows} rows were decided in all. The kills at an effect met {len(hurt)} "
        f"different ones ({missed} came after the last):\n",
        file=file,
    )
    print(", ".join(f"{name} ({count})" for name, count in hurt.most_common()), file=file)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--parallel", type=int, default=1, help="Lanes of each run.")
    parser.add_argument("--report", type=Path, help="The document whose section is written.")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="autoexp-faults-"))
    campaign = Campaign(home, given.seed, given.parallel)
    began = time.monotonic()
    lanes = given.parallel > 1
    points = plan(given.points, given.seed, kills_alone=lanes)
    share = min(1.0, given.points / 1000)
    with ThreadPoolExecutor(given.workers) as pool:
        jobs = [
            pool.submit(campaign.work, points[worker :: given.workers])
            for worker in range(given.workers)
        ]
        if not lanes:
            jobs.append(pool.submit(campaign.on_a_small_disk, max(1, given.points // 40)))
            jobs.append(pool.submit(campaign.escapes, max(1, round(20 * share))))
            jobs.append(pool.submit(campaign.floods, share))
        for job in jobs:
            job.result()
    seconds = time.monotonic() - began
    report(campaign, seconds, sys.stdout)
    if given.report:
        text = io.StringIO()
        report(campaign, seconds, text)
        put(given.report, "faults of lanes" if lanes else "faults", text.getvalue())
    broken = sum(len(tally.broken) for tally in campaign.tallies.values())
    print(f"what broke is in {home}" if broken else "no promise was broken")
    if not broken:
        shutil.rmtree(home, ignore_errors=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
