"""The API sample: right answers only are timed, over real connections."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autoexp_tui import config
from autoexp_tui.proposers.tuner.slots import find, splice

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "api_optimisation"
METRIC = re.compile(
    r"^(p99_ratio|heldout_ratio|p99_latency|median_latency|spread_percent|startup_ms|memory_mb)"
    r": (\d+(?:\.\d+)?)$",
    re.MULTILINE,
)
SMALLER = """
import loadtest
loadtest.ITEMS, loadtest.REQUESTS, loadtest.SECONDS = 600, 24, 0
loadtest.ROUNDS = loadtest.HELD_OUT_ROUNDS = range(2, 3)
"""
MEASURE = SMALLER + (
    "try:\n    loadtest.main()\n"
    "except loadtest.NoMeasurement as error:\n    loadtest.sys.exit(f'none: {error}')"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__")
    return Path(shutil.copytree(SAMPLE, tmp_path / "api_optimisation", ignore=ignored))


def python(project: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-Bc", code],
        cwd=project,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def handler() -> str:
    return (SAMPLE / "handler.py").read_text(encoding="utf-8")


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert run.returncode == 1
    assert METRIC.search(run.stdout) is None
    assert run.stderr.startswith("none: "), run.stderr
    assert run.stderr.count("\n") == 1
    assert reason in run.stderr


def test_the_baseline_prints_every_figure_once_and_changes_no_file(project: Path) -> None:
    before = sorted(project.rglob("*"))
    run = python(project, MEASURE)
    assert run.returncode == 0, run.stderr
    found = METRIC.findall(run.stdout)
    assert [name for name, _ in found] == METRIC.pattern[2 : METRIC.pattern.index(")")].split("|")
    assert float(dict(found)["p99_ratio"]) > 0
    assert float(dict(found)["p99_latency"]) > 0
    assert run.stdout.startswith("2 rounds of 24 requests over 4 connections")
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('item["cents"] = json.loads(body)["cents"]', "json.loads(body)", "wrong answer to /items"),
        ('{"total": len(found)', '{"total": 0', "wrong answer to /"),
        ("json.dumps(answer, indent=INDENT).encode()", 'b"{"', "wrong answer to /"),
        ("start = PAGE * ", "start = 1 / 0 * ", "answered with 500: ZeroDivisionError"),
        ("\nINDENT = ", "\nraise SystemExit('not today')\nINDENT = ", "did not start: not today"),
        ("\nclass Handler:", "\nclass Other:", "has no attribute 'Handler'"),
        ("        self._cache.clear()\n", "        import os; os._exit(1)\n", "did not answer"),
    ],
)
def test_wrong_or_missing_answers_are_no_measurement(
    project: Path, old: str, new: str, reason: str
) -> None:
    assert old in handler()
    (project / "handler.py").write_text(handler().replace(old, new))
    assert_no_measurement(python(project, MEASURE), reason)


def test_an_answer_kept_over_an_update_is_wrong(project: Path) -> None:
    text = handler().replace("        self._cache.clear()\n", "")
    (project / "handler.py").write_text(
        text.replace("CACHED_ANSWERS = 16", "CACHED_ANSWERS = 4096")
    )
    code = MEASURE.replace("ITEMS, ", "UPDATES, loadtest.ITEMS, ").replace("= 600", "= 40, 40")
    assert_no_measurement(python(project, code), "wrong answer to /")


def test_every_setting_of_the_handler_gives_the_same_answers(project: Path) -> None:
    slots = find(handler(), "handler.py")
    assert len([slot for slot in slots if slot.marked]) == 4
    for i, slot in enumerate(slots):
        if slot.marked:
            others = {"INDENT": "None", "CACHED_ANSWERS": "0", "SWITCH_S": "0.05"}
            text = splice(handler(), slots, {slot.name: others.get(slot.name, "100")})
            (project / f"one_{i}.py").write_text(text)
    (project / "one_all.py").write_text(
        splice(handler(), slots, {"INDENT": "None", "CACHED_ANSWERS": "4096"})
    )
    run = python(
        project,
        "import importlib, json, pathlib, random\n"
        "from catalogue import items, reads, updates\n"
        "from reference import Handler as Reference\n"
        "from urllib.parse import parse_qsl\n"
        "names = [path.stem for path in pathlib.Path().glob('one_*.py')]\n"
        "for name in names:\n"
        "    truth, draw = Reference(items(3, 500)), random.Random(4)\n"
        "    handler = importlib.import_module(name).Handler(items(3, 500))\n"
        "    for _ in range(3):\n"
        "        for path, body in updates(draw, 20, 500):\n"
        "            told, right = handler.put(path, body), truth.put(path, body)\n"
        "            assert json.loads(told) == json.loads(right), (name, path)\n"
        "        for path, _ in reads(draw, 80, 500):\n"
        "            path, _, query = path.partition('?')\n"
        "            asked = path, dict(parse_qsl(query))\n"
        "            told, right = handler.get(*asked), truth.answer(*asked)\n"
        "            assert json.loads(told) == right, (name, asked)\n"
        "print(len(names))",
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == 5


def test_a_server_ends_with_whoever_started_it(project: Path) -> None:
    code = SMALLER + (
        "import os\n"
        "with loadtest.serve('reference') as service:\n"
        "    print(service._process.pid, flush=True)\n"
        "    os._exit(0)"
    )
    run = python(project, code)  # returns once nothing holds its output: the server has ended
    assert run.returncode == 0, run.stderr
    assert int(run.stdout.split()[0]) > 0


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert [(m.name, m.direction) for m in contract.metrics] == [("p99_ratio", "lower")]
    assert contract.held_out is not None
    assert contract.instructions is not None
    for name in (
        contract.target,
        contract.instructions,
        contract.harness.removeprefix("python "),
        "setup",
        "README.md",
    ):
        assert (SAMPLE / name).is_file()
