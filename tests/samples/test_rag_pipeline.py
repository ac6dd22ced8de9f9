"""The retrieval sample: known items found again, K in the harness, and no setting that cheats."""

from __future__ import annotations

import json
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
NAMES = (
    "retrieval_precision|precision_low|precision_high|held_out_precision|reciprocal_rank"
    "|recall_at_10|search_seconds"
)
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
    ignored = shutil.ignore_patterns(".venv", "__pycache__", "corpus", "encodings")
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


def python(project: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-Bc", code],
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
    assert len(found) == len(dict(found)) == 7
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
    for before, after in (("MOST = 700", "MOST = 160"), ("QUERIES = 240", "QUERIES = 40")):
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def test_without_the_manuals_docstrings_do_and_the_harness_says_so(project: Path) -> None:
    run = evaluate(project)
    found = metrics(run)
    first = run.stdout.partition("\n")[0]
    assert re.fullmatch(
        r"700 documents, 240 and 240 queries: docstrings of Python 3\.\S+, as the manuals are not"
        r" there: ./setup",
        first,
    )
    assert found["precision_low"] < found["retrieval_precision"] < found["precision_high"]
    assert found["precision_high"] - found["precision_low"] == pytest.approx(0.12, abs=0.02)


def manuals(folder: Path) -> Path:
    """Two manuals as the packages have them, small."""
    pod, faq = folder / "usr" / "pod", folder / "usr" / "_sources" / "faq"
    pod.mkdir(parents=True)
    faq.mkdir(parents=True)
    words = "B<plain> words C<that> say little about anything, but are many enough to be kept here."
    (pod / "perlfaq1.pod").write_text(
        "=head1 General\n\nIntro.\n\n=head2 Why is C<int()> broken?\n\n"
        f"Your F<int> works. {words}\n\n"
        f"=head2 What is it?\n\nToo short.\n"
    )
    (pod / "perlop.pod").write_text(f"=head1 Operators\n\nOperators bind. {words}\n")
    (faq / "design.rst.txt").write_text(
        "====\nFAQ\n====\n\nWhy does Python use indentation?\n------------------------------\n\n"
        f"Guido believes that ``indentation`` and :ref:`blocks <blocks>` agree. {words}\n"
    )
    return folder


def test_a_question_finds_its_answer_in_the_manuals(project: Path, tmp_path: Path) -> None:
    (project / "corpus").mkdir()
    path = project / "corpus.py"
    path.write_text(path.read_text().replace("QUERIES = 240", "QUERIES = 2"))
    folder = manuals(tmp_path / "packages")
    kept = subprocess.run(
        [sys.executable, "-B", "corpus.py", folder],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert kept.stdout == "2 questions among 3 documents\n", kept.stderr
    rows = json.loads((project / "corpus" / "manuals.json").read_text())
    by_query = {query: (name, body) for name, body, query in rows}
    assert by_query["Why is int() broken?"][0] == "perlfaq1"
    assert by_query["Why is int() broken?"][1].startswith("Your int works. plain words that say")
    assert by_query["Why does Python use indentation?"][1].startswith(
        "Guido believes that indentation and blocks agree."
    )
    run = evaluate(project)
    assert run.stdout.startswith("3 documents, 1 and 1 queries: questions on Perl and Python\n")
    assert metrics(run)["retrieval_precision"] == 1


LIKENESS = """
import retrieval
from pathlib import Path
text = Path("config.yaml").read_text()
bodies = ["red apple", "green pear tree", "blue plum", "red plum far from any apple"]
names = ["x"] * 4
def search(query, likeness=None, **changes):
    how = retrieval.settings(text)
    how = retrieval.Settings(**{**vars(how), **changes})
    return retrieval.Index(names, bodies, how, likeness).search(query, 4)
"""


def test_the_model_joins_bm25_by_its_weight_part_and_rank(project: Path) -> None:
    code = LIKENESS + (
        "like = lambda query: [[0.1, 0.9], [0.5, 0.4], [0.2, 0.2], [0.3, 0.3]]\n"
        "print(search('pear', like), search('pear', like, dense_weight=1.0),\n"
        "    search('pear', like, dense_weight=1.0, dense_parts='best'),\n"
        "    search('blue', like, dense_weight=0.3)[0],\n"
        "    search('blue', like, dense_weight=0.9)[0],\n"
        "    search('blue', like, dense_weight=0.9, fusion='ranks')[0],\n"
        "    search('blue', like, dense_weight=0.9, fusion='ranks', rank_offset=1)[0],\n"
        "    search('blue', None, dense_weight=0.9))"
    )
    run = python(project, code)
    assert run.stdout == "[1] [1, 3, 2, 0] [0, 1, 3, 2] 2 1 2 1 [2]\n", run.stderr


def test_reranking_prefers_what_stands_together(project: Path) -> None:
    code = LIKENESS + (
        "bodies[0] = 'red ' + 'x ' * 30 + 'plum'\n"
        "plain = search('red plum', b=0.0)\n"
        "how = {'rerank_documents': 4, 'rerank_weight': 1.0, 'rerank_window': 10}\n"
        "near = search('red plum', b=0.0, **how)\n"
        "print(plain[:2], near[:2])"
    )
    run = python(project, code)
    assert run.stdout == "[0, 3] [3, 0]\n", run.stderr


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
        ({"fusion": "product"}, "fusion: 'product' is none of sum, ranks"),
        ({"dense_weight": "1.5"}, "dense_weight: 1.5 is not a number from 0.0 to 1.0"),
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
    assert_no_measurement(evaluate(project), "has 0 usable docstrings, not 240")


def test_the_tuner_finds_every_setting() -> None:
    names = [slot.name for slot in find(read("config.yaml"), "config.yaml")]
    assert names == re.findall(r"^(\w+):", read("config.yaml"), re.MULTILINE)
    assert len(names) == 20


def test_a_few_experiments_measure_and_leave_a_well_formed_table(tmp_path: Path) -> None:
    autoexp("new", "rag_pipeline", tmp_path / "project", cwd=tmp_path)
    shrink(tmp_path / "project")
    (tmp_path / "project" / "corpus").mkdir()
    command = "run", "--plain", "--include-dirty", "--max-experiments", "3"
    autoexp(*command, cwd=tmp_path / "project")
    header, *rows = (tmp_path / "project" / "results.tsv").read_text().splitlines()
    assert header.split("\t") == ["commit", "retrieval_precision", "status", "description"]
    assert len(rows) == 3
    assert rows[0].endswith("\tkeep\tbaseline")
    assert all(row.split("\t")[-2] in {"keep", "discard", "crash"} for row in rows)
    assert sum(float(row.split("\t")[1]) > 0 for row in rows) > 1


def test_what_three_samples_share_is_the_same() -> None:
    other = SAMPLE.parent / "prompt_engineering" / "similarity.py"
    assert (SAMPLE / "similarity.py").read_bytes() == other.read_bytes()


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert (contract.target, contract.harness) == ("config.yaml", "python evaluate.py")
    assert contract.holdout is not None
    assert contract.holdout.metric == "held_out_precision"
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
