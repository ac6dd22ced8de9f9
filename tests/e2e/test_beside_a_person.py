"""A run while its person works in the same repository, in a sub-folder of a larger one."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

from support.gitrepos import git, make_repo
from support.projects import FILES, autoexp, fingerprint
from support.systems import linux_only
from support.waiting import until

from autoexp_tui.loop.control import Command
from autoexp_tui.loop.wire import send
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import read_state


def test_a_person_commits_switches_and_collects_garbage_meanwhile(tmp_path: Path) -> None:
    repository = make_repo(
        tmp_path / "large",
        {**{f"lab/digits/{name}": text for name, text in FILES.items()}, "README": "hello\n"},
    )
    git(repository, "branch", "other")
    stop = threading.Event()
    trouble: list[BaseException] = []

    def work() -> None:
        try:
            for number in itertools.count():
                if stop.is_set():
                    return
                (repository / "README").write_text(f"{number}\n")
                git(repository, "commit", "--quiet", "--all", "--message", f"work {number}")
                git(repository, "switch", "--quiet", "other" if number % 2 else "main")
                git(repository, "gc", "--quiet", "--prune=now")
        except BaseException as error:  # noqa: BLE001 - raised in the test's own thread
            trouble.append(error)

    person = threading.Thread(target=work)
    person.start()
    try:
        autoexp("run", "lab/digits", "--tag", "t", "--max-experiments", "12", cwd=repository)
    finally:
        stop.set()
        person.join()
    assert not trouble
    state = read_state(RunDirectory(repository / ".git" / "autoexp" / "t"))
    assert len(state.rows) == 12
    assert state.finished is not None
    assert state.finished.ok
    kept = [row.commit for row in state.rows if row.status == "keep"]
    assert (
        git(repository, "rev-list", "--reverse", "autoexp/t", f"^{kept[0]}^@").splitlines()[
            -len(kept) :
        ]
        == kept
    )
    git(repository, "gc", "--quiet", "--prune=now")
    for row in state.rows:
        assert git(repository, "cat-file", "-t", row.commit) == "commit"
    assert git(repository, "status", "--porcelain") == ""


def test_a_dirty_tree_in_a_sub_folder_stays_exactly_as_it_is(tmp_path: Path) -> None:
    repository = make_repo(
        tmp_path / "large",
        {**{f"lab/{name}": text for name, text in FILES.items()}, "README": "hello\n"},
    )
    (repository / "README").write_text("staged\n")
    git(repository, "add", "README")
    (repository / "README").write_text("changed again\n")
    (repository / "untracked").write_text("mine")
    (repository / "stash").write_text("mine")
    git(repository, "add", "stash")
    git(repository, "stash", "--quiet", "--include-untracked")
    (repository / "untracked").write_text("mine too")
    (repository / "README").write_text("changed\n")
    before = fingerprint(repository)
    autoexp("run", "lab", "--max-experiments", "4", cwd=repository)
    assert fingerprint(repository) == before


@linux_only
def test_skip_and_stop_end_a_deaf_harness_within_two_seconds(tmp_path: Path) -> None:
    deaf = "trap '' TERM INT HUP; (setsid sleep 97.31 &) ; echo started; sleep 97.31; wait\n"
    body = FILES["evaluate.sh"].replace("#!/bin/sh\n", "")
    no_target = "grep -q RATE target.py || exit 1\n"
    only_changed = "grep -q 'RATE = 3.0' target.py && grep -q 'DEPTH = 4' target.py || {\n"
    project = make_repo(
        tmp_path / "project", {**FILES, "evaluate.sh": f"{no_target}{only_changed}{deaf}}}\n{body}"}
    )
    autoexp("run", "--detach", "--tag", "t", cwd=project)
    run = RunDirectory(project / ".git" / "autoexp" / "t")

    def wait_for_harness(n: int) -> None:
        output = run.output(n)
        until(lambda: output.exists() and b"started" in output.read_bytes(), f"#{n} is evaluated")

    wait_for_harness(2)
    asked = time.time()
    assert send(run, Command("skip", by="a test")).ok
    until(lambda: len(read_state(run).rows) >= 2, "the skipped row")
    row = read_state(run).rows[1]
    assert row.reason == "skipped"
    assert row.time - asked < 2
    wait_for_harness(3)
    assert send(run, Command("stop-now", by="a test")).ok
    finished = until(lambda: read_state(run).finished, "the end of the run")
    assert finished.reason.startswith("stopped by ")
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert b"97.31" not in process.read_bytes()
        except OSError:
            continue  # it has ended meanwhile
