"""A forged figure beside the true one, however that is damaged, is never read as the figure."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from support.real_rig import RealRig

from autoexp_tui.evaluation.leavings import MetricFiles
from autoexp_tui.evaluation.metrics import MetricReader, MetricReading
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.testing.evaluators import CONTRACT

LOSS = Metric("loss", "lower")
LAST = Metric("loss", "lower", take="last")
PATTERN = Metric("loss", "lower", pattern=r"^final (\S+)$")
PATH = Metric("loss", "lower", json="result.loss")
TESTS = Metric("passed", "higher", source="pytest")
FORMS = {
    LOSS: "loss: {}\n",
    LAST: "loss: {}\n",
    PATTERN: "final {}\n",
    PATH: '{{"result": {{"loss": {}}}}}\n',
    TESTS: "== {} passed in 0.1s ==\n",
}
TRUE, FORGED = 10, 1
GLUE = [
    *(b"x", b"best_", b"train/", b"a.", b"-", b"9", b"x" * 70_000, b"x" * 65_530, b"\xff"),
    *(b"\xe2\x85\xbc", b"e\xcc\x81", b"note: ", b"a=", b'"', b"{", b"[", b'{"x"', b"#"),
    *(b"\x1b[", b"\x1b]0;", b"\x1bP", b"\x9b", b"\xc2\x9b", b"\x1b(", b"\x1b[8", b"METRIC", b"= "),
    *(b"1 ", b"x" * 200_000 + b"\r", b"\x1b[8m", b"\x1b[2K\x1b[1A", b"\b", b"\0", b"\r"),
    *(b"\xe2\x80\x8b", b"\xe2\x80\xa8", b"\x0b", b"\x0c", b"\x1c", b"\x85", b'{"metric": "x"'),
    *(b"\xe2\x80", b"loss:", b"//", b" ", b"\t"),
]  # fmt: skip
"""What a target may print last, so that it stands before what the harness prints."""


def read(
    output: bytes, metric: Metric, usual: dict[str, tuple[str, ...]] | None, late: bytes = b""
) -> MetricReading:
    reader = MetricReader([metric], {}, usual)
    for start in range(0, len(output), 50_000):
        reader.feed(output[start : start + 50_000])
    if late:
        reader.ended()
        reader.feed(late)
    return reader.finish()


def honest(metric: Metric, *before: bytes) -> tuple[MetricReading, bytes]:
    line = FORMS[metric].format(TRUE).encode()
    return read(b"".join(before) + line, metric, None), line


@pytest.mark.parametrize("glue", GLUE, ids=lambda glue: repr(glue[:12]))
@pytest.mark.parametrize("metric", FORMS, ids=lambda metric: str(FORMS[metric].strip()))
def test_what_is_glued_to_the_true_line_makes_no_win(metric: Metric, glue: bytes) -> None:
    known, line = honest(metric, b"epoch 1 starts\n")
    assert known.metrics == {metric.name: TRUE}
    forged = FORMS[metric].format(FORGED).encode()
    reading = read(forged + glue + line, metric, known.forms)
    assert reading.metrics.get(metric.name, TRUE) == TRUE
    assert reading.failure.isprintable()
    alone = read(glue + line, metric, known.forms)
    assert alone.metrics.get(metric.name, TRUE) == TRUE


@pytest.mark.parametrize(
    "output",
    [
        b"loss: 1\nloss:\nnote 10\n",
        b'loss: 1\n{"metric": "loss", "value": 10\n',
        b'loss: 1\nx{"metric": "loss", "value": 10}\n',
        b"loss: 10\rloss: 1\n",
        b"loss: 10\r\rdone\rloss: 1\n",
        b"loss: 1",
        b"loss: 1\nx_loss: 1\nx_loss: 10\n",
        b"loss: 1\n" + b"".join(b"%s_loss: 1\n" % (b"n" * n) for n in range(40)) + b"x_loss: 10\n",
        b"loss: 1\nx" + b"y" * 66_000 + b'{"metric": "loss", "value": 10}\n',
    ],
)  # fmt: skip
def test_what_the_baseline_never_did_is_refused(output: bytes) -> None:
    known, _ = honest(LOSS)
    assert read(output, LOSS, known.forms).metrics == {}


@pytest.mark.parametrize(
    "usual",
    [
        b"train_loss: 0.5\n",
        b"epoch 3 train/loss=0.5\n",
        b"fold1_loss: 3\n",
        b"loss: 10\rloss: 9\rloss: 10\n",
        b"loss:\n",
        b'{"metric": "loss", "broken\n',
    ],
)
def test_what_the_baseline_did_too_does_no_harm(usual: bytes) -> None:
    known, line = honest(LOSS, usual)
    again = usual.replace(b"fold1", b"fold2").replace(b"0.5", b"0.25").replace(b"9", b"8")
    assert read(again + line, LOSS, known.forms).metrics == {"loss": TRUE}


def test_a_baseline_without_a_last_newline_is_met_without_one() -> None:
    known = read(b"loss: 10", LOSS, None)
    assert read(b"loss: 10", LOSS, known.forms).metrics == {"loss": TRUE}


def test_a_crash_shows_both_lines_and_tells_no_candidate_how_to_be_believed() -> None:
    output = b"loss: 1\nINFO\nloss = 10\n"
    assert read(output, LOSS, {}).failure == (
        "loss was printed 2 times with different values: first 'loss: 1', then 'loss = 10'; "
        "the baseline printed one"
    )
    assert read(output, LOSS, None).failure.endswith("set take: last if the last counts")
    for other in (output, b"loss: 1\nbest loss: 10\n"):
        assert "take" not in read(other, LOSS, {}).failure


@pytest.mark.parametrize("late", [b"loss: 1\n", b"\rloss: 1\n", b"e-9\n"])
@pytest.mark.parametrize("metric", [LOSS, LAST])
def test_what_comes_after_the_end_changes_nothing(metric: Metric, late: bytes) -> None:
    known = read(b"loss: 10", metric, None)
    reading = read(b"loss: 10" + (b"" if late[:1] in b"\re" else b"\n"), metric, known.forms, late)
    assert reading.metrics == {}
    assert read(b"loss: 1", metric, known.forms, b"0\n").metrics == {}


def test_a_slow_tee_may_bring_the_figure_after_the_end() -> None:
    for before, late in (
        (b"", b"loss: 10\n"),
        (b"lo", b"ss: 10\n"),
        (b"loss: 10\n", b"loss: 10\n"),
    ):
        assert read(before, LAST, {}, late).metrics == {"loss": TRUE}


def test_documents_know_the_end_and_other_places_too() -> None:
    last = Metric("loss", "lower", json="result.loss", take="last")
    true, forged = (FORMS[PATH].format(value).encode() for value in (TRUE, FORGED))
    assert read(true, last, {}, forged).metrics == {}
    assert read(true, last, {}, b"bye\n").metrics == {"loss": TRUE}
    assert "0.result.loss" in read(forged + b"[\n" + true + b"]\n", PATH, {}).failure
    deep = json.dumps({"result": {"loss": 10}, "epochs": [{"loss": 3}, {"loss": 2}]}) + "\n"
    known = read(deep.encode(), PATH, None)
    longer = deep.replace("[{", '[{"loss": 4}, {').encode()
    assert read(longer, PATH, known.forms).metrics == {"loss": TRUE}
    swamped = forged + b"{\n" * 20_000 + b"x" + true
    assert read(swamped, PATH, {}).metrics == {}


def contract(*metrics: Metric, **changes: object) -> Contract:
    return msgspec.structs.replace(CONTRACT, metrics=metrics, time_limit=20.0, **changes)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))


def two_runs(folder: Path, baseline: str, text: str, metric: Metric) -> tuple[Result, Result]:
    with RealRig(folder, [], contract(metric)).evaluator() as evaluator:
        first = evaluator.submit(Job(1, baseline, 20.0)).result()
        return first, evaluator.submit(Job(2, text, 20.0)).result()


@pytest.fixture
def after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A shell's words that wait until the runner knows that the harness has ended."""
    original, sign = MetricFiles.ended, tmp_path / "it has ended"

    def ended(files: MetricFiles) -> None:
        original(files)
        sign.touch()

    monkeypatch.setattr(MetricFiles, "ended", ended)
    return f"trap '' TERM; while [ ! -e '{sign}' ]; do :; done"


