"""Runs an experiment loop in a process of its own, made to be hurt: `start` and `Ran`.

The processes are forks of a server that has everything imported, so that a start takes a few
milliseconds and a campaign of thousands is affordable. Each one does what `autoexp run --detach`
and its runner do: prepare (begin or resume), take the lock, experiment.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import socketserver
import sys
import threading
import traceback
from dataclasses import dataclass, field
from multiprocessing import connection, forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast

from support.effects import NO_INJURY, Injury, injure

from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.proposal import Proposal, Situation, Stream
from autoexp_tui.project import find_project
from autoexp_tui.repository import packs
from autoexp_tui.runner import preparation, proposer_host, runner

OK, ENDED_BADLY, REFUSED, BROKEN = 0, 1, 2, 3
"""Exit statuses: as planned; ended with an error; could not begin and said why; a traceback."""

_serving = threading.Lock()
_DAY = dt.date(2026, 3, 8)
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["support.faulty", "git.exc", "autoexp_tui.evaluation.bench", "platformdirs.unix"]
)


@dataclass(frozen=True, slots=True)
class Job:
    """One process: which run, how far, and what goes wrong."""

    project: Path
    tag: str
    experiments: int
    """The run's whole number of rows; it ends there."""
    notes: Path
    """A folder: `said` (what it printed), `hurt` (the effect that was), `kept` (rows promised)."""
    injury: Injury = NO_INJURY
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    trace: bool = False
    """Whether all effects go to `effects`, one a line."""


class Cycle:
    """Better, worse, broken, in turns; never the same text twice, not even in another process.

    One line after the other is changed, so that the changes of lanes can be put together.
    """

    name = "cycle"

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        n = situation.n
        value = ("bad", str(1000 - n), str(5000 + n))[n % 3]
        lines = situation.text.splitlines()
        lines[n % len(lines)] = f"{value} {os.getpid()}.{n}"
        text = "".join(f"{line}\n" for line in lines)
        stream("hypothesis", f"try {value}")
        stream("target", text)
        return Proposal(f"try {value}", f"value {value}", text)


def start(job: Job) -> BaseProcess:
    """Begin; the caller joins it. `exitcode` is one of the statuses above, or minus a signal."""
    _serve()
    process = cast("BaseProcess", _context.Process(target=host, args=(job,)))
    process.start()
    _one_at_a_time(cast("Any", process)._popen)
    return process


def _one_at_a_time(popen: Any) -> None:
    """Let one thread ask for the exit status: every start asks for those of all processes.

    It is handed over once; of two that ask at the same time, the second makes 255 of it.
    """
    ask, mutex = popen.poll, threading.Lock()

    def poll(flag: int = os.WNOHANG) -> int | None:
        while True:
            with mutex:
                status = cast("int | None", ask(os.WNOHANG))
            if status is not None or flag == os.WNOHANG:
                return status
            connection.wait([popen.sentinel], 0.05)

    popen.poll = poll


def _serve() -> None:
    """Start the server of forks, once, so that it finds the modules it is to import."""
    with _serving, _Environment(PYTHONPATH=os.pathsep.join(filter(None, sys.path))):
        forkserver.ensure_running()


class _Environment:
    """Sets variables of this process for a moment."""

    def __init__(self, **values: str) -> None:
        self._values = values
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._values}
        os.environ.update(self._values)

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def host(job: Job) -> None:
    """In the new process: prepare, then run the loop to its end."""
    os.environ.clear()
    os.environ.update(job.environment)
    os.setsid()
    os.chdir(job.project)
    log = os.open(job.notes / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _promise(job.notes / "kept")
    proposer_host.make_proposer = cast("Any", lambda *_: Cycle())
    packs.FEW = 3  # so that putting them together is on trial too
    # The control server looks every half second whether it is to end: here, thousands of times.
    socketserver.BaseServer.serve_forever.__defaults__ = (0.02,)
    effects = injure(job.injury, job.notes / "hurt", job.notes, trace=job.trace)
    try:
        status = _run(job)
    except (Problem, OSError) as problem:  # what the command line puts into one line
        traceback.print_exc()
        print(f"refused: {problem}", flush=True)
        status = REFUSED
    except BaseException:  # noqa: BLE001 - it is the process's last word
        traceback.print_exc()
        status = BROKEN
    if effects.names is not None:
        names, effects.names = effects.names, None
        (job.notes / "effects").write_text("".join(f"{name}\n" for name in names))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(job: Job) -> int:
    wishes = preparation.Wishes(tag=job.tag, max_experiments=job.experiments)
    prepared = preparation.prepare(find_project(job.project), wishes, today=_DAY)
    hosted = runner.Runner(prepared.run, prepared.root, prepared.results)
    hosted.start()
    hosted.wait()
    finished = hosted.finished
    print(f"finished: {finished.reason if finished else 'no'}", flush=True)
    return OK if finished is not None and finished.ok else ENDED_BADLY


def _promise(path: Path) -> None:
    """Note every row as soon as the journal says that it has happened, in a file of our own."""
    record = Recorder.record
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    write = os.write

    def noting(self: Recorder, event: events.AnyEvent) -> events.Record:
        done = record(self, event)
        if isinstance(event, events.Decided):
            write(descriptor, f"{event.n} {event.commit} {event.status}\n".encode())
        return done

    Recorder.record = noting  # type: ignore[method-assign]
