"""A run as one zip file: its journal, its experiments, its table; and safely back again."""

from __future__ import annotations

import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from autoexp_tui.loop import results
from autoexp_tui.loop.journal import JournalReader
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.system.scratch import scratch_folder

MOST_BYTES = 2 << 30
"""Of all files of an archive, unpacked."""
MOST_FILES = 400_000
_CHUNK_BYTES = 1 << 20

_PER_EXPERIMENT = ("proposal.jsonl", "output.log", "target", "diff.patch")
_OURS = re.compile(
    r"journal\.jsonl|run\.yaml|results\.tsv"
    rf"|experiments/[0-9]{{4,9}}/(?:{'|'.join(map(re.escape, _PER_EXPERIMENT))})"
)
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of every file in an archive: the same run makes the same bytes."""


def is_archive(path: Path) -> bool:
    """Whether `path` is a zip file, by what it holds; false where it can't be read.

    A workbook is one too, but it is a table.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" not in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return True


# ---- out -----------------------------------------------------------------------------------------


def pack(run: RunDirectory, to: Path) -> int:
    """Write `run`, as far as its journal tells it now, to the zip file `to`; returns its bytes.

    A run that goes on may be packed: what its journal does not hold yet is left out. `to` appears
    whole or not at all. Raises JournalError, UsageProblem without a journal, OSError.
    """
    if not run.journal.is_file():
        raise UsageProblem(f"{run.path}: there is no journal to export")
    reader = JournalReader(run.journal)
    state = RunState()
    for record in reader.read():
        state.apply(record)
    temporary = to.with_name(f".{to.name}.{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(temporary, "x", zipfile.ZIP_DEFLATED) as archive:
            _write(archive, run, reader.offset, state)
        size = temporary.stat().st_size
        temporary.replace(to)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return size


def _write(archive: zipfile.ZipFile, run: RunDirectory, journal: int, state: RunState) -> None:
    """All under one folder of the run's name: so it looks well where it is unpacked by hand.

    `journal` is how many bytes of the journal `state` was made of.
    """
    _copy(archive, run.journal, f"{run.tag}/journal.jsonl", journal)
    if run.contract.is_file():
        _copy(archive, run.contract, f"{run.tag}/run.yaml")
    if state.started is not None:
        table = results.table(state.rows, state.contract.metrics)
        with _entry(archive, f"{run.tag}/results.tsv") as entry:
            entry.write(table.encode("utf-8", "surrogateescape"))
    for n in sorted(row.n for row in state.rows):
        for name in _PER_EXPERIMENT:
            path = run.experiment(n) / name
            # A link would carry a file from elsewhere out of the machine.
            if path.is_file() and not path.is_symlink():
                _copy(archive, path, f"{run.tag}/experiments/{n:04d}/{name}")


def _entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return archive.open(info, "w", force_zip64=True)


def _copy(archive: zipfile.ZipFile, path: Path, name: str, most: int = MOST_BYTES) -> None:
    with path.open("rb") as file, _entry(archive, name) as entry:
        while chunk := file.read(min(_CHUNK_BYTES, most)):
            entry.write(chunk)
            most -= len(chunk)


# ---- in ------------------------------------------------------------------------------------------


@contextmanager
def unpacked(path: Path) -> Iterator[RunDirectory]:
    """The run of an archive, in a private temporary folder for as long as the context lasts.

    Nothing that the archive names is believed: only files of a run's own names are written, each
    at its place, no more than `MOST_BYTES` of them, and less than half of what the disk has free.
    Raises UsageProblem for what is no archive of a run, is damaged, or wants more.
    """
    with scratch_folder() as folder:
        yield _unpack(path, folder)


def _unpack(path: Path, folder: Path) -> RunDirectory:
    try:
        with zipfile.ZipFile(path) as archive:
            prefix, entries = _entries(path, archive.infolist())
            run = RunDirectory(folder / (prefix if _TAG.fullmatch(prefix) else "run"))
            room = min(MOST_BYTES, shutil.disk_usage(folder).free // 2)
            for name, info in entries.items():
                room -= _extract(path, archive, info, run.path / name, room)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError) as error:
        raise UsageProblem(f"{path}: the archive is damaged ({error})") from None
    return run


def _entries(path: Path, infos: list[zipfile.ZipInfo]) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    """The folder that the run lies in, and its files by their names there."""
    if len(infos) > MOST_FILES:
        raise UsageProblem(f"{path}: {len(infos)} files are more than any run has")
    journals = [info.filename for info in infos if _base(info.filename) == "journal.jsonl"]
    if len(journals) != 1:
        raise UsageProblem(f"{path}: no run is in it (it has {len(journals)} journals, not one)")
    prefix = journals[0].removesuffix("journal.jsonl")
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename
        if info.is_dir():
            continue
        if not _is_inside(name):
            raise UsageProblem(f"{path}: it wants to write outside of its folder ({name[:80]!r})")
        own = name.removeprefix(prefix)
        if not name.startswith(prefix) or not _OURS.fullmatch(own):
            continue  # a later version may add files
        kind = stat.S_IFMT(info.external_attr >> 16)
        if own in found or info.flag_bits & 1 or kind not in {0, stat.S_IFREG}:
            raise UsageProblem(f"{path}: {own} is doubled, encrypted, or no plain file")
        found[own] = info
    return prefix.strip("/"), found


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return (
        not name.startswith("/")
        and ".." not in parts
        and not any(mark in name for mark in ("\\", ":", "\0"))
    )


def _extract(
    path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, to: Path, room: int
) -> int:
    """Write one file; returns its bytes. What its header says of its size is not believed."""
    to.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(info) as entry, to.open("xb") as file:
        while chunk := entry.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > room:
                raise UsageProblem(
                    f"{path}: unpacked it is more than {MOST_BYTES >> 20} MiB, or than half of "
                    "what the disk has free: set TMPDIR to a folder with room"
                )
            file.write(chunk)
    return size
