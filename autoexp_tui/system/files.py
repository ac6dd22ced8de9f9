"""Files that a crash can't tear: replaced as one step, names made durable; room for them.

And files in a folder that others can write to: what is no file there is not taken for one.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT))
"""What git says of it."""
_CANNOT = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
"""What a file system says that has no such thing as `fsync`."""
_SHARED = ("nfs", "cifs", "smb", "fuse", "9p", "lustre", "gpfs", "ceph", "gluster", "afs", "beegfs")
"""How the kinds of file systems are called that several machines see."""
_ASIDE_MOST = 20
"""Things that are set aside in one folder under one name: more are removed."""
_ASIDE_BYTES = 1 << 20


def sync(fd: int) -> None:
    """Force a file to the disk, as far as its file system can do that. Raises OSError."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise


def can_sync(folder: Path) -> bool:
    """Whether the file system of a folder can force files to the disk; where unsure, it can."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        os.fsync(fd)
    except OSError as error:
        return error.errno not in _CANNOT
    finally:
        os.close(fd)
    return True


def sync_directory(path: Path) -> None:
    """Make a new or renamed name in `path` survive a power loss."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(fd)
    finally:
        os.close(fd)


def is_full(error: BaseException | None) -> bool:
    """Whether a failure comes of a full disk, or of a quota that is used up."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if any(words in str(error) for words in _FULL_WORDS):
            return True
        error = error.__cause__
    return False


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading: no link is followed, no pipe waited for. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    return os.fdopen(fd, "rb")


def open_for_writing(path: Path, flags: int = os.O_WRONLY | os.O_TRUNC) -> int:
    """Open a plain file for writing, made where it is missing; returns its descriptor.

    What stands there and is no plain file is set aside: a link would have us write elsewhere.
    Raises OSError.
    """
    flags |= os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        set_aside(path)
    return os.open(path, flags, 0o600)


def set_aside(path: Path) -> Path | None:
    """Move what is at `path`, whatever it is, to a free name beside it.

    Returns that name; None where there was nothing, or where so much is aside already that it was
    removed. Raises OSError.
    """
    if not os.path.lexists(path):
        return None
    aside = free_name(path)
    if aside is not None:
        path.rename(aside)
    elif path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return aside


def keep_aside(path: Path, content: bytes) -> Path | None:
    """Keep bytes (a mebibyte of them at most) under a free name beside `path`; None: no more."""
    aside = free_name(path)
    if aside is not None:
        replace_file(aside, content[:_ASIDE_BYTES])
    return aside


def free_name(path: Path) -> Path | None:
    """A name beside `path` for what is set aside; None where all are taken."""
    names = (path.with_name(f"{path.name}.foreign-{n}") for n in range(1, _ASIDE_MOST + 1))
    return next((name for name in names if not os.path.lexists(name)), None)


def make_folder(path: Path, below: Path) -> None:
    """Make the folder `path` under `below`: what stands there and is no folder is set aside.

    Not even a link to a folder is one: what is written here must not end elsewhere. Raises OSError.
    """
    below.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = below
    for part in path.relative_to(below).parts:
        place /= part
        if place.is_symlink() or not place.is_dir():
            set_aside(place)
            place.mkdir(exist_ok=True)


def has_room(size: int, *places: Path) -> bool:
    """Whether so many bytes can be written in each of the folders, now: it is tried.

    What the system says is free may be another's, or beyond a quota.
    """
    for place in places:
        trial = place / f".autoexp-room.{os.getpid()}.tmp"
        try:
            with trial.open("xb", buffering=0) as file:
                if file.write(os.urandom(size)) != size:
                    return False
                sync(file.fileno())
        except FileNotFoundError:
            continue  # the folder is gone: whoever needs it makes it again
        except OSError:
            return False
        finally:
            with contextlib.suppress(OSError):
                trial.unlink(missing_ok=True)
    return True


def is_shared(path: Path) -> bool:
    """Whether other machines may see the same file; where the system doesn't tell, they may."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return True
    kinds = {}
    for line in mounts:
        before, _, after = line.partition(" - ")
        kinds[before.split(" ")[4]] = after.split(" ")[0]
    there = path.resolve()
    kind = next((kinds[str(at)] for at in (there, *there.parents) if str(at) in kinds), "")
    return kind.startswith(_SHARED)


def free_mb(*places: Path) -> int:
    """Megabytes that are free where the least is; of a folder that has gone, where it would be.

    Raises OSError.
    """
    return min(shutil.disk_usage(_nearest(place)).free for place in places) >> 20


def _nearest(place: Path) -> Path:
    return next((each for each in (place, *place.parents) if each.is_dir()), place)


def replace_file(
    path: Path, content: bytes, by: Path | None = None, mode: int | None = None
) -> None:
    """Put `content` at `path` as one step that a crash can't tear.

    `by` is where the new file is made when that is on the same file system: a crash then leaves
    nothing beside `path`. What earlier crashes left of `path` is removed. `mode` is who may read
    it, where the file system knows such a thing. Raises OSError.
    """
    for folder in {by or path.parent, path.parent}:
        _remove_stale_temporaries(folder, path.name)
    if by is not None and by.stat().st_dev != path.parent.stat().st_dev:
        by = None
    temporary = (by or path.parent) / f".{path.name}.{os.getpid()}.tmp"
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as file:  # never through a link that somebody has put there
            if mode is not None:
                with contextlib.suppress(OSError):
                    os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            # Before the rename: after a power loss the new name could else stand for an empty file.
            sync(file.fileno())
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _remove_stale_temporaries(folder: Path, name: str) -> None:
    """Remove the unfinished files of processes that have died in `replace_file`."""
    for stale in folder.glob(f".{glob.escape(name)}.*.tmp"):
        pid = stale.name.removeprefix(f".{name}.").removesuffix(".tmp")
        if pid.isdecimal() and not _is_there(int(pid)):
            stale.unlink(missing_ok=True)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid != os.getpid()
