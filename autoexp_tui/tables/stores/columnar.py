"""Parquet, Arrow and Excel, by packages that are asked for where there is such a file."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
import zlib
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables.grids import read_grid
from autoexp_tui.tables.model import Cell, Note
from autoexp_tui.tables.sheet import COLUMNS, Sheet, SheetRecord, cut
from autoexp_tui.tables.stores.packing import MOST_BYTES
from autoexp_tui.tables.stores.rows import cell
from autoexp_tui.tables.stores.source import Source

_BATCH = 1024
_DAMAGE = (AttributeError, LookupError, SyntaxError, TypeError, ValueError)
"""What openpyxl raises for a workbook that isn't as it should be."""
_MOST_CELLS = 20_000_000


def parquet(source: Source) -> Sheet | None:
    """A parquet file, or an Arrow one (feather). Raises UsageProblem."""
    is_parquet = source.head.startswith(b"PAR1")
    if not is_parquet and not source.head.startswith(b"ARROW1\0\0"):
        return None
    _need("pyarrow", "Parquet and Arrow files", source)
    import pyarrow as pa  # noqa: PLC0415 - large, for files that need it
    from pyarrow import ipc, parquet  # noqa: PLC0415 - as above

    file = io.BytesIO(source.data) if not source.is_file else pa.OSFile(str(source.path))
    try:
        if is_parquet:
            opened = parquet.ParquetFile(file)
            names = opened.schema_arrow.names
            _bound(source, opened.metadata.num_rows * len(names))
            batches = opened.iter_batches(_BATCH, columns=names[:COLUMNS])
        else:
            reader = ipc.open_file(file)
            names = reader.schema.names
            batches = (reader.get_batch(at) for at in range(reader.num_record_batches))
        return _sheet(source, names, batches)
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        why = str(error).partition("\n")[0][:200]
        raise UsageProblem(f"{source.path}: the file is damaged ({why})") from None


def _sheet(source: Source, names: list[str], batches: Any) -> Sheet:
    sheet = Sheet("parquet", [cut(name)[:200] for name in names[:COLUMNS]], flavour="columns")
    if len(names) > COLUMNS:
        sheet.notes.append(Note(0, f"only the first {COLUMNS} of {len(names)} columns are read"))
    for batch in batches:
        batch.validate(full=True)  # offsets of a damaged file may point anywhere
        columns = [batch.column(at).to_pylist() for at in range(len(sheet.columns))]
        for cells in zip(*columns, strict=True):
            line = len(sheet.records) + 1
            sheet.records.append(SheetRecord(line, [_plain(value) for value in cells]))
        _bound(source, len(sheet.records) * len(sheet.columns))
    return sheet


def _bound(source: Source, cells: int) -> None:
    if cells > _MOST_CELLS:
        raise UsageProblem(f"{source.path}: {cells:,} cells are more than a table has")


def _plain(value: object) -> Cell:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return cut(value.decode("utf-8", "replace"))
    return cell(value)


def excel(source: Source) -> Sheet | None:
    """The first sheet of a workbook that has something in it; the others are noted."""
    if not source.head.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return None
    if not any(info.filename == "xl/workbook.xml" for info in infos):
        return None
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise UsageProblem(f"{source.path}: unpacked it is more than {MOST_BYTES >> 20} MiB")
    _need("openpyxl", "Excel's files", source)
    import openpyxl  # noqa: PLC0415 - for files that need it

    try:
        book = openpyxl.load_workbook(io.BytesIO(source.data), read_only=True, data_only=True)
        filled = {page.title: lines for page in book.worksheets if (lines := list(_lines(page)))}
        book.close()
    except (*_DAMAGE, EOFError, zipfile.BadZipFile, zlib.error) as error:
        why = str(error).partition("\n")[0][:200]
        raise UsageProblem(f"{source.path}: the workbook is damaged ({why})") from None
    title = next(iter(filled), "")
    sheet = read_grid("\n".join(filled.get(title, [])))
    sheet.kind = "xlsx"
    for other in list(filled)[1:]:
        sheet.notes.append(Note(0, f"of the sheets, {title} is read, and not {other}"))
    return sheet


def _lines(page: Any) -> Iterator[str]:
    """The rows as lines of text, so that they are read as those of any other table are."""
    for row in page.iter_rows(values_only=True, max_col=COLUMNS):
        words = ["" if value is None else str(_plain(value)) for value in row]
        if any(words):
            yield "\t".join(" ".join(word.split()) for word in words)


def _need(package: str, what: str, source: Source) -> None:
    if find_spec(package) is None:
        raise UsageProblem(
            f"{source.path}: reading {what} needs one more package: "
            "`pip install 'autoexp-tui[tables]'`, or export it as CSV"
        )
