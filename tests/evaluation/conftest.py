"""A harness to run: the defaults of every call, and a witness that sees what outlives it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.witness import Witness

from autoexp_tui.evaluation.harness import HarnessOutcome, run_harness
from autoexp_tui.model.contract import Metric


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., HarnessOutcome]:
    """Runs a shell command: no metrics, 60 s, in `tmp_path`, logging to `output.log`."""
    defaults = {
        "cwd": tmp_path,
        "env": {"PATH": os.environ["PATH"]},
        "time_limit": 60.0,
        "log": tmp_path / "output.log",
        "metrics": (),
        "interrupt": threading.Event(),
    }

    def run(command: str, **given: object) -> HarnessOutcome:
        return run_harness(["/bin/sh", "-c", command], **{**defaults, **given})  # type: ignore[arg-type]

    return run


@pytest.fixture
def loss() -> tuple[Metric, ...]:
    return (Metric("loss", "lower"),)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    """For commands that begin with `exec 9>witness`."""
    witness = Witness(tmp_path / "witness")
    yield witness
    witness.close()
