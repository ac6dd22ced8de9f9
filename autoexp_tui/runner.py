"""The runner: a process (or a part of one) that hosts one run's loop in a worker thread.

It outlives the terminal that started it. Viewers read the journal; nothing here waits for them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from autoexp_tui.core import desk, events
from autoexp_tui.core.control import Command, Controls
from autoexp_tui.core.journal import Journal
from autoexp_tui.core.loop import Loop
from autoexp_tui.core.projections import Projections
from autoexp_tui.core.recorder import Recorder
from autoexp_tui.core.rundir import RunDirectory
from autoexp_tui.lab.processes import ProcessId
from autoexp_tui.proposers.registry import make_proposer
from autoexp_tui.wire import ControlServer


class AlreadyRunning(Exception):
    """Another runner holds the lock of this run."""


@contextlib.contextmanager
def locked(run: RunDirectory) -> Iterator[None]:
    """Be the one process that may write this run. Raises AlreadyRunning."""
    run.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with run.lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(
                f"{run.tag} is running already: `autoexp attach {run.tag}` shows it"
            ) from error
        file.truncate(0)
        file.write(ProcessId.of(os.getpid()).encode())
        file.flush()
        yield


def is_running(run: RunDirectory) -> bool:
    """Whether the process that took the run's lock last is still there."""
    try:
        holder = ProcessId.decode(run.lock.read_text())
    except (OSError, ValueError):
        return False
    return holder.alive()


class Runner:
    """Hosts one run: journal, control socket, and the loop in a thread of its own."""

    def __init__(self, run: RunDirectory, root: Path, results: Path) -> None:
        self._run = run
        self._root = root
        self._results = results
        self._controls = Controls()
        self._done = threading.Event()
        self._recorder: Recorder | None = None
        self.finished: events.RunFinished | None = None
        self.error = ""
        """Why the loop broke off without an end of its own."""

    def host(self, ready: Callable[[], None]) -> None:
        """Take the run and experiment until it ends; call in a thread that may block.

        Raises:
            AlreadyRunning, JournalError, RepositoryError: nothing was begun.
        """
        from autoexp_tui.lab.bench import Bench  # noqa: PLC0415 - git, only where it is needed
        from autoexp_tui.lab.repository import Repository  # noqa: PLC0415

        try:
            with locked(self._run), Journal(self._run.journal) as journal:
                self._recorder = recorder = Recorder(journal)
                started = recorder.state.started
                if started is None:
                    raise ValueError(f"{self._run.journal}: the run has no first event")
                bench = Bench(self._run, Repository.open(self._root), started)
                resumed = recorder.state.runner is not None
                recorder.record(
                    events.RunnerStarted(
                        pid=os.getpid(),
                        host=socket.gethostname(),
                        root=str(self._root),
                        results=str(self._results),
                        resumed=resumed,
                    )
                )
                projections = Projections(self._run, self._results, recorder.state)
                loop = Loop(
                    self._run,
                    bench,
                    make_proposer(started.proposer),
                    recorder,
                    projections,
                    self._controls,
                )
                server = ControlServer(
                    self._run, lambda command: desk.take(command, recorder, self._controls)
                )
                try:
                    ready()
                    self._work(loop, recorder)
                finally:
                    server.close()
        finally:
            self._done.set()

    def _work(self, loop: Loop, recorder: Recorder) -> None:
        """The loop, in its worker thread; whatever breaks it is written down before it ends."""

        def work() -> None:
            try:
                self.finished = loop.run()
            except Exception as error:  # noqa: BLE001 - the thread's last line of defence
                traceback.print_exc()
                self.error = f"{type(error).__name__}: {error}"

        thread = threading.Thread(target=work, name="loop")
        thread.start()
        thread.join()
        if self.error:
            self.finished = events.RunFinished(f"internal error: {self.error}", ok=False)
            recorder.record(self.finished)

    def stop(self, by: str) -> None:
        """End the run now; what is in flight is measured again by the next runner."""
        if self._recorder is not None and not self._done.is_set():
            desk.take(Command("stop-now", by), self._recorder, self._controls)

    def wait(self, seconds: float | None = None) -> bool:
        """True when the run has ended."""
        return self._done.wait(seconds)


def spawn(run: RunDirectory, root: Path, results: Path) -> str:
    """Start a runner of its own session for `run`; empty when it is up, else why it is not."""
    ready, theirs = os.pipe()
    try:
        with run.runner_log.open("ab") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "autoexp_tui.runner"),
                    *(str(theirs), str(run.path), str(root), str(results)),
                ],
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(theirs,),
            )
    finally:
        os.close(theirs)
    with os.fdopen(ready, encoding="utf-8") as answers:
        answer = answers.readline().strip()
    if answer == "ready":
        # The runner is meant to outlive this process: nobody waits for it.
        process.returncode = 0
        return ""
    process.wait()
    return answer or f"the runner ended at once: see {run.runner_log}"


def main(arguments: list[str]) -> int:
    """`python -m autoexp_tui.runner FD RUN ROOT RESULTS`: what `spawn` starts."""
    descriptor, path, root, results = arguments
    runner = Runner(RunDirectory(Path(path)), Path(root), Path(results))
    answers = os.fdopen(int(descriptor), "w", encoding="utf-8")

    def answer(line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            print(line, file=answers, flush=True)
            answers.close()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    failure: list[str] = []

    def host() -> None:
        try:
            runner.host(lambda: answer("ready"))
        except Exception as error:  # noqa: BLE001 - told to whoever started us
            traceback.print_exc()
            failure.append(str(error))

    thread = threading.Thread(target=host, name="host")
    thread.start()
    while thread.is_alive():
        thread.join(0.5)
        if asked.is_set():
            asked.clear()
            runner.stop("a signal")
    if failure:
        answer(failure[0].splitlines()[0] if failure[0] else "the runner failed")
        return 1
    return 0 if runner.finished is not None and runner.finished.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
