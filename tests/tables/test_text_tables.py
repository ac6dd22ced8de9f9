"""Tables of text in every form that people and programs write them."""

from __future__ import annotations

import pytest

from autoexp_tui.tables import Table, parse_table, summarise


def tsv(*rows: str, header: str = "commit val_loss memory_gb status description") -> bytes:
    """Rows with a space for each tab; `_` for a space inside a cell."""
    lines = [header, *rows] if header else rows
    return "".join(
        line.replace(" ", "\t").replace("_of_", " of ") + "\n" for line in lines
    ).encode()


def values(table: Table) -> list[float | None]:
    return [row.value for row in table.rows]


FIVE = tsv(
    "a1b2c3d 2.50 1.2 keep baseline",
    "b1b2c3d 2.75 1.2 discard wider",
    "c1b2c3d 0.00 0.0 crash deeper",
    "d1b2c3d 2.25 1.3 keep slower",
)


def test_the_common_form_is_read_whole() -> None:
    table = parse_table(FIVE)
    assert table.kind == "tsv"
    assert table.dialect == "commit, metric, memory, status, description"
    assert [column.role for column in table.columns] == [
        "commit", "metric", "metric", "status", "text",
    ]  # fmt: skip
    first = table.rows[0]
    assert (first.line, first.n, first.commit, first.word) == (2, "1", "a1b2c3d", "keep")
    assert first.values == {"val_loss": 2.5, "memory_gb": 1.2}
    assert [row.status for row in table.rows] == ["kept", "rejected", "failed", "kept"]
    assert table.primary.direction.way == "lower"


def test_the_zero_of_a_crash_is_no_measurement() -> None:
    table = parse_table(FIVE)
    assert values(table) == [2.5, 2.75, None, 2.25]
    assert table.rows[2].values["val_loss"] == 0.0
    assert any("for a failure" in note.text for note in table.notes)
    assert summarise(table).best == 2.25


def test_a_real_zero_that_was_kept_counts() -> None:
    table = parse_table(tsv("a 3 1 keep x", "b 0 1 keep y"))
    assert summarise(table).best == 0.0


@pytest.mark.parametrize("mark", ["-999.0", "9999", "1000000"])
def test_a_number_that_stands_for_failure_is_no_measurement(mark: str) -> None:
    rows = [f"a{k} {mark} 1 discard x" for k in range(3)]
    table = parse_table(tsv("a 2.5 1 keep x", *rows, "b 2.2 1 keep y"))
    assert values(table) == [2.5, None, None, None, 2.2]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_of_any_system(end: str) -> None:
    table = parse_table(FIVE.replace(b"\n", end.encode()))
    assert table.rows[-1].description == "slower"
    assert len(table.rows) == 4


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(encoding: str) -> None:
    table = parse_table(FIVE.decode().encode(encoding))
    assert table.columns[0].name == "commit"
    assert values(table) == [2.5, 2.75, None, 2.25]


def test_no_header_finds_the_columns_by_what_they_hold() -> None:
    rows = [
        "2026-05-01T10:00:00Z baseline keep 61.5 0.01 first_try",
        "2026-05-01T11:00:00Z iter1 discard 60.0 0.01 second_try",
        "2026-05-01T12:00:00Z iter2 keep 75.25 0.01 third_try",
    ]
    table = parse_table(tsv(*rows, header=""))
    assert table.dialect == "no header"
    assert table.primary.metric == "#3"
    assert [row.status for row in table.rows] == ["kept", "rejected", "kept"]
    assert table.rows[2].description == "third_try"
    assert table.rows[0].time == 1777629600.0


def test_no_header_with_a_counter_first() -> None:
    table = parse_table(tsv("0 15.0 baseline 9.7", "1 22.0 keep 9.7", header=""))
    assert table.primary.metric == "#1"
    assert [row.n for row in table.rows] == ["0", "1"]
    assert table.primary.direction.way == "higher"


def test_a_header_that_comes_again_is_no_row() -> None:
    again = FIVE + FIVE
    table = parse_table(again)
    assert len(table.rows) == 8
    assert [note.line for note in table.notes if "header again" in note.text] == [6]


def test_another_header_changes_the_columns() -> None:
    more = tsv(
        "e1b2c3d keep 9.5 2.0 faster",
        header="commit status tok_s val_loss description",
    )
    table = parse_table(FIVE + more)
    last = table.rows[-1]
    assert (last.status, last.value, last.description) == ("kept", 2.0, "faster")
    assert last.values["tok_s"] == 9.5


