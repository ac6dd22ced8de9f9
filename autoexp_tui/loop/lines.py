"""Lines of a journal: one event each, with a checksum, and sealed by the run's own key.

`sum` is the CRC-32 of everything before it: it tells damage. `mac` is a keyed hash of the event and
of the `mac` before it: only who has the key can write the next line, and none can be left out.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autoexp_tui.model.events import Record
from autoexp_tui.system.files import open_plain, replace_file
from autoexp_tui.text.intake import cleaned

_decoder = msgspec.json.Decoder(Record)
_SUM = len(b',"sum":"00000000"}\n')
_MAC_HEX = 16
_MAC = len(b',"mac":""') + _MAC_HEX
_KEY_HEX = 32
_LONGEST_KEY = 200
LONGEST = 32 << 20
"""Bytes of a line: what is longer is none of ours."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What the lines of one journal are sealed with."""

    key: bytes
    start: int
    """Bytes of the journal that an earlier version wrote, without seals."""

    @classmethod
    def new(cls, start: int) -> Seal:
        return cls(secrets.token_bytes(_KEY_HEX // 2), start)

    @classmethod
    def load(cls, journal: Path) -> Seal | None:
        """The seal of the journal at that path; None where there is none that can be read."""
        try:
            with open_plain(key_path(journal)) as file:
                words = file.read(_LONGEST_KEY).decode("ascii").split()
            version, key, start = words
            found = cls(bytes.fromhex(key), int(start))
        except (OSError, ValueError):
            return None
        return found if version == "1" and len(key) == _KEY_HEX and found.start >= 0 else None

    def save(self, journal: Path) -> None:
        """Put it beside the journal, for the user alone. Raises OSError."""
        replace_file(key_path(journal), f"1 {self.key.hex()} {self.start}\n".encode(), mode=0o600)

    def mac(self, before: bytes, body: bytes) -> bytes:
        """Of a line whose event is `body`, after the line with the mac `before`; 16 hex digits."""
        found = hashlib.blake2b(before + body, key=self.key, digest_size=_MAC_HEX // 2)
        return found.hexdigest().encode()

    def made(self, line: bytes, before: bytes) -> bool:
        """Whether whoever has the key wrote `line` after the one with the mac `before`."""
        return line.startswith(self.mac(before, line[: -_SUM - _MAC]), -_SUM - _MAC_HEX - 1)


def key_path(journal: Path) -> Path:
    """Where the key of a journal lies: in the run's folder, which no sandbox shows."""
    return journal.with_name("journal.key")


def encode(record: Record, seal: Seal | None = None, before: bytes = b"") -> bytes:
    """One line of the journal, with its checksum and its newline.

    With a seal, the line is the one after that with the mac `before`. Raises TypeError, ValueError
    for what is no event.
    """
    body = msgspec.json.encode(record)[:-1]
    if seal is not None:
        body = b'%s,"mac":"%s"' % (body, seal.mac(before, body))
    return b'%s,"sum":"%08x"}\n' % (body, zlib.crc32(body))


def decode(line: bytes) -> Record:
    """The inverse of `encode`; what its texts held of controls is cleaned away.

    Raises:
        ValueError: the line is torn or damaged.
    """
    body, seal = line[:-_SUM], line[-_SUM:]
    if seal != b',"sum":"%08x"}\n' % zlib.crc32(body):
        raise ValueError("checksum does not match")
    record = _decoder.decode(line)
    # Most lines need no second look, and a long journal has a hundred thousand of them.
    return record if _is_plain(body) else cleaned(record)


def mac_of(line: bytes) -> bytes:
    """What a line says that its mac is; empty where it has none."""
    found = line[-_SUM - _MAC : -_SUM]
    return found[8:-1] if found.startswith(b',"mac":"') and found.endswith(b'"') else b""


def _is_plain(body: bytes) -> bool:
    """Whether no string in it can want cleaning: JSON escapes controls, all but DEL."""
    return body.isascii() and b"\\" not in body and b"\x7f" not in body
