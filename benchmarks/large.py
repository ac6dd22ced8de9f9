"""How long a large table takes to its first screen and to a leap back, and its memory.

    python benchmarks/large.py [--rows 1000 10000 100000 1000000] [--json FILE]

Measured in a real terminal, from the start of the command until the newest row is shown. The
reference is a table of 100 rows: what starting the program costs by itself.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import psutil
from figures import Figures, add_argument
from terminals import Terminal

QUIET, MOST_S = 0.4, 120.0
"""Seconds without a byte after which a screen is whole, and that one may take."""
TRIES, MOST = 3, 300_000
"""So often up to so many rows; larger ones are opened once."""


def table(path: Path, rows: int) -> None:
    """A results table of eight columns that gets better now and then, ever more seldom."""
    noise = random.Random(rows)
    best = 2.0
    with path.open("w") as file:
        columns = "commit val_loss val_acc memory_gb lr seconds status description"
        file.write(columns.replace(" ", "\t") + "\n")
        for n in range(1, rows + 1):
            value = 0.2 + 0.8 * n**-0.3 * noise.lognormvariate(0.1, 0.2)
            word = "keep" if value < best else "discard"
            best = min(best, value)
            figures = f"{value:.6f}\t{1 - value / 3:.4f}\t{noise.uniform(3, 9):.2f}"
            chosen = f"{10 ** noise.uniform(-5, -2):.6f}\t{noise.uniform(50, 70):.1f}"
            file.write(f"{n:07x}\t{figures}\t{chosen}\t{word}\tidea number {n}\n")


def opening(path: Path, rows: int) -> tuple[float, float, float]:
    """Seconds to the newest row on the screen and for a leap back from there, and MiB of memory."""
    with Terminal([sys.executable, "-m", "autoexp_tui", "replay", str(path)]) as terminal:
        came = terminal.when(lambda: f"idea number {rows}" in terminal.text, QUIET, MOST_S)
        terminal.keep(QUIET)
        terminal.shown(lambda: True)
        begun = time.monotonic()
        terminal.press("{")
        left = terminal.when(lambda: f"idea number {rows - rows // 10}" in terminal.text, QUIET)
        memory = psutil.Process(terminal.process.pid).memory_info().rss / 2**20
    return came - terminal.begun, left - begun, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1000, 10_000, 100_000])
    add_argument(parser)
    options = parser.parse_args()
    told = Figures(options.json)
    with tempfile.TemporaryDirectory() as folder:
        figures = []
        for rows in [100, *options.rows]:
            path = Path(folder) / f"results-{rows}.tsv"
            table(path, rows)
            tries = [opening(path, rows) for _ in range(TRIES if rows <= MOST else 1)]
            figures.append((rows, *map(min, zip(*tries, strict=True)), path.stat().st_size / 2**20))
    reference = figures[0][1]
    for rows, seconds, leap, memory, size in figures:
        print(
            f"{rows:>7} rows ({size:5.1f} MiB)  {seconds:5.2f} s  {seconds / reference:5.2f} of "
            f"the reference  a tenth back {leap:5.3f} s  {memory:6.0f} MiB"
        )
    seconds_of = {rows: seconds for rows, seconds, *_ in figures}
    for rows, seconds, leap, memory, _ in figures:
        if rows in (100_000, 1_000_000):
            told.tell(f"{rows:,} rows", seconds, seconds_of.get(1000))
            told.tell(f"{rows:,} rows, memory", memory * 2**20 / 1e6)
        if rows == 100_000:
            told.tell("100,000 rows, leap", leap * 1000)


if __name__ == "__main__":
    main()
