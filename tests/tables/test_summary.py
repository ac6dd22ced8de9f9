"""What a table amounts to, and what a reader is warned of."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.tables import TableSummary, parse_table, summarise

STATUSES = ("keep", "discard", "crash")


def table_of(*rows: tuple[float, str], metric: str = "val_loss") -> bytes:
    lines = [f"commit\t{metric}\tstatus\tdescription"]
    lines += [f"a{k}\t{value!r}\t{status}\tx" for k, (value, status) in enumerate(rows)]
    return "\n".join(lines).encode()


def summed(*rows: tuple[float, str], metric: str = "val_loss") -> TableSummary:
    return summarise(parse_table(table_of(*rows, metric=metric)))


def test_the_gain_is_shared_out_by_experiments() -> None:
    summary = summed((10, "keep"), (12, "discard"), (8, "keep"), (9, "discard"), (6, "keep"))
    assert [(part.experiments, part.share) for part in summary.gain_shares] == [
        (1, 0.0),
        (2, 0.0),
        (5, 1.0),
    ]
    assert summary.longest_drought == 1


def test_the_longest_drought_counts_crashes_too() -> None:
    summary = summed(*[(10, "keep"), (0, "crash"), (11, "discard"), (12, "keep"), (9, "keep")])
    assert summary.longest_drought == 3


def test_no_gain_has_no_shares() -> None:
    assert summed((10, "keep"), (11, "discard")).gain_shares == ()


def test_the_fields_are_the_promised_ones() -> None:
    found = msgspec.json.decode(msgspec.json.encode(summed((1, "keep"))))
    assert list(found) == [
        "kind", "dialect", "rows", "statuses", "metric", "direction", "direction_source",
        "baseline", "best", "gain_shares", "longest_drought", "notes", "decimals",
    ]  # fmt: skip


def test_kept_and_best_that_differ_are_told_apart() -> None:
    notes = summed((10, "keep"), (5, "keep"), (7, "keep"), (3, "discard")).notes
    assert any("the last kept value is 7, the best kept one 5" in note for note in notes)
    assert any("3 would be better than the best kept" in note for note in notes)


def test_a_jump_of_scale_is_flagged() -> None:
    assert any("another scale" in note for note in summed((10, "keep"), (0.1, "keep")).notes)


def test_a_difference_is_flagged() -> None:
    notes = summed((-1.5, "keep"), (2.0, "discard"), metric="delta_pct").notes
    assert any("a difference, not a level" in note for note in notes)


def test_foreign_verdicts_are_shown_as_written() -> None:
    summary = summed((10, "keep"), (9, "purple"))
    assert summary.statuses == {"keep": 1, "purple": 1}
    assert any("purple" in note for note in summary.notes)


def test_an_unknown_direction_has_no_best_and_says_why() -> None:
    summary = summed((1, "keep"), (2, "keep"), (1, "keep"), metric="gap")
    assert (summary.direction, summary.best) == ("unknown", None)
    assert any("not known" in note for note in summary.notes)


@given(
    st.lists(
        st.tuples(st.floats(0.5, 99.5, allow_nan=False), st.sampled_from(STATUSES)), max_size=30
    )
)
def test_the_best_is_the_least_kept_value(rows: list[tuple[float, str]]) -> None:
    summary = summed(*rows)
    kept = [value for value, status in rows if status == "keep"]
    judged = any(status != "crash" for _, status in rows)
    assert summary.rows == len(rows)
    assert summary.best == (min(kept, default=None) if judged else None)
    assert all(0.0 <= part.share <= 1.0 for part in summary.gain_shares)
    assert sum(summary.statuses.values()) == len(rows)
