"""A small process that owns everything one run of the harness starts, and leaves none of it behind.

Forked by `forkserver.py` for each evaluation, in a session of its own, with the harness's stdin,
stdout and stderr.

LIFELINE is a pipe from the runner. First comes the job: its length in 8 bytes, then how many words
the command has, these words, and the environment as `NAME=value`, separated by NUL. From then on
the pipe's end, whether the runner closes it or is killed, means: end everything. So does LIMIT, in
seconds, and SIGTERM.

STATUS is a pipe to the runner. `ended` is written to it when the shell has ended and something that
it started has not. One line is written when nothing is left to wait for:
    <cause: exited | limit | asked> <wait status> <seconds> <max rss, bytes> <cpu seconds> <left>
`left` counts processes that could not be killed. `error <words>` means nothing was started.

A runner that was stopped meanwhile, and has no terminal, is continued at the end; so is the server.

However the run ends, what still runs gets SIGTERM, GRACE_S seconds later SIGKILL. On Linux this
process is the subreaper of the tree: an orphan becomes its child, wherever `setsid` or a double
fork has put it, so the tree is empty when `wait` says that there are no children. Elsewhere only
the harness's process group can be killed: what made a group or a session of its own remains.
Nowhere does this reach work given to another daemon (docker, systemd-run, at, a job queue), nor
processes of another user (sudo).
"""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator

SETTLE_S = 0.2
"""Seconds for what outlives the shell to end by itself: a `tee` that has the last lines still."""
GRACE_S = 0.4
"""Seconds between SIGTERM and SIGKILL."""
KILL_TIMEOUT_S = 1.2
"""Seconds after which processes that SIGKILL does not end (stuck in the kernel) are given up."""

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_OOM_SCORE = b"500"
"""Out of memory, the kernel is to choose the harness, not the runner beside it."""


class Tree:
    """The harness's shell and all that came from it."""

    def __init__(self, argv: list[bytes], env: dict[bytes, bytes]) -> None:
        self._prctl = _find_prctl()
        self._subreaper = self._prctl is not None and self._prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self.status: int | None = None
        """Wait status of the shell; None while it runs."""
        self._shell = os.fork()
        if self._shell == 0:
            self._become(argv, env)

    def _become(self, argv: list[bytes], env: dict[bytes, bytes]) -> None:
        """In the child: turn into the harness, with nothing of ours in its signals or session."""
        try:
            os.setsid()
            if self._prctl:
                self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                set_dumpable(on=True)  # or its own files in /proc would be root's
                _write_if_allowed("/proc/self/oom_score_adj", _OOM_SCORE)
            signal.set_wakeup_fd(-1)
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                if signal.getsignal(number) not in {signal.SIG_DFL, None}:
                    signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            argv = confined(argv, env)
            os.execve(argv[0], argv, env)  # noqa: S606 - that is the job
        except BaseException as error:  # noqa: BLE001 - a second supervisor must not go on from here
            os.write(2, f"cannot start {argv[0]!r}: {error}\n".encode())
        finally:
            os._exit(127)

    def reap(self) -> bool:
        """Collect what has ended; True while there is anything left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return not self._subreaper and _group_exists(self._shell)
            if pid == 0:
                return True
            if pid == self._shell:
                self.status = status

    def terminate(self) -> None:
        """Ask everything to end."""
        if not self._subreaper:
            _signal_group(self._shell, signal.SIGTERM)
            return
        for pid in _descendants(os.getpid()):
            _signal(pid, signal.SIGTERM)

    def kill(self) -> None:
        """Kill what there is now. What was forked meanwhile wants another call, until `reap` ends.

        Each process is stopped before its children are listed, so that the list is complete and a
        tree that forks as fast as it is killed cannot get away.
        """
        if not self._subreaper:
            _signal_group(self._shell, signal.SIGKILL)
            return
        stopped = []
        for pid in _descendants(os.getpid()):
            _signal(pid, signal.SIGSTOP)
            stopped.append(pid)
        for pid in stopped:
            _signal(pid, signal.SIGKILL)

    def count(self) -> int:
        """How many processes there are, dead ones aside."""
        self.reap()
        return len(list(_descendants(os.getpid()))) if self._subreaper else int(self.reap())


class Alarm:
    """Wakes a waiting supervisor: a child has ended, a signal asks for the end, the runner went."""

    def __init__(self, lifeline: int) -> None:
        self._lifeline = lifeline
        self._signals, theirs = os.pipe()
        os.set_blocking(self._signals, False)
        os.set_blocking(theirs, False)
        self.asked = False
        """Whether the runner closed the lifeline, or SIGTERM came."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._ask)
        signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)

    def _ask(self, *_: object) -> None:
        self.asked = True

    def wait(self, seconds: float) -> None:
        """Until something has happened, at most so long."""
        watched = [self._signals] if self.asked else [self._signals, self._lifeline]
        ready, _, _ = select.select(watched, [], [], max(0.0, seconds))
        if self._signals in ready:
            os.read(self._signals, 4096)
        if self._lifeline in ready and not os.read(self._lifeline, 4096):
            self.asked = True


