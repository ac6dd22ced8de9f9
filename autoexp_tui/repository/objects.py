"""Git's objects as bytes: their names, how plumbing lists them, and how a pack holds them."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

_PACK_KINDS = {"commit": 1, "tree": 2, "blob": 3}


class TreeEntry(NamedTuple):
    """One file of a commit."""

    path: str
    """Relative to the repository's root, with `/`."""
    mode: str
    """`100644`, `100755`, `120000` a symbolic link, `160000` a submodule."""
    sha: str
    size: int = -1
    """Bytes; negative where it wasn't asked for."""


class GitObject(NamedTuple):
    """An object as git hashes and packs it."""

    kind: Literal["commit", "tree", "blob"]
    content: bytes

    @property
    def name(self) -> str:
        """40 hex digits."""
        header = f"{self.kind} {len(self.content)}\0".encode()
        return hashlib.sha1(header + self.content, usedforsecurity=False).hexdigest()


def blob_name(content: bytes) -> str:
    """The name git gives to a blob with these bytes."""
    return GitObject("blob", content).name


def make_tree(entries: Iterable[TreeEntry]) -> GitObject:
    """A tree, whose entries' paths are single names."""

    def place(entry: TreeEntry) -> bytes:
        return os.fsencode(entry.path) + (b"/" if entry.mode == "040000" else b"")

    return GitObject(
        "tree",
        b"".join(
            entry.mode.lstrip("0").encode()
            + b" "
            + os.fsencode(entry.path)
            + b"\0"
            + bytes.fromhex(entry.sha)
            for entry in sorted(entries, key=place)
        ),
    )


class Pack(NamedTuple):
    """A pack with its index, as git reads them from files of that name."""

    name: str
    """40 hex digits."""
    content: bytes
    idx: bytes


def make_pack(objects: Iterable[GitObject]) -> Pack:
    """A pack of whole objects (gitformat-pack(5), version 2), each in it once."""
    by_name = {each.name: each for each in objects}
    pack = bytearray(b"PACK" + struct.pack(">LL", 2, len(by_name)))
    places: dict[bytes, tuple[int, int]] = {}
    """Of each object, where it begins and the CRC-32 of how it is stored."""
    for name, (kind, content) in by_name.items():
        start = len(pack)
        size = len(content)
        byte = _PACK_KINDS[kind] << 4 | size & 15
        size >>= 4
        while size:
            pack.append(byte | 128)
            byte = size & 127
            size >>= 7
        pack.append(byte)
        pack += zlib.compress(content)
        places[bytes.fromhex(name)] = start, zlib.crc32(memoryview(pack)[start:])
    checksum = _sha1(pack)
    return Pack(checksum.hex(), bytes(pack + checksum), _make_index(places, checksum))


def _make_index(places: Mapping[bytes, tuple[int, int]], checksum: bytes) -> bytes:
    """The index of a pack of less than 2 GiB (gitformat-pack(5), version 2)."""
    names = sorted(places)
    upto = [sum(name[0] <= first for name in names) for first in range(256)]
    index = b"".join(
        (
            b"\377tOc" + struct.pack(">L256L", 2, *upto),
            *names,
            *(struct.pack(">L", places[name][1]) for name in names),
            *(struct.pack(">L", places[name][0]) for name in names),
            checksum,
        )
    )
    return index + _sha1(index)


def _sha1(data: bytes | bytearray) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def parse_listing(listing: bytes) -> Iterator[TreeEntry]:
    """What `git ls-tree -z` says, with `-l` or without."""
    for line in listing.split(b"\0")[:-1]:
        meta, _, path = line.partition(b"\t")
        mode, _, sha, *size = meta.decode().split()
        yield TreeEntry(os.fsdecode(path), mode, sha, *(int(n) for n in size if n.isdecimal()))
