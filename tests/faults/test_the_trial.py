"""The campaign is worth what its eyes see: every broken promise has to be noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.effects import Injury
from support.gitrepos import git
from support.systems import linux_only
from support.trial import TAG, Trial, end_of

from autoexp_tui.loop.journal import JournalReader
from autoexp_tui.loop.lines import encode

pytestmark = linux_only

_BRANCH = f"refs/heads/autoexp/{TAG}"


def _without_the_last_row(trial: Trial) -> None:
    records = JournalReader(trial.run.journal).read()
    last = max(i for i, record in enumerate(records) if b"Decided" in encode(record))
    trial.run.journal.write_bytes(b"".join(map(encode, records[:last])))


def _with_another_number(trial: Trial) -> None:
    table = trial.project / "results.tsv"
    table.write_text(table.read_text().replace("2000.0", "2000.1"))


def _with_a_row_twice(trial: Trial) -> None:
    table = trial.project / "results.tsv"
    table.write_text(table.read_text() + table.read_text().splitlines()[-1] + "\n")


def _with_a_branch_that_lags(trial: Trial) -> None:
    git(trial.repository, "update-ref", _BRANCH, trial.base)


def _without_a_ref(trial: Trial) -> None:
    git(trial.repository, "update-ref", "-d", f"refs/autoexp/{TAG}/2")


def _with_a_changed_file(trial: Trial) -> None:
    (trial.repository / "README").write_text("changed again!\n")


def _with_a_new_file(trial: Trial) -> None:
    (trial.project / ".results.tsv.1.tmp").touch()


def _with_a_lock(trial: Trial) -> None:
    (trial.repository / ".git" / "refs" / "heads" / "main.lock").touch()


@pytest.mark.parametrize(
    "harm",
    [
        _without_the_last_row,
        _with_another_number,
        _with_a_row_twice,
        _with_a_branch_that_lags,
        _without_a_ref,
        _with_a_changed_file,
        _with_a_new_file,
        _with_a_lock,
    ],
)
def test_the_check_sees_a_run(harm: Callable[[Trial], None], tmp_path: Path) -> None:
    trial = Trial(tmp_path / "trial")
    trial.resume(4)
    harm(trial)
    with pytest.raises(AssertionError):
        trial.check()


def test_a_rows_number_is_read_off_the_journal_twice_decided(tmp_path: Path) -> None:
    trial = Trial(tmp_path / "trial")
    trial.resume(2)
    with (trial.folder / "kept").open("a") as file:
        file.write(f"2 {trial.state().rows[1].commit} keep\n")
    with pytest.raises(AssertionError, match="twice"):
        trial.check_rows()


def test_the_effects_of_a_run_are_all_counted(tmp_path: Path) -> None:
    trial = Trial(tmp_path / "trial")
    assert end_of(trial.start(3, trace=True)) == 0
    names = set((trial.folder / "effects").read_text().splitlines())
    assert {
        "write run/journal.jsonl",
        "fsync run/journal.jsonl",
        "rename git pack.idx",
        "start git update-ref",
        "start forkserver.py",
        "open workspace/value",
        "write workspace/value",
        "write experiment/target",
        "write experiment/output.log",
        "write run/results.tsv",
        "write project/results.tsv",
        "rename project/results.tsv",
    } <= names


@pytest.mark.parametrize("how", ["kill", "tear"])
def test_an_injury_comes_at_its_effect(how: str, tmp_path: Path) -> None:
    trial = Trial(tmp_path / "trial")
    journal = str(trial.run.journal)
    # An older one removed, opened, synchronised, and then the first line.
    injury = Injury(how, 4, below=(journal,))  # type: ignore[arg-type]
    assert trial.hurt(1, injury) == -9
    assert trial.hurt_at() == "write run/journal.jsonl"
    text = trial.run.journal.read_text()
    assert bool(text) == (how == "tear")
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    trial.resume()
