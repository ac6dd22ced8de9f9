"""A file or a folder as the readers of stores look at it: each view of it is made once at most."""

from __future__ import annotations

import codecs
import csv
import io
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from autoexp_tui.tables.model import Cell, Note
from autoexp_tui.tables.sheet import COLUMNS, Sheet, SheetRecord, cut
from autoexp_tui.tables.stores.packing import packing_of, unpacked

HEAD = 64 * 1024
"""Bytes that a reader may look at to find out whether a file is one of its own."""
_LINE = 32 * 1024
"""Of them, that a first line is looked for in."""


class Source:
    """What a reader is asked to read. `path` is None where there are only bytes."""

    def __init__(self, data: bytes | None = None, path: Path | None = None) -> None:
        self.path = path
        self.is_folder = path is not None and data is None and path.is_dir()
        self.packing = ""
        """By what it was compressed; empty for a file that is as it is."""
        self._given = data

    @classmethod
    def at(cls, path: Path) -> Source:
        """The file or folder at `path`. Raises OSError, and UsageProblem for a damaged file."""
        source = cls(path=path)
        if not source.is_folder and (packing := packing_of(source.head)):
            source = cls(unpacked(path, packing), path)
            source.packing = packing
        return source

    @property
    def is_file(self) -> bool:
        """Whether `path` holds the very bytes, so that it can be opened by others too."""
        return self.path is not None and not self.is_folder and self._given is None

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD` bytes; none of a folder."""
        if self._given is not None:
            return self._given[:HEAD]
        if self.path is None or self.is_folder:
            return b""
        with self.path.open("rb") as file:
            return file.read(HEAD)

    @cached_property
    def data(self) -> bytes:
        """All bytes; none of a folder."""
        if self._given is not None:
            return self._given
        return b"" if self.path is None or self.is_folder else self.path.read_bytes()

    @cached_property
    def text(self) -> str:
        """The text; what is none is replaced."""
        return _decoded(self.data)

    @cached_property
    def document(self) -> Any:
        """The JSON value that the file is; None where it is none."""
        try:
            return msgspec.json.decode(self.text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            pass
        try:
            return json.loads(self.text)  # which lets NaN and Infinity through
        except (ValueError, RecursionError):
            return None

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The first line's cells, where commas part them and no two are the same."""
        line = _decoded(self.head[:_LINE]).partition("\n")[0]
        try:
            cells = next(csv.reader([line.rstrip("\r")]), [])
        except csv.Error:
            return ()
        names = tuple(cell.strip() for cell in cells)
        return names if 1 < len(names) == len(set(names)) else ()

    def records(self) -> Sheet | None:
        """The sheet of a program's CSV: one header, and each line as wide as that.

        None where it is another: a person may have edited it, so it is no program's any more.
        """
        reader = csv.reader(io.StringIO(self.text, newline=""))
        try:
            header = [name.strip() for name in next(reader)]
            sheet = Sheet("csv", header[:COLUMNS])
            line = reader.line_num + 1
            for cells in reader:
                if cells and (len(cells) != len(header) or cells == header):
                    return None
                if any(cells):
                    kept: list[Cell] = [cut(cell.strip()) for cell in cells[:COLUMNS]]
                    sheet.records.append(SheetRecord(line, kept))
                line = reader.line_num + 1
        except (csv.Error, StopIteration):
            return None
        if len(header) > COLUMNS:
            note = f"only the first {COLUMNS} of {len(header)} columns are read"
            sheet.notes.append(Note(0, note))
        return sheet


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")
