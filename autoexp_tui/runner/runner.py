"""The runner: a process (or a part of one) that hosts one run's loop in a worker thread.

It outlives the terminal that started it. Viewers read the journal; nothing here waits for them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from autoexp_tui.loop.commands import handle_command
from autoexp_tui.loop.control import Command, Controls, Desk
from autoexp_tui.loop.guidance import Guidance
from autoexp_tui.loop.journal import Journal, JournalError
from autoexp_tui.loop.lanes import Lanes
from autoexp_tui.loop.loop import Loop
from autoexp_tui.loop.patience import Reserve
from autoexp_tui.loop.ports import Ports
from autoexp_tui.loop.projections import Projections
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import Lock, claimed, locked
from autoexp_tui.loop.wire import Served, serve
from autoexp_tui.model import events
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.runner.detaching import scope
from autoexp_tui.runner.notifier import Notifier
from autoexp_tui.system.files import free_mb, has_room
from autoexp_tui.system.limits import Limits
from autoexp_tui.system.processes import adopt_orphans, ancestors
from autoexp_tui.system.shielding import shield
from autoexp_tui.text.mask import NO_MASK
from autoexp_tui.text.safe import NOTHING, Safe, clean_line

if TYPE_CHECKING:
    from autoexp_tui.evaluation.local import LocalEvaluator

_ASKS = (signal.SIGTERM, signal.SIGINT)
"""Signals that ask for the end."""
_ROOM_BYTES = 1 << 20
"""That must be free again for a run to go on after a full disk."""


class Runner:
    """Hosts one run: lock, journal, control socket, and the loop, in a thread of its own."""

    def __init__(self, run: RunDirectory, root: Path, results: Path) -> None:
        self._run = run
        self._root = root
        self._results = results
        self._controls = Controls()
        self._recorder: Recorder | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._work, name="loop")
        self._failure: Exception | None = None
        self.finished: events.RunFinished | None = None

    def start(self) -> None:
        """Take the run and begin to experiment; returns when the loop is under way.

        Raises:
            AlreadyRunning, JournalError, RepositoryError: nothing was begun.
        """
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self, by: Safe) -> None:
        """End the run now; what is in flight is measured again by the next runner."""
        if self._recorder is not None and self._thread.is_alive():
            handle_command(Command("stop-now", by), self._recorder, self._controls)

    def hear(self, sender: int) -> None:
        """A signal asks for the end; `sender` is the process that sent it, 0 where nobody knows.

        What an experiment runs may not end the run: it is told apart by whose child it is. Where
        the sender has gone, the text that is measured is given up when this happens to it again.
        """
        if self._recorder is None or not sender:
            self.stop(Safe("a signal"))
            return
        try:
            ours = os.getpid() in ancestors(sender)
        except ProcessLookupError:
            self.stop(events.GONE)
            return
        if ours:
            self._recorder.alarm("what an experiment runs asked the runner to end: not heeded")
        else:
            self.stop(Safe("a signal"))

    def wait(self, seconds: float | None = None) -> bool:
        """True when the loop has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            with (
                locked(self._run) as lock,
                claimed(self._results, self._run),
                contextlib.closing(Reserve(self._run)) as reserve,
                Journal(self._run.journal) as journal,
            ):
                self._host(journal, lock, reserve)
        except Exception as error:  # noqa: BLE001 - raised by `start`, or said in the runner's log
            self._log_error()
            self._failure = error
        finally:
            self._ready.set()

    def _log_error(self) -> None:
        """Put what is being handled into the runner's log."""
        mask = self._recorder.mask if self._recorder else NO_MASK
        with contextlib.suppress(OSError), self._run.runner_log.open("ab") as log:
            log.write(mask.data(traceback.format_exc().encode("utf-8", "replace")))

    def _host(self, journal: Journal, lock: Lock, reserve: Reserve) -> None:
        from autoexp_tui.evaluation.launch.elsewhere import evaluating  # noqa: PLC0415
        from autoexp_tui.evaluation.local_slots import LocalSlots  # noqa: PLC0415 - git, only here
        from autoexp_tui.evaluation.sandbox import protection, weakened  # noqa: PLC0415
        from autoexp_tui.repository.candidates import Candidates  # noqa: PLC0415
        from autoexp_tui.repository.repository import Repository  # noqa: PLC0415
        from autoexp_tui.runner.proposer_host import close, make_proposer  # noqa: PLC0415

        self._recorder = recorder = Recorder(journal)
        recorder.be_patient(reserve, self._controls)
        started = recorder.state.started
        if started is None:
            raise JournalError(f"{self._run.journal}: the run has no first event")
        with (
            contextlib.closing(Repository.open(self._root)) as repository,
            contextlib.closing(
                LocalSlots(self._run, self._root, started, recorder.state)
            ) as evaluator,
            contextlib.ExitStack() as stack,
        ):
            repository.clear_locks(started.tag)
            candidates = Candidates(repository, started)
            first = evaluator.first
            measuring = evaluating(self._run, evaluator, first.workspace, started, recorder.state)
            recorder.mask = first.mask
            written_to = (repository.common_dir, first.workspace.root)
            ports = Ports(
                candidates,
                stack.enter_context(measuring),
                Guidance(self._root / started.folder, started.contract),
                lambda: free_mb(*written_to),
                tuple if started.contract.evaluator else first.bypasses,
                str if started.contract.evaluator else evaluator.crowded,
                lambda: has_room(_ROOM_BYTES, *written_to),
            )
            projections = Projections(self._run, self._results, recorder.state)
            lanes = Lanes(ports, recorder, projections, self._controls)

            def lane(slot: Safe, local: LocalEvaluator) -> Loop:
                desk = Desk(self._controls)
                proposer = make_proposer(self._run, candidates, local, recorder, desk, projections)
                stack.callback(close, proposer)
                return Loop(self._run, ports, proposer, recorder, lanes, desk, slot)

            slots = evaluator.slots
            loop = lane(slots[0] if slots else NOTHING, first)
            before = recorder.state.protection
            now = clean_line(protection(started.contract), 400)
            recorder.record(
                events.RunnerStarted(
                    pid=os.getpid(),
                    host=clean_line(socket.gethostname()),
                    root=self._run.told(self._root),
                    results=self._run.told(self._results),
                    resumed=recorder.state.runner is not None,
                    protection=now,
                    slots=slots,
                )
            )
            if weaker := weakened(before, now):
                recorder.alarm(weaker)
            for remark in first.workspace.lacking:
                recorder.warn(remark)
            notifier = Notifier(started.contract.notify, recorder.warn)
            recorder.listener = notifier.take
            with (
                contextlib.closing(notifier),
                contextlib.closing(self._control(recorder, lock)),
            ):
                self._ready.set()
                self.finished = self._experiment(
                    loop, lambda slot: lane(slot, evaluator.at(slot)), recorder
                )

    def _control(self, recorder: Recorder, lock: Lock) -> Served:
        return serve(
            self._run,
            lambda command: handle_command(command, recorder, self._controls),
            lock.beat,
        )

    def _experiment(
        self, loop: Loop, another: Callable[[Safe], Loop], recorder: Recorder
    ) -> events.RunFinished:
        """Run the loop; whatever breaks it is written down before it ends."""
        try:
            return loop.run(another)
        except Exception as error:  # noqa: BLE001 - the last line of defence: it must be seen
            self._log_error()
            finished = events.RunFinished(
                clean_line(f"internal error: {type(error).__name__}: {error}", 1000), ok=False
            )
            recorder.record(finished)
            return finished


