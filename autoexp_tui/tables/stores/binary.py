"""Files that are no text and no store that is known here: what they are, in a line."""

from __future__ import annotations

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables.stores.packing import packing_of
from autoexp_tui.tables.stores.source import Source

_KINDS = (
    (b"SQLite format 3\0", "a SQLite database of no program that is known here"),
    (b"PK\x03\x04", "a zip archive without a table"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x7fELF", "a program"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x80\x02", "a pickle, which is never opened: it can run code"),
    (b"\x80\x03", "a pickle, which is never opened: it can run code"),
    (b"\x80\x04", "a pickle, which is never opened: it can run code"),
    (b"\x80\x05", "a pickle, which is never opened: it can run code"),
)
_SAMPLE = 8192
_TEXT = frozenset(b"\t\n\v\f\r\b\x1b")
"""Control characters that texts have, too."""


def refuse(source: Source) -> None:
    """Raise UsageProblem where the file is binary: one line that says what to do."""
    found = _kind(source.head[:_SAMPLE])
    if found:
        raise UsageProblem(
            f"{source.path}: this is {found}; export what is in it as CSV, TSV or JSON"
        )


def _kind(head: bytes) -> str:
    for magic, kind in _KINDS:
        if head.startswith(magic):
            return kind
    if b"brain.Event:" in head[:64]:
        return "TensorBoard's file of events"
    if packing := packing_of(head):
        return f"{packing} data in compressed data"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ""  # UTF-16, with a byte order mark
    controls = sum(byte < 0x20 and byte not in _TEXT for byte in head)
    return "binary data" if controls * 20 > len(head) else ""
