"""Compressed files: by what, and what is in them, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol

from autoexp_tui.model.problem import UsageProblem

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_BYTES = 256 << 20
"""Of what is in a compressed file: a few bytes can stand for as many as there are."""
_WINDOW_LOG = 27
"""Of the bytes that a decompressor may look back on; the strongest levels need no more."""
_CHUNK_BYTES = 1 << 20
_MAGICS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


class _Stream(Protocol):
    """What takes packed bytes, and gives no more than it is asked for."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def packing_of(head: bytes) -> str:
    """By what a file is compressed, told by its first bytes; empty where it is not."""
    return next((name for magic, name in _MAGICS.items() if head.startswith(magic)), "")


def unpacked(path: Path, packing: str) -> bytes:
    """What is in the compressed file. Raises UsageProblem for one that is damaged or vast."""
    parts: list[bytes] = []
    size = 0
    try:
        with path.open("rb") as file:
            for part in _parts(file, packing):
                size += len(part)
                if size > MOST_BYTES:
                    raise UsageProblem(
                        f"{path}: unpacked it is more than {MOST_BYTES >> 20} MiB: "
                        "unpack it yourself if that is right"
                    )
                parts.append(part)
    except (EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError, OSError) as error:
        why = str(error) or "it ends early"
        raise UsageProblem(
            f"{path}: the {packing} data is damaged or not complete ({why})"
        ) from None
    return b"".join(parts)


def _parts(file: IO[bytes], packing: str) -> Iterator[bytes]:
    if packing == "gzip":
        return _chunks(gzip.GzipFile(fileobj=file))
    return _streams(file, {"bzip2": bz2.BZ2Decompressor, "xz": _xz, "zstd": _zstd}[packing])


def _chunks(file: gzip.GzipFile) -> Iterator[bytes]:
    while part := file.read(_CHUNK_BYTES):
        yield part


def _streams(file: IO[bytes], begin: Callable[[], _Stream]) -> Iterator[bytes]:
    """What is in one stream after the other, in parts that are bounded whatever they say."""
    ahead = file.read(_CHUNK_BYTES)
    while ahead:
        stream = begin()
        yield stream.decompress(ahead, _CHUNK_BYTES)
        while not stream.eof:
            more = file.read(_CHUNK_BYTES) if stream.needs_input else b""
            if stream.needs_input and not more:
                raise EOFError
            yield stream.decompress(more, _CHUNK_BYTES)
        ahead = stream.unused_data.lstrip(b"\0")  # padding between two streams
        while not ahead and (more := file.read(_CHUNK_BYTES)):
            ahead = more.lstrip(b"\0")


def _xz() -> _Stream:
    return lzma.LZMADecompressor(memlimit=1 << _WINDOW_LOG)


def _zstd() -> _Stream:
    most = zstd.DecompressionParameter.window_log_max
    return zstd.ZstdDecompressor(options={int(most): _WINDOW_LOG})