def test_comments_are_no_rows_and_may_give_the_direction() -> None:
    data = b"# metric_direction: higher_is_better\n# mode: loop\n" + tsv(
        "0 a1 207.6 0.0 - baseline x",
        "1 - 158.4 -49.2 - discard y",
        header="iteration commit metric delta guard status description",
    )
    table = parse_table(data)
    assert len(table.rows) == 2
    assert table.primary.direction.way == "higher"
    assert "line 1" in table.primary.direction.source
    assert table.primary.direction.confidence == "high"


def test_text_between_the_rows_stays_at_its_place() -> None:
    data = FIVE.replace(b"c1b2c3d", b"NOTE: the driver was updated here\n\nc1b2c3d")
    table = parse_table(data)
    assert [row.text for row in table.rows] == [False, False, True, False, False]
    assert table.rows[2].description == "NOTE: the driver was updated here"
    assert table.rows[2].line == 4
    assert any(note.line == 4 for note in table.notes)


def test_no_line_is_dropped_whatever_its_width() -> None:
    data = tsv(
        "a1 2.5 1.0 keep one",
        "a2 2.4 1.0 keep two with tabs inside",
        "a3 2.3 keep three",
        "a4 x y z 2.2 1.0 q r s",
        "a5 2.1",
        "a6 2.0 1.0 discard six",
    )
    table = parse_table(data)
    assert [row.line for row in table.rows] == [2, 3, 4, 5, 6, 7]
    assert table.rows[1].description == "two\twith\ttabs\tinside"
    assert table.rows[2].status == "kept"
    assert table.rows[2].value == 2.3
    assert table.rows[3].text
    assert table.rows[3].description == "a4 · x · y · z · 2.2 · 1.0 · q · r · s"
    assert any("9 cells where the header has 5" in note.text for note in table.notes)


def test_two_writers_in_one_table() -> None:
    data = tsv(
        "2026-03-26T10:00 20274 112.6 180.0 true null ",
        "a1b2c3d 112.6 keep sparse",
        "2026-03-26T11:00 20999 118.9 180.0 true null ",
        "b1b2c3d 118.9 keep dense",
        header="commit generations_per_s status description",
    )
    table = parse_table(data)
    assert len(table.rows) == 4
    assert summarise(table).best == 118.9
    assert summarise(table).statuses == {"keep": 2}


def test_a_quoted_cell_may_hold_a_newline() -> None:
    data = b'commit\tval_loss\tstatus\tdescription\na1\t2.5\tkeep\t"one\nmore"\na2\t2.4\tkeep\tx\n'
    table = parse_table(data)
    assert [row.description for row in table.rows] == ["one more", "x"]


def test_an_unclosed_quote_swallows_nothing() -> None:
    data = b'commit\tval_loss\tstatus\tdescription\na1\t2.5\tkeep\t"one\na2\t2.4\tkeep\tx\n'
    assert len(parse_table(data).rows) == 2


def test_cells_with_units() -> None:
    table = parse_table(
        tsv("a1 68.6% 1 keep x", "a2 92.0% 1 keep y", header="commit score n status description")
    )
    assert values(table) == [68.6, 92.0]
    assert table.columns[1].unit == "%"


def test_commas_with_quotes() -> None:
    data = (
        b"number,value,datetime_start,params_lr,state\n"
        b"0,0.9,2026-01-01 10:00:00,0.1,COMPLETE\n1,0.7,2026-01-01 10:01:00,0.2,COMPLETE\n"
        b"2,,2026-01-01 10:02:00,0.3,FAIL\n"
    )
    table = parse_table(data)
    assert (table.kind, table.dialect) == ("csv", "optuna trials")
    assert table.primary.metric == "value"
    assert [row.status for row in table.rows] == ["none", "none", "failed"]
    assert table.primary.direction.confidence in {"none", "low"}
    quoted = parse_table(b'commit,loss,status,description\na,1.5,keep,"x, y\nz"\nb,1.4,keep,q\n')
    assert quoted.rows[0].description == "x, y\nz"
    assert quoted.rows[1].line == 4


def test_markdown() -> None:
    data = (
        b"# Results\n\n| # | accuracy | status | notes |\n|---|---:|---|---|\n"
        b"| 1 | 0.71 | keep | base |\n| 2 | 0.69 | discard | `x` |\n\nThe end.\n"
    )
    table = parse_table(data)
    assert table.kind == "markdown"
    assert [row.n for row in table.rows] == ["1", "2"]
    assert summarise(table).best == 0.71