def supervise(lifeline: int, limit: float, tell: Callable[[str], bool]) -> str:
    """Run the job that the lifeline brings; the status line, once its tree has gone."""
    job = _receive(lifeline).split(b"\0")
    words = 1 + int(job[0])
    env = dict(item.split(b"=", 1) for item in job[words:])
    alarm = Alarm(lifeline)
    began = time.monotonic()
    tree = Tree(job[1:words], env)
    cause = ""
    while not cause:
        left = limit - (time.monotonic() - began)
        tree.reap()
        if tree.status is not None:
            cause = "exited"
        elif left <= 0:
            cause = "limit"
        elif alarm.asked:
            cause = "asked"
        else:
            alarm.wait(min(left, 3600.0))
    seconds = time.monotonic() - began
    if cause == "exited" and tree.reap():
        tell("ended")
        wait(tree, alarm, SETTLE_S)
    survivors = end(tree, alarm)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    cpu = used.ru_utime + used.ru_stime
    status = -1 if tree.status is None else tree.status
    return f"{cause} {status} {seconds:.6f} {peak} {cpu:.6f} {survivors}"


def confined(argv: list[bytes], env: dict[bytes, bytes]) -> list[bytes]:
    """Do here what `sandbox/confine.py` is to do first, if `argv` starts it: the command behind.

    It takes its rights from this very process, and spares it another start of Python.
    """
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sandbox")  # noqa: PTH100, PTH118, PTH120
    if argv[1:4] != [b"-I", b"-S", os.fsencode(f"{folder}/confine.py")]:
        return argv
    sys.path.insert(0, folder)
    steps = 5 + int(argv[4])
    __import__("confine").confine([os.fsdecode(word) for word in argv[5:steps]], env)
    return argv[steps:]


def end(tree: Tree, alarm: Alarm) -> int:
    """Empty the tree; the number of processes that would not go."""
    if not tree.reap():
        return 0
    tree.terminate()
    wait(tree, alarm, GRACE_S)
    deadline = time.monotonic() + KILL_TIMEOUT_S
    pause = 0.0  # at first there is no time to lose: see `Tree.kill`
    while tree.reap():
        if time.monotonic() > deadline:
            return tree.count()
        tree.kill()
        time.sleep(pause)
        pause = min(pause + 0.001, 0.02)
    return 0


def wait(tree: Tree, alarm: Alarm, seconds: float) -> None:
    """Until the tree is empty, at most so long."""
    deadline = time.monotonic() + seconds
    while tree.reap() and (left := deadline - time.monotonic()) > 0:
        alarm.wait(left)


def _receive(lifeline: int) -> bytes:
    """The job. Raises EOFError when the runner dies before it is complete."""
    size = int.from_bytes(_read(lifeline, 8), "big")
    job = _read(lifeline, size)
    if not size or len(job) < size:
        raise EOFError("the runner has gone")
    return job


def _read(descriptor: int, size: int) -> bytes:
    """So many bytes, or fewer where the input ends."""
    parts = []
    while size > 0 and (part := os.read(descriptor, min(size, 65536))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _find_prctl() -> Callable[[int, int], bool] | None:
    """prctl(2) of an option and its argument, where there is one; True when it took effect."""
    if sys.platform != "linux":
        return None
    try:
        import ctypes  # noqa: PLC0415 - a Python may be built without it

        function = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None
    function.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    return lambda option, value: function(option, value, 0, 0, 0) == 0


def set_dumpable(*, on: bool) -> None:
    """Whether other processes of the user's may look into this one, on Linux."""
    if prctl := _find_prctl():
        prctl(_PR_SET_DUMPABLE, int(on))


def _descendants(root: int) -> Iterator[int]:
    """Pids below `root`, parents first; a process's children are listed after it was yielded."""
    ppids = None if os.access(f"/proc/{root}/task/{root}/children", os.R_OK) else _parents()
    waiting = _children(root, ppids)
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += _children(pid, ppids)


def _children(pid: int, ppids: dict[int, int] | None) -> list[int]:
    if ppids is not None:
        return [child for child, parent in ppids.items() if parent == pid]
    lists = (_contents(f"{thread}/children") for thread in _entries(f"/proc/{pid}/task"))
    return [int(child) for each in lists for child in each.split()]


def _parents() -> dict[int, int]:
    """Parent of every process, for kernels that do not list children (CONFIG_PROC_CHILDREN)."""
    found = {}
    for folder in _entries("/proc"):
        pid = folder.rpartition("/")[2]
        if pid.isdecimal() and (line := _contents(f"{folder}/stat")):
            found[int(pid)] = int(line.rpartition(b")")[2].split()[1])
    return found


def _entries(folder: str) -> list[str]:
    """What is in a folder of /proc; nothing when its process has gone."""
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _contents(path: str) -> bytes:
    """Of a file of /proc; empty when its process has gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return _read(descriptor, 1 << 20)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # gone, or another user's: counted at the end


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return sys.platform != "darwin"  # there it is what a group of zombies answers
    return True


def _has_no_terminal(pid: int) -> bool:
    """Whether nobody can have meant to stop a process."""
    fields = _contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return len(fields) > 4 and fields[4] == b"0"


def _write_if_allowed(path: str, text: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.write(descriptor, text)
        finally:
            os.close(descriptor)
    except OSError:
        return


def main(lifeline: int, status: int, limit: float, runner: int) -> int:
    """In a child of the fork server, which ignores the signals that a terminal sends."""

    def tell(line: str) -> bool:
        try:
            return os.write(status, line.encode() + b"\n") > 0
        except BrokenPipeError:
            return False  # the runner has gone: nobody wants to know

    try:
        line = supervise(lifeline, limit, tell)
    except EOFError:
        return 1
    except OSError as error:
        line = f"error {error}"
    # Whether it stands still is not asked: on a busy machine it may be about to.
    if _has_no_terminal(os.getppid()):
        _signal(os.getppid(), signal.SIGCONT)
    if not tell(line):
        return 1  # and whoever has its pid now is none of ours
    if _has_no_terminal(runner):
        _signal(runner, signal.SIGCONT)
    return 0
