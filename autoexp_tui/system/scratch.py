"""Private temporary folders that go with their process, or with the next one after a kill."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "autoexp-scratch-"
_LOCK = ".lock"


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A private folder, removed at the end; first, what killed processes of ours left is removed.

    A folder is held by a lock in it, which the system lets go however its process ends. Raises
    OSError.
    """
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (folder / _LOCK).open("wb") as lock:
            with contextlib.suppress(OSError):  # without locks nothing is swept, either
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield folder


def _sweep(temporary: Path) -> None:
    for folder in temporary.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # it is going, or is no folder of ours
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
                with os.fdopen(os.open(folder / _LOCK, flags), "r+b") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
