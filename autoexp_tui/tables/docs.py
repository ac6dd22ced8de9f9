"""Documents next to a table: lines that name one of its columns and say which way is better."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from autoexp_tui.tables.model import InferredWay, Way
from autoexp_tui.tables.sheet import way_of

_PATTERNS = (
    "program*.md", "README*", "*.md", ".autoresearch/config.json", "autoexp.yaml",
    "autoresearch*.json", "autoresearch*.y*ml", "config.json",
)  # fmt: skip
_FILES = 16
_BYTES = 256 * 1024
_NEAR = 120
"""Characters between the name of a column and the words that give its direction."""

_LOWER = (
    r"lower(?:\s+\w+)?\s+(?:is|are|=)\s+better|lower[_-]is[_-]better|lower\s+(?:is\s+)?better"
    r"|smaller\s+is\s+better|minimi[sz]\w*|\blowest\b|\bsmallest\b|\breduc(?:e|ing)\b|↓"
    r"|越低越好|低いほど"
)
_HIGHER = (
    r"higher(?:\s+\w+)?\s+(?:is|are|=)\s+better|higher[_-]is[_-]better|higher\s+(?:is\s+)?better"
    r"|(?:bigger|greater|larger|more)\s+is\s+better|maximi[sz]\w*|\bhighest\b|\blargest\b|↑"
    r"|越高越好|高いほど"
)
_PHRASE = re.compile(rf"(?P<lower>{_LOWER})|(?P<higher>{_HIGHER})", re.IGNORECASE)
_SETTING = re.compile(
    r"[\"']?(?:metric_?|best_?|goal_?)?direction[\"']?\s*[:=]\s*[\"']?(?P<way>\w+)", re.IGNORECASE
)
_GENERIC = frozenset("metric metric_value value score objective primary metric_after".split())

DocLine = tuple[str, int, str]


def read_docs(table: Path) -> list[DocLine]:
    """Lines of the documents beside a table, and one folder up within the same repository.

    As (file name, line number, line). What can't be read is left out.
    """
    folder = table.parent
    folders = [folder]
    if not (folder / ".git").exists() and (folder.parent / ".git").exists():
        folders.append(folder.parent)
    lines: list[DocLine] = []
    for path in _documents(folders, table):
        try:
            with path.open("rb") as file:
                text = file.read(_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        lines += [(path.name, number, line) for number, line in enumerate(text.split("\n"), 1)]
    return lines


def _documents(folders: Sequence[Path], table: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    for folder in folders:
        for pattern in _PATTERNS:
            for path in sorted(folder.glob(pattern)):
                if len(seen) >= _FILES:
                    return
                if path not in seen and path != table and path.is_file():
                    seen.add(path)
                    yield path


def spoken_of(lines: Sequence[DocLine], columns: Iterable[str]) -> dict[str, InferredWay]:
    """The columns that documents give a direction for, and which.

    Only lines that name the column count; where several phrases stand on a line, the nearest to
    the name does. Where lines disagree the first document wins, as `low` confidence.
    """
    found: dict[str, InferredWay] = {}
    for column in columns:
        if said := _said_of(lines, column):
            found[column] = said
    return found


def _said_of(lines: Sequence[DocLine], column: str) -> InferredWay | None:
    name = column.rpartition(".")[2]
    if len(name) < 3:
        return None
    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)", re.IGNORECASE)
    folded = name.lower()
    first: InferredWay | None = None
    for file, number, line in lines:
        way: Way = "unknown"
        if folded in line.lower():
            way = _nearest(pattern, line)
        if way == "unknown" and folded in _GENERIC and (match := _SETTING.search(line)):
            way = way_of(match["way"])
        if way == "unknown":
            continue
        if first is None:
            first = InferredWay(way, f"{file}:{number}", "high")
        elif first.way != way:
            return InferredWay(first.way, f"{first.source}, against {file}:{number}", "low")
    return first


_GOAL = re.compile(
    r"\b(?:goal|target|metric|objective|optimi[sz]\w*|minimi[sz]\w*|maximi[sz]\w*|ziel\w*|metrik"
    r"|kennzahl|objectif|métrique|objetivo|métrica|obiettivo|metrica|doel|цель|метрика"
    r"|задача)\b|目标|指标|目標|指標|목표|지표",
    re.IGNORECASE,
)
_STOP = re.compile(r"[.;!?]\)?\s|\u3002")
"""The end of a sentence: what is said behind it is said of something else."""
_TOKEN = re.compile(r"\w+")


def aimed_at(prose: Iterable[tuple[int, str]], columns: Sequence[str]) -> str:
    """The column that a line about the goal names first behind it; empty without one."""
    for _, line in prose:
        goal = _GOAL.search(line[:1000])
        if goal is None:
            continue
        rest = " ".join(_TOKEN.findall(line[goal.end() : 1000].casefold()))
        places = {
            column: at
            for column in columns
            if len(spoken := " ".join(_TOKEN.findall(column.casefold()))) >= 2
            and (at := f" {rest} ".find(f" {spoken} ")) >= 0
        }
        if places:
            return min(places, key=lambda column: (places[column], -len(column)))
    return ""


def _nearest(pattern: re.Pattern[str], line: str) -> Way:
    best: Way = "unknown"
    distance = _NEAR
    line = line[:4000]
    phrases = list(_PHRASE.finditer(line))[:20]
    if not phrases:
        return best
    for name in list(pattern.finditer(line))[:20]:
        for phrase in phrases:
            gap = max(phrase.start() - name.end(), name.start() - phrase.end())
            between = line[min(phrase.end(), name.end()) : max(phrase.start(), name.start())]
            if gap < distance and not _STOP.search(between):
                distance = gap
                best = "lower" if phrase["lower"] else "higher"
    return best