def spawn(run: RunDirectory, root: Path, results: Path) -> str:
    """Start a runner of its own session for `run`; empty when it is up, else why it is not."""
    ready, theirs = os.pipe()
    try:
        with run.runner_log.open("ab") as log:
            process = subprocess.Popen(
                [
                    *scope(os.environ),
                    *(sys.executable, "-P", "-m", "autoexp_tui.runner.runner"),
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
    return answer or f"it ended at once: see {run.runner_log}"


def main(arguments: list[str]) -> int:
    """`python -m autoexp_tui.runner.runner FD RUN ROOT RESULTS`: what `spawn` starts."""
    shield()
    adopt_orphans()
    descriptor, path, root, results = arguments
    runner = Runner(RunDirectory(Path(path)), Path(root), Path(results))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    asked = _Asked()
    limits = Limits()
    try:
        runner.start()
    except Exception as error:  # noqa: BLE001 - told to whoever started us
        _answer(int(descriptor), str(error) or type(error).__name__)
        return 1
    asked.pass_on(runner)
    _answer(int(descriptor), "ready")
    while not runner.wait(0.5):
        if not limits.hold():
            os._exit(1)  # nothing can be written down with them; the next runner counts it
    return 0 if runner.finished is not None and runner.finished.ok else 1


class _Asked:
    """Signals that ask for the end, and who sent them where the system tells; they wait for
    `pass_on`.
    """

    def __init__(self) -> None:
        self._came = threading.Event()
        if hasattr(signal, "sigwaitinfo"):
            # In all threads, for each of them begins with it; children take it off.
            signal.pthread_sigmask(signal.SIG_BLOCK, _ASKS)
        else:
            for number in _ASKS:
                signal.signal(number, lambda *_: self._came.set())

    def pass_on(self, runner: Runner) -> None:
        """From now on, from a thread of its own."""

        def listen() -> None:
            while True:
                runner.hear(self._next())

        threading.Thread(target=listen, name="signals", daemon=True).start()

    def _next(self) -> int:
        """Wait for one; who sent it, 0 where nobody knows."""
        if hasattr(signal, "sigwaitinfo"):
            return signal.sigwaitinfo(_ASKS).si_pid
        self._came.wait()
        self._came.clear()
        return 0


def _answer(descriptor: int, text: str) -> None:
    """Tell whoever started this process, if it is still there."""
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "w", encoding="utf-8") as pipe:
        pipe.write(text.splitlines()[0] + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
