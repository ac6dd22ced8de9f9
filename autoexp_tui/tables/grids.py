"""Tables of text: tabs, commas, pipes or columns of spaces, as programs and people write them.

Owns the form of a file alone: which lines are rows, where cells begin. What columns mean is for
`layout` to find out.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import methodcaller

from autoexp_tui.tables import names
from autoexp_tui.tables.fitting import fitted, moved_to, places_of, status_at
from autoexp_tui.tables.headers import (
    Fields,
    bare,
    distinct,
    header_at,
    is_another_header,
    is_header,
    repeats,
)
from autoexp_tui.tables.model import Cell, FileKind
from autoexp_tui.tables.sheet import CELL, COLUMNS, Config, Remarks, Sheet, SheetRecord, cut, way_of
from autoexp_tui.tables.spelling import one_unit, point_decimals

NumberedLine = tuple[int, str]

_SAID = re.compile(
    r"(?:metric[_ -]?)?(?:direction|goal|optimi[sz]e|better)\s*[:=]\s*[\"']?(?P<way>[\w↑↓]+)"
    r"|(?P<phrase>lower|higher|smaller|greater|larger)(?:[ _-]is)?[ _-]better",
    re.IGNORECASE,
)
_METRIC = re.compile(
    r"\bmetric(?:[_ -]?name)?\s*[:=]\s*[\"']?(?P<name>[\w./%µ-]{1,80})", re.IGNORECASE
)
_RULE = re.compile(r"[\s|:+=\-]*-{2,}[\s|:+=\-]*")
_AHEAD = 40
"""Lines that a quoted cell may go on for."""
_HEAD = 200
"""Lines that are looked at to find out the form."""


_PROSE = 40
"""Lines of text around a table that are looked at."""


def read_grid(text: str) -> Sheet:
    """Take a table apart. Every line that is neither blank, comment nor header gives a record."""
    raw = _lines(text)
    short = max(map(len, raw), default=0) <= CELL
    filled = [(at, line) for at, line in enumerate(raw, start=1) if line and not line.isspace()]
    del raw
    comments = [pair for pair in filled if pair[1].lstrip()[0] in "#/<" and _is_comment(pair[1])]
    skipped = {number for number, _ in comments}
    body = [pair for pair in filled if pair[0] not in skipped] if comments else filled
    kind, split = _form([line for _, line in body[:_HEAD]])
    prose = comments[:_PROSE]
    if kind == "markdown":
        prose = [*prose, *[pair for pair in body if "|" not in pair[1]][:_PROSE]]
    headed: frozenset[int] = frozenset()
    if kind == "markdown":
        headed = frozenset(
            before for (before, _), (_, line) in pairwise(body) if _RULE.fullmatch(line)
        )
        body = [(number, line) for number, line in body if not _RULE.fullmatch(line)]
    fields = _quoted_fields(text, skipped, split) if kind == "csv" else _split(body, split)
    del filled, body
    sheet = _sheet(kind, fields, headed, short=short)
    one_unit(sheet)
    point_decimals(sheet, plainly=kind == "csv" and len(split(";")) == 2)
    sheet.configs = _said(comments)
    sheet.prose = prose
    return sheet


def _split(body: list[NumberedLine], split: Callable[[str], list[str]]) -> list[Fields]:
    """The cells of each line; the lines are used up, so that a long table is not held twice."""
    fields: list[Fields] = []
    body.reverse()
    while body:
        number, line = body.pop()
        fields.append((number, split(line)))
    return fields


def _lines(text: str) -> list[str]:
    if "\n" not in text and "\r" in text:
        return text.split("\r")
    found = text.split("\n")
    return [line.removesuffix("\r") for line in found] if "\r" in text else found


def _is_comment(line: str) -> bool:
    """`# …` and `// …`; not a header that begins with `#`."""
    start = line.lstrip()
    if start.startswith(("//", "##", "<!--")):
        return True
    return start.startswith("#") and not is_header(start.split("\t"))


def _form(sample: Sequence[str]) -> tuple[FileKind, Callable[[str], list[str]]]:
    tabbed = sum("\t" in line for line in sample)
    if tabbed and (tabbed * 8 >= len(sample) or "\t" in sample[0]):
        return "tsv", methodcaller("split", "\t")
    if sum(line.lstrip().startswith("|") for line in sample) >= 2 or any(
        "|" in line and _RULE.fullmatch(line) for line in sample
    ):
        return "markdown", _piped
    comma, semicolon = _parted(sample, ","), _parted(sample, ";")
    if comma or semicolon:
        return "csv", methodcaller("split", ";" if semicolon > comma else ",")
    spaced = re.compile(r"\s{2,}")
    widths = Counter(len(spaced.split(line.strip())) for line in sample)
    if widths and max(widths, key=lambda width: (widths[width], width)) > 2:
        return "tsv", lambda line: spaced.split(line.strip())
    return "tsv", methodcaller("split", "\t")


def _parted(sample: Sequence[str], mark: str) -> int:
    """Into how many cells a mark parts most lines; 0 where it parts them differently.

    Looked at twice: with marks that stand in quotes, and with quotes that never close.
    """
    for counts in (
        [len(cells) for cells in _quoted_sample(sample, mark)],
        [line.count(mark) + 1 for line in sample],
    ):
        if counts and counts[0] > 1 and counts.count(counts[0]) * 3 >= len(counts):
            return counts[0]
    return 0


def _quoted_sample(sample: Sequence[str], mark: str) -> list[list[str]]:
    try:
        return list(csv.reader(sample, delimiter=mark))
    except csv.Error:
        return []


def _piped(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    if "|" not in line:
        return [line]
    return [cell.strip().strip("`*").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def _quoted_fields(text: str, skipped: set[int], split: Callable[[str], list[str]]) -> list[Fields]:
    """Fields by the rules of CSV: a quoted cell may hold commas and newlines."""
    mark = "," if len(split(",")) == 2 else ";"
    reader = csv.reader(io.StringIO(text.replace("\0", "\ufffd"), newline=""), delimiter=mark)
    fields: list[Fields] = []
    line = 1
    try:
        for cells in reader:
            if any(cells) and line not in skipped:
                fields.append((line, cells))
            line = reader.line_num + 1
    except csv.Error:
        rest = _lines(text)[line - 1 :]
        fields += [(n, split(raw)) for n, raw in enumerate(rest, start=line) if raw.strip()]
    return fields


def _sheet(kind: FileKind, fields: list[Fields], headed: frozenset[int], *, short: bool) -> Sheet:
    """`headed`: lines that a rule under them makes headers. `short`: no cell is too long."""
    remarks = Remarks()
    if kind == "tsv":
        fields = _joined(fields)
    ruled = (at for at, (line, cells) in enumerate(fields) if line in headed and len(cells) > 1)
    at = next(ruled, None)
    if at is None:
        at = header_at(fields)
    widths = Counter(len(cells) for _, cells in fields[:2000])
    if at is None:
        width = max(widths, key=lambda width: (widths[width] * (width > 1), width), default=0)
        header = [f"#{index}" for index in range(width)]
        before: list[Fields] = []
        body = fields
    else:
        header = [bare(cell) for cell in fields[at][1]]
        while len(header) > 1 and not header[-1]:
            header.pop()
        before, body = fields[:at], fields[at + 1 :]
    if len(header) > COLUMNS:
        remarks.add(0, f"only {COLUMNS} of {len(header)} columns are read")
        chosen = names.weightiest(header, COLUMNS)
        header = [header[place] for place in chosen]
        body = [
            (line, [cells[place] if place < len(cells) else "" for place in chosen])
            for line, cells in body
        ]
    sheet = Sheet(kind, distinct(header), named=at is not None)
    for line, cells in before:
        if kind == "markdown":
            remarks.add(line, "text outside the table")
        else:
            sheet.records.append(_text(line, cells, remarks))
    _fill(sheet, body, remarks, _whole if short else _kept)
    sheet.notes = remarks.notes()
    return sheet


def _joined(fields: list[Fields]) -> list[Fields]:
    """Put together again what a newline inside a quoted cell has taken apart."""
    if len(fields) < 2 or not any(cells[-1].startswith('"') for _, cells in fields):
        return fields
    width = len(fields[0][1])
    found: list[Fields] = []
    at = 0
    while at < len(fields):
        line, cells = fields[at]
        at += 1
        if len(cells) <= width and _opens(cells[-1]):
            for end in range(at, min(at + _AHEAD, len(fields))):
                more = fields[end][1]
                if _closes(more[0]) and len(cells) + len(more) - 1 == width:
                    middle = ["\t".join(lost) for _, lost in fields[at:end]]
                    whole = " ".join([cells[-1], *middle, more[0]]).strip('"')
                    cells, at = [*cells[:-1], whole, *more[1:]], end + 1
                    break
                if len(more) == width:
                    break
        found.append((line, cells))
    return found


def _opens(cell: str) -> bool:
    return cell.startswith('"') and cell.count('"') % 2 == 1


def _closes(cell: str) -> bool:
    return cell.endswith('"') and cell.count('"') % 2 == 1


def _fill(
    sheet: Sheet,
    body: Sequence[Fields],
    remarks: Remarks,
    kept: Callable[[list[str]], list[Cell]],
) -> None:
    width = len(sheet.columns)
    status = status_at(sheet, body)
    places = list(range(width))
    moved = False
    first = sheet.columns[0] if sheet.columns else ""
    for line, cells in body:
        if len(cells) == width and not moved and cells[0] != first:
            sheet.records.append(SheetRecord(line, kept(cells)))
            continue
        if len(cells) > 1 and sheet.named and is_another_header(cells, body):
            if repeats(cells, sheet.columns):
                moved, places = False, list(range(width))
                remarks.add(line, "the header again")
            else:
                places = places_of(sheet.columns, cells)
                moved = places != list(range(width))
                width = len(cells)
                remarks.add(line, "another header: the columns change here")
            continue
        if len(cells) == 1 and width > 1:
            if sheet.kind == "markdown":
                remarks.add(line, "text outside the table")
            else:
                sheet.records.append(_text(line, cells, remarks))
            continue
        whole = fitted(cells, width, status)
        if whole is None:
            remarks.add(line, f"{len(cells)} cells where the header has {width}: not understood")
            sheet.records.append(SheetRecord(line, [cut(" · ".join(cells))], text=True))
            continue
        if len(cells) != width and any(cells[width:]):
            remarks.add(line, f"{len(cells)} cells where the header has {width}")
        sheet.records.append(SheetRecord(line, kept(moved_to(whole, places) if moved else whole)))


def _whole(cells: list[str]) -> list[Cell]:
    return cells  # type: ignore[return-value] # a string is a cell; nobody else holds the list


def _kept(cells: list[str]) -> list[Cell]:
    if sum(map(len, cells)) <= CELL:
        return [*cells]
    return [cut(cell) for cell in cells]


def _text(line: int, cells: Sequence[str], remarks: Remarks) -> SheetRecord:
    remarks.add(line, "text between the rows")
    return SheetRecord(line, [cut(" ".join(cells).strip())], text=True)


def _said(comments: Sequence[NumberedLine]) -> list[Config]:
    """What comment lines say of the metric and its direction."""
    found = Config(0, 0)
    for line, text in comments:
        if match := _METRIC.search(text):
            found.metric = found.metric or match["name"]
        if found.way == "unknown" and (match := _SAID.search(text)):
            found.way = way_of(match["way"] or match["phrase"])
            found.line, found.source = line, f"the comment in line {line}"
    return [found] if found.way != "unknown" else []
