"""What a harness may lack in a sandbox: each with a trial that gives it, and the line to paste."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autoexp_tui.evaluation.links import is_environment
from autoexp_tui.evaluation.sandbox.confinement import Confinement
from autoexp_tui.model.contract import Limits, LinkMode
from autoexp_tui.text.safe import Safe, clean_line

LOST = Safe("it works without the sandbox and not in it: `sandbox: none` runs it as it is")
"""Where no permission alone is what is missing."""

TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - what is replaced
_UNLIMITED = Limits(processes=4_000_000)


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that the sandbox keeps from a harness."""

    words: Safe
    """What is missing, and the line that gives it."""
    allow: Callable[[Confinement], Confinement]
    """The same confinement, but for that."""
    narrower: tuple[Permission, ...] = ()
    """Parts of it, of which one may do."""


def permissions(
    confinement: Confinement,
    modes: Mapping[str, LinkMode],
    sources: Mapping[str, Path],
    tail: str,
) -> Iterator[Permission]:
    """What to try, the likeliest first; `tail` is what the harness printed last."""
    online = Permission(
        Safe("it needs the network: write `network: true`"),
        lambda old: replace(old, network=True),
    )
    # What it said decides: once it has run outside, what it fetched there may be there for good.
    said = re.search(r"Read-only file system|EROFS", tail) is not None
    if not confinement.network and not said:
        yield online
    yield from _writes(modes, sources)
    if not confinement.network and said:
        yield online
    hidden = [path for path in confinement.hidden if path not in confinement.own]
    if hidden:
        yield Permission(
            Safe("it reads places that hold secrets: `sandbox: none` shows them"),
            lambda old: replace(old, hidden=old.own),
            tuple(map(_shows, hidden)),
        )
    yield Permission(
        _elsewhere(tail, TEMPORARY, "/tmp is a folder of its own here"),  # noqa: S108
        lambda old: replace(old, writable=(*old.writable, *filter(Path.is_dir, TEMPORARY))),
    )
    if (home := confinement.home) is not None:
        yield Permission(
            _elsewhere(tail, (home,), "it writes into your home"),
            lambda old: replace(old, home=None, writable=(*old.writable, home)),
        )
    yield Permission(
        Safe("it needs more than `limits:` gives it: raise processes, memory or file_size there"),
        lambda old: replace(old, limits=_UNLIMITED),
    )


def _writes(modes: Mapping[str, LinkMode], sources: Mapping[str, Path]) -> Iterator[Permission]:
    for path, mode in modes.items():
        source = Path(os.path.realpath(sources[path]))
        if mode == "read-only" and not is_environment(source):
            lines = ", ".join(f"{name}: {old}" for name, old in {**modes, path: "copy"}.items())
            words = f"it writes into {path}: `link: {{{lines}}}` gives it a copy, `write` your own"
            yield Permission(clean_line(words), _writable(source))


def _writable(path: Path) -> Callable[[Confinement], Confinement]:
    return lambda old: replace(old, writable=(*old.writable, path))


def _shows(path: Path) -> Permission:
    words = clean_line(f"it reads {_short(path)}: `link: {{{_short(path)}: read-only}}` shows it")
    return Permission(
        words, lambda old: replace(old, hidden=tuple(one for one in old.hidden if one != path))
    )


def _elsewhere(tail: str, folders: tuple[Path, ...], what: str) -> Safe:
    """The line for the path in one of the folders that was printed last."""
    found = [
        name.rstrip(".,:;")
        for folder in folders
        for name in re.findall(rf"{re.escape(str(folder))}/[^\s'\"`:,;)\]]+", tail)
    ]
    if not found:
        return clean_line(f"{what}: `link: {{…: write}}` with its path there gives it back")
    place = Path(found[-1])
    while not place.exists() and place.parent not in folders:
        place = place.parent
    return clean_line(f"{what}: `link: {{{_short(place)}: write}}` gives it back")


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
