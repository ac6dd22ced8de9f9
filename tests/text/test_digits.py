"""Figures that are near to each other are told apart in every view, and others stay short."""

from __future__ import annotations

import pytest

from autoexp_tui.report.account import account_of
from autoexp_tui.report.markdown import as_markdown
from autoexp_tui.report.page import as_html
from autoexp_tui.sources.tables import table_state
from autoexp_tui.summary.headline import best_line
from autoexp_tui.tables import parse_table, summarise
from autoexp_tui.text.numbers import apart, format_column, format_number, telling, told_apart
from autoexp_tui.ui.status import Now, first_line
from autoexp_tui.ui.widgets.columns import TableRows

STEPS = [round(2.969 - k * 0.0000017, 7) for k in range(12)]
TABLE = "commit\tval_loss\tstatus\tdescription\nf0\t5.1\tkeep\tbaseline\n" + "".join(
    f"c{k}\t{value}\tkeep\tstep {k}\n" for k, value in enumerate(STEPS)
)


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        (2.96900, 2.96898, ("2.96900", "2.96898")),
        (0.4312, 0.4271, ("0.4312", "0.4271")),
        (1.0, 1.0, ("1", "1")),
        (1.0, 1.00000000001, ("1.00000000000", "1.00000000001")),
        (12345678.0, 12345679.0, ("1.235e+07", "1.235e+07")),
        (2.5, None, ("2.5", "—")),
    ],
)
def test_two_figures_have_the_digits_that_tell_them_apart(
    one: float, other: float | None, shown: tuple[str, str]
) -> None:
    assert told_apart(one, other) == shown


def test_only_neighbours_that_would_look_alike_ask_for_more_digits() -> None:
    assert telling([0.51234, 0.41234567, 0.31234568]) == 0
    assert telling([None, 2.969, 2.96898]) == 5
    assert apart(float("inf"), 1.0) == 0
    assert len(set(format_column(STEPS))) == len(STEPS)
    assert format_number(2.5, 4) == "2.5000"


def test_every_view_tells_the_steps_of_a_best_apart() -> None:
    table = parse_table(TABLE.encode(), name="t.tsv")
    state = table_state(table)
    rows = TableRows(state.objective)
    rows.show(state.rows)
    column = next(c for c in rows.columns(100) if c.title.startswith("val_loss"))
    cells = [column.text(at).strip() for at in range(1, 13)]
    assert len(set(cells)) == 12
    assert cells[-1] == "2.968981"
    words = " ".join(piece.text for piece in first_line(state, Now(0.0, alive=True, replay="‖")))
    account = account_of(state)
    assert summarise(table).decimals == 6
    for view in (words, best_line(state), as_markdown(account), as_html(account)):
        assert "2.968981" in view
        assert "5.100000" not in view.replace("| 5.100000 |", "").replace(">5.100000<", "")
