"""The evidence of a run as each viewer tells it: one noisy run, folded from events."""

from __future__ import annotations

import msgspec
import pytest
from support.realistic_run import CONTRACT, folded, opening, recorded

from autoexp_tui.model import events
from autoexp_tui.model.evidence import Evidence
from autoexp_tui.model.measurement import Sample
from autoexp_tui.model.state import RunState
from autoexp_tui.plain import as_lines
from autoexp_tui.report.account import account_of
from autoexp_tui.report.markdown import as_markdown
from autoexp_tui.report.page import as_html
from autoexp_tui.summary.brief import brief
from autoexp_tui.summary.digest import digest_of
from autoexp_tui.text.safe import Safe
from autoexp_tui.ui import status

BASE = "0" * 40
KEPT = Evidence(0.031, 0.012, 0.05, 3, 2, 0.97, 0.01)
NEAR = Evidence(0.008, -0.02, 0.03, 2, 2, 0.97, 0.01)
NOW = status.Now(0.0, alive=True)


def measured(loss: float) -> dict[str, float]:
    return {"val_loss": loss, "latency_ms": 40.0}


def noisy() -> list[events.AnyEvent]:
    contract = msgspec.structs.replace(CONTRACT, confirm="auto", repeats=1)
    runs = tuple(Sample(measured(loss), 1.0) for loss in (0.50, 0.52, 0.48))
    return [
        *opening(contract),
        events.ExperimentStarted(1, BASE),
        events.Committed(1, BASE),
        decided(1, "keep", 0.5, samples=runs, centre="mean"),
        *tried(2, "keep", 0.469, KEPT),
        *tried(3, "discard", 0.461, NEAR),
    ]


def decided(n: int, word: events.Status, loss: float, **more: object) -> events.Decided:
    told = Safe(f"idea {n}"), Safe("so")
    return events.Decided(n, word, f"{n:040x}", BASE, *told, measured(loss), 1.0, **more)  # type: ignore[arg-type]


def tried(n: int, word: events.Status, loss: float, evidence: Evidence) -> list[events.AnyEvent]:
    began = events.ExperimentStarted(n, BASE), events.Committed(n, f"{n:040x}")
    return [*began, decided(n, word, loss, evidence=evidence)]


@pytest.fixture
def state() -> RunState:
    return folded(recorded(noisy()))


def test_the_status_line_has_the_noise_and_counts_near_misses(state: RunState) -> None:
    assert "±0.02" in [piece.text for piece in status.first_line(state, NOW)]
    assert "1 near miss" in [piece.text for piece in status.second_line(state, NOW)]


@pytest.mark.parametrize(
    ("began", "words"),
    [
        (events.EvaluationStarted(4, turn=2, of=4, purpose="confirm"), "confirming 2 of 4"),
        (events.EvaluationStarted(4, purpose="confirm"), "confirming"),
        (events.EvaluationStarted(4, purpose="incumbent"), "measuring the best again"),
        (events.EvaluationStarted(4, turn=2, of=3), "evaluating 2 of 3"),
        (events.EvaluationStarted(4), "evaluating"),
    ],
)
def test_the_status_line_says_what_is_run_and_why(
    began: events.EvaluationStarted, words: str
) -> None:
    begun = [events.ExperimentStarted(4, BASE), events.Committed(4, "4" * 40), began]
    assert status.doing(folded(recorded([*noisy(), *begun]))) == words


def test_plain_lines_tell_the_noise_and_the_evidence() -> None:
    state, lines = RunState(), list[str]()
    for record in recorded(noisy()):
        state.apply(record)
        lines += as_lines(record, state)
    told = "\n".join(lines)
    assert "the harness: ±0.02 between runs" in told
    assert "[+0.031 (+0.012 to +0.05), 3 + 2 runs, at 97 % confidence]" in told
    assert "#3 ≈ near " in told
    assert "better by 0.8 σ, not confirmed" in told


def test_the_brief_has_the_chain_the_near_misses_and_what_may_be_luck(state: RunState) -> None:
    told = "\n".join(brief(state, 1, 0.0))
    assert "#2 0.469  +0.031 (+0.012 to +0.05)  idea 2" in told
    assert "near misses, which may be luck: 1" in told
    assert "#3 better by 0.8 σ, not confirmed  idea 3" in told
    assert "the harness: ±0.02 between runs" in told
    assert "expect at most 0.02 of them to be luck" in told


@pytest.mark.parametrize("as_page", [as_html, as_markdown])
def test_a_report_has_a_table_of_keeps_and_lists_near_misses(
    state: RunState, as_page: object
) -> None:
    page = as_page(account_of(state))  # type: ignore[operator]
    for words in ("effect", "interval", "runs", "+0.031", "+0.012 to +0.05", "3 + 2 runs"):
        assert words in page.replace("&#43;", "+")
    assert "Near misses" in page
    assert "3 better by 0.8 σ, not confirmed: idea 3" in page
    if as_page is as_html:
        assert 'class="band"' in page


def test_the_summary_for_programs_has_all_of_it(state: RunState) -> None:
    digest = digest_of(state)
    assert [step.evidence for step in digest.improvements] == [KEPT]
    assert [step.n for step in digest.near_misses] == [3]
    assert digest.noise == {"val_loss": pytest.approx(0.02, abs=0.002)}
    assert digest.expected_false_keeps == pytest.approx(0.02)
