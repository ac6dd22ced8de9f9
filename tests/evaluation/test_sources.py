"""Metrics out of documents, files, test reports, and what a second command says."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from support.real_rig import RealRig

from autoexp_tui.evaluation.metrics import MetricReader, MetricReading
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.testing.evaluators import CONTRACT

NDCG = Metric("ndcg", "higher", json="result.ndcg@10")
FILE = Metric("loss", "lower", file="results.json")
TOLD = Metric("loss", "lower", file="$AUTOEXP_METRICS")
PASSED = Metric("passed", "higher", source="pytest")
JUNIT = Metric("failed", "lower", source="junit", file="report.xml")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))


def read(output: str, metric: Metric) -> MetricReading:
    reader = MetricReader([metric])
    for start in range(0, len(output), 7):
        reader.feed(output[start : start + 7].encode())
    return reader.finish()


def contract(*metrics: Metric, **changes: object) -> Contract:
    return msgspec.structs.replace(CONTRACT, metrics=metrics, time_limit=20.0, **changes)


def evaluated(folder: Path, text: str, with_contract: Contract, times: int = 1) -> Result:
    """The last of several runs of a target, a shell script, by the real evaluator."""
    with RealRig(folder, [], with_contract).evaluator() as evaluator:
        for _ in range(times):
            result = evaluator.submit(Job(1, text, 20.0)).result()
    return result


@pytest.mark.parametrize("indent", [None, 2])
def test_a_path_is_followed_in_a_document_among_other_output(indent: int | None) -> None:
    document = json.dumps({"n": [1, 2], "result": {"ndcg@10": 0.587, "ndcg": 1}}, indent=indent)
    for text in (document, f"loading …\n{document}\ndone {{\n", f"[\n{document}\n"):
        assert read(text, NDCG).metrics == {"ndcg": 0.587}
    assert read(document, Metric("n", "lower", json="n.1")).metrics == {"n": 2.0}
    dotted = '{"a.b": {"c": 3}}'
    assert read(dotted, Metric("c", "lower", json="a.b.c")).metrics == {"c": 3.0}


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ('{"result": {}}', "no JSON document has result.ndcg@10"),
        ('{"result": {"ndcg@10": "0.5"}}', "is no number at result.ndcg@10"),
        ('{"result": {"ndcg@10": true}}', "is no number"),
        ('{"result": {"ndcg@10": NaN}}', "not a finite number"),
        ('{"result": {"ndcg@10": 1, "ndcg@10": 2}}', "a key stands twice"),
        ('{"result": {"ndcg@10": 1}}\n{"result": {"ndcg@10": 2}}', "different values (1, 2)"),
        ('{"result": {"ndcg@10": 1}} and more', "no JSON document"),
        ('{"result": {"ndcg@10": 1}', "no JSON document"),
        ("[" * 100_000, "no JSON document"),
        ("[1,\n" * 20_000, "too many lines begin like documents"),
        ("[INFO] x\n" * 5_000, "no JSON document"),
    ],
)
def test_a_path_that_leads_to_no_one_number_is_refused(output: str, words: str) -> None:
    reading = read(output, NDCG)
    assert reading.metrics == {}
    assert words in reading.failure


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("7 passed, 2 failed in 1.2s", {"passed": 7, "failed": 2, "errors": 0, "tests": 9}),
        ("===== 2 failed, 7 passed, 1 warning in 65.20s (0:01:05) =====", {"passed": 7}),
        ("\x1b[31m1 failed\x1b[0m, \x1b[32m3 passed\x1b[0m, 1 error in 0.1s", {"errors": 1}),
        ("no tests ran in 0.01s", {"passed": 0, "tests": 0}),
    ],
)
def test_the_last_line_of_pytest_is_read(line: str, counts: dict[str, float]) -> None:
    for name, count in counts.items():
        metric = Metric(name, "higher", source="pytest")
        assert read(f"....F\n{line}\n", metric).metrics == {name: count}


def test_what_is_no_summary_is_none() -> None:
    assert "no summary of pytest" in read("passed: 7\n7 passed\n", PASSED).failure
    assert "different" in read("7 passed in 1s\n8 passed in 1s\n", PASSED).failure
    odd = Metric("loss", "lower", source="pytest")
    assert "name it one of" in read("7 passed in 1s\n", odd).failure


def test_exit_code_1_is_a_result_only_for_a_summary_that_was_asked_for(tmp_path: Path) -> None:
    text = "echo '7 passed, 2 failed in 1.2s'; echo passed: 7; exit "
    good = evaluated(tmp_path / "a", f"{text}1", contract(PASSED))
    assert (good.metrics, good.failure) == ({"passed": 7.0}, "")
    assert evaluated(tmp_path / "b", f"{text}2", contract(PASSED)).failure.startswith("exit 2")
    plain = contract(Metric("passed", "higher"))
    assert evaluated(tmp_path / "c", f"{text}1", plain).failure.startswith("exit 1")
    assert evaluated(tmp_path / "d", "exit 1", contract(PASSED)).failure.startswith("exit 1")


def test_a_junit_report_is_counted(tmp_path: Path) -> None:
    report = (
        "<testsuites><testsuite><testcase/><testcase><failure>x</failure></testcase>"
        "<testcase><skipped/></testcase></testsuite></testsuites>"
    )
    text = f"echo '{report}' > report.xml; exit 1"
    assert evaluated(tmp_path / "a", text, contract(JUNIT)).metrics == {"failed": 1.0}
    bomb = "echo '<!DOCTYPE x [<!ENTITY a \"b\">]><testsuite/>' > report.xml"
    assert "declares entities" in evaluated(tmp_path / "b", bomb, contract(JUNIT)).failure


@pytest.mark.parametrize(
    "content", ["loss: 0.5", '{"loss": 0.5}', '{\n  "loss": 0.5,\n  "more": [1]\n}']
)
@pytest.mark.parametrize("metric", [FILE, TOLD])
def test_a_file_is_read_and_what_is_printed_is_not(
    tmp_path: Path, content: str, metric: Metric
) -> None:
    name = "results.json" if metric is FILE else '"$AUTOEXP_METRICS"'
    text = f"echo loss: 0; printf '%s' '{content}' > {name}"
    result = evaluated(tmp_path, text, contract(metric))
    assert (result.metrics, result.failure) == ({"loss": 0.5}, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo loss: 0.5", "did not write it"),
        ("ln -s /etc/hostname results.json", "link"),
        ("mkfifo results.json", "no regular file"),
        ("mkdir results.json", "directory"),
        ("echo 'loss: 1' > results.json; echo 'loss: 2' >> results.json", "different values"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, words: str) -> None:
    result = evaluated(tmp_path, text, contract(FILE))
    assert result.metrics == {}
    assert result.extras == {}
    assert words.lower() in result.failure.lower()


def test_a_file_of_an_earlier_candidate_is_not_read_again(tmp_path: Path) -> None:
    kept = contract(FILE, keep=("results.json",))
    text = "[ -e results.json ] || echo 'loss: 0.5' > results.json"
    assert evaluated(tmp_path / "a", text, kept).metrics == {"loss": 0.5}
    assert "did not write it" in evaluated(tmp_path / "b", text, kept, times=2).failure


SCORED = contract(
    Metric("loss", "lower"),
    score="cat answers/loss; ls; [ ! -e json.py ] || echo shadowed",
    leaves=("answers",),
)


def test_a_second_command_judges_what_was_left_and_nothing_else(tmp_path: Path) -> None:
    text = (
        "mkdir answers; echo loss: 0.5 > answers/loss; echo loss: 0.1\n"
        'echo loss: 0.2 > "$AUTOEXP_METRICS"; touch json.py\n'
    )
    result = evaluated(tmp_path, text, SCORED, times=2)
    assert (result.metrics, result.failure) == ({"loss": 0.5}, "")
    assert "json.py" not in result.tail
    assert "shadowed" not in result.tail


def test_what_is_hidden_is_there_for_the_second_command_alone(tmp_path: Path) -> None:
    hiding = msgspec.structs.replace(
        SCORED, hidden=("protected.sh",), score="cat protected.sh >&2 && cat answers/loss"
    )
    text = "mkdir answers; test -e protected.sh; echo loss: 0.$? > answers/loss\n"
    with RealRig(tmp_path, [], hiding).evaluator() as evaluator:
        for _ in range(2):
            result = evaluator.submit(Job(1, text, 20.0)).result()
            assert (result.metrics, result.failure) == ({"loss": 0.1}, "")
            assert not (evaluator.workspace.project_dir / "protected.sh").exists()
        checkout = evaluator.workspace.checkout
        assert checkout / "protected.sh" in list(evaluator.workspace.concealed())
        text = f"mkdir answers; echo loss: 0.$(wc -l < {checkout}/protected.sh) > answers/loss\n"
        if evaluator.sandbox.name == "bubblewrap":
            assert evaluator.submit(Job(2, text, 20.0)).result().metrics != {"loss": 0.1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo loss: 0.1", "nothing to score"),
        ("ln -s /etc answers", "leads out of the project"),
        ("mkdir answers; ln -s /etc/hostname answers/loss", "no regular file"),
        ("mkdir answers; echo loss: 0 > answers/loss; exit 3", "exit 3"),
        ("mkdir answers; echo loss: 0 > answers/loss; echo : > protected.sh", "tampered"),
        ("mkdir answers; echo 0 > answers/loss", "not printed"),
    ],
)
def test_without_something_to_score_there_is_no_figure(
    tmp_path: Path, text: str, words: str
) -> None:
    result = evaluated(tmp_path, text, msgspec.structs.replace(SCORED, sandbox="none"))
    assert result.metrics == {}
    assert words in result.failure


def test_the_second_command_begins_when_all_processes_of_the_first_have_gone(
    tmp_path: Path,
) -> None:
    text = (
        "mkdir answers; echo loss: 0.5 > answers/loss; mkfifo here\n"
        "(setsid sh -c 'exec 9<>here; touch answers/up; read x <&9; echo loss: 0 > answers/loss' &)"
        " >/dev/null 2>&1\nuntil [ -e answers/up ]; do :; done\n"
    )
    asking = msgspec.structs.replace(SCORED, score="cat answers/loss; ls -a")
    result = evaluated(tmp_path, text, asking)
    assert result.metrics == {"loss": 0.5}
    assert "here" not in result.tail


def test_both_commands_share_one_time_limit(tmp_path: Path) -> None:
    text = "mkdir answers; echo loss: 0.5 > answers/loss; sleep 0.7"
    slow = msgspec.structs.replace(SCORED, score="cat answers/loss; sleep 30")
    with RealRig(tmp_path, [], slow).evaluator() as evaluator:
        result = evaluator.submit(Job(1, text, 1.5)).result()
    assert result.cut_short
    assert result.metrics == {}
    assert result.seconds < 10
