"""What git calls its objects, and how its plumbing lists them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class TreeEntry(NamedTuple):
    """One file of a commit."""

    path: str
    """Relative to the repository's root, with `/`."""
    mode: str
    """`100644`, `100755`, `120000` a symbolic link, `160000` a submodule."""
    sha: str


def blob_name(content: bytes) -> str:
    """The name git gives to a blob with these bytes."""
    header = b"blob %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def parse_listing(listing: bytes) -> Iterator[TreeEntry]:
    """What `git ls-tree -z` says."""
    for line in listing.split(b"\0")[:-1]:
        meta, _, path = line.partition(b"\t")
        mode, _, sha = meta.decode().split(" ")
        yield TreeEntry(os.fsdecode(path), mode, sha)


def make_listing(entries: Iterable[TreeEntry]) -> bytes:
    """What `git mktree -z` wants to be told."""
    kinds = {"040000": "tree", "160000": "commit"}
    return b"".join(
        f"{mode} {kinds.get(mode, 'blob')} {sha}\t".encode() + os.fsencode(path) + b"\0"
        for path, mode, sha in entries
    )
