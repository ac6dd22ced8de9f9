"""A harness to run: the defaults of every call, and a witness that sees what outlives it."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from autoexp_tui.evaluation.harness import Outcome, run_harness
from autoexp_tui.model.contract import Metric

Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run_harness` with defaults: no metrics, 60 s, in `tmp_path`, logging to `output.log`."""
    return partial(
        run_harness,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        time_limit=60.0,
        log=tmp_path / "output.log",
        metrics=(),
        interrupt=threading.Event(),
    )


@pytest.fixture
def loss() -> tuple[Metric, ...]:
    return (Metric("loss", "lower"),)


class Witness:
    """A FIFO that the processes under test hold open as descriptor 9: its end is theirs."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def wait_for_word(self) -> None:
        """Until a process has written something."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        assert poll.poll(30_000), "nobody has started"
        assert os.read(self._fd, 100)

    def all_gone(self, seconds: float = 0.0) -> bool:
        """Whether nobody holds the FIFO open, or lets go of it in time."""
        poll = select.poll()
        poll.register(self._fd, 0)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    """For commands that begin with `exec 9>witness`."""
    witness = Witness(tmp_path / "witness")
    yield witness
    witness.close()
