"""The retrieval sample: known items found again, K in the harness, and no setting that cheats."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.projects import autoexp

from autoexp_tui import config
from autoexp_tui.proposers.tuner.slots import find

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "rag_pipeline"
NAMES = "retrieval_precision|held_out_precision|reciprocal_rank|recall_at_10|search_seconds"
METRIC = re.compile(rf"^({NAMES}): (\d+\.\d+)$", re.MULTILINE)
SENSIBLE = {
    "stem": "suffixes",
    "split_identifiers": "true",
    "drop_common_words": "true",
    "k1": "1.2",
    "b": "0.75",
    "name_weight": "1.0",
    "passage_words": "600",
    "feedback_documents": "0",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__", "corpus")
    return Path(shutil.copytree(SAMPLE, tmp_path / "rag_pipeline", ignore=ignored))


def evaluate(project: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", *flags, "evaluate.py"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def metrics(run: subprocess.CompletedProcess[str]) -> dict[str, float]:
    """The run's figures; each may be there only once."""
    assert run.returncode == 0, run.stderr
    found = METRIC.findall(run.stdout)
    assert len(found) == len(dict(found)) == 5
    return {name: float(value) for name, value in found}


def set_values(project: Path, **values: str) -> None:
    path = project / "config.yaml"
    text = path.read_text()
    for name, value in values.items():
        text, count = re.subn(rf"^{name}: \S+", f"{name}: {value}", text, flags=re.MULTILINE)
        assert count == 1, name
    path.write_text(text)


def shrink(project: Path) -> None:
    """A corpus of a fifth, for the tests that need no figures of their own."""
    path = project / "corpus.py"
    text = path.read_text()
    for before, after in (("MOST = 800", "MOST = 160"), ("QUERIES = 200", "QUERIES = 40")):
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def test_the_baseline_prints_the_figures_of_the_readme(project: Path) -> None:
    run = evaluate(project)
    row = re.search(r"^\| baseline \| ([\d.]+) \| ([\d.]+) \|", read("README.md"), re.MULTILINE)
    assert row is not None
    found = metrics(run)
    # Another Python has other docstrings.
    assert found["retrieval_precision"] == pytest.approx(float(row[1]), abs=0.08)
    assert found["held_out_precision"] == pytest.approx(float(row[2]), abs=0.08)
    assert run.stdout.startswith("800 documents of Python 3.")


def test_sensible_settings_are_far_better_on_both_parts(project: Path) -> None:
    set_values(project, **SENSIBLE)
    found = metrics(evaluate(project))
    assert found["retrieval_precision"] > 0.4
    assert found["held_out_precision"] > 0.35
    assert found["retrieval_precision"] <= found["reciprocal_rank"] <= found["recall_at_10"]


def test_the_same_file_gives_the_same_figures_with_a_kept_corpus_too(project: Path) -> None:
    shrink(project)
    (project / "corpus").mkdir()
    first, second = metrics(evaluate(project)), metrics(evaluate(project))
    assert len(list((project / "corpus").glob("*.json"))) == 1
    del first["search_seconds"], second["search_seconds"]
    assert first == second


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"k1": "-1"}, "k1: -1 is not a number from 0.0 to 20.0"),
        ({"b": ".nan"}, "b: nan is not a number"),
        ({"b": "true"}, "b: True is not a number"),
        ({"passage_words": "20.5"}, "passage_words: 20.5 is not a whole number from 10 to 2000"),
        ({"stem": "porter"}, "stem: 'porter' is none of none, plural, suffixes"),
        ({"drop_common_words": "1"}, "drop_common_words: 1 is not true or false"),
        ({"stem": "[1"}, "it is not YAML"),
    ],
)
def test_a_setting_out_of_bounds_is_no_measurement(
    project: Path, values: dict[str, str], reason: str
) -> None:
    set_values(project, **values)
    assert_no_measurement(evaluate(project), reason)


def test_there_is_no_number_of_hits_to_set(project: Path) -> None:
    with (project / "config.yaml").open("a") as file:
        file.write("top_k: 10\n")
    assert_no_measurement(evaluate(project), "missing or unknown: top_k")


def test_without_yaml_there_is_one_clear_line(project: Path) -> None:
    run = evaluate(project, "-S")
    assert_no_measurement(run, "evaluate.py: no measurement: PyYAML is missing: ./setup")


def test_a_library_without_docstrings_is_no_measurement(project: Path) -> None:
    path = project / "corpus.py"
    path.write_text(path.read_text().replace('sysconfig.get_paths()["stdlib"]', '"."'))
    assert_no_measurement(evaluate(project), "has 0 usable docstrings, not 400")


def test_the_tuner_finds_every_setting() -> None:
    names = [slot.name for slot in find(read("config.yaml"), "config.yaml")]
    assert names == re.findall(r"^(\w+):", read("config.yaml"), re.MULTILINE)
    assert len(names) == 13


def test_a_few_experiments_measure_and_leave_a_well_formed_table(tmp_path: Path) -> None:
    autoexp("new", "rag_pipeline", tmp_path / "project", cwd=tmp_path)
    shrink(tmp_path / "project")
    (tmp_path / "project" / "corpus").mkdir()
    command = "run", "--plain", "--include-dirty", "--max-experiments", "4"
    autoexp(*command, cwd=tmp_path / "project")
    header, *rows = (tmp_path / "project" / "results.tsv").read_text().splitlines()
    assert header.split("\t") == ["commit", "retrieval_precision", "status", "description"]
    assert len(rows) == 4
    assert rows[0].endswith("\tkeep\tbaseline")
    assert all(row.split("\t")[-2] in {"keep", "discard", "crash"} for row in rows)
    assert sum(float(row.split("\t")[1]) > 0 for row in rows) > 1


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert (contract.target, contract.harness) == ("config.yaml", "python evaluate.py")
    assert contract.instructions is not None
    assert (SAMPLE / contract.instructions).is_file()
    assert [(m.name, m.direction) for m in contract.metrics] == [("retrieval_precision", "higher")]
    assert (SAMPLE / "setup").stat().st_mode & stat.S_IXUSR


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (run.returncode, METRIC.search(run.stdout)) == (1, None)
    assert reason in run.stderr
    assert run.stderr.count("\n") == 1


def read(name: str) -> str:
    return (SAMPLE / name).read_text(encoding="utf-8")
