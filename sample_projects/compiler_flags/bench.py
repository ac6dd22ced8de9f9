"""The harness: builds `benchmark.c` with the flags of `flags.conf`, checks it and times it.

Every run stands beside one of a reference build, and the metric is the median of their ratios: a
machine that is busy or warm slows both. A build that computes something else is no measurement,
nor is a flag that would change the task: exit status 1, one line that says why, and no metric.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
SOURCE = HERE / "benchmark.c"
TARGET = HERE / "flags.conf"
COMPILER = os.environ.get("CC") or "gcc"

REFERENCE = ("-O2",)
REFERENCE_MS = 43.0  # of this build on the README's machine; the metric is in ms of that machine
ROUNDS = 15
SEED, HELD_OUT_SEED = 1, 2
HELD_OUT_ROUNDS = 5
TOLERANCE = 1e-6  # relative, for the two floating-point results: -ffast-math is welcome

# What optimises, and no path, macro, file or linker option.
ALLOWED = re.compile(r"-O([0-3sgz]|fast)?|-[fm][a-zA-Z0-9][\w+.,=-]*|--param=[\w-]+=\d+")
# Flags that read or write files, compile nothing, or change what the program prints.
REFUSED = re.compile(
    r"-f(plugin|profile|auto-profile|branch-prob|dump|syntax-only|save-|use-ld|diagnostics|opt-info"
    r"|stack-usage|callgraph|instrument|openmp|openacc|test-coverage|compare-debug|preprocessed"
    r"|directives|exec-charset|wide-exec|input-charset)"
)


class NoMeasurement(Exception):
    """Nothing that could be trusted was measured; the message says why, in one line."""


class Run(NamedTuple):
    """One run of a build: what it printed, and the CPU time that it took in ms."""

    values: dict[str, str]
    ms: float


def read_flags(text: str) -> list[str]:
    """The flags that are on: one a line, `# off` behind a line leaves it out."""
    flags = []
    for number, line in enumerate(text.splitlines(), 1):
        flag, _, comment = (part.strip() for part in line.partition("#"))
        if not flag or comment == "off":
            continue
        if not ALLOWED.fullmatch(flag) or REFUSED.match(flag):
            raise NoMeasurement(f"flags.conf line {number}: {flag} is not a flag that may be used")
        flags.append(flag)
    return flags


def build(flags: Sequence[str], program: Path) -> Path:
    """Compile and link `benchmark.c`. Raises NoMeasurement with the compiler's own words."""
    command = [COMPILER, *flags, str(SOURCE), "-o", str(program), "-lm"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode or not program.exists():
        words = made.stderr.strip().splitlines() or ["it said nothing"]
        reason = next((line for line in words if "error" in line), words[0])
        raise NoMeasurement(f"{COMPILER} did not build it: {reason[:200]}")
    return program


def run(program: Path, seed: int) -> Run:
    """Run a build once. CPU time, user and system: nothing in it waits, so it is the run time."""
    with subprocess.Popen([program, str(seed)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise NoMeasurement(f"the benchmark ended with {process.returncode}")
    values = dict(line.split(" ", 1) for line in printed.splitlines() if " " in line)
    return Run(values, 1e3 * (usage.ru_utime + usage.ru_stime))


def check(values: dict[str, str], expected: dict[str, str]) -> None:
    """Integers must be equal, what has a decimal point within the tolerance."""
    if values.keys() != expected.keys():
        raise NoMeasurement("these flags make the benchmark print other results")
    for name, value in values.items():
        correct = expected[name]
        same = value == correct
        if not same and "." in correct:
            same = math.isclose(float(value), float(correct), rel_tol=TOLERANCE)
        if not same:
            raise NoMeasurement(f"these flags break the program: {name} {value}, not {correct}")


def compare(candidate: Path, reference: Path, seed: int, rounds: int) -> tuple[list[float], float]:
    """The ratios of the two builds' times, round by round, and the candidate's least ms."""
    ratios, least = [], math.inf
    for i in range(rounds):
        order = (reference, candidate) if i % 2 else (candidate, reference)
        runs = {program: run(program, seed) for program in order}
        check(runs[candidate].values, runs[reference].values)
        ratios.append(runs[candidate].ms / runs[reference].ms)
        least = min(least, runs[candidate].ms)
    return ratios, least


def count_instructions(program: Path, folder: Path) -> int:
    """Instructions of one run under callgrind: exact, and slow."""
    if not shutil.which("valgrind"):
        raise NoMeasurement("there is no valgrind: apt-get install valgrind, or leave --count out")
    out = folder / "callgrind.out"
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    command = [*valgrind, str(program), str(SEED)]
    counted = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", counted.stderr)
    if counted.returncode or not found:
        raise NoMeasurement("valgrind could not run it: leave -march=native out")
    return int(found[1])


def main(arguments: Sequence[str]) -> None:
    if shutil.which(COMPILER) is None:
        raise NoMeasurement(f"there is no {COMPILER}: run ./setup, or name another one in CC")
    flags = read_flags(TARGET.read_text(encoding="utf-8"))
    print(f"{COMPILER} {' '.join(flags)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="flags-") as name:
        folder = Path(name)
        candidate, reference = build(flags, folder / "candidate"), build(REFERENCE, folder / "ref")
        if "--count" in arguments:
            check(run(candidate, SEED).values, run(reference, SEED).values)
            print(f"instructions: {count_instructions(candidate, folder)}")
            return
        ratios, least = compare(candidate, reference, SEED, ROUNDS)
        others, _ = compare(candidate, reference, HELD_OUT_SEED, HELD_OUT_ROUNDS)
        quarters = statistics.quantiles(ratios, n=4)
        print(f"runtime_ms: {REFERENCE_MS * statistics.median(ratios):.2f}")
        print(f"heldout_ms: {REFERENCE_MS * statistics.median(others):.2f}")
        print(f"raw_ms: {least:.2f}")
        print(f"spread_percent: {100 * (quarters[2] - quarters[0]) / quarters[1]:.1f}")
        print(f"binary_kb: {candidate.stat().st_size / 1024:.1f}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except NoMeasurement as error:
        sys.exit(f"bench.py: no measurement: {error}")
