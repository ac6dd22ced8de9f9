"""The compiler sample: it times what it has checked, and refuses flags that change the task."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autoexp_tui import config
from autoexp_tui.proposers.tuner.slots import find

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "compiler_flags"
METRIC = re.compile(
    r"^(runtime_ms|heldout_ms|raw_ms|spread_percent|binary_kb): (\d+\.\d+)$", re.MULTILINE
)
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__")
    return Path(shutil.copytree(SAMPLE, tmp_path / "compiler_flags", ignore=ignored))


def bench(project: Path, cc: str = "gcc", rounds: int = 0) -> subprocess.CompletedProcess[str]:
    """The harness; with `rounds` it measures that often only."""
    shorter = f"import bench; bench.ROUNDS = bench.HELD_OUT_ROUNDS = {rounds}; bench.main([])"
    return subprocess.run(
        [sys.executable, *(["-Bc", shorter] if rounds else ["bench.py"])],
        cwd=project,
        env={**os.environ, "CC": cc},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert run.returncode == 1
    assert METRIC.search(run.stdout) is None
    assert run.stderr.startswith("bench.py: no measurement: ")
    assert run.stderr.count("\n") == 1
    assert reason in run.stderr


def compiler(project: Path, script: str) -> str:
    """A compiler of our own: a shell script, called like gcc."""
    path = project / "cc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@needs_gcc
def test_the_baseline_prints_every_figure_once_and_changes_no_file(project: Path) -> None:
    before = sorted(project.rglob("*"))
    run = bench(project, rounds=2)
    assert run.returncode == 0, run.stderr
    found = METRIC.findall(run.stdout)
    assert [name for name, _ in found] == METRIC.pattern[2 : METRIC.pattern.index(")")].split("|")
    assert all(float(value) >= 0 for _, value in found)
    assert float(dict(found)["runtime_ms"]) > 0
    assert run.stdout.startswith("gcc -O2 ")
    assert sorted(project.rglob("*")) == before


def test_only_flags_that_are_on_reach_the_compiler(project: Path) -> None:
    (project / "flags.conf").write_text(
        "# a comment\n\n-O2  # -O1 | -O2\n-funroll-loops # off\n-fipa-pta # on\n-fgcse-sm\n"
    )
    run = bench(project, cc=compiler(project, 'echo "cc: error: got $*" >&2; exit 1'))
    assert run.stdout.splitlines()[0].endswith("cc -O2 -fipa-pta -fgcse-sm")
    assert_no_measurement(run, "got -O2 -fipa-pta -fgcse-sm ")


@pytest.mark.parametrize(
    "flag",
    [
        "-DTICKS=1",
        "-o/tmp/x",
        "-I.",
        "-include x.h",
        "-B.",
        "-specs=x",
        "-Wl,-s",
        "-O2 -O3",
        "@more",
        "other.c",
        "-fplugin=x.so",
        "-fprofile-use",
        "-fdump-tree-all",
        "-fsyntax-only",
        "-fexec-charset=UTF-16",
        "-O3; true",
    ],
)
def test_a_flag_that_would_change_the_task_is_refused_by_line(project: Path, flag: str) -> None:
    (project / "flags.conf").write_text(f"-O2\n{flag}\n")
    run = bench(project, cc=compiler(project, "exit 0"))
    assert_no_measurement(run, f"flags.conf line 2: {flag} is not a flag that may be used")


@needs_gcc
@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ("s/total \\* 31/total * 33/", "these flags break the program: picture"),
        ("s/1e-4/1.001e-4/", "these flags break the program: bodies"),
        ("s/return 0;/return 3;/", "the benchmark ended with 3"),
    ],
)
def test_a_build_that_computes_something_else_is_no_measurement(
    project: Path, edit: str, reason: str
) -> None:
    (project / "flags.conf").write_text("-O3\n")
    # Breaks what -O3 builds and leaves the reference alone, as a bug in an optimiser would.
    script = (
        f'case "$1" in -O3) sed -i.kept "{edit}" benchmark.c; esac\n'
        'gcc "$@"; status=$?\n'
        "[ -f benchmark.c.kept ] && mv benchmark.c.kept benchmark.c\n"
        "exit $status"
    )
    assert_no_measurement(bench(project, cc=compiler(project, script)), reason)


def test_the_file_that_may_change_does_not_hold_the_answer() -> None:
    text = (SAMPLE / "flags.conf").read_text() + (SAMPLE / "program.md").read_text()
    assert not re.search(r"-march|-ffast-math|-Ofast|-mavx|-mprefer", text)


@needs_gcc
def test_the_last_digits_of_fast_arithmetic_are_tolerated(project: Path) -> None:
    (project / "flags.conf").write_text("-Ofast\n-march=native\n")
    run = bench(project, rounds=2)
    assert run.returncode == 0, run.stderr
    assert "runtime_ms: " in run.stdout


def test_without_a_compiler_there_is_one_clear_line(project: Path) -> None:
    run = bench(project, cc="no-such-compiler")
    assert_no_measurement(run, "there is no no-such-compiler: run ./setup, or name another")


@needs_gcc
def test_a_flag_that_the_compiler_does_not_know_is_told_in_its_words(project: Path) -> None:
    (project / "flags.conf").write_text("-fno-such-thing\n")
    assert_no_measurement(bench(project), "-fno-such-thing")


def test_setup_says_what_is_missing(project: Path) -> None:
    environment = {**os.environ, "CC": "no-such-compiler"}
    run = subprocess.run(
        ["./setup"], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stdout.startswith("missing: no-such-compiler ")


def test_the_contract_is_complete_and_every_flag_can_be_moved() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert [(m.name, m.direction) for m in contract.metrics] == [("runtime_ms", "lower")]
    text = (SAMPLE / contract.target).read_text(encoding="utf-8")
    flags = [line for line in text.splitlines() if line.startswith("-")]
    assert len(find(text, contract.target)) == len(flags)
    assert contract.holdout is not None
    assert contract.holdout.metric == "heldout_ms"
    assert contract.instructions is not None
    for name in (contract.instructions, contract.harness.removeprefix("python "), "setup"):
        assert (SAMPLE / name).is_file()
