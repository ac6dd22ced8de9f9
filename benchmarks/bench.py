"""Runs every benchmark of speed and size, one after another, and writes down what each has said.

    python benchmarks/bench.py --report docs/performance.md [--only wire ssh]

Each is a file of its own that can be run alone, and tells its figures beside a reference that it
measures in the same minutes. What can't run here says so in a line.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from sections import circumstances, put

FOLDER = Path(__file__).parent
BENCHMARKS: dict[str, list[str]] = {
    "experiments": ["--experiments", "150", "--sizes", "100"],
    "overhead": ["--files", "10,2000"],
    "proposals": ["--experiments", "0"],
    "wire": ["--seconds", "6"],
    "ssh": [],
    "attaching": ["--events", "100", "5000"],
    "large": ["--rows", "1000", "100000"],
    "stalled": [],
}
"""Its name → its arguments."""


def said(name: str, arguments: list[str]) -> str:
    """What a benchmark printed, and how it ended if not well."""
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [f"$ python benchmarks/{' '.join([f'{name}.py', *arguments])}", done.stdout.strip()]
    if done.returncode:
        lines.append(f"ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    for name in options.only:
        began = time.monotonic()
        text = said(name, BENCHMARKS[name])
        print(f"{text}\n({time.monotonic() - began:.0f} s)\n", flush=True)
        if options.report is not None:
            put(options.report, name, f"```\n{text}\n```\n\n{circumstances()}.")


if __name__ == "__main__":
    main()
