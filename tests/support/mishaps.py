"""The kinds of fault: each does one harm to a trial's run, then sees that a resume makes it whole.

A mishap is a function of a trial and of a random generator. It returns what exactly was done, in a
few words, and raises AssertionError when a promise was broken.
"""

from __future__ import annotations

import errno
import fcntl
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

import pytest
from support.effects import Injury
from support.faulty import ENDED_BADLY, OK, REFUSED
from support.gitrepos import git
from support.trial import PATIENCE, TAG, Trial, end_of

from autoexp_tui.loop.control import Command
from autoexp_tui.loop.journal import JournalError
from autoexp_tui.loop.wire import NoRunner, send

Mishap: TypeAlias = Callable[[Trial, random.Random], str]

EFFECTS = 170
"""About as many as a runner has in its start and the first two experiments."""
_KILLED = -signal.SIGKILL


# The runner dies.


def killed_at_an_effect(trial: Trial, chance: random.Random) -> str:
    return _killed(trial, Injury("kill", chance.randrange(1, _effects(trial))))


def killed_in_a_write(trial: Trial, chance: random.Random) -> str:
    injury = Injury("tear", chance.randrange(1, _effects(trial)), share=chance.random())
    return _killed(trial, injury)


def _effects(trial: Trial) -> int:
    """Lanes have most of theirs once all of them are at work."""
    return EFFECTS if trial.parallel == 1 else (trial.parallel + 1) * EFFECTS


def _killed(trial: Trial, injury: Injury) -> str:
    status = trial.hurt(3 if trial.parallel == 1 else 6 * trial.parallel, injury)
    assert status in {_KILLED, OK}, f"it ended with {status}:\n{trial.said()}"
    trial.check_rows()
    trial.resume()
    return trial.hurt_at() or "not reached"


def killed_at_random(trial: Trial, chance: random.Random) -> str:
    process = trial.start(1000)
    _let_lanes_begin(trial, process)
    time.sleep(chance.uniform(0.0, 0.7))
    process.kill()
    assert end_of(process) == _KILLED
    trial.check_rows()
    trial.resume()
    return "the runner alone"


