"""Rows that only come of several lanes: superseded, stale and lost, wherever they are told."""

from __future__ import annotations

import pytest
from support.lanes import begun, decided, opened
from support.realistic_run import commit_of, experiment, folded, recorded

from autoexp_tui.model.events import Mark, Status
from autoexp_tui.model.state import RunState
from autoexp_tui.plain import as_lines
from autoexp_tui.report.account import account_of
from autoexp_tui.report.markdown import as_markdown
from autoexp_tui.report.page import as_html
from autoexp_tui.summary.brief import brief
from autoexp_tui.summary.digest import digest_of
from autoexp_tui.summary.night import story
from autoexp_tui.summary.outcomes import LOST, OUTCOMES, outcome_of
from autoexp_tui.ui import status
from autoexp_tui.ui.widgets.columns import TableRows

RUN = [
    *opened(),
    *experiment(1, "keep"),
    *begun(2, "gpu:0", parent=commit_of(1)),
    *begun(3, "gpu:1", parent=commit_of(1)),
    *begun(4, "gpu:2", parent=commit_of(1)),
    decided(4, "discard", parent=commit_of(1), mark="superseded"),
    decided(3, "discard", parent=commit_of(1), mark="stale"),
    decided(2, "crash", parent=commit_of(1), mark="lost", reason="node 7 went away"),
]


@pytest.fixture
def state() -> RunState:
    return folded(recorded(RUN))


def test_what_was_lost_counts_as_lost_and_in_no_streak(state: RunState) -> None:
    assert (state.lost, state.crashed, state.skipped, state.discarded) == (1, 0, 0, 2)
    assert (state.failure_streak, state.unproven) == (0, 0)
    assert digest_of(state).lost == 1
    assert digest_of(state).crashed == 0


@pytest.mark.parametrize(("n", "word"), [(2, "? lost"), (3, "≠ stale"), (4, "↓ superseded")])
def test_each_has_a_sign_a_word_and_no_colour_of_a_failure(
    state: RunState, n: int, word: str
) -> None:
    row = state.row(n)
    assert row is not None
    assert str(outcome_of(row)) == word
    assert outcome_of(row).tone == "discard"


def test_every_viewer_tells_it(state: RunState) -> None:
    told = {
        "brief": "\n".join(brief(state, 0, 0.0)),
        "story": "\n".join(line.text for line in story(state)),
        "figures": "\n".join(
            one.text for one in status.second_line(state, status.Now(state.time, alive=True))
        ),
        "markdown": as_markdown(account_of(state)),
        "page": as_html(account_of(state)),
    }
    for viewer, words in told.items():
        assert "1 lost" in words or "? lost" in words, viewer
        assert "1 crashed" not in words, viewer
    assert "superseded" in told["markdown"]
    assert "superseded" in told["page"]
    assert 'class="row discard">? lost' in told["page"]
    lines = as_lines(recorded(RUN)[-1], state)
    assert "#2 ? lost" in lines[0]
    assert "node 7 went away" in lines[0]


def test_a_report_blames_no_idea_for_what_was_lost(state: RunState) -> None:
    assert account_of(state).failures == ()
    assert all(group.crashed == 0 for group in account_of(state).groups)


@pytest.mark.parametrize(("mark", "outcome"), [("lost", LOST), ("", OUTCOMES["crash"])])
def test_the_table_makes_room_for_a_long_word_only_where_it_came(
    mark: Mark, outcome: object
) -> None:
    status: Status = "crash"
    rows = folded(recorded([*RUN[:9], *begun(2, "gpu:0"), decided(2, status, mark=mark)]))
    sheet = TableRows(rows.objective)
    sheet.show(rows.rows)
    column = next(column for column in sheet.columns(120) if column.title == "status")
    assert column.text(1) == str(outcome)
    assert column.tone(1) == ("discard" if mark else "crash")
    usual = column.width
    whole = folded(recorded(RUN))
    sheet = TableRows(whole.objective)
    sheet.show(whole.rows)
    column = next(column for column in sheet.columns(120) if column.title == "status")
    assert (usual, column.width) == (len("· discard"), len("↓ superseded"))
