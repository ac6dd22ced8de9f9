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

from autoexp_tui.tables import cell_values, dates, names, statuses
from autoexp_tui.tables.model import Cell, FileKind
from autoexp_tui.tables.sheet import CELL, COLUMNS, Config, Remarks, Sheet, SheetRecord, cut, way_of

NumberedLine = tuple[int, str]
Fields = tuple[int, list[str]]

_SAID = re.compile(
    r"(?:metric[_ -]?)?(?:direction|goal|optimi[sz]e|better)\s*[:=]\s*[\"']?(?P<way>[\w↑↓]+)"
    r"|(?P<phrase>lower|higher|smaller|greater|larger)(?:[ _-]is)?[ _-]better",
    re.IGNORECASE,
)
_METRIC = re.compile(
    r"\bmetric(?:[_ -]?name)?\s*[:=]\s*[\"']?(?P<name>[\w./%µ-]{1,80})", re.IGNORECASE
)
_RULE = re.compile(r"[\s|:+=\-]*-{2,}[\s|:+=\-]*")
_NAME = re.compile(r"[^\W\d][\w .()/%#µ@+\-\[\]]{0,48}|#")
_WORD = re.compile(r"[^\W\d_]+(?:[ _-][^\W\d_]+){0,2}")
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
    _one_unit(sheet)
    _point_decimals(sheet, plainly=kind == "csv" and len(split(";")) == 2)
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
    return start.startswith("#") and not _is_header(start.split("\t"))


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
        at = _header_at(fields)
    widths = Counter(len(cells) for _, cells in fields[:2000])
    if at is None:
        width = max(widths, key=lambda width: (widths[width] * (width > 1), width), default=0)
        header = [f"#{index}" for index in range(width)]
        before: list[Fields] = []
        body = fields
    else:
        header = [_bare(cell) for cell in fields[at][1]]
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
    sheet = Sheet(kind, _distinct(header), named=at is not None)
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


def _header_at(fields: Sequence[Fields]) -> int | None:
    """Where the header is: among the first lines, names only and at least one known."""
    for at, (_, cells) in enumerate(fields[:20]):
        if _is_header(cells):
            return at
        if len(cells) > 1 and any(cell_values.number(cell) is not None for cell in cells):
            later = [k for k, (_, more) in enumerate(fields[:20]) if k > at and _is_header(more)]
            if later and len(fields[later[0]][1]) >= len(cells) > 1:
                return later[0]
            break
    return _by_form(fields)


def _by_form(fields: Sequence[Fields]) -> int | None:
    """The first line that holds words where the lines below it hold numbers, in any language."""
    for at, (_, cells) in enumerate(fields[:10]):
        below = [more for _, more in fields[at + 1 : at + 1 + _HEAD] if len(more) == len(cells)]
        if not below or (len(cells) == 1 and len(below) < 2):
            continue
        held = [[row[place] for row in below if not cell_values.is_blank(row[place])]
                for place in range(len(cells))]  # fmt: skip
        numeric = [
            place
            for place, column in enumerate(held)
            if column and sum(map(_figure, column)) * 5 >= len(column) * 4
        ]
        titled = sum(_is_title(cells[place]) for place in numeric)
        if numeric and titled * 3 >= len(numeric) * 2 and all(
            _is_title(cells[place]) or cells[place].strip().endswith("%") for place in numeric
        ):  # fmt: skip
            return at
        if any(map(_figure, cells)):
            return None
    return None


def _figure(cell: str) -> bool:
    return cell_values.number(cell) is not None or dates.moment(cell) is not None


def _is_title(cell: str) -> bool:
    """Whether a cell over numbers is a name: not the mark of something missing, no verdict."""
    bare = _bare(cell)
    return (
        any(letter.isalpha() or letter in "%#№" for letter in bare)
        and not _figure(bare)
        and not cell_values.is_blank(cell)
        and not (statuses.outcome_of(bare) == "failed" and names.name_direction(bare)[1] == 0)
    )


