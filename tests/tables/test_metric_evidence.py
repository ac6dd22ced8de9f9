"""What chooses the metric: decisions, names, and what else there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.tables import foreign, names, parse_table, summarise
from autoexp_tui.tables.direction import Judged, steps
from autoexp_tui.tables.statuses import outcomes_of


def chosen(*lines: str) -> tuple[str | None, str, float | None]:
    summary = summarise(parse_table("\n".join(lines).encode()))
    return summary.metric, summary.direction, summary.best


def test_the_column_that_decisions_go_by_is_the_metric() -> None:
    assert chosen(
        "id,alpha_index,beta_index,status",
        "1,10,50,keep", "2,9,55,keep", "3,12,40,discard", "4,8,60,keep", "5,7,58,discard",
        "6,11,61,keep",
    ) == ("beta_index", "higher", 61.0)  # fmt: skip


@pytest.mark.parametrize(
    ("header", "right"),
    [
        ("epoch,time,train/seg_loss,metrics/mIoU", "metrics/mIoU"),
        ("run,peak_vram_mb,elapsed_s,heldout_err", "heldout_err"),
        ("trial,params_depth,params_lr,cv_rmse", "cv_rmse"),
        ("step,return_min,return_max,return_mean", "return_mean"),
        ("step,lr,train_loss,val_loss", "val_loss"),
    ],
)
def test_a_table_without_verdicts_goes_by_names(header: str, right: str) -> None:
    assert chosen(header, "1,11,2.5,0.30", "2,12,2.25,0.20", "3,13,2.75,0.25")[0] == right


def test_a_running_best_is_not_what_was_measured() -> None:
    metric, _, best = chosen("step,error_top,error", "1,9,9", "2,9,11", "3,7,7", "4,7,8", "5,7,9")
    assert (metric, best) == ("error", 7.0)


@pytest.mark.parametrize("marks", [("1", "0"), ("true", "false"), ("OK", "FAIL"), ("yes", "no")])
def test_any_pair_of_marks_under_the_name_of_a_verdict_decides(marks: tuple[str, str]) -> None:
    kept, refused = marks
    assert outcomes_of([kept, refused], accepting=True) == {kept: "kept", refused: "rejected"}
    assert chosen("n,wer,accepted", f"1,9,{kept}", f"2,5,{refused}", f"3,8,{kept}")[2] == 8.0


@pytest.mark.parametrize("word", ["ok", "completed", "FINISHED", "TrialState.COMPLETE", "完成"])
def test_a_state_is_no_verdict(word: str) -> None:
    table = parse_table(f"n,wer,status\n1,9,{word}\n2,8,{word}\n3,0,failed\n".encode())
    assert not table.judged
    assert [row.status for row in table.rows] == ["none", "none", "failed"]
    assert summarise(table).best == 8.0


def test_what_is_compared_with_is_never_the_best() -> None:
    lines = ["arm,accuracy,note", "reference,0.99,the paper's", "ours,0.8,a", "ours,0.85,b"]
    summary = summarise(parse_table("\n".join(lines).encode()))
    assert (summary.best, summary.baseline) == (0.85, 0.8)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Trainingsverlust", ("train", "loss")), ("测试准确率", ("test", "accuracy")),
        ("検証スコア", ("val", "score")), ("Ошибка (%)", ("error", "%")),
        ("val_acc", ("val", "acc")),
    ],
)  # fmt: skip
def test_names_in_other_languages(name: str, words: tuple[str, ...]) -> None:
    assert names.tokens(name) == words


@given(st.text(max_size=40))
def test_any_text_has_words_and_verdicts(text: str) -> None:
    assert all(names.tokens(text)) or not names.tokens(text)
    assert foreign.english_verdict(text.lower()) in {"", "keep", "discard", "crash", "baseline",
                                                     "skip", "ok"}  # fmt: skip


DECISIONS = st.tuples(st.floats(-1e6, 1e6), st.sampled_from(["kept", "rejected", "other"]))


@given(st.lists(DECISIONS))
def test_what_speaks_for_one_direction_speaks_against_the_other(
    decisions: list[tuple[float, str]],
) -> None:
    points = [Judged(value, status) for value, status in decisions]  # type: ignore[arg-type] # ours
    turned = [Judged(-value, status) for value, status in decisions]  # type: ignore[arg-type] # ours
    assert steps(points, higher=True) == steps(turned, higher=False)


_LOG = """\
{goal}

| run | p50_ms | p95_ms | kept |
|---|---|---|---|
| 1 | 30 | 90 | yes |
| 2 | 20 | 70 | yes |
| 3 | 25 | 80 | no |
| 4 | 15 | 60 | yes |
"""


@pytest.mark.parametrize(
    ("goal", "right"),
    [
        ("Goal: p95_ms below 80.", "p95_ms"),
        ("Ziel ist p95_ms, nicht p50_ms.", "p95_ms"),
        ("Nothing new, but p95_ms fell.", "p50_ms"),
        ("", "p50_ms"),
    ],
)
def test_a_line_about_the_goal_says_which_of_two_is_the_metric(goal: str, right: str) -> None:
    assert parse_table(_LOG.format(goal=goal).encode()).primary.metric == right
