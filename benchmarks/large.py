"""How long a large table takes to its first screen, and what it holds of memory.

    python benchmarks/large.py [--rows 1000 10000 100000]

Measured in a real terminal, from the start of the command until the newest row is shown. The
reference is a table of 100 rows: what starting the program costs by itself.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import pexpect


def table(path: Path, rows: int) -> None:
    """A results table that gets better now and then."""
    noise = random.Random(rows)
    best = 1.0
    with path.open("w") as file:
        file.write("commit\tval_loss\tstatus\tdescription\n")
        for n in range(1, rows + 1):
            value = best * (1 + noise.gauss(0.01, 0.02))
            word = "keep" if value < best or n == 1 else "discard"
            best = min(best, value)
            file.write(f"{n:07x}\t{value:.6f}\t{word}\tidea number {n}\n")


def opening(path: Path, rows: int) -> tuple[float, float]:
    """Seconds to the newest row on the screen, and MiB of memory then."""
    begun = time.monotonic()
    child = pexpect.spawn(
        sys.executable,
        ["-m", "autoexp_tui", "replay", str(path)],
        env={**os.environ, "TERM": "xterm-256color"},
        dimensions=(40, 120),
        encoding="utf-8",
        timeout=60,
    )
    child.expect_exact(f"idea number {rows}")
    took = time.monotonic() - begun
    status = Path(f"/proc/{child.pid}/status").read_text()
    memory = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    child.send("q")
    child.expect(pexpect.EOF)
    return took, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1000, 10_000, 100_000])
    with tempfile.TemporaryDirectory() as folder:
        figures = []
        for rows in [100, *parser.parse_args().rows]:
            path = Path(folder) / f"results-{rows}.tsv"
            table(path, rows)
            best = min(opening(path, rows) for _ in range(3))
            figures.append((rows, *best, path.stat().st_size / 2**20))
    reference = figures[0][1]
    for rows, seconds, memory, size in figures:
        print(
            f"{rows:>7} rows ({size:5.1f} MiB)  {seconds:5.2f} s  {seconds / reference:5.2f} of "
            f"the reference  {memory:6.0f} MiB"
        )


if __name__ == "__main__":
    main()
