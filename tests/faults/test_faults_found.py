"""What the fault campaign found, each in a few lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.effects import Injury
from support.gitrepos import git
from support.systems import linux_only
from support.trial import TAG, Trial

from autoexp_tui.loop.journal import Journal, JournalError, JournalReader
from autoexp_tui.model import events
from autoexp_tui.repository.plumbing import Plumbing

pytestmark = linux_only


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    trial = Trial(tmp_path / "trial")
    trial.resume(2)
    return trial


def test_a_table_that_was_edited_between_two_runners_is_set_aside(trial: Trial) -> None:
    table = trial.project / "results.tsv"
    table.write_text("mine\n")
    trial.resume()
    saved = [path.read_text() for path in (trial.run.path / "set-aside" / "project").iterdir()]
    assert saved == ["mine\n"]


def test_a_table_of_ours_that_a_full_disk_left_short_does_not_refuse_the_resume(
    trial: Trial,
) -> None:
    table = trial.run.results  # the inner copy; the project's has one row more
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    trial.resume()


@pytest.mark.parametrize("ref", [f"refs/autoexp/{TAG}/3", f"refs/heads/autoexp/{TAG}"])
def test_a_lock_that_a_killed_git_left_on_a_ref_of_ours_is_removed(trial: Trial, ref: str) -> None:
    (trial.repository / ".git" / f"{ref}.lock").touch()
    trial.resume(2)


def test_a_lock_that_somebody_holds_for_a_moment_is_waited_for(trial: Trial) -> None:
    lock = trial.repository / ".git" / "refs" / "heads" / "autoexp" / f"{TAG}.lock"
    holder = "import pathlib, sys, time; time.sleep(0.3); pathlib.Path(sys.argv[1]).unlink()"
    lock.touch()
    process = subprocess.Popen([sys.executable, "-c", holder, str(lock)])
    trial.resume(2)
    assert process.wait() == 0


def test_a_failed_write_that_cannot_be_taken_back_leaves_the_journal_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(events.HintGiven("a", "first"))
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", fail)
            broken.setattr(os, "ftruncate", fail)
            with pytest.raises(JournalError):
                journal.append(events.HintGiven("a", "never happened"))
        journal.append(events.HintGiven("a", "second"))
    texts = [record.event for record in JournalReader(path).read()]
    assert texts == [events.HintGiven("a", "first"), events.HintGiven("a", "second")]


def test_a_kill_before_a_table_is_in_place_leaves_nothing_beside_it(tmp_path: Path) -> None:
    trial = Trial(tmp_path / "trial")
    # The table's new file: opened, written, synchronised, and then renamed.
    for first in (2, 3, 4):
        trial.hurt(1, Injury("kill", first, below=(str(trial.project),)))
        assert list(trial.project.glob(".*.tmp")) == []
    trial.resume()


def test_a_git_that_is_killed_is_started_again(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = git(trial.repository, "--exec-path")
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nif mkdir {tmp_path}/once 2>/dev/null; then kill -{signal.SIGKILL:d} $$; fi\n"
        f'exec {found}/git "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr("git.Git.GIT_PYTHON_GIT_EXECUTABLE", str(program))
    assert Plumbing(trial.repository).line("rev-parse", "HEAD") == trial.base
    assert (tmp_path / "once").is_dir()


def test_a_full_disk_is_told_in_one_line(trial: Trial) -> None:
    broken = trial.run.path.parent / "u"
    broken.touch()  # where the folder of run `u` would be
    done = subprocess.run(
        [sys.executable, "-m", "autoexp_tui", "run", "--tag", "u", "--detach"],
        cwd=trial.project,
        env=trial.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(broken) in done.stderr


def test_a_lock_that_what_a_killed_runner_was_starting_still_holds_is_waited_for(
    trial: Trial,
) -> None:
    # Between fork and exec, a child of the runner has all its descriptors, and so its lock.
    holder = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'a')\n"
        "fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); time.sleep(0.3)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holder, str(trial.run.lock)], stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        trial.resume()
