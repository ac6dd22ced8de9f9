"""How fast what a harness prints is drained: kept, and searched for its metric.

    python benchmarks/flood.py [--lines 4000000] [--mb 512] [--json FILE]

The harness is `cat` of a file, evaluated as any other: supervised, its output kept in bounds, every
line read for the metric, of which the last counts. Beside it, in turns, `cat FILE | cat > file`.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from autoexp_tui.evaluation.local import LocalEvaluator
from autoexp_tui.loop.ports import Job
from autoexp_tui.testing.evaluators import CONTRACT

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from figures import GOALS, Figures, add_argument
from support.real_rig import RealRig

ROUNDS = 3
_SLOWER = 10
"""So many times fewer lines where there is no goal."""
_BLOCK = 100_000
"""Lines that differ; a file repeats them."""
KINDS: dict[str, Callable[[int], str]] = {
    "plain": lambda n: f"epoch {n} of many goes well\n",
    "metric": lambda n: f"loss: {1 / (n + 1):.6f}\n",
    "metric behind a step": lambda n: f"step {n} loss: {1 / (n + 1):.6f}\n",
    "metric in JSON": lambda n: f'{{"step": {n}, "loss": {1 / (n + 1):.6f}}}\n',
}


def lines(path: Path, line: Callable[[int], str], count: int) -> None:
    """So many lines, and at their end the metric."""
    block = "".join(map(line, range(_BLOCK)))
    with path.open("w") as file:
        for _ in range(count // _BLOCK):
            file.write(block)
        file.writelines(islice(map(line, range(_BLOCK)), count % _BLOCK))
        file.write("loss: 1\n")


def one_line(path: Path, size: int) -> None:
    """So many bytes without an end of line, but for the last."""
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(b"x" * (1 << 20))
        file.write(b"\nloss: 1\n")


@contextlib.contextmanager
def evaluator(folder: Path) -> Iterator[LocalEvaluator]:
    """Of a project whose harness does what its target says; of several figures the last counts."""
    metric = msgspec.structs.replace(CONTRACT.metrics[0], take="last")
    contract = msgspec.structs.replace(CONTRACT, metrics=(metric,), sandbox="none")
    with RealRig(folder, [], contract).evaluator() as made:
        yield made


def drained(evaluator: LocalEvaluator, n: int, path: Path) -> float:
    """Seconds of an evaluation whose harness prints a file."""
    began = time.monotonic()
    result = evaluator.submit(Job(n=n, text=f"cat {path}\n", time_limit=600.0)).result()
    assert result.metrics == {"loss": 1.0}, result.failure
    return time.monotonic() - began


def copied(path: Path, out: Path) -> float:
    """Seconds of two `cat` and a pipe."""
    began = time.monotonic()
    subprocess.run(["sh", "-c", 'cat "$1" | cat > "$2"', "sh", path, out], check=True)
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=4_000_000)
    parser.add_argument("--mb", type=int, default=512, help="of the line that doesn't end")
    add_argument(parser)
    options = parser.parse_args()
    figures = Figures(options.json)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "printed"
        with evaluator(folder) as made:
            count = 1
            drained(made, count, _small(folder))
            for kind in [*KINDS, "one line"]:
                printed = options.lines
                if f"flood, {kind}" not in GOALS:
                    printed //= _SLOWER
                if kind in KINDS:
                    lines(path, KINDS[kind], printed)
                else:
                    one_line(path, options.mb << 20)
                ours, reference = [], []
                for _ in range(ROUNDS):
                    count += 1
                    ours.append(drained(made, count, path))
                    reference.append(copied(path, folder / "copy"))
                took, least = statistics.median(ours), statistics.median(reference)
                if kind in KINDS:
                    rates = [printed / each / 1e6 for each in (took, least)]
                    words = "{:6.2f} M lines/s   cat > file {:6.2f}".format(*rates)
                else:
                    rates = [took, least]
                    words = "{:6.2f} s           cat > file {:6.2f}".format(*rates)
                print(f"{kind:<24} {words}   {took / least:6.2f}× its time", flush=True)
                if f"flood, {kind}" in GOALS:
                    figures.tell(f"flood, {kind}", *rates)


def _small(folder: Path) -> Path:
    path = folder / "small"
    path.write_text("loss: 1\n")
    return path


if __name__ == "__main__":
    main()
