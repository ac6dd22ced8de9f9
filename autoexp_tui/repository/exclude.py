"""Our lines in `info/exclude`: a block of its own, put in and taken out without a trace."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from autoexp_tui.repository.plumbing import RepositoryError
from autoexp_tui.system.files import replace_file

_BEGIN = b"# autoexp: hides the tables of its runs; `autoexp clean` takes this out again\n"
_END = b"# autoexp: end\n"
_BOM = b"\xef\xbb\xbf"


def with_lines(content: bytes, lines: Iterable[str]) -> bytes:
    """`content` with `lines` in our block; the same bytes when they are there already."""
    before, ours, after = _split(content)
    return _join(before, list(dict.fromkeys([*ours, *lines])), after)


def without_lines(content: bytes, lines: Iterable[str]) -> bytes:
    """`content` without `lines` of ours; what somebody else wrote stays, whatever it says."""
    before, ours, after = _split(content)
    gone = set(lines)
    return _join(before, [line for line in ours if line not in gone], after)


def edit(common_dir: Path, change: Callable[[bytes], bytes]) -> None:
    """Let a repository's `info/exclude` hold what `change` makes of it. Raises RepositoryError."""
    path = (common_dir / "info" / "exclude").resolve()
    try:
        before = path.read_bytes() if path.exists() else b""
        after = change(before)
        if after == before:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
        replace_file(path, after, mode=mode)
    except OSError as error:
        raise RepositoryError(f"{path} can't be written: {error.strerror}") from error


def _split(content: bytes) -> tuple[bytes, list[str], bytes]:
    start = content.find(_BEGIN)
    end = content.find(_END, start)
    if start < 0 or end < 0:
        # In front, so that a last line without a newline stays as it is.
        at = len(_BOM) if content.startswith(_BOM) else 0
        return content[:at], [], content[at:]
    block = content[start + len(_BEGIN) : end].decode("utf-8", "surrogateescape")
    return content[:start], block.split("\n")[:-1], content[end + len(_END) :]


def _join(before: bytes, ours: list[str], after: bytes) -> bytes:
    if not ours:
        return before + after
    block = "".join(f"{line}\n" for line in ours).encode("utf-8", "surrogateescape")
    return before + _BEGIN + block + _END + after
