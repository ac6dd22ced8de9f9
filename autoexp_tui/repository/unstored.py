"""Files of a commit whose bytes are not among git's objects: filtered ones, or not fetched."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from autoexp_tui.repository.checkout import since_checkout
from autoexp_tui.repository.objects import TreeEntry
from autoexp_tui.repository.plumbing import Plumbing

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:[^\n]*\n)*?oid sha256:([0-9a-f]{64})\n"
    rb"size ([0-9]+)\n"
)
_POINTER_BYTES = 1024
_SECRET = re.compile("crypt|secret|sops|vault", re.IGNORECASE)
"""In the name of a filter that hides what it stores."""


class Filtered(NamedTuple):
    """A file that a filter makes of what git stores."""

    filter: str
    source: Path | None
    """Where it lies as the filter makes it; None where it doesn't."""
    why: str
    """Why there is no source, in words with a remedy."""


def missing(git: Plumbing, commit: str) -> set[str]:
    """Names of the objects of a commit's tree that a partial clone has not fetched."""
    if not git.is_partial:
        return set()
    listing = git.run(
        *("rev-list", "--objects", "--no-object-names", "--missing=print", "--no-walk", commit)
    )
    return {line[1:].decode() for line in listing.split(b"\n") if line.startswith(b"?")}


def filtered(
    git: Plumbing, common_dir: Path, entries: Mapping[str, TreeEntry]
) -> dict[str, Filtered]:
    """Those of a commit's files that pass a filter, by path. Raises RepositoryError.

    No filter is run. The bytes are those of the checkout, where it has the file as git wrote it
    there from this very entry; under LFS also those of its store, which names files by what they
    hold.
    """
    names = _filters(git, common_dir, entries)
    if not names:
        return {}
    ordered = [entries[path] for path in names]
    as_written = since_checkout(git, ordered)
    stored = git.objects(entry.sha for entry in ordered)
    return {
        entry.path: _found(git.root, common_dir, entry, names[entry.path], content, as_written)
        for entry, content in zip(ordered, stored, strict=True)
    }


def _found(
    root: Path, common_dir: Path, entry: TreeEntry, name: str, stored: bytes, as_written: set[str]
) -> Filtered:
    if _SECRET.search(name):
        return Filtered(name, None, "it may hold secrets: name it under link: to pass it on")
    pointer = _POINTER.match(stored) if len(stored) <= _POINTER_BYTES else None
    if pointer is not None:
        oid = pointer[1].decode()
        kept = common_dir / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
        if kept.is_file() and kept.stat().st_size == int(pointer[2]):
            return Filtered(name, kept, "")
    file = root / entry.path
    if entry.path not in as_written:
        return Filtered(name, None, "the checkout has it otherwise: commit it or restore it there")
    if pointer is not None and file.stat().st_size == len(stored):
        return Filtered(name, None, "only its pointer is here: `git lfs pull` brings it")
    return Filtered(name, file, "")


def _filters(git: Plumbing, common_dir: Path, entries: Mapping[str, TreeEntry]) -> dict[str, str]:
    """Plain files and the names of their filters, as the checkout's attributes say."""
    places = [git.root / path for path in entries if Path(path).name == ".gitattributes"]
    places.append(common_dir / "info" / "attributes")
    if not any(b"filter" in _content(place) for place in places):
        return {}
    files = [path for path, entry in entries.items() if entry.mode.startswith("100")]
    listing = git.run(
        *("check-attr", "--stdin", "-z", "filter"),
        stdin=b"".join(os.fsencode(path) + b"\0" for path in files),
    )
    fields = listing.split(b"\0")[:-1]
    triples = zip(fields[::3], fields[2::3], strict=True)
    off = {b"unspecified", b"unset", b"set"}
    return {os.fsdecode(path): os.fsdecode(value) for path, value in triples if value not in off}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def taken(found: Mapping[str, Filtered]) -> list[str]:
    """Which files are there as a filter makes them: a line for each filter."""
    paths: dict[str, list[str]] = {}
    for path, each in sorted(found.items()):
        if each.source is not None:
            paths.setdefault(each.filter, []).append(path)
    return [f"as the filter {name} makes them: {_named(of)}" for name, of in paths.items()]


def lacking(found: Mapping[str, Filtered], absent: Sequence[str]) -> list[str]:
    """Which files are not there as the checkout shows them, and why: a line each."""
    lines = [
        f"{path} passes the filter {each.filter}, and is here as git stores it: {each.why}"
        for path, each in sorted(found.items())
        if each.source is None
    ]
    if absent:
        lines.append(
            f"a partial clone without {_named(sorted(absent))}: left out of the workspace; "
            "`git fetch --refetch --no-filter` brings what is missing"
        )
    return lines


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more
