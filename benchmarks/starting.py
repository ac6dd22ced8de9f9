"""How long commands take, beside what any program with Textual must load.

    python benchmarks/starting.py [--turns 9] [--json FILE]

All have their turn in each round; medians. A screen's first frame is in `frames.py`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from driven import Driven
from figures import Figures, add_argument

from autoexp_tui.loop.runlock import locked

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.gitrepos import make_repo

REFERENCE = "import textual"
AUTOEXP = [sys.executable, "-m", "autoexp_tui"]
COMMANDS: dict[str, Sequence[str]] = {
    REFERENCE: [sys.executable, "-c", "import textual"],
    "--help": [*AUTOEXP, "--help"],
    "ls": [*AUTOEXP, "ls"],
    "show 30": [*AUTOEXP, "show", "30"],
}


def run(command: Sequence[str], cwd: Path) -> tuple[float, float]:
    """Milliseconds, and those of processor time."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return took * 1000, (used.ru_utime + used.ru_stime) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=9)
    add_argument(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        project = make_repo(Path(name) / "project", {"t.py": "RATE = 1\n"})
        driven = Driven(project / ".git" / "autoexp")
        with locked(driven.run):
            rounds = [
                {what: run(command, project) for what, command in COMMANDS.items()}
                for _ in range(options.turns + 1)
            ][1:]  # the first one only warms up
    found = {
        what: [statistics.median(one[what][at] for one in rounds) for at in range(2)]
        for what in COMMANDS
    }
    base, spent = found[REFERENCE]
    for what, (wall, cpu) in found.items():
        used = f"CPU {cpu:6.0f} ms {cpu / spent:5.2f}×"
        print(f"{what:<16} {wall:6.0f} ms {wall / base:5.2f}×   {used}")
    Figures(options.json).tell("help", found["--help"][0], base)


if __name__ == "__main__":
    main()
