"""The tables that people read: one line a row, one cell a value, whatever a row says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from support.realistic_run import CONTRACT, folded, opening, recorded, request, runs

from autoexp_tui.loop import results
from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import Record, Status
from autoexp_tui.model.evidence import Evidence
from autoexp_tui.model.state import Row
from autoexp_tui.text.safe import Safe

ONE = (Metric("val_loss", "lower"),)
TWO = CONTRACT.metrics
STATUSES: tuple[Status, ...] = ("keep", "discard", "crash")
HOSTILE = [
    "two\nlines",
    "two\r\nlines",
    "a\tb",
    "\x1b[31mred\x1b[0m",
    "\x1b]52;c;aGk=\x07",
    "\x9b2J",
    "nul\0",
    "\u202etxt.exe",
    "line\u2028separator",
    "next\x85line",
    "\ud800 alone",
    "x" * 10_000,
    "",
    " ",
    '"quoted"',
]

hostile_text = st.text() | st.sampled_from(HOSTILE)
values = st.floats(allow_nan=False, allow_infinity=False)


def row(
    status: Status = "keep",
    description: str = "a change",
    reason: str = "because",
    loss: float = 0.5,
    latency: float = 44.0,
) -> Row:
    metrics = {} if status == "crash" else {"val_loss": loss, "latency_ms": latency}
    return Row(
        n=2,
        status=status,
        commit="b2c3d4e5f6" * 4,
        parent="a" * 40,
        description=description,
        reason=reason,
        metrics=metrics,
        extras={},
        seconds=1.25,
        cost_usd=0.5,
        hypothesis="",
        added=1,
        removed=1,
        memo={},
        time=1_700_000_000.0,
        elapsed=10.0,
    )


def cells(line: str) -> list[str]:
    """The cells of one line, split as `cut` and `awk` do."""
    assert line.endswith("\n")
    assert line.splitlines() == [line[:-1]]
    return line[:-1].split("\t")


def test_the_header_has_the_metrics_own_names() -> None:
    assert results.header(ONE) == "commit\tval_loss\tstatus\tdescription\n"
    assert results.header(TWO) == "commit\tval_loss\tlatency_ms\tstatus\tdescription\n"


def test_a_row_reads_like_the_specification() -> None:
    line = results.line(row(description="increased learning rate", loss=0.9932, latency=44.2), TWO)
    assert line == "b2c3d4e\t0.9932\t44.2\tkeep\tincreased learning rate\n"


def test_a_crash_has_zeros_and_its_reason_in_brackets() -> None:
    line = results.line(row("crash", "doubled model width", "out of memory"), TWO)
    assert cells(line) == ["b2c3d4e", "0.0", "0.0", "crash", "doubled model width (out of memory)"]


def test_the_reason_stays_where_the_description_is_too_long() -> None:
    found = cells(results.line(row("crash", "x" * 400, "out of memory"), TWO))[-1]
    assert found.endswith("… (out of memory)")
    assert len(found) <= 300
    assert results.bracketed(Safe("y" * 400), "(unconfirmed)").endswith("… (unconfirmed)")


def test_a_near_miss_says_why_it_was_not_kept() -> None:
    near = replace(row("discard"), evidence=Evidence(0.8, -9.0, 9.0, 0, 3, 0.97, 1.0))
    assert cells(results.line(near, TWO))[-1] == "a change (within the noise)"


def test_a_kept_rows_reason_is_not_in_the_table() -> None:
    assert "because" not in results.line(row(reason="because"), TWO)


@given(values, values)
def test_figures_come_back_exactly(loss: float, latency: float) -> None:
    _, first, second, *_ = cells(results.line(row(loss=loss, latency=latency), TWO))
    assert (float(first), float(second)) == (loss, latency)
    assert math.copysign(1, float(first)) == math.copysign(1, loss)


@given(st.sampled_from(STATUSES), hostile_text, hostile_text)
def test_a_hostile_description_stays_one_cell(status: Status, text: str, reason: str) -> None:
    found = cells(results.line(row(status, text, reason), TWO))
    assert len(found) == 5
    assert found[3] == status
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in found[-1])
    assert len(found[-1]) <= 301
    found[-1].encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_could_command_a_terminal_is_not_written(text: str) -> None:
    written = results.line(row(description=text), TWO)
    assert not set("\x1b\x9b\x07\0\r\u202e\u2028\x85") & set(written)
    assert written.count("\t") == 4


@settings(max_examples=40, deadline=None)
@given(runs())
def test_a_table_has_a_line_for_each_row_and_splits_back_into_them(records: list[Record]) -> None:
    rows = folded(records).rows
    head, *lines = results.table(rows, TWO).split("\n")[:-1]
    assert head.split("\t") == ["commit", "val_loss", "latency_ms", "status", "description"]
    for line, expected in zip(lines, rows, strict=True):
        commit, loss, latency, status, description = line.split("\t")
        assert (commit, status) == (expected.commit[:7], expected.status)
        assert description.startswith(expected.description)
        if status != "crash":
            read = {"val_loss": float(loss), "latency_ms": float(latency)}
            assert read == expected.metrics


def test_an_empty_table_is_its_header() -> None:
    assert results.table([], ONE) == results.header(ONE)


def test_costs_add_up_and_times_are_in_utc() -> None:
    run = [*opening(), *request(1, 0.25), *request(2, 0.5), *request(3, 0.25)]
    settled = folded(recorded(run)).settled
    lines = [cells(line) for line in results.budget_lines(settled).splitlines(keepends=True)]
    assert [line[1] for line in lines] == ["1", "2", "3"]
    assert [line[9] for line in lines] == ["0.250000", "0.750000", "1.000000"]
    assert lines[0][:8] == ["2023-11-14T22:13:24Z", "1", "claude", "1000", "0", "0", "500", "100"]
    assert len(results.BUDGET_HEADER.split("\t")) == len(lines[0])


@given(st.lists(st.sampled_from([0.0, 0.25, 1.5]), max_size=6), st.data())
def test_the_log_in_two_parts_is_the_log_in_one(costs: list[float], data: st.DataObject) -> None:
    run = opening()
    for n, cost in enumerate(costs, 1):
        run += request(n, cost)
    settled = folded(recorded(run)).settled
    cut = data.draw(st.integers(0, len(settled)))
    assert results.budget_lines(settled[:cut]) + results.budget_lines(settled, cut) == (
        results.budget_lines(settled)
    )
