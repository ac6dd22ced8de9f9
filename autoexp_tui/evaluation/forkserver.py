"""A small process that forks a supervisor for each evaluation: none waits for a Python to start.

Started as `python -I -S forkserver.py CONTROL`, in a session of its own, with nothing of the
runner's environment. It has one thread, and never runs anything of a candidate's itself.

CONTROL is a stream socket to the runner; with its end this process ends, and the supervisors see by
their lifelines that the runner has gone. A request is REQUEST, the time limit and the runner's pid,
and comes with these descriptors:
    LIFELINE, STATUS    see `supervisor.py`
    OUTPUT              what the harness prints to
    FOLDER              where it runs
    TOLD                gets the supervisor's pid, as PID, and ends once that has gone

What lives longer than an evaluation must not be another's to change: its memory is closed to other
processes of the user's, and once its limits, its priority or its processors are not what they were,
it ends instead of handing them on, and the runner starts another.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import socket
import struct
import sys

REQUEST = struct.Struct("=dq")
DESCRIPTORS = 5
PID = struct.Struct("=q")

_LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]

_Forked = dict[int, int]
"""Pid of a supervisor → descriptor that is closed when it has gone."""


def serve(control: socket.socket, folder: str) -> None:
    """Fork until the runner closes the socket; `folder` has the modules that supervisors run."""
    sys.path.insert(0, folder)
    sys.path.insert(0, os.path.join(folder, "sandbox"))  # noqa: PTH118 - pathlib takes long
    supervisor = __import__("supervisor")
    __import__("confine")
    del sys.path[:2]
    supervisor.set_dumpable(on=False)
    ended, theirs = os.pipe()
    for end in (ended, theirs):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    gc.disable()  # or every child would copy what the collector writes to, for nothing
    condition = _condition()
    forked: _Forked = {}
    while True:
        ready, _, _ = select.select([control.fileno(), ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            _reap(forked)
        if control.fileno() not in ready:
            continue
        request, descriptors, _, _ = socket.recv_fds(control, REQUEST.size, DESCRIPTORS)
        if len(request) < REQUEST.size or _condition() != condition:
            return
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        lifeline, status, output, where, told = descriptors
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                for descriptor in (control.fileno(), ended, theirs, told, *forked.values()):
                    os.close(descriptor)
                os.setsid()
                os.dup2(output, 1)
                os.dup2(output, 2)
                os.fchdir(where)
                for descriptor in (output, where):
                    os.close(descriptor)
                os._exit(supervisor.main(lifeline, status, *REQUEST.unpack(request)))
            finally:
                os._exit(1)
        for descriptor in (lifeline, status, output, where):
            os.close(descriptor)
        forked[pid] = told
        try:
            os.write(told, PID.pack(pid))
        except BrokenPipeError:
            continue  # the runner has gone, which the socket tells next


def _reap(forked: _Forked) -> None:
    while forked:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        os.close(forked.pop(pid))


def _condition() -> list[object]:
    """What a process hands on to its children, and another of the same user can change."""
    held: list[object] = [resource.getrlimit(kind) for kind in _LIMITS]
    held.append(os.getpriority(os.PRIO_PROCESS, 0))
    if hasattr(os, "sched_getaffinity"):
        held += [os.sched_getaffinity(0), os.sched_getscheduler(0)]
    return held


def main(arguments: list[str]) -> int:
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the runner waits for some of them
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=int(arguments[0])) as control:
        control.set_inheritable(False)
        serve(control, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
