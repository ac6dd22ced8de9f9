"""The app in a real terminal: hang-ups, signals, sizes, and what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from support.gitrepos import make_repo
from support.projects import FILES
from support.systems import linux_only
from support.waiting import until

from autoexp_tui.loop.control import Command
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.loop.wire import NoRunner, send
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import read_state

SUPPORT = Path(__file__).parents[1] / "support"
ENTER_SCREEN, LEAVE_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
SHOW_CURSOR = "\x1b[?25h"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDirectory]:
    """A project whose experiments take a quarter of a second; what still runs is ended."""
    slow = "#!/bin/sh\nsleep 0.15\n" + FILES["evaluate.sh"].removeprefix("#!/bin/sh\n")
    project = make_repo(tmp_path / "project", {**FILES, "evaluate.sh": slow})
    found = RunDirectory(project / ".git" / "autoexp" / "t")
    yield found
    with contextlib.suppress(NoRunner):
        send(found, Command("stop-now", by="the test"))
    until(lambda: not is_running(found), "the runner ends")


def project_of(run: RunDirectory) -> Path:
    return run.path.parents[2]


def terminal(
    run: RunDirectory, *arguments: str, size: tuple[int, int] = (40, 120), **env: str
) -> pexpect.spawn[str]:
    """`autoexp …` in a terminal of its own."""
    return pexpect.spawn(
        sys.executable,
        ["-m", "autoexp_tui", *arguments],
        cwd=str(project_of(run)),
        env={**os.environ, "TERM": "xterm-256color", **env},
        dimensions=size,
        encoding="utf-8",
        timeout=60,
    )


def watched(run: RunDirectory, **env: str) -> pexpect.spawn[str]:
    """A run that was just started, with its screen up."""
    child = terminal(run, "run", "--tag", "t", "--max-experiments", "500", **env)
    child.expect_exact(ENTER_SCREEN)
    child.expect_exact("evaluating")
    return child


def rows(run: RunDirectory) -> int:
    return len(read_state(run).rows)


def assert_goes_on(run: RunDirectory) -> None:
    before = rows(run)
    until(lambda: rows(run) >= before + 3, "the run goes on")
    assert is_running(run)


def test_a_hang_up_leaves_the_run_going(run: RunDirectory) -> None:
    child = watched(run)
    child.ptyproc.fileobj.close()  # pexpect's own close asks for an end within 0.3 s
    until(lambda: not child.ptyproc.isalive(), "the screen ends with its terminal")
    assert_goes_on(run)


def test_a_killed_screen_leaves_the_run_going(run: RunDirectory) -> None:
    child = watched(run)
    child.kill(signal.SIGKILL)
    child.wait()
    assert_goes_on(run)


def test_a_terminal_that_nobody_reads_leaves_the_run_going(run: RunDirectory) -> None:
    watched(run)  # from here on nothing is read: its buffer fills, and its writes block
    assert_goes_on(run)


def test_ctrl_c_asks_and_enter_leaves_the_run_going(run: RunDirectory) -> None:
    child = watched(run)
    child.sendintr()
    child.expect_exact("Leave it running")
    child.send("\r")
    child.expect_exact(LEAVE_SCREEN)
    child.expect_exact("t goes on: `autoexp attach t` comes back")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0
    assert_goes_on(run)


def test_two_screens_see_the_same_run_and_one_may_stop_it(run: RunDirectory) -> None:
    first = watched(run)
    second = terminal(run, "attach")
    second.expect_exact("evaluating")
    second.send("x")
    second.expect_exact("Stop the run now?")
    second.send("j\r")
    for child in (first, second):
        child.expect_exact("finished")
        child.send("q")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    assert not is_running(run)


def test_resizing_puts_the_panes_into_tabs(run: RunDirectory) -> None:
    child = watched(run)
    child.setwinsize(24, 80)
    child.expect_exact("4 Plot")  # the pane itself is named after the metric
    child.send("q\r")
    child.expect(pexpect.EOF)


@linux_only
def test_ctrl_z_suspends_the_screen_only(run: RunDirectory) -> None:
    child = watched(run)
    child.send("\x1a")
    child.expect_exact(LEAVE_SCREEN)
    stat = Path(f"/proc/{child.pid}/stat")
    until(lambda: "T" in stat.read_text().rpartition(")")[2][:3], "the screen is stopped")
    assert_goes_on(run)
    child.kill(signal.SIGCONT)
    child.expect_exact(ENTER_SCREEN)
    child.send("q\r")
    child.expect(pexpect.EOF)


def test_a_crash_of_the_screen_gives_the_terminal_back(run: RunDirectory) -> None:
    child = watched(run)
    child.send("q\r")
    child.expect(pexpect.EOF)
    broken = pexpect.spawn(
        sys.executable,
        [str(SUPPORT / "crashing_app.py"), str(run.path)],
        env={**os.environ, "TERM": "xterm-256color"},
        dimensions=(40, 120),
        encoding="utf-8",
        timeout=60,
    )
    broken.expect_exact(ENTER_SCREEN)
    broken.expect_exact("evaluating")
    broken.send("?")
    broken.expect_exact(LEAVE_SCREEN)
    broken.expect_exact(SHOW_CURSOR)
    broken.expect_exact("broken on purpose")
    broken.expect(pexpect.EOF)
    broken.wait()
    assert broken.exitstatus == 1
    assert_goes_on(run)


def test_the_title_tells_state_and_best_and_is_put_back(run: RunDirectory) -> None:
    child = watched(run)
    child.expect(r"\x1b\]2;t · evaluating · [^\x07]*\x07")
    child.send("q\r")
    child.expect_exact("\x1b[23;0t")
    child.expect(pexpect.EOF)


def test_a_dumb_terminal_gets_plain_lines(run: RunDirectory) -> None:
    child = terminal(run, "run", "--tag", "t", "--max-experiments", "2", TERM="dumb")
    child.expect_exact("finished: all 2 experiments done")
    child.expect(pexpect.EOF)
    assert "\x1b" not in str(child.before)


def test_foreground_lives_and_ends_with_its_screen(run: RunDirectory) -> None:
    child = terminal(run, "run", "--tag", "t", "--foreground")
    child.expect_exact("evaluating")
    until(lambda: rows(run) >= 2, "two rows")
    child.send("q")
    child.expect_exact("Stay: the loop lives in this window")
    child.send("jj\r")
    child.expect(pexpect.EOF)
    child.wait()
    assert not is_running(run)
    finished = read_state(run).finished
    assert finished is not None
    assert finished.reason.startswith("stopped by")


def test_no_color_is_honoured(run: RunDirectory) -> None:
    child = watched(run, NO_COLOR="1")
    child.send("q\r")
    child.expect(pexpect.EOF)
    colours = re.findall(r"\x1b\[[0-9;]*(?:38|48);[25];([0-9;]+)", str(child.before))
    assert all(len(set(colour.split(";")[:3])) == 1 for colour in colours)  # greys at most


def test_a_replay_of_a_run_and_of_a_bare_table(run: RunDirectory) -> None:
    child = terminal(run, "run", "--tag", "t", "--max-experiments", "4", "--plain")
    child.expect_exact("finished")
    child.expect(pexpect.EOF)
    for which in ("t", "results.tsv"):
        replay = terminal(run, "replay", which)
        replay.expect_exact("replay")
        replay.expect_exact("✓ keep")
        replay.send("g")
        replay.expect_exact("no measurement yet")
        replay.send("G")
        replay.expect_exact("✓ keep")
        replay.send("q")
        replay.expect_exact(LEAVE_SCREEN)
        replay.expect(pexpect.EOF)
        replay.wait()
        assert replay.exitstatus == 0
