"""Stores of other programs, by a small reader each: databases, logs, checkpoints, exports.

A reader is a function that takes a `Source` and gives a `Sheet`, as the readers of plain tables do,
or None where the source is nothing of its own, told by what it holds and not by its name. It
declares what its program declares: the metric, which way is better, what its states mean.
`READERS` is the one list of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autoexp_tui.tables.sheet import Sheet
from autoexp_tui.tables.stores import (
    aide,
    benchmark_runs,
    columnar,
    database,
    epochs,
    openevolve,
    trackers,
    wandb_run,
)
from autoexp_tui.tables.stores.source import Source

Reader = Callable[[Source], Sheet | None]

READERS: tuple[Reader, ...] = (
    database.read,
    wandb_run.read,
    openevolve.read,
    columnar.parquet,
    columnar.excel,
    aide.read,
    benchmark_runs.hyperfine,
    benchmark_runs.pytest_benchmark,
    benchmark_runs.hyperfine_table,
    trackers.optuna,
    trackers.mlflow,
    trackers.wandb,
    epochs.ultralytics,
    epochs.lightning,
    epochs.keras,
)


def read_store(source: Source) -> Sheet | None:
    """The sheet of a store that is known; None for plain tables, and for all else.

    Raises UsageProblem for one that is damaged, or needs a package that isn't there.
    """
    for reader in READERS:
        sheet = reader(source)
        if sheet is not None:
            return sheet
    return None


def is_store(folder: Path) -> bool:
    """Whether a folder is a table itself: checkpoints, say."""
    return openevolve.is_checkpoint(folder)
