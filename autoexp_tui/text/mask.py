"""Known secrets, replaced by the names of their variables wherever text is stored."""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

SHORTEST = 8
"""Characters of a value that is masked; a shorter one stands in too much that is no secret."""
_LONGEST = 4096
_HEAD = 4
_LINE = 24
"""Characters of a line of a secret of several lines (a private key) that is masked by itself."""


class Mask:
    """Replaces the values of secrets by `[NAME]`: as they are, in base64, hex, URLs and JSON.

    Values of less than 8 characters, and words of letters alone, are left: they stand in too much
    else. Safe to use from several threads.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets` are values by the names that are shown for them."""
        self._names: dict[bytes, str] = {}
        for name, value in secrets.items():
            for part in _parts(value):
                for form in _forms(part):
                    self._names.setdefault(form, name)
        needles = sorted(self._names, key=len, reverse=True)
        self._sorted = sorted(needles)
        self._longest = len(needles[0]) if needles else 0
        self._find = re.compile(b"|".join(map(re.escape, needles))) if needles else None
        self._tables: list[Any] = []
        heads = sorted({needle[:_HEAD] for needle in needles})
        self._heads = re.compile(b"(?=%s)" % b"|".join(map(re.escape, heads))) if heads else None

    def __bool__(self) -> bool:
        return self._find is not None

    def data(self, data: bytes) -> bytes:
        """The bytes without any secret; the same object where there is none."""
        if self._find is None:
            return data
        parts, done = [], 0
        for start in self._places(data):
            found = self._find.match(data, start) if start >= done else None
            if found is not None:
                parts += [data[done:start], b"[%s]" % self._names[found[0]].encode()]
                done = found.end()
        return b"".join([*parts, data[done:]]) if parts else data

    def _places(self, data: bytes) -> Sequence[int]:
        """Where a secret may stand: where each of its first pairs of bytes is one of some secret's.

        A regular expression of a hundred alternatives reads 10 MB/s, this some hundred.
        """
        if len(data) < SHORTEST:
            return ()
        import numpy as np  # noqa: PLC0415 - where there is a secret to be found

        if not self._tables:
            tables = [np.zeros(1 << 16, bool) for _ in range(SHORTEST // 2)]
            for needle in self._sorted:
                for table, at in zip(tables, range(0, SHORTEST, 2), strict=True):
                    table[needle[at] << 8 | needle[at + 1]] = True
            self._tables = tables
        letters = np.frombuffer(data, np.uint8).astype(np.uint16)
        pairs = letters[:-1] << 8 | letters[1:]
        places = np.flatnonzero(self._tables[0][pairs[: 2 - SHORTEST]])
        for turn, table in enumerate(self._tables[1:], 1):
            places = places[table[pairs[places + 2 * turn]]]
        found: list[int] = places.tolist()
        return found

    def text(self, text: str) -> str:
        """The text without any secret; the same object where there is none."""
        if self._find is None:
            return text
        data = text.encode("utf-8", "surrogatepass")
        masked = self.data(data)
        return text if masked is data else masked.decode("utf-8", "surrogatepass")

    def named_in(self, text: str) -> list[str]:
        """The names of the secrets that are in a text."""
        data = text.encode("utf-8", "surrogatepass")
        if self._find is None:
            return []
        found = (self._find.match(data, start) for start in self._places(data))
        return [*dict.fromkeys(self._names[each[0]] for each in found if each)]

    def unfinished(self, data: bytes) -> int:
        """How many bytes at the end may be the beginning of a secret."""
        if self._heads is None:
            return 0
        start = max(0, len(data) - self._longest + 1)
        for found in self._heads.finditer(data, start):
            if self._begins(data[found.start() :]):
                return len(data) - found.start()
        return next(
            (n for n in range(min(_HEAD - 1, len(data)), 0, -1) if self._begins(data[-n:])), 0
        )

    def _begins(self, rest: bytes) -> bool:
        at = bisect_left(self._sorted, rest)
        return at < len(self._sorted) and self._sorted[at].startswith(rest)


NO_MASK = Mask({})


class MaskedStream:
    """Bytes that come cut anywhere, without any secret: what may be half of one is held back."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = b""

    def take(self, data: bytes) -> bytes:
        """What can be stored by now."""
        if not self._mask:
            return data
        if self._held:
            data = self._held + data
        held = self._mask.unfinished(data)
        self._held = data[len(data) - held :]
        return self._mask.data(data[: len(data) - held] if held else data)

    def rest(self) -> bytes:
        """What was held back, now that no more comes."""
        held, self._held = self._held, b""
        return self._mask.data(held)


def _parts(value: str) -> Iterator[str]:
    """What of a value is secret: all of it, the lines of a key, the password in an address."""
    value = value.strip()
    lines = [line.strip() for line in value.split("\n")]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _LINE and "-----" not in line)
        return
    if _is_told(value):
        yield value
    try:
        password = urlsplit(value).password if "://" in value else None
    except ValueError:
        return
    for part in {password or "", unquote(password or "")}:
        if _is_told(part):
            yield part


def _is_told(value: str) -> bool:
    plain = value.isalpha() or value.isdecimal() or value.startswith(("/", "~/", "./"))
    return SHORTEST <= len(value) <= _LONGEST and not plain


def _forms(value: str) -> Iterator[bytes]:
    """How a value may be written. In base64 it may stand anywhere in what was encoded."""
    data = value.encode("utf-8", "surrogateescape")
    yield data
    yield json.dumps(value)[1:-1].encode()
    yield quote(data).encode()
    yield quote(data, safe="").encode()
    yield quote_plus(data).encode()
    yield data.hex().encode()
    yield data.hex().upper().encode()
    for shift in range(3):
        # Without the characters that what stands before and behind it has a part in.
        encoded = base64.b64encode(b"\0" * shift + data)
        inner = encoded[(0, 2, 3)[shift] : len(encoded) - (0, 3, 2)[(len(data) + shift) % 3]]
        if len(inner) >= SHORTEST:
            yield inner
            yield inner.replace(b"+", b"-").replace(b"/", b"_")
