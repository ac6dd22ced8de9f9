"""Runs and tables held against each other, in lines that need no terminal."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from support.gitrepos import git
from support.realistic_run import experiment, folded, opening, recorded

from autoexp_tui.cli import run_command
from autoexp_tui.model import events
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.state import RunState
from autoexp_tui.report.comparison import By, compare, entry_of, picture
from autoexp_tui.samples import recording

LOWER = "commit\tval_loss\tstatus\tdescription\n"
HIGHER = "commit\taccuracy\tstatus\tdescription\n"


def table(head: str, *rows: tuple[float, str]) -> str:
    return head + "".join(f"a{n}b2c3d\t{v}\t{s}\tidea {n}\n" for n, (v, s) in enumerate(rows, 1))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(tmp_path, "init", "--quiet")
    shutil.copytree(recording().path, tmp_path / ".git" / "autoexp" / "demo")
    rows = [(1.0, "keep"), (0.5, "keep"), (0.7, "discard"), (0.25, "keep")]
    (tmp_path / "a.tsv").write_text(table(LOWER, *rows))
    (tmp_path / "b.tsv").write_text(table(LOWER, (1.0, "keep"), (0.75, "keep"), (0.0, "crash")))
    (tmp_path / "c.tsv").write_text(table(HIGHER, (0.5, "keep"), (0.75, "keep")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def state_of(*statuses: str, cost: float = 0.0) -> RunState:
    run = opening()
    for n, status in enumerate(statuses, 1):
        run += experiment(n, status, cost=cost)  # type: ignore[arg-type]
    return folded(recorded(run))


def test_two_tables_and_a_run_are_compared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["compare", "a.tsv", "b.tsv", "demo"]) == 0
    out = capsys.readouterr().out
    assert "val_loss, lower is better, by experiment" in out
    assert "\x1b" not in out
    assert re.search(r"A +a +val_loss +1 → 0.25 +75.0 % better +2 kept of 4", out)
    assert re.search(r"B +b +val_loss +1 → 0.75 +25.0 % better +1 kept of 3", out)
    assert re.search(r"C +demo +val_loss .* 7 kept of 25 +26s", out)
    assert re.search(r"#4 +0.25 +idea 4", out)
    assert "idea 3" not in out
    assert max(map(len, out.splitlines())) <= 120


def test_different_metrics_are_compared_by_what_they_gained(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["compare", "a.tsv", "c.tsv"]) == 0
    out = capsys.readouterr().out
    assert "% better than the own baseline" in out
    assert "75.0 % better" in out
    assert "50.0 % better" in out


def test_the_same_file_twice_has_two_names(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "other").mkdir()
    shutil.copy(here / "a.tsv", here / "other" / "a.tsv")
    assert run_command(["compare", "a.tsv", "other/a.tsv"]) == 0
    assert "a (other/a.tsv)" in capsys.readouterr().out


def test_what_can_not_be_compared_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["compare", "a.tsv", "--by", "time"]) == 2
    assert "a has no times" in capsys.readouterr().err
    assert run_command(["compare", "a.tsv", "demo", "--by", "cost"]) == 2
    assert "none of these cost anything" in capsys.readouterr().err
    assert run_command(["compare", "nowhere.tsv"]) == 2
    assert run_command(["compare"]) == 2


def test_curves_follow_experiments_time_or_cost() -> None:
    state = state_of("keep", "discard", "keep", cost=0.5)
    ends: dict[By, float] = {"experiment": 2.0, "time": state.rows[2].elapsed, "cost": 1.5}
    for by, end in ends.items():
        (curve,) = picture(compare([entry_of("a", state, by)], by)).lines
        assert curve.end == end
        assert curve.points[-1] == pytest.approx((end, 1 / 3))


def test_a_kept_row_that_is_worse_does_not_lift_the_running_best() -> None:
    run = opening()
    for n, value in enumerate([3.0, 1.0, 2.0], 1):
        decided = events.Decided(n, "keep", "c", "p", "x", "", {"val_loss": value}, 1.0)
        run += [events.ExperimentStarted(n, "p"), decided]
    entry = entry_of("a", folded(recorded(run)), "experiment")
    assert entry.best is not None
    assert entry.best.value == 1.0
    assert [kept.is_best for kept in entry.kept] == [True, True, False]
    assert picture(compare([entry], "experiment")).lines[0].points == ((0.0, 3.0), (1.0, 1.0))


def test_nothing_measured_can_not_be_compared() -> None:
    with pytest.raises(UsageProblem, match="nothing that was kept"):
        entry_of("a", state_of("crash"), "experiment")
