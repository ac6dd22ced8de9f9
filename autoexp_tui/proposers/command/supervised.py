"""Runs an agent under the harness' supervisor: bounded in time, followed, and gone at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from autoexp_tui.model.contract import Metric

if TYPE_CHECKING:  # proposers and evaluation stand side by side: neither imports the other
    from autoexp_tui.evaluation.harness import HarnessOutcome

_POLL_S = 0.1
_CHUNK_BYTES = 64 << 10


class AgentRun(msgspec.Struct, frozen=True):
    """How one run of the agent went."""

    exit_code: int | None
    failure: str
    """Why its work can't be taken, in words; empty when it ended well."""
    tail: str
    """The end of its output, fit to be shown."""
    timed_out: bool = False
    """Whether its time limit ended it."""


class RunAgent(Protocol):
    """Runs a command line until it and all it started have gone."""

    def __call__(
        self,
        command: str,
        *,
        cwd: Path,
        log: Path,
        on_output: Callable[[bytes], None],
        on_poll: Callable[[], None],
    ) -> AgentRun:
        """`on_output` takes what is printed as it comes, `on_poll` is called ten times a second.

        What either raises ends the run at once.
        """
        ...


class RunHarness(Protocol):
    """`evaluation.harness.run_harness`."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        time_limit: float,
        log: Path,
        metrics: Sequence[Metric],
        interrupt: threading.Event,
    ) -> HarnessOutcome: ...


class Supervised:
    """The usual `RunAgent`: the same supervisor as the harness', with a time limit of its own."""

    def __init__(
        self,
        run_harness: RunHarness,
        environment: Mapping[str, str],
        time_limit: float,
        check: Callable[[], None],
    ) -> None:
        """`check` is called ten times a second; what it raises ends the run at once.

        The environment holds the agent's own credentials: it is not the harness'.
        """
        self._run_harness = run_harness
        self._environment = {
            name: value for name, value in environment.items() if not name.startswith("AUTOEXP_")
        }
        self._time_limit = time_limit
        self._check = check

    def __call__(
        self,
        command: str,
        *,
        cwd: Path,
        log: Path,
        on_output: Callable[[bytes], None],
        on_poll: Callable[[], None],
    ) -> AgentRun:
        interrupt = threading.Event()
        outcomes: list[HarnessOutcome] = []

        def work() -> None:
            outcomes.append(
                self._run_harness(
                    ["/bin/sh", "-c", command],
                    cwd=cwd,
                    env=self._environment,
                    time_limit=self._time_limit,
                    log=log,
                    metrics=(),
                    interrupt=interrupt,
                )
            )

        thread = threading.Thread(target=work, name="agent")
        thread.start()
        follower = _Follower(log)
        try:
            while thread.is_alive():
                thread.join(_POLL_S)
                self._check()
                follower.pass_on(on_output)
                on_poll()
        finally:
            interrupt.set()
            thread.join()
        follower.pass_on(on_output)
        if not outcomes:
            return AgentRun(None, "it could not be run", "")
        outcome = outcomes[0]
        timed_out = outcome.ended == "time limit"
        return AgentRun(outcome.exit_code, outcome.failure, outcome.tail, timed_out)


class _Follower:
    """Reads a log that grows, and that may shrink when it is full."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def pass_on(self, take: Callable[[bytes], None]) -> None:
        """What has come since the last time, at most a few pieces of it."""
        while data := self._more():
            self._offset += len(data)
            take(data)

    def _more(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                self._offset = min(self._offset, file.seek(0, 2))
                file.seek(self._offset)
                return file.read(_CHUNK_BYTES)
        except FileNotFoundError:
            return b""