def test_a_late_daemons_line_is_a_crash(tmp_path: Path, after: str) -> None:
    cheat = f"echo loss: 10; ( {after}; echo loss: 1 ) & exit 0"
    first, late = two_runs(tmp_path, "echo loss: 10", cheat, LAST)
    assert first.metrics == {"loss": 10.0}
    assert late.metrics.get("loss", TRUE) == TRUE  # it may be killed before it can print
    assert not late.failure or "became 1 after it" in late.failure


def test_a_late_daemons_file_is_a_crash(tmp_path: Path, after: str) -> None:
    told = Metric("loss", "lower", file="$AUTOEXP_METRICS")
    true = 'echo loss: 10 > "$AUTOEXP_METRICS"'
    cheat = f"{true}; ( {after}; {true.replace('10', '1')} ) & exit 0"
    first, late = two_runs(tmp_path, true, cheat, told)
    assert first.metrics == {"loss": 10.0}
    assert late.metrics.get("loss", TRUE) == TRUE
    assert not late.failure or "after the harness had ended" in late.failure


def test_the_forms_of_the_baseline_reach_the_journal_and_a_resumed_run(tmp_path: Path) -> None:
    words = "echo train_loss: 3; echo loss: "
    cheat = "echo loss: 1; printf x; echo loss: 8"
    few = contract(LOSS, budget=msgspec.structs.replace(CONTRACT.budget, max_experiments=3))
    rig = RealRig(tmp_path, [f"{words}9", cheat], few, f"{words}10")
    rig.run()
    assert rig.state.forms == {"loss": ("train_",)}
    assert [row.status for row in rig.state.rows][1:] == ["keep", "crash"]
