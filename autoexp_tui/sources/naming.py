"""What a person's word for a run or a table means: a file, a folder, standard input, or a tag."""

from __future__ import annotations

import atexit
import difflib
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from autoexp_tui.model.problem import Problem, UsageProblem
from autoexp_tui.model.rundir import runs_in
from autoexp_tui.repository import gitdir
from autoexp_tui.system.scratch import scratch_folder
from autoexp_tui.tables import read_table, summarise
from autoexp_tui.tables.stores import is_store
from autoexp_tui.tables.stores.packing import MOST_BYTES

STANDARD_INPUT = "-"
_ENDINGS = frozenset(
    ".csv .tsv .jsonl .ndjson .json .md .db .sqlite .sqlite3 .wandb .parquet .feather .arrow .xlsx"
    " .gz .xz .zst .bz2".split()
)
_ASIDE = frozenset({"node_modules", "__pycache__", "site-packages", "artifacts"})
_DEPTH = 5
_ENTRIES = 5000
_SHOWN = 30
_LARGE = 4 << 20
"""Bytes of a file that is offered without a look at what is in it."""
_LOOK_S = 3.0
"""Seconds for looking into files; what is left then is offered by its size."""


def named(which: str | None) -> str | None:
    """`which`, if it is a tag, a file or a folder that is a table; standard input as a file.

    Raises UsageProblem for a folder, with the tables in it, and for what is neither here nor a run,
    with the names that are near.
    """
    if which is None:
        return None
    path = Path(which)
    if which == STANDARD_INPUT:
        return _spooled(sys.stdin.buffer)
    if _is_pipe(path):
        with path.open("rb") as pipe:
            return _spooled(pipe)
    tags = _tags()
    if path.is_file() or (tags is not None and which in tags):
        return which
    if path.is_dir():
        if is_store(path):
            return which
        raise _offered(path)
    near = _near(path, tags or [])
    if near or tags is None or path.suffix or len(path.parts) > 1:
        here = f"; near it: {', '.join(near)}" if near else ""
        raise UsageProblem(f"{which}: there is no such file, and there is no run {which!r}{here}")
    return which


def _is_pipe(path: Path) -> bool:
    """Whether it can be read once only, as what a shell puts in place of `<(command)`."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode)


def _spooled(stream: BinaryIO) -> str:
    """A file with all that comes; it comes once, so it is kept as long as the process."""
    kept = ExitStack()
    atexit.register(kept.close)
    folder = kept.enter_context(scratch_folder()) / "standard input"
    folder.mkdir()
    path = folder / "stdin"
    size = 0
    with path.open("xb") as file:
        while part := stream.read(1 << 20):
            size += len(part)
            if size > MOST_BYTES:
                raise UsageProblem(f"standard input is more than {MOST_BYTES >> 20} MiB")
            file.write(part)
    if not size:
        raise UsageProblem("nothing came from standard input")
    return str(path)


def _tags() -> list[str] | None:
    """The runs of the repository of the current folder; None where there is no repository."""
    place = gitdir.find(Path.cwd())
    return None if place is None else [run.tag for run in runs_in(place.common_dir)]


def _near(path: Path, tags: list[str]) -> list[str]:
    """Names like the one that isn't there: of what lies where it would, and of runs."""
    try:
        there = [entry.name for entry in list(path.parent.iterdir())[:_ENTRIES]]
    except OSError:
        there = []
    names = difflib.get_close_matches(path.name, there, n=3)
    beside = [str(path.parent / name) for name in names]
    return [*beside, *(f"the run {tag}" for tag in difflib.get_close_matches(path.name, tags, n=2))]


def _offered(folder: Path) -> UsageProblem:
    """The problem that a folder is no table, with the tables in it, the newest first."""
    found = list(_offers(folder))
    if not found:
        return UsageProblem(f"{folder}: this is a folder, and no table was found in it")
    first = found[0][0]
    lines = [f"  {path}  ({what})" for path, what in found]
    how = f"name one of them to open it: `autoexp replay {first}`"
    return UsageProblem("\n".join([f"{folder}: this is a folder with tables in it", *lines, how]))


def _offers(folder: Path) -> Iterator[tuple[Path, str]]:
    paths = sorted(_candidates(folder), key=lambda path: path.stat().st_mtime, reverse=True)
    until = time.monotonic() + _LOOK_S
    shown = 0
    for path in paths:
        what = _what(path) if time.monotonic() < until else _size(path)
        if what:
            shown += 1
            yield path, what
        if shown >= _SHOWN:
            return


def _candidates(folder: Path) -> Iterator[Path]:
    """Files that could be tables by their names, and folders that are; not what tools keep."""
    left = [(folder, 0)]
    seen = 0
    while left:
        place, depth = left.pop()
        try:
            entries = sorted(place.iterdir())
        except OSError:
            continue
        for path in entries:
            seen += 1
            if seen > _ENTRIES:
                return
            if path.name.startswith(".") or path.name in _ASIDE or path.is_symlink():
                continue
            if path.is_dir():
                if is_store(path):
                    yield path
                elif depth < _DEPTH:
                    left.append((path, depth + 1))
            elif path.suffix in _ENDINGS and path.is_file():
                yield path


def _what(path: Path) -> str:
    """What a file is, in a few words; empty for what is no table."""
    if path.is_file() and path.stat().st_size > _LARGE:
        return _size(path)
    try:
        found = summarise(read_table(path, docs=False))
    except (OSError, Problem):
        return ""
    if found.metric is None or not found.rows:
        return ""
    return f"{found.dialect}, {found.rows} rows, {found.metric}"


def _size(path: Path) -> str:
    return f"{-(-path.stat().st_size // 1024):,} KiB" if path.is_file() else "checkpoints"
