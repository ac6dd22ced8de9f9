"""SQLite databases of other programs: a private copy is read, theirs is never locked or changed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.system.scratch import scratch_folder
from autoexp_tui.tables.sheet import Sheet
from autoexp_tui.tables.stores import mlflow_runs, optuna_studies, shinka
from autoexp_tui.tables.stores.source import Source
from autoexp_tui.tables.stores.sqlite import opened

Program = Callable[[Path], Sheet]

PROGRAMS: tuple[tuple[frozenset[str], Program], ...] = (
    (optuna_studies.TABLES, optuna_studies.read),
    (shinka.TABLES, shinka.read),
    (mlflow_runs.TABLES, mlflow_runs.read),
)
"""What reads a database that has all of these tables."""
_MAGIC = b"SQLite format 3\0"
_PARTS = ("", "-wal", "-journal")
"""The file, what is not in it yet, and what has to come out of it again."""
_TRIES = 5


def read(source: Source) -> Sheet | None:
    """The sheet of a database; None for what is none. Raises UsageProblem, OSError."""
    if not source.head.startswith(_MAGIC):
        return None
    with scratch_folder() as folder:
        copy = folder / "database"
        _copy(source, copy)
        try:
            tables = _tables(copy)
            for wanted, program in PROGRAMS:
                if wanted <= tables:
                    return program(copy)
        except sqlite3.Error as error:
            raise UsageProblem(
                f"{source.path}: this SQLite database can't be read ({error}): "
                "it may be damaged, or no copy of a whole one"
            ) from None
    names = ", ".join(sorted(tables)[:8]) or "none"
    raise UsageProblem(
        f"{source.path}: this is a SQLite database of no program that is known here "
        f"(tables: {names}); `sqlite3 -header -csv` exports one as CSV"
    )


def _copy(source: Source, to: Path) -> None:
    """Copy a database with what belongs to it, as it was at one moment."""
    path = source.path
    if path is None or not source.is_file:
        to.write_bytes(source.data)
        return
    for _ in range(_TRIES):
        before = _signature(path)
        for ending in _PARTS:
            Path(f"{to}{ending}").unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                _copy_file(Path(f"{path}{ending}"), Path(f"{to}{ending}"))
        if _signature(path) == before:
            return
    raise UsageProblem(f"{path}: it is written all the time, so no copy of it is whole: try again")


def _copy_file(path: Path, to: Path) -> None:
    with path.open("rb") as file, to.open("wb") as copy:
        while part := file.read(1 << 20):
            copy.write(part)


def _signature(path: Path) -> list[tuple[int, int, int]]:
    found = []
    for ending in _PARTS:
        with contextlib.suppress(FileNotFoundError):
            status = Path(f"{path}{ending}").stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return found


def _tables(path: Path) -> frozenset[str]:
    """The ordinary tables: a view, or a virtual table, could be a program."""
    with opened(path) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        return frozenset(
            str(name) for name, sql in found if not str(sql).upper().startswith("CREATE VIRTUAL")
        )
