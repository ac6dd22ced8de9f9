"""Git's objects as bytes: their names, how plumbing lists them, and how a pack holds them."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
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


def make_pack(objects: Sequence[GitObject]) -> bytes:
    """A pack of whole objects (gitformat-pack(5), version 2)."""
    pack = bytearray(b"PACK" + struct.pack(">LL", 2, len(objects)))
    for kind, content in objects:
        size = len(content)
        byte = _PACK_KINDS[kind] << 4 | size & 15
        size >>= 4
        while size:
            pack.append(byte | 128)
            byte = size & 127
            size >>= 7
        pack.append(byte)
        pack += zlib.compress(content)
    return bytes(pack + hashlib.sha1(pack, usedforsecurity=False).digest())


def parse_listing(listing: bytes) -> Iterator[TreeEntry]:
    """What `git ls-tree -z` says, with `-l` or without."""
    for line in listing.split(b"\0")[:-1]:
        meta, _, path = line.partition(b"\t")
        mode, _, sha, *size = meta.decode().split()
        yield TreeEntry(os.fsdecode(path), mode, sha, *(int(n) for n in size if n.isdecimal()))
