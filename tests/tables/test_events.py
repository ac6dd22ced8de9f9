"""A table as the events that every screen folds."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.loop import results
from autoexp_tui.model import events
from autoexp_tui.model.contract import Metric
from autoexp_tui.model.state import RunState
from autoexp_tui.tables import parse_table, table_events


def folded(data: bytes) -> RunState:
    state = RunState()
    for record in table_events(parse_table(data, name="results.tsv", folder="project")):
        state.apply(record)
    return state


TABLE = (
    b"commit\tval_loss\tsize\tstatus\tdescription\n"
    b"a1b2c3d\t2.5\t10\tkeep\tbaseline\nb1b2c3d\t0.0\t0\tcrash\tbroken\n"
    b"an aside\nc1b2c3d\t2.75\t10\tdiscard\twider\nd1b2c3d\t2.25\t11\tKEEP\tslower\n"
)


def test_rows_become_decisions() -> None:
    state = folded(TABLE)
    assert [row.status for row in state.rows] == ["keep", "crash", "discard", "keep"]
    assert [row.n for row in state.rows] == [1, 2, 3, 4]
    assert state.rows[1].metrics == {}
    assert state.rows[3].metrics == {"val_loss": 2.25, "size": 11.0}
    assert state.rows[3].reason == "KEEP"
    assert state.incumbent is state.rows[3]
    assert state.finished is not None
    assert state.finished.reason == "the table ends after 4 rows"


def test_the_contract_holds_the_metrics_and_their_directions() -> None:
    state = folded(TABLE)
    assert state.contract.metrics == (Metric("val_loss", "lower"), Metric("size", "lower"))
    assert state.started is not None
    assert (state.started.tag, state.started.project) == ("results.tsv", "project")


def test_text_between_rows_is_a_notice() -> None:
    assert any("an aside" in notice.text for _, notice in folded(TABLE).notices)


def test_records_are_numbered_without_a_gap() -> None:
    records = list(table_events(parse_table(TABLE)))
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    assert isinstance(records[0].event, events.RunStarted)
    assert isinstance(records[-1].event, events.RunFinished)


def test_without_verdicts_a_new_best_is_kept() -> None:
    state = folded(b"val_bpb\tnotes\n1.5\ta\n1.6\tb\n1.4\tc\n")
    assert [row.status for row in state.rows] == ["keep", "discard", "keep"]


def test_a_kept_row_without_a_number_is_never_the_incumbent() -> None:
    state = folded(b"commit\tval_loss\tstatus\na\t3.5\tkeep\nb\t\tkeep\n")
    assert [row.status for row in state.rows] == ["keep", "discard"]
    assert "without a number" in state.rows[1].reason


def test_times_make_the_clock_which_never_goes_back() -> None:
    data = (
        b"timestamp\tscore\tstatus\n2026-05-01T10:00:00Z\t1\tkeep\n"
        b"2026-05-01T09:00:00Z\t2\tkeep\n2026-05-01T11:00:00Z\t3\tkeep\n"
    )
    records = list(table_events(parse_table(data)))
    clock = [record.elapsed for record in records]
    assert clock == sorted(clock)
    assert clock[-1] == 3600.0
    assert records[-1].time == 1777633200.0


def test_rows_of_another_metric_do_not_enter_the_first_ones_curve() -> None:
    lines = [
        {"type": "config", "metricName": "ms", "bestDirection": "lower"},
        {"run": 1, "metric": 10, "status": "keep"},
        {"type": "config", "metricName": "kb", "bestDirection": "lower"},
        {"run": 2, "metric": 1, "status": "keep"},
    ]
    state = folded("\n".join(map(json.dumps, lines)).encode())
    assert [row.status for row in state.rows] == ["keep", "discard"]
    assert "kb" in state.rows[1].reason


@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e6, allow_nan=False).filter(bool),
            st.sampled_from(["keep", "discard", "crash"]),
            st.text("abcdefgh ", max_size=20),
        ),
        max_size=20,
    )
)
def test_our_own_table_comes_back_as_it_was(rows: list[tuple[float, str, str]]) -> None:
    text = results.header([Metric("val_loss", "lower")]) + "".join(
        f"{k:07x}\t{0.0 if status == 'crash' else value!r}\t{status}\t{words.strip()}\n"
        for k, (value, status, words) in enumerate(rows)
    )
    state = folded(text.encode())
    assert [(row.status, row.description) for row in state.rows] == [
        (status, words.strip()) for _, status, words in rows
    ]
    assert [row.metrics.get("val_loss") for row in state.rows] == [
        None if status == "crash" else value for value, status, _ in rows
    ]
    assert [row.commit for row in state.rows] == [f"{k:07x}" for k in range(len(rows))]
