"""A table that another program writes, followed whatever that program does to it."""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.commands.watch import Teller, watch
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.state import RunState
from autoexp_tui.sources.tables import table_state
from autoexp_tui.sources.watching import TableWatch
from autoexp_tui.tables import TableChoice, read_table

HEAD = "commit\tval_loss\tstatus\tdescription\n"


def row(n: int, value: float, status: str = "keep", words: str = "idea") -> str:
    return f"{n:07x}\t{value!r}\t{status}\t{words} {n}\n"


START = HEAD + row(1, 1.0) + row(2, 0.9)


class Watched:
    """A table, who watches it, and the state that a viewer makes of what comes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = count(1_000_000_000)
        self.write(START)
        self.source = TableWatch(path, clock=lambda: 0.0)
        self.state = RunState()
        self.restarts = -1

    def write(self, text: str) -> None:
        self.path.write_text(text)
        self.touch()

    def append(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)
        self.touch()

    def touch(self) -> None:
        """The clock of a file system may be coarser than a test is quick."""
        when = next(self._stamp)
        os.utime(self.path, (when, when))

    def look(self, times: int = 1) -> list[Record]:
        records: list[Record] = []
        for _ in range(times):
            portion = self.source.read()
            for record in portion:
                if record.seq == 1:
                    self.state, self.restarts = RunState(), self.restarts + 1
                assert record.seq == self.state.seq + 1
                self.state.apply(record)
            records += portion
        return records

    def values(self) -> list[float | None]:
        return [row.metrics.get("val_loss") for row in self.state.rows]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "results.tsv")


def test_what_is_there_comes_first_and_no_end(watched: Watched) -> None:
    watched.look()
    assert watched.values() == [1.0, 0.9]
    assert watched.state.finished is None
    assert watched.source.alive()
    assert watched.look(3) == []


def test_appended_rows_come_by_themselves(watched: Watched) -> None:
    watched.look()
    watched.append(row(3, 0.8) + row(4, 0.7))
    assert [type(record.event) for record in watched.look()] == [events.Decided] * 2
    assert watched.values() == [1.0, 0.9, 0.8, 0.7]
    assert watched.restarts == 0


def test_an_edited_last_row_begins_again(watched: Watched) -> None:
    watched.look()
    watched.write(START.replace("0.9\tkeep", "0.95\tdiscard"))
    watched.look()
    assert watched.values() == [1.0, 0.95]
    assert watched.restarts == 1


def test_a_truncated_table_begins_again(watched: Watched) -> None:
    watched.look()
    watched.write(HEAD + row(1, 1.0))
    watched.look()
    assert watched.values() == [1.0]
    assert watched.restarts == 1


def test_a_table_replaced_by_rename_is_followed(watched: Watched) -> None:
    watched.look()
    size = len(START)
    other = watched.path.with_name("new")
    other.write_text(START.replace("0.9", "0.5"))
    os.utime(other, (watched.path.stat().st_atime, watched.path.stat().st_mtime))
    assert other.stat().st_size == size
    other.replace(watched.path)
    watched.look()
    assert watched.values() == [1.0, 0.5]
    watched.append(row(3, 0.25))
    watched.look()
    assert watched.values() == [1.0, 0.5, 0.25]
    assert watched.restarts == 1


def test_a_half_written_row_waits_for_its_end(watched: Watched) -> None:
    watched.look()
    watched.append("0000003\t0.")
    assert watched.look() == []
    watched.append("8\tkeep\tidea 3\n")
    watched.look()
    assert watched.values() == [1.0, 0.9, 0.8]
    assert watched.restarts == 0


def test_a_last_row_without_a_newline_comes_when_it_has_stayed_so(watched: Watched) -> None:
    watched.look()
    watched.append(row(3, 0.8).rstrip("\n"))
    assert watched.look() == []
    watched.look()
    assert watched.values() == [1.0, 0.9, 0.8]


def test_a_table_that_is_emptied_to_be_filled_anew_is_not_shown_empty(watched: Watched) -> None:
    watched.look()
    watched.write("")
    watched.look()
    assert watched.values() == [1.0, 0.9]
    watched.write(START + row(3, 0.8))
    watched.look()
    assert watched.values() == [1.0, 0.9, 0.8]
    assert watched.restarts == 0


def test_a_table_that_stays_empty_is_shown_empty(watched: Watched) -> None:
    watched.look()
    watched.write("")
    watched.look(2)
    assert watched.values() == []


def test_a_file_that_is_away_is_waited_for(watched: Watched) -> None:
    watched.look()
    away = watched.path.rename(watched.path.with_name("away"))
    assert watched.look(3) == []
    assert watched.source.alive()
    away.rename(watched.path)
    watched.append(row(3, 0.8))
    watched.look()
    assert watched.values() == [1.0, 0.9, 0.8]


def test_a_file_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "later.tsv"
    source = TableWatch(path, clock=lambda: 0.0)
    assert source.read() == []
    assert "later.tsv, which is not there yet" in source.waiting
    path.write_text("")
    assert [source.read(), source.read()] == [[], []]
    assert source.waiting.startswith("waiting for the first row")
    path.write_text("commit\tval_loss\tstatus\n" + row(1, 0.9))
    assert isinstance(source.read()[-1].event, events.Decided)
    assert source.waiting == ""


def test_a_column_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("run\tval_loss\n1\t3.0\n")
    source = TableWatch(path, TableChoice("latency"), clock=lambda: 0.0)
    assert source.read() == []
    assert "no column latency" in source.waiting
    path.write_text("run\tval_loss\tlatency\n1\t3.0\t8\n")
    started = source.read()[0].event
    assert isinstance(started, events.RunStarted)
    assert started.contract.primary.name == "latency"


def test_where_no_table_can_come_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no such folder"):
        TableWatch(tmp_path / "nowhere" / "t.tsv")
    with pytest.raises(UsageProblem, match="is no file"):
        TableWatch(tmp_path)


def test_what_a_person_says_of_the_direction_counts(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("n\tthing\n1\t3.0\n2\t5.0\n")
    started = TableWatch(path, TableChoice(direction="higher")).read()[0].event
    assert isinstance(started, events.RunStarted)
    assert started.contract.primary.direction == "higher"


def test_a_slow_reading_is_followed_by_a_rest(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text(START)
    now = 100.0

    def clock() -> float:
        nonlocal now
        now += 1.0  # every look at the clock takes a second, and so a reading does
        return now

    source = TableWatch(path, clock=clock)
    assert source.read()
    path.write_text(START + row(3, 0.8))
    assert source.read()
    path.write_text(START + row(3, 0.8) + row(4, 0.7))
    assert source.read() == []
    now += 20
    assert len(source.read()) == 1


_lines = st.builds(
    row, st.integers(1, 99), st.sampled_from([0.1, 0.5, 2.0]), st.sampled_from(["keep", "discard"])
)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.lists(_lines, max_size=3)), max_size=6))
def test_whatever_is_done_to_the_table_the_viewer_agrees_with_it(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[bool, list[str]]]
) -> None:
    watched = Watched(tmp_path_factory.mktemp("watched") / "results.tsv")
    for appends, lines in changes:
        if appends:
            watched.append("".join(lines))
        else:
            watched.write(HEAD + "".join(lines))
        watched.look(2)
        assert watched.state.rows == table_state(read_table(watched.path)).rows


# ---- in lines ------------------------------------------------------------------------------------


def test_lines_tell_new_rows_and_changes_only(watched: Watched) -> None:
    teller = Teller("results.tsv")
    first = list(teller.lines(watched.source.read()))
    assert first[0].startswith("results.tsv: 2 rows, best val_loss 0.9")
    assert len(first) == 3
    watched.append(row(3, 0.8))
    (added,) = teller.lines(watched.source.read())
    assert "#3 ✓ keep" in added
    watched.write(START.replace("0.9", "0.7") + row(3, 0.8))
    changed = list(teller.lines(watched.source.read()))
    assert changed[0].startswith("results.tsv was changed: 3 rows")
    assert len(changed) == 2
    assert "#2" in changed[1]
    assert list(teller.lines([])) == []


def test_what_was_kept_and_is_worse_is_told_as_no_gain(watched: Watched) -> None:
    watched.write(HEAD + row(1, 0.9) + row(2, 0.8) + row(3, 0.85))
    lines = list(Teller("t").lines(watched.source.read()))
    assert "best val_loss 0.8" in lines[0]
    assert "better than the baseline" in lines[-2]
    assert "better" not in lines[-1]


def test_of_a_long_table_the_last_rows_are_told(watched: Watched) -> None:
    watched.write(HEAD + "".join(row(n, 1 / n) for n in range(1, 101)))
    lines = list(Teller("t").lines(watched.source.read()))
    assert lines[0].startswith("t: 100 rows")
    assert len(lines) == 11
    assert "#100" in lines[-1]


def test_the_command_follows_a_file_until_it_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.tsv"
    path.write_text(START)
    steps = iter([lambda: path.write_text(START + row(3, 0.8)), _interrupt])
    monkeypatch.setattr(time, "sleep", lambda _: next(steps)())
    assert watch.main([str(path), "--plain"], standalone_mode=False) == 130
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("results.tsv: 2 rows")
    assert "#3 ✓ keep" in out[-1]


def _interrupt() -> None:
    raise KeyboardInterrupt
