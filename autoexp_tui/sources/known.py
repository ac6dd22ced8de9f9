"""Which repositories of this machine have had runs: a small file for each, in the user's state."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from autoexp_tui.repository import gitdir
from autoexp_tui.repository.gitdir import GitPlace
from autoexp_tui.system.files import replace_file

_LONGEST = 8192
"""Bytes of a file that are read: a path is shorter."""


def _folder() -> Path:
    from platformdirs import user_state_path  # noqa: PLC0415 - asked for when a run is, not before

    return user_state_path("autoexp") / "repositories"


def remember(place: GitPlace) -> None:
    """Note that the repository has a run; a state folder that can't be written is no obstacle."""
    name = hashlib.sha256(os.fsencode(place.common_dir)).hexdigest()[:24]
    path = _folder() / name
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, os.fsencode(place.root))


def known_places() -> list[GitPlace]:
    """Every repository that had a run and is still there; what is gone is forgotten."""
    found: dict[Path, GitPlace] = {}
    try:
        paths = sorted(path for path in _folder().iterdir() if not path.name.startswith("."))
    except OSError:
        return []
    for path in paths:
        with contextlib.suppress(OSError):
            with path.open("rb") as file:
                root = Path(os.fsdecode(file.read(_LONGEST)))
            place = gitdir.find(root) if root.is_dir() else None
            if place is None or place.root != root:
                path.unlink()
            else:
                found.setdefault(place.common_dir, place)
    return list(found.values())
