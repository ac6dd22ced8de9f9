"""The app in a real terminal: hang-ups, signals, sizes, and what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from support.gitrepos import commit_files, make_repo
from support.projects import FILES
from support.systems import linux_only
from support.waiting import until

from autoexp_tui.loop.control import Command
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.loop.wire import NoRunner, send
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.samples import recording
from autoexp_tui.sources.archive import pack
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


def modes_left_on(written: str) -> set[str]:
    """The terminal's private modes that were switched on and never off; a hidden cursor too."""
    on = {"?25"}
    for mode, switch in re.findall(r"\x1b\[(\?\d+)([hl])", written):
        on = on | {mode} if switch == "h" else on - {mode}
    return (on - {"?7"}) ^ {"?25"}


def test_what_ends_a_screen_leaves_the_terminal_as_it_was(run: RunDirectory) -> None:
    child = watched(run)
    child.kill(signal.SIGKILL)
    child.wait()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL):
        child = terminal(run, "attach", size=(40, 120))
        found = termios.tcgetattr(child.child_fd)
        child.expect_exact("evaluating")
        assert termios.tcgetattr(child.child_fd) != found
        written = str(child.before) + str(child.after)
        assert "?1000" in modes_left_on(written)
        child.kill(number)
        child.expect(pexpect.EOF)
        written += str(child.before)
        assert termios.tcgetattr(child.child_fd) == found
        child.wait()
        assert (child.exitstatus or 128 + (child.signalstatus or 0)) == 128 + number
        assert modes_left_on(written) == set()
    assert_goes_on(run)


def test_a_screen_whose_terminal_takes_nothing_can_be_ended(run: RunDirectory) -> None:
    child = watched(run)
    before = rows(run)
    until(lambda: rows(run) >= before + 8, "its buffer is full")  # nothing is read meanwhile
    child.kill(signal.SIGTERM)
    until(lambda: not child.ptyproc.isalive(), "the screen ends")
    assert_goes_on(run)


def test_the_loop_that_a_screen_hosts_ends_with_it_by_a_signal_too(run: RunDirectory) -> None:
    child = terminal(run, "run", "--tag", "t", "--foreground", "--max-experiments", "500")
    child.expect_exact("evaluating")
    child.kill(signal.SIGTERM)
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 128 + signal.SIGTERM
    finished = read_state(run).finished
    assert finished is not None
    assert finished.reason == "stopped by a signal"


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1", "COLUMNS": "7", "LINES": "2"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TERM": "unheard-of"},
    ],
)
def test_a_screen_is_utf_8_and_as_wide_as_its_terminal(tmp_path: Path, env: dict[str, str]) -> None:
    """Whatever streams and environment say; standard error may lead elsewhere."""
    errors = tmp_path / "errors"
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f"exec {sys.executable} -m autoexp_tui replay --sample 2>{errors}"],
        env={**os.environ, "TERM": "xterm-256color", **env},
        dimensions=(40, 120),
        encoding="utf-8",
        timeout=60,
    )
    child.expect_exact("─" * 30)
    child.send("q")
    child.expect_exact(LEAVE_SCREEN)
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0
    assert errors.read_text() == ""


@pytest.mark.parametrize("size", [(1, 1), (2, 200)])
def test_a_terminal_too_small_for_anything_is_left_in_order(size: tuple[int, int]) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "autoexp_tui", "replay", "--sample"],
        env={**os.environ, "TERM": "xterm-256color"},
        dimensions=size,
        encoding="utf-8",
        timeout=60,
    )
    child.expect_exact(ENTER_SCREEN)
    child.send("q")
    child.expect_exact(LEAVE_SCREEN)
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0


def test_a_screen_that_was_written_over_is_painted_anew_by_a_key_and_by_a_resize() -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "autoexp_tui", "replay", "--sample"],
        env={**os.environ, "TERM": "xterm-256color"},
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=60,
    )
    child.expect_exact("demo")
    whole = "\x1b[0m\x1b[1;1H"
    for _ in range(3):  # a start paints the whole twice, at most
        child.sendcontrol("l")
        child.expect_exact(whole)
        child.kill(signal.SIGWINCH)  # to the size that it has
        child.expect_exact(whole)
    child.sendcontrol("q")
    child.expect_exact(LEAVE_SCREEN)
    child.expect(pexpect.EOF)


def test_the_copy_of_an_archive_goes_with_its_screen(tmp_path: Path) -> None:
    pack(recording(), tmp_path / "run.zip")
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    def replayed() -> pexpect.spawn[str]:
        child = pexpect.spawn(
            sys.executable,
            ["-m", "autoexp_tui", "replay", str(tmp_path / "run.zip")],
            env={**os.environ, "TERM": "xterm-256color", "TMPDIR": str(temporary)},
            dimensions=(40, 120),
            encoding="utf-8",
            timeout=60,
        )
        child.expect_exact(ENTER_SCREEN)
        return child

    def ended(child: pexpect.spawn[str], number: signal.Signals) -> None:
        child.kill(number)
        child.expect(pexpect.EOF)
        child.wait()

    ended(replayed(), signal.SIGHUP)
    assert list(temporary.iterdir()) == []
    ended(replayed(), signal.SIGKILL)
    (left,) = temporary.iterdir()
    alive = replayed()
    (used,) = temporary.iterdir()
    assert used != left, "what a killed one left is removed by the next"
    ended(replayed(), signal.SIGTERM)
    assert list(temporary.iterdir()) == [used], "what another one uses stays"
    ended(alive, signal.SIGTERM)
    assert list(temporary.iterdir()) == []


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
    for painted_once in ("1 Hypothesis", "2 Diff", "3 Output", "5 Results", "leave"):
        child.expect_exact(painted_once)
    child.send("q\r")
    child.expect(pexpect.EOF)


def test_the_instructions_are_edited_in_the_persons_own_editor(
    run: RunDirectory, tmp_path: Path
) -> None:
    project = project_of(run)
    commit_files(project, {"program.md": "Be bold.\n"})
    editor = tmp_path / "my editor"
    editor.write_text('#!/bin/sh\necho EDITING; read answer; echo "$answer" >> "$1"\n')
    editor.chmod(0o755)
    child = watched(run, VISUAL=f"'{editor}'")
    child.send("e")
    child.expect_exact(LEAVE_SCREEN)
    child.expect_exact("EDITING")
    assert_goes_on(run)
    child.send("Be careful.\r")
    child.expect_exact(ENTER_SCREEN)
    child.expect_exact("Results")  # all of it is painted again, not only what changes
    child.expect_exact("the next experiment reads the instructions")
    assert (project / "program.md").read_text() == "Be bold.\nBe careful.\n"
    until(
        lambda: '"lines":3' in run.journal.read_text(), "the next experiment reads what was written"
    )
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
