"""A file taken apart into columns and records, before anything is known of what they mean."""

from __future__ import annotations

import msgspec

from autoexp_tui.tables.model import Cell, FileKind, InferredWay, Note, Outcome, Way

CELL = 4000
"""Characters of a cell that are kept."""
COLUMNS = 160
"""Columns that are kept."""


class SheetRecord(msgspec.Struct, gc=False):
    """One entry; `cells` belong to the sheet's columns, in order, and may end early."""

    line: int
    cells: list[Cell]
    text: bool = False
    """A line without cells: `cells` holds nothing but the line itself."""


class Config(msgspec.Struct):
    """What a table says of itself: about the records from `at` on."""

    line: int
    at: int
    metric: str = ""
    unit: str = ""
    way: Way = "unknown"
    title: str = ""
    source: str = ""


class Sheet(msgspec.Struct):
    """Columns, records and remarks, in the file's order."""

    kind: FileKind
    columns: list[str]
    records: list[SheetRecord] = []
    configs: list[Config] = []
    notes: list[Note] = []
    prose: list[tuple[int, str]] = []
    """Lines around the table, as people write them, and their numbers."""
    named: bool = True
    """False: the names of the columns are ours."""
    flavour: str = ""
    """The dialect, where the form of the file already tells it."""
    settings: frozenset[str] = frozenset()
    """Columns that the program says were chosen or counted: no run is judged by them."""
    ways: dict[str, InferredWay] = {}
    """Which way is better in a column, where the program that wrote it says so."""
    status: str = ""
    """The column of verdicts or states, where the program says which it is."""
    outcomes: dict[str, Outcome] = {}
    """What the words of its status column amount to, where the program's own meaning is known."""


def cut(text: str) -> str:
    """A cell, without the end of an absurdly long one."""
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def way_of(word: object) -> Way:
    """A direction in other people's words: `minimize`, `lower_is_better`, `max`, `desc` …"""
    if not isinstance(word, str):
        return "unknown"
    text = word.strip().lower()[:40]
    if text.startswith(("min", "low", "small", "less", "down", "decreas", "↓")):
        return "lower"
    if text.startswith(("max", "high", "great", "big", "larg", "more", "up", "increas", "↑")):
        return "higher"
    return "unknown"


class Remarks:
    """Notes about lines; equal ones are merged into one with all their lines."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = {}

    def add(self, line: int, text: str) -> None:
        self._lines.setdefault(text, []).append(line)

    def notes(self) -> list[Note]:
        """One note per kind of remark, with the first lines it is about."""
        found = []
        for text, lines in self._lines.items():
            if len(lines) == 1:
                found.append(Note(lines[0], text))
                continue
            shown = ", ".join(map(str, lines[:8]))
            more = f" and {len(lines) - 8} more" if len(lines) > 8 else ""
            found.append(Note(lines[0], f"{text} (lines {shown}{more})"))
        return found