def test_a_table_without_verdicts_takes_any_value_for_the_best() -> None:
    data = tsv("1.36 12 x", "1.33 15 y", "1.38 15 z", header="val_bpb artifact_bytes notes")
    summary = summarise(parse_table(data))
    assert (summary.metric, summary.best, summary.statuses) == ("val_bpb", 1.33, {})


def test_only_rejected_rows_have_no_best() -> None:
    table = parse_table(tsv("a 2.5 1 discard x", "b 2.4 1 discard y"))
    assert summarise(table).best is None
    assert summarise(table).baseline == 2.5


@pytest.mark.parametrize(
    ("header", "metric"),
    [
        ("commit val_sharpe memory_gb status description", "val_sharpe"),
        ("timestamp commit status score budget_sec description", "score"),
        ("iteration commit metric delta guard guard-metric status description", "metric"),
        ("iter stage1_x_delta stage1_decision stage2_median_pct stage2_p status", None),
        ("experiment score max_score status description timestamp", "score"),
        ("commit metric_before metric_after delta status description", "metric_after"),
    ],
)
def test_a_header_alone(header: str, metric: str | None) -> None:
    summary = summarise(parse_table(tsv(header=header)))
    assert summary.rows == 0
    assert summary.best is None
    if metric is not None:
        assert summary.metric == metric


def test_several_measures_of_equal_standing_and_no_rows_give_no_metric() -> None:
    header = "run_id commit model seed mean_accuracy spearman_x peak_vram_gb status description"
    assert summarise(parse_table(tsv(header=header))).metric is None


def test_the_column_that_changes_is_the_metric_among_its_like() -> None:
    rows = [f"c 14.2 85.7 {15 + k / 10} ok try{k}" for k in range(6)]
    table = parse_table(tsv(*rows, header="git_commit fp_wer fp_war int8_wer status what"))
    assert table.primary.metric == "int8_wer"


def test_a_sum_of_columns_is_the_metric() -> None:
    rows = [f"n{k} 3 {2 + k % 2} {5 + k % 2} shipped x" for k in (1, 0, 1, 0, 1)]
    table = parse_table(tsv(*rows, header="name research build venture status description"))
    assert table.primary.metric == "venture"
    assert table.primary.direction.confidence == "low"


def test_a_boolean_verdict() -> None:
    table = parse_table(
        tsv(
            "0 1373 baseline none true",
            "1 818 shorter some true",
            "2 1194 longer some false",
            header="iteration metric_value hypothesis changes kept",
        )
    )
    assert [row.status for row in table.rows] == ["kept", "kept", "rejected"]
    assert table.primary.direction.way == "lower"


def test_a_column_of_directions_splits_the_table() -> None:
    table = parse_table(
        tsv(
            "0 55 lower baseline errors",
            "1 33 lower keep fewer",
            "0b 16 higher baseline points",
            "1b 41 higher keep more",
            "2b 90 higher keep most",
            header="iteration metric direction result description",
        )
    )
    assert [(part.direction.way, part.start, part.stop) for part in table.segments] == [
        ("lower", 0, 2),
        ("higher", 2, 5),
    ]
    assert summarise(table).best == 33.0
    assert any("new part" in note.text for note in table.notes)


def test_absurdly_long_cells_are_cut() -> None:
    table = parse_table(tsv("a 2.5 1 keep " + "x" * 100_000))
    assert len(table.rows[0].description) <= 2000


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"# nothing here\n", b"\x00\xff"])
def test_nothing_to_read_is_an_empty_table(data: bytes) -> None:
    summary = summarise(parse_table(data))
    assert summary.best is None
    assert summary.rows <= 1


def test_the_last_line_may_be_half_written() -> None:
    table = parse_table(FIVE + b"e1b2c3d\t2.1")
    assert len(table.rows) == 5
    assert table.rows[-1].status == "none"
    assert summarise(table).best == 2.25


def test_commas_in_quotes_do_not_hide_that_it_is_csv() -> None:
    rows = "".join(f'a{n},{1 / n:.3f},keep,"this, that, and {n} more"\n' for n in range(1, 9))
    table = parse_table(b"commit,val_loss,status,description\n" + rows.encode())
    assert (table.kind, summarise(table).rows, summarise(table).best) == ("csv", 8, 0.125)


def test_a_quote_that_never_closes_does_not_either() -> None:
    rows = "".join(f"a{n},{1 / n:.3f},keep,idea {n}\n" for n in range(1, 9))
    table = parse_table(b'commit,val_loss,status,"description\n' + rows.encode())
    assert table.kind == "csv"
