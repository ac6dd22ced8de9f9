"""Damaged tables: whatever is done to them, they are read, and nothing is invented."""

from __future__ import annotations

import json
import math
from contextlib import suppress

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables import parse_table, summarise, table_events

TAB = (
    b"commit\tval_loss\tmemory_gb\tstatus\tdescription\na1b2c3d\t2.5\t1.2\tkeep\tbase\n"
    b'b1b2c3d\t0.0\t0.0\tcrash\t"x\nc1b2c3d\t2.4\t1.1\tdiscard\ty\n'
)
COUNTED = (
    b"# metric_direction: lower\niteration\tcommit\tmetric\tdelta\tguard\tstatus\tdescription\n"
    b"0\tprevbase\t3\t0\t-\tbaseline\tx\n1\t-\t2\t-1\tpass\tkeep\ty\n"
)
LINES = (
    b'{"type":"config","metricName":"ms","bestDirection":"lower"}\n'
    b'{"run":1,"commit":"a1","metric":5,"metrics":{"a":1},"status":"keep","timestamp":177762960}\n'
)
SEEDS = (
    TAB,
    COUNTED,
    LINES,
    b"2026-05-01T10:00:00Z\tbaseline\tkeep\t61.5\t0.01\tz\n",
    b'{"runs": {"a": {"score": 1, "status": "committed"}, "b": {"score": 2}}}',
    b"number,value,state\n0,0.9,COMPLETE\n1,,FAIL\n",
    b"| # | accuracy | status |\n|---|---|---|\n| 1 | 0.7 | keep |\n",
)
PIECES = st.sampled_from(
    [b"\t", b"\n", b"\r", b'"', b"\x00", b"NaN", b"1e999", b"keep", b"{", b"[" * 2000, b"null",
     b"# ", b"|", b",", b"\xff", b"9" * 400, b"commit\tstatus\tdescription\n", b"0", b"-"]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 3)):
            case 0:
                data = data[:at] + draw(PIECES) + data[at:]
            case 1:
                data = data[:at] + data[draw(st.integers(at, len(data))) :]
            case 2:
                data = data[:at] + draw(st.sampled_from(SEEDS))[draw(st.integers(0, 60)) :]
            case _:
                data = data[:at] + draw(st.binary(max_size=8)) + data[at:]
    return data


@settings(max_examples=400)
@given(mutated())
def test_a_damaged_table_is_read(data: bytes) -> None:
    table = parse_table(data)
    summary = summarise(table)
    json.loads(msgspec.json.encode(summary))
    assert summary.rows == len(table.rows)
    assert sum(summary.statuses.values()) <= summary.rows
    for value in (summary.best, summary.baseline, *(row.value for row in table.rows)):
        assert value is None or math.isfinite(value)
    covered = [index for part in table.segments for index in range(part.start, part.stop)]
    assert covered == list(range(len(table.rows)))
    assert sum(1 for _ in table_events(table)) >= 2


@settings(max_examples=100)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(UsageProblem):  # the first bytes of a database, say, and nothing behind them
        assert summarise(parse_table(data)).rows >= 0


@settings(max_examples=60)
@given(st.sampled_from([TAB, COUNTED]), st.data())
def test_a_line_of_text_anywhere_changes_no_figure(seed: bytes, data: st.DataObject) -> None:
    lines = seed.split(b"\n")
    at = data.draw(st.integers(2, len(lines) - 1))
    disturbed = b"\n".join([*lines[:at], b"something else happened here", *lines[at:]])
    before, after = summarise(parse_table(seed)), summarise(parse_table(disturbed))
    assert (after.metric, after.direction, after.best) == (
        before.metric, before.direction, before.best,
    )  # fmt: skip
    assert after.rows == before.rows + 1
    assert after.statuses == before.statuses
