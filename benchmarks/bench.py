"""Runs every benchmark of speed and size, one after another, and writes down what each has said.

    python benchmarks/bench.py --report docs/performance.md [--only wire ssh]

Each is a file of its own that can be run alone, and tells its figures beside a reference that it
measures in the same minutes. What can't run here says so in a line. At the top of the report stands
one table of all figures and their goals (`figures.py`); of benchmarks that weren't run this time it
keeps what they told the last time, from `.bench/figures.jsonl`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from figures import missed, plot, read, table
from sections import circumstances, put

FOLDER = Path(__file__).parent
FIGURES = FOLDER.parent / ".bench" / "figures.jsonl"
BENCHMARKS: dict[str, list[str]] = {
    "starting": [],
    "frames": [],
    "large": ["--rows", "1000", "100000", "1000000"],
    "attaching": ["--events", "100", "5000"],
    "flood": ["--lines", "2000000", "--mb", "256"],
    "wire": ["--seconds", "4"],
    "ssh": [],
    "stalled": ["--rounds", "2"],
    "experiments": ["--experiments", "120", "--sizes", "100,300", "--agents", "500"],
    "overhead": ["--files", "10,2000", "--times", "8"],
    "peers": [],
    "proposals": ["--experiments", "5000"],
}
"""Its name → its arguments."""
WITHOUT_FIGURES = {"attaching", "overhead"}
"""Those whose figures are parts of others', or have no goal."""


def said(name: str, arguments: list[str]) -> str:
    """What a benchmark printed, and how it ended if not well."""
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    told = [] if name in WITHOUT_FIGURES else ["--json", str(FIGURES)]
    done = subprocess.run([*command, *told], capture_output=True, text=True, check=False)
    command_line = f"python benchmarks/{' '.join([f'{name}.py', *arguments])}"
    output = done.stdout.strip()
    # Tables of Markdown stand for themselves.
    lines = [f"`{command_line}`", "", output if "|--" in output else f"```\n{output}\n```"]
    if done.returncode:
        lines.append(f"ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    FIGURES.parent.mkdir(exist_ok=True)
    if options.only == list(BENCHMARKS):
        FIGURES.unlink(missing_ok=True)
    for name in options.only:
        began = time.monotonic()
        text = said(name, BENCHMARKS[name])
        print(f"{text}\n({time.monotonic() - began:.0f} s)\n", flush=True)
        if options.report is not None:
            put(options.report, name, f"{text}\n\n{circumstances()}.")
    found = read(FIGURES)
    print(table(found))
    print("missed:", ", ".join(missed(found)) or "none")
    if options.report is not None:
        shares = (
            f"Each as a part of what it may be, the line in the middle:\n\n```\n{plot(found)}\n```"
        )
        put(options.report, "goals", f"{table(found)}\n\n{shares}\n\n{circumstances()}.")


if __name__ == "__main__":
    main()
