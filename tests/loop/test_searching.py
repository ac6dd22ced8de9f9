"""Where experiments start: `search: climb | restart | tree`, through the loop and to the branch."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import BASE, Rig, contract

from autoexp_tui.loop.journal import Journal, read_all
from autoexp_tui.loop.verifying import steps_of
from autoexp_tui.model import events
from autoexp_tui.model.contract import Budget, Policy, Search
from autoexp_tui.model.search import next_start, places
from autoexp_tui.model.state import RunState
from autoexp_tui.report.svg import svg
from autoexp_tui.report.textplot import paint
from autoexp_tui.summary.picture import over_time
from autoexp_tui.summary.series import Series


def rig(folder: Path, texts: list[str], policy: Policy, plateau: int = 2, **more: object) -> Rig:
    made = contract(search=Search(policy, plateau), **more)  # type: ignore[arg-type]
    return Rig(folder, texts, made)


def parents(rig: Rig) -> list[int]:
    return [row.made_from for row in rig.state.rows]


def test_climbing_starts_from_the_best_and_from_nowhere_else(tmp_path: Path) -> None:
    climb = rig(tmp_path, ["12", "8", "9", "7", "11", "13", "14"], "climb", plateau=1)
    climb.run()
    assert parents(climb) == [0, 1, 1, 3, 3, 5, 5, 5]
    assert not any(row.aside for row in climb.state.rows)


def test_after_a_plateau_it_starts_from_an_earlier_keep(tmp_path: Path) -> None:
    restart = rig(tmp_path, ["8", "9", "9.5", "10.7", "10.8"], "restart")
    restart.run()
    # Two without a gain after #2; the one other place is the baseline, then all were tried.
    assert parents(restart) == [0, 1, 2, 2, 1, 1]
    assert [row.aside for row in restart.state.rows] == [False] * 4 + [True] * 2
    assert restart.table()[4][-1] == "text 10.7 (from #1)"
    told = [notice.text for _, notice in restart.state.notices]
    assert told == [
        "no gain since #2: it goes on from #1",
        "no gain since #2: it goes on from the best again",
    ]
    assert [situation.text for situation in restart.proposer.situations][3:5] == ["10", "10"]


def test_it_climbs_from_there_while_that_brings_something(tmp_path: Path) -> None:
    texts = ["5", "6", "6.5", "9", "8.5", "8.6", "8.7", "8.8", "4"]
    restart = rig(tmp_path, texts, "restart")
    restart.run()
    # #5 and #6 are better than where they start, though not than the best, #2.
    assert parents(restart) == [0, 1, 2, 2, 1, 5, 6, 6, 2, 2]
    assert [row.n for row in restart.state.rows if row.status == "keep"] == [1, 2, 10]


def test_what_is_kept_from_elsewhere_stands_on_the_tip(tmp_path: Path) -> None:
    restart = rig(tmp_path, ["8", "9", "9.5", "7", "6"], "restart")
    restart.run()
    state = restart.state
    kept = state.rows[4]
    assert (kept.status, kept.made_from, kept.aside) == ("keep", 1, True)
    assert kept.parent == BASE
    assert restart.lab.branch == state.rows[5].commit
    assert "made from experiment 1" in restart.lab.messages[kept.commit]
    # The next one starts from it as it stands on the branch.
    assert (state.rows[5].parent, state.rows[5].made_from, state.rows[5].aside) == (
        kept.commit,
        5,
        False,
    )
    assert [row.n for row in steps_of(state)] == [1, 5, 6]


def test_a_run_that_was_cut_goes_on_from_where_it_was(tmp_path: Path) -> None:
    texts = ["8", "9", "9.5", "9.7", "9.8", "9.9", "9.95", "9.96"]
    whole = rig(tmp_path / "whole", texts, "tree")
    whole.run()
    cut = rig(tmp_path / "cut", texts, "tree", max_experiments=4)
    cut.run()
    with Journal(cut.directory.journal) as journal:
        journal.append(events.BudgetChanged(Budget(max_experiments=50)))
    cut.run()
    assert parents(cut) == parents(whole)


def test_a_tree_starts_from_what_is_good_and_little_tried_with_another_beside(
    tmp_path: Path,
) -> None:
    texts = [*(str(10 - step) for step in range(1, 6)), *(f"{20 + k}" for k in range(60))]
    tree = rig(tmp_path, texts, "tree", max_experiments=66)
    tree.run()
    counts = {row.n: 0 for row in tree.state.rows if row.status == "keep"}
    for made_from in parents(tree)[6:]:
        counts[made_from] += 1
    assert all(counts.values()), "each place is tried"
    best, worst = max(counts, key=lambda n: n), 1
    assert counts[best] > counts[worst]
    for situation in tree.proposer.situations[6:]:
        (other,) = situation.inspirations
        assert other.n != situation.parent
        assert other.text == tree.lab.text_of(tree.state.rows[other.n - 1].commit)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=25, unique=True),
    st.sampled_from(["restart", "tree"]),
    st.integers(1, 4),
)
def test_wherever_it_starts_a_keep_is_better_than_the_best(
    tmp_path_factory: pytest.TempPathFactory, values: list[int], policy: Policy, plateau: int
) -> None:
    texts = [str(value / 2) for value in values]
    run = rig(tmp_path_factory.mktemp("run"), texts, policy, plateau)
    run.run()
    kept = [row for row in run.state.rows if row.status == "keep"]
    assert all(after.metrics["loss"] < before.metrics["loss"] for before, after in pairwise(kept))
    assert run.lab.branch == kept[-1].commit
    for row in run.state.rows[1:]:
        assert run.state.rows[row.made_from - 1].metrics, "it starts from what was measured"
    # Told again from the journal, it is the same, and so is what comes next.
    again = RunState()
    for record in read_all(run.directory.journal):
        again.apply(record)
    assert again.rows == run.state.rows
    assert next_start(again) == next_start(run.state)
    assert {row.n for row in places(again)} == {row.n for row in kept}


def test_a_journal_of_before_climbs(tmp_path: Path) -> None:
    old = msgspec.json.decode(msgspec.json.encode(contract()))
    del old["search"]
    assert msgspec.convert(old, type(contract())).search == Search("climb")


def test_pictures_show_where_a_keep_came_from(tmp_path: Path) -> None:
    restart = rig(tmp_path, ["8", "9", "9.5", "7", "6"], "restart")
    restart.run()
    series = Series(restart.state.objective)
    series.extend(restart.state.rows)
    picture = over_time(series)
    assert picture is not None
    (line,) = (line for line in picture.lines if line.kind == "origin")
    assert line.points == ((1, 10.0), (5, 7.0))
    painting = paint(picture, 60, 12)
    assert painting is not None
    assert "origin" in {role for cells in painting.lines for _, role in cells}
    assert 'class="origin"' in svg(picture, "loss", str)
    series.cut(restart.state.rows[:4])
    cut = over_time(series)
    assert cut is not None
    assert not cut.has_line("origin")


def test_it_stays_at_a_place_for_a_whole_plateau_and_takes_each_once(tmp_path: Path) -> None:
    texts = [*(str(10 - step) for step in range(1, 6)), *(str(20 + k) for k in range(21))]
    restart = rig(tmp_path, texts, "restart", plateau=3)
    restart.run()
    after = parents(restart)[6:]
    stays = [after[start : start + 3] for start in range(0, len(after), 3)]
    assert all(len(set(stay)) == 1 for stay in stays), stays
    assert stays[0][0] == 6
    assert {stay[0] for stay in stays[:6]} == {1, 2, 3, 4, 5, 6}
    assert stays[6][0] == 6