def _is_header(cells: Sequence[str]) -> bool:
    filled = [_bare(cell) for cell in cells if cell.strip()]
    if not filled or len(filled) * 2 < len(cells):
        return False
    if any(
        cell_values.number(cell) is not None or dates.moment(cell) is not None or len(cell) > 60
        for cell in filled
    ):
        return False
    known = sum(_is_known(cell) for cell in filled)
    shaped = sum(_NAME.fullmatch(cell) is not None for cell in filled)
    if len(filled) == 1:
        return (
            not cells[0].startswith("#") and len(cells) == 1 and known == 1 and " " not in filled[0]
        )
    return (known >= 2 or known * 2 >= len(filled)) and shaped * 5 >= len(filled) * 4


def _bare(cell: str) -> str:
    """A name without what makes its line a comment."""
    return cell.strip().lstrip("# ").rstrip() or cell.strip()


def _is_known(name: str) -> bool:
    word = names.leaf(name)
    return bool(word) and (
        word in names.STATUS
        or word in names.DESCRIPTION
        or word in names.COMMIT
        or (word in names.INDEX and word != "run")
        or word in names.TIME
        or word in names.DIRECTION
        or word in names.EXACT
        or names.is_delta(name)
        or names.name_direction(name)[1] > 0
    )


def _distinct(header: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    found = []
    for at, name in enumerate(header):
        name = cut(name)[:200] or f"#{at}"  # noqa: PLW2901 - the name it goes by from here on
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _fill(
    sheet: Sheet,
    body: Sequence[Fields],
    remarks: Remarks,
    kept: Callable[[list[str]], list[Cell]],
) -> None:
    width = len(sheet.columns)
    status = _status_at(sheet, body)
    places = list(range(width))
    moved = False
    first = sheet.columns[0] if sheet.columns else ""
    for line, cells in body:
        if len(cells) == width and not moved and cells[0] != first:
            sheet.records.append(SheetRecord(line, kept(cells)))
            continue
        if len(cells) > 1 and sheet.named and _is_another_header(cells, body):
            if _repeats(cells, sheet.columns):
                moved, places = False, list(range(width))
                remarks.add(line, "the header again")
            else:
                places = _places(sheet.columns, cells)
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
        fitted = _fitted(cells, width, status)
        if fitted is None:
            remarks.add(line, f"{len(cells)} cells where the header has {width}: not understood")
            sheet.records.append(SheetRecord(line, [cut(" · ".join(cells))], text=True))
            continue
        if len(cells) != width and any(cells[width:]):
            remarks.add(line, f"{len(cells)} cells where the header has {width}")
        sheet.records.append(SheetRecord(line, kept(_moved(fitted, places) if moved else fitted)))


def _one_unit(sheet: Sheet) -> None:
    """Write a column's amounts of time or memory in the unit that the most of them are in."""
    for place in range(len(sheet.columns)):
        cells = [
            (record, cell) for record in sheet.records[:_HEAD]
            if not record.text and place < len(record.cells)
            and isinstance(cell := record.cells[place], str) and cell[-1:].isalpha()
        ]  # fmt: skip
        units = Counter(cell_values.unit(cell) for _, cell in cells)
        if len(units) < 2:
            continue
        scales = next((s for s in cell_values.SCALES_OF_UNITS if units.keys() <= s.keys()), None)
        if scales is None:
            continue
        usual = units.most_common(1)[0][0]
        for record in sheet.records:
            cell = record.cells[place] if place < len(record.cells) else None
            unit = cell_values.unit(cell)
            value = cell_values.number(cell)
            if not record.text and value is not None and unit != usual and unit in scales:
                record.cells[place] = f"{value * scales[unit] / scales[usual]:.12g} {usual}"


_COMMA = re.compile(r"[+\-\u2212]?\d{1,3},\d{3}")
_DECIMAL = re.compile(r"[+\-\u2212]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))\s*%?")


def _point_decimals(sheet: Sheet, *, plainly: bool) -> None:
    """Write a point for the decimal comma of columns where `1,234` is less than two.

    Told by other cells of the column (`0,98`, `1,5`); `plainly`: semicolons part the
    columns, so that a comma is a decimal one unless another cell has a point.
    """
    for place in range(len(sheet.columns)):
        sample = [
            cell.strip()
            for record in sheet.records[:_HEAD]
            if not record.text and place < len(record.cells)
            and isinstance(cell := record.cells[place], str)
        ]  # fmt: skip
        if not any(_COMMA.fullmatch(cell) for cell in sample):
            continue
        pointed = any("." in cell or cell.count(",") > 1 for cell in sample if cell[:1].isdigit())
        if not pointed and (plainly or any(_DECIMAL.fullmatch(cell) for cell in sample)):
            for record in sheet.records:
                cell = record.cells[place] if place < len(record.cells) else None
                if isinstance(cell, str) and not record.text:
                    record.cells[place] = cell.replace(",", ".", 1)


def _whole(cells: list[str]) -> list[Cell]:
    return cells  # type: ignore[return-value] # a string is a cell; nobody else holds the list


def _kept(cells: list[str]) -> list[Cell]:
    if sum(map(len, cells)) <= CELL:
        return [*cells]
    return [cut(cell) for cell in cells]


def _text(line: int, cells: Sequence[str], remarks: Remarks) -> SheetRecord:
    remarks.add(line, "text between the rows")
    return SheetRecord(line, [cut(" ".join(cells).strip())], text=True)


def _repeats(cells: Sequence[str], header: Sequence[str]) -> bool:
    shown = [cell.strip() for cell in cells]
    while len(shown) > len(header) and not shown[-1]:
        shown.pop()
    return shown == list(header)


def _is_another_header(cells: Sequence[str], body: Sequence[Fields]) -> bool:
    """Names only, a verdict column among them: free text can look like names."""
    words = {names.leaf(cell) for cell in cells}
    return (
        bool(words & set(names.STATUS)) and len(words) > 2 and _is_header(cells) and len(body) > 0
    )


def _places(columns: list[str], header: Sequence[str]) -> list[int]:
    """Which of the sheet's columns each cell under another header belongs to; new ones join."""
    found = []
    for name in header:
        if name.strip() not in columns and len(columns) < COLUMNS:
            columns.append(name.strip() or f"#{len(columns)}")
        found.append(columns.index(name.strip()) if name.strip() in columns else -1)
    return found


def _moved(cells: Sequence[str], places: Sequence[int]) -> list[str]:
    found = [""] * (max(places, default=-1) + 1)
    for cell, place in zip(cells, places, strict=False):
        if place >= 0:
            found[place] = cell
    return found


def _status_at(sheet: Sheet, body: Sequence[Fields]) -> int | None:
    """The column that most often holds a verdict, by name where one is named."""
    for wanted in names.STATUS:
        for at, name in enumerate(sheet.columns):
            if names.leaf(name) == wanted:
                return at
    hits: Counter[int] = Counter()
    for _, cells in body[:200]:
        hits.update(at for at, cell in enumerate(cells) if statuses.outcome_of(cell) is not None)
    return hits.most_common(1)[0][0] if hits else None


def _fitted(cells: list[str], width: int, status: int | None) -> list[str] | None:
    """Cells of the wrong number, laid under the header as well as can be; None if they can't be.

    The verdict is the anchor. Too many cells behind it: the last one was free text with tabs.
    Too many or too few before it: those next to the verdict are right, and the first one is.
    """
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) == width:
        return cells
    if status is None or status >= width or (
        status < len(cells) and _is_word(cells[status])
    ):  # fmt: skip
        return _joined_from(cells, width)
    found = next(
        (k for k, cell in enumerate(cells) if _is_word(cell) and abs(k - status) <= 3), None
    )
    if found is None:
        return cells if len(cells) <= status and len(cells) * 2 > width else None
    behind = _joined_from(cells[found:], width - status)
    if found > status:
        return [cells[0], *cells[1 + found - status : found], *behind]
    return [*cells[:found], *[""] * (status - found), *behind]


def _joined_from(cells: list[str], width: int) -> list[str]:
    """At most `width` cells; what is too many goes to the last one, with the tabs it came with."""
    return cells if len(cells) <= width else [*cells[: width - 1], "\t".join(cells[width - 1 :])]


def _is_word(cell: str) -> bool:
    return (
        _WORD.fullmatch(cell) is not None
        and cell.lower() not in {"true", "false", "yes", "no", "y"}
        and statuses.outcome_of(cell) is not None
    )


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