def killed_with_all_its_children(trial: Trial, chance: random.Random) -> str:
    """As systemd, or the end of the machine: whatever git was doing dies in the middle as well."""
    process = trial.start(1000)
    _let_lanes_begin(trial, process)
    time.sleep(chance.uniform(0.02, 0.7))
    assert process.pid is not None
    for pid in [process.pid, *_descendants(process.pid)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    end_of(process)
    trial.check_rows()
    trial.resume()
    return "with git and the supervisor"


def _let_lanes_begin(trial: Trial, process: BaseProcess) -> None:
    """Wait until every lane has an experiment, where there are several."""
    deadline = time.monotonic() + PATIENCE
    while trial.parallel > 1 and process.is_alive() and time.monotonic() < deadline:
        with suppress(JournalError):
            state = trial.state()
            ours = state.runner is not None and state.runner.pid == process.pid
            if ours and len(state.in_flight) >= trial.parallel - 1:
                return
        time.sleep(0.01)


def _descendants(pid: int) -> list[int]:
    """Frozen first, so that none is missed."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    return [each for child in _children(pid) for each in (child, *_descendants(child))]


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in path.read_text().split()]
    return found


def git_killed(trial: Trial, chance: random.Random) -> str:
    """Out of memory, say: git dies while the runner lives, and the run goes on."""
    trial.resume()
    process = trial.start(4)
    killed, most = 0, chance.randrange(1, 4)
    pause = chance.uniform(0.0, 0.05)
    while process.is_alive() and killed < most:
        for child in _children(process.pid or 0):
            with suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text() == "git\n":
                    os.kill(child, signal.SIGKILL)
                    killed += 1
                    time.sleep(pause)
    assert end_of(process) == OK, trial.said()
    trial.resume()
    return f"{killed} times"


# The disk, the clock, the machine.


def disk_full_once(trial: Trial, chance: random.Random) -> str:
    return _refused(trial, Injury("full", chance.randrange(1, EFFECTS)))


def disk_full_for_a_while(trial: Trial, chance: random.Random) -> str:
    first = chance.randrange(1, EFFECTS)
    return _refused(trial, Injury("full", first, first + chance.randrange(1, 40)))


def disk_full_from_then_on(trial: Trial, chance: random.Random) -> str:
    """It ends, and says so, or stands still until a person gives it up."""
    process = trial.start(3, Injury("full", chance.randrange(1, EFFECTS), 1 << 30))
    process.join(chance.uniform(0.5, 1.5))
    process.kill()
    status = end_of(process)
    assert status in {OK, ENDED_BADLY, REFUSED, _KILLED}, f"it ended with {status}:\n{trial.said()}"
    trial.check_rows()
    trial.resume()
    return trial.hurt_at() or "not reached"


def disk_errors(trial: Trial, chance: random.Random) -> str:
    first = chance.randrange(1, EFFECTS)
    return _refused(trial, Injury("fail", first, first + chance.randrange(12)))


def folder_read_only(trial: Trial, chance: random.Random) -> str:
    folders = {
        "the project": trial.project,
        "the repository": trial.repository,
        "the run's folder": trial.run.path,
        "git's objects": trial.repository / ".git" / "objects",
        "the cache": trial.folder / "cache",
    }
    name = chance.choice(list(folders))
    injury = Injury("refuse", chance.randrange(1, 60), 1 << 30, below=(str(folders[name]),))
    _refused(trial, injury)
    return name


def _refused(trial: Trial, injury: Injury) -> str:
    """It may end, and say so, go on, or pause for a person; what it leaves must be whole."""
    process = trial.start(3, injury)
    why = _pause_of(trial, process)
    if why:
        named = (*injury.below, os.strerror(errno.EROFS), os.strerror(errno.EIO))
        assert any(name in why for name in named), f"it paused without its reason: {why}"
        trial.mend()
        with suppress(NoRunner):  # its own next try came first, and it has ended
            send(trial.run, Command("resume", by="a trial"))  # type: ignore[arg-type]
    status = end_of(process)
    expected = {OK} if why else {OK, ENDED_BADLY, REFUSED}
    assert status in expected, f"it ended with {status}:\n{trial.said()}"
    trial.mend(done=False)
    trial.check_rows()
    trial.resume()
    return trial.hurt_at() or "not reached"


def _pause_of(trial: Trial, process: BaseProcess) -> str:
    """Why it stands still until somebody mends something; empty once it has ended instead."""
    deadline = time.monotonic() + PATIENCE
    while process.is_alive() and time.monotonic() < deadline:
        with suppress(JournalError):
            why = trial.state().paused
            if why and "it tries again" in why:
                return why
        process.join(0.05)
    return ""


def clock_set(trial: Trial, chance: random.Random) -> str:
    hours = chance.choice([-25, 25])
    injury = Injury("clock", chance.randrange(1, EFFECTS), seconds=hours * 3600.0)
    assert trial.hurt(3, injury) == OK, trial.said()
    trial.check()
    trial.resume()
    trial.hurt_at()
    return f"{hours:+} h"


def stopped_for_a_while(trial: Trial, chance: random.Random) -> str:
    process = trial.start(4)
    time.sleep(chance.uniform(0.0, 0.4))
    assert process.pid is not None
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(chance.uniform(0.05, 0.5))
        os.kill(process.pid, signal.SIGCONT)
    assert end_of(process) == OK, trial.said()
    trial.check()
    return "SIGSTOP, SIGCONT"


def real_disk_full(trial: Trial, chance: random.Random) -> str:
    """For a trial on a small file system: nothing but some KiB are left, then there is room."""
    ballast = trial.folder / "ballast"
    space = os.statvfs(trial.folder)
    left = chance.randrange(0, 120)
    size = max(0, space.f_bavail * space.f_frsize - (left << 10))
    with ballast.open("wb") as file:
        while size > 0 and _filled(file.fileno(), min(size, 1 << 20)):
            size -= 1 << 20
    process = trial.start(8)
    process.join(chance.uniform(0.5, 2.0))
    ballast.unlink()  # and it goes on by itself, where it could begin
    status = end_of(process)
    assert status in {OK, ENDED_BADLY, REFUSED}, f"it ended with {status}:\n{trial.said()}"
    trial.check_rows()
    trial.resume()
    return f"{left // 20 * 20} KiB left or more"


def _filled(fd: int, size: int) -> bool:
    try:
        return os.write(fd, bytes(size)) == size
    except OSError:
        return False


# Files that somebody else has touched.


def locked_by_another(trial: Trial, chance: random.Random) -> str:
    trial.resume()
    with trial.run.lock.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = trial.run.journal.read_bytes()
        assert trial.hurt(1, Injury()) == REFUSED
        assert "is running already" in trial.said()
        assert trial.run.journal.read_bytes() == before
    trial.resume()
    return "refused, then resumed"


def journal_torn(trial: Trial, chance: random.Random) -> str:
    """Its last line was never written whole: cut, or holes at its end as after a power loss."""
    process = trial.start(1000)
    time.sleep(chance.uniform(0.2, 0.5))
    process.kill()
    end_of(process)
    if not trial.run.journal.exists():  # on a busy machine there may not be one yet
        trial.resume()
    rows = len(trial.state().rows)
    half = b'{"seq":99,"time":1.0,"elapsed":1.0,"event":{"kind":"Noticed","level":"in'
    what = chance.choice(["half a line", "zeros", "half a line and zeros"])
    tail = {"half a line": half, "zeros": bytes(300), "half a line and zeros": half + bytes(99)}
    with trial.run.journal.open("ab") as file:
        file.write(tail[what])
    assert len(trial.state().rows) == rows
    trial.resume()
    return what


def journal_damaged(trial: Trial, chance: random.Random) -> str:
    """A line before the end is not what was written: nothing is done, and it says where."""
    trial.resume()
    good = trial.run.journal.read_bytes()
    lines = good.splitlines(keepends=True)
    number = chance.randrange(len(lines) - 1)
    what = chance.choice(["a bit flipped", "a line gone"])
    line = bytearray(lines[number])
    line[chance.randrange(len(line) - 1)] ^= 1 << chance.randrange(7)
    damage = {
        "a bit flipped": [bytes(line)],
        "a line gone": [],
    }
    bad = b"".join([*lines[:number], *damage[what], *lines[number + 1 :]])
    trial.run.journal.write_bytes(bad)
    try:
        _see_it_said(trial, f"{trial.run.journal}:{number + 1}:")
        assert trial.run.journal.read_bytes() == bad, "the damaged journal was changed"
    finally:
        trial.run.journal.write_bytes(good)
    trial.resume()
    return what


def journal_added_to(trial: Trial, chance: random.Random) -> str:
    """Lines that no runner wrote, at rest or while it runs: they are taken out and told."""
    trial.resume()
    lines = trial.run.journal.read_bytes().splitlines(keepends=True)
    rows = len(trial.state().rows)
    number = chance.randrange(len(lines))
    what = chance.choice(["a line twice", "rubbish", "rubbish while it runs"])
    if what == "rubbish while it runs":
        with _meanwhile(trial, 5, lambda: _add(trial.run.journal, b"rubbish\n"), chance):
            pass
        return what
    more = lines[number] if what == "a line twice" else b"{}\n" * chance.randrange(1, 9)
    trial.run.journal.write_bytes(b"".join([*lines[: number + 1], more, *lines[number + 1 :]]))
    assert len(trial.state().rows) == rows
    trial.resume()
    assert any("no runner wrote" in notice.text for _, notice in trial.state().notices)
    return what


def _add(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def _see_it_said(trial: Trial, where: str) -> None:
    with pytest.raises(JournalError) as noticed:
        trial.state()
    assert str(noticed.value).startswith(where)
    # Counting the rows is what the trial can't do now: the process is told a number that is enough.
    process = trial.start(1, known_rows=0)
    assert end_of(process) == REFUSED
    assert where in trial.said()


def tables_edited(trial: Trial, chance: random.Random) -> str:
    """Deleted, changed, cut or replaced by somebody, while the run goes on."""
    what = chance.choice(["deleted", "changed", "cut", "emptied", "a row more"])
    path = trial.project / chance.choice(["results.tsv", "budget.log"])
    inner = trial.run.path / path.name

    def edit() -> None:
        for each in (path, inner) if chance.random() < 0.3 else (path,):
            _edit(each, what)

    with _meanwhile(trial, 5, edit, chance):
        pass
    trial.check()
    return f"{path.name} {what}"


def _edit(path: Path, what: str) -> None:
    with suppress(FileNotFoundError):
        match what:
            case "deleted":
                path.unlink()
            case "changed":
                path.write_text(path.read_text().replace("loss", "gain") + "mine\n")
            case "cut":
                os.truncate(path, path.stat().st_size // 2)
            case "emptied":
                os.truncate(path, 0)
            case _:
                with path.open("a") as file:
                    file.write("abcdef0\t0.5\tkeep\tmy own idea\n")


def tables_edited_at_rest(trial: Trial, chance: random.Random) -> str:
    """The same between a kill and the resume."""
    killed_at_random(trial, chance)
    what = chance.choice(["deleted", "cut", "emptied", "changed", "a row more"])
    path = trial.project / "results.tsv"
    _edit(path, what)
    trial.resume()
    return what


# The repository is the user's.


def branch_moved(trial: Trial, chance: random.Random) -> str:
    what = chance.choice(["moved to main", "deleted", "moved to a discarded one", "worked on"])
    branch = f"refs/heads/autoexp/{TAG}"
    mine: list[str] = []

    def move() -> None:
        match what:
            case "moved to main":
                git(trial.repository, "update-ref", branch, trial.base, check=False)
            case "deleted":
                git(trial.repository, "update-ref", "-d", branch, check=False)
            case "moved to a discarded one":
                rows = trial.state().rows
                git(trial.repository, "update-ref", branch, rows[-1].commit, check=False)
            case _:
                tree = git(trial.repository, "rev-parse", f"{trial.base}^{{tree}}")
                new = git(trial.repository, "commit-tree", "-p", trial.base, "-m", "mine", tree)
                git(trial.repository, "update-ref", branch, new, check=False)
                mine.append(new)

    trial.resume()
    with _meanwhile(trial, 6, move, chance):
        pass
    trial.resume(3)
    for commit in mine:  # a commit of the user's on our branch is saved
        saved = git(trial.repository, "for-each-ref", "--contains", commit, "--format=%(refname)")
        assert f"refs/autoexp/{TAG}/saved-{commit[:12]}" in saved.splitlines()
    return what


def branch_checked_out(trial: Trial, chance: random.Random) -> str:
    """In a work tree of its own: our branch may not move under its feet."""
    trial.resume()
    tree = trial.folder / "theirs"

    def check_out() -> None:
        git(trial.repository, "worktree", "add", "--quiet", str(tree), f"autoexp/{TAG}")

    with _meanwhile(trial, 6, check_out, chance, settle=False):
        pass
    assert git(tree, "status", "--porcelain") == "", "the checkout of our branch is behind it"
    trial.check_rows()
    held = trial.start(3)
    assert end_of(held) == OK, trial.said()
    trial.check(branch=False)
    assert git(tree, "status", "--porcelain") == ""
    git(trial.repository, "worktree", "remove", str(tree))
    trial.resume(3)
    return "and released"


def garbage_collected(trial: Trial, chance: random.Random) -> str:
    def collect() -> None:
        for _ in range(2):
            git(trial.repository, "gc", "--quiet", "--prune=now")

    with _meanwhile(trial, 6, collect, chance):
        pass
    git(trial.repository, "gc", "--quiet", "--prune=now")
    trial.check(fsck=True)
    for row in trial.state().rows:
        git(trial.repository, "cat-file", "-e", f"{row.commit}:lab/value")
    return "git gc --prune=now"


def killed_while_collecting(trial: Trial, chance: random.Random) -> str:
    collector = subprocess.Popen(
        ["git", "gc", "--quiet", "--prune=now"],
        cwd=trial.repository,
        env=trial.environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        killed_at_random(trial, chance)
    finally:
        collector.wait()
    trial.resume()
    git(trial.repository, "gc", "--quiet", "--prune=now")
    trial.check(fsck=True)
    return "git gc and kill -9"


def commands_and_kill(trial: Trial, chance: random.Random) -> str:
    """A person skips, pauses, hints and stops; then comes the kill."""
    process = trial.start(1000)
    verbs = []
    until = time.monotonic() + chance.uniform(0.2, 0.8)
    while time.monotonic() < until:
        verb = chance.choice(["skip", "skip", "pause", "resume", "hint", "stop"])
        with suppress(NoRunner):
            send(trial.run, Command(verb, by="a trial", text="try less"))  # type: ignore[arg-type]
            verbs.append(verb)
        time.sleep(chance.uniform(0.0, 0.05))
    process.kill()
    assert end_of(process) in {_KILLED, OK}
    trial.check_rows()
    trial.resume()
    return "some commands" if verbs else "too early"


@contextmanager
def _meanwhile(
    trial: Trial,
    more: int,
    act: Callable[[], None],
    chance: random.Random,
    *,
    settle: bool = True,
) -> Iterator[BaseProcess]:
    """Let the run add rows while a person acts, at some moment; it must end well.

    `settle`: what came after the last row is put right by a resume.
    """
    process = trial.start(more)
    trouble: list[BaseException] = []
    delay = chance.uniform(0.1, 0.6)

    def person() -> None:
        try:
            time.sleep(delay)
            act()
        except BaseException as error:  # noqa: BLE001 - raised below, where it is seen
            trouble.append(error)

    thread = threading.Thread(target=person)
    thread.start()
    yield process
    status = end_of(process)
    thread.join()
    if trouble:
        raise trouble[0]
    assert status == OK, f"it ended with {status}:\n{trial.said()}"
    if settle:
        trial.resume(3)


KILLS: dict[str, Mishap] = {
    "kill -9 before an effect": killed_at_an_effect,
    "kill -9 in the middle of a write": killed_in_a_write,
    "kill -9 at a random moment": killed_at_random,
    "kill -9 of it and all its children": killed_with_all_its_children,
}
OTHERS: dict[str, Mishap] = {
    "kill -9 after commands of a person": commands_and_kill,
    "kill -9 during git gc": killed_while_collecting,
    "kill -9 of git": git_killed,
    "disk full, one write": disk_full_once,
    "disk full for a while": disk_full_for_a_while,
    "disk full from then on": disk_full_from_then_on,
    "disk errors for a while": disk_errors,
    "folder read-only": folder_read_only,
    "clock set by 25 hours": clock_set,
    "SIGSTOP for a while": stopped_for_a_while,
    "run locked by another": locked_by_another,
    "journal torn at its end": journal_torn,
    "journal damaged": journal_damaged,
    "journal added to": journal_added_to,
    "table edited during the run": tables_edited,
    "table edited at rest": tables_edited_at_rest,
    "branch moved or deleted": branch_moved,
    "branch checked out": branch_checked_out,
    "git gc --prune=now": garbage_collected,
}
ALL = {**KILLS, **OTHERS}


@contextmanager
def small_disk(folder: Path, mebibytes: int = 6) -> Iterator[Path]:
    """A file system of that size. Raises OSError where we may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        raise OSError("a small disk can only be mounted by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
