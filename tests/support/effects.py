"""Counts every effect that this process has on the world, and lets one of them go wrong.

An effect is what a crash could come before or in the middle of: a file opened for writing, a write
to it, an fsync, a rename, a removal, a link, a folder made, a program started. `injure` is for a
process made for it: what is patched and hooked here stays so until the process has ended.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import stat
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

How = Literal["nothing", "kill", "tear", "full", "fail", "refuse", "clock"]
"""`full`: no byte more; `fail`: the disk reports errors; `refuse`: the file system is read-only."""

_AUDITED = {
    "os.rename": "rename",
    "os.remove": "remove",
    "os.mkdir": "mkdir",
    "os.rmdir": "rmdir",
    "os.symlink": "symlink",
    "os.truncate": "truncate",
    "socket.bind": "bind",
}
MENDED = "mended"
"""A file beside the log: while it is there, nothing goes wrong any more."""
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True, slots=True)
class Injury:
    """What goes wrong, and at which effects."""

    how: How = "nothing"
    first: int = 0
    """The number of the first effect concerned, from 1 on; 0 is never."""
    last: int = 0
    """The last one; 0 is the first one only."""
    below: tuple[str, ...] = ()
    """Only effects on paths in these folders count; empty for all of them."""
    seconds: float = 0.0
    """`clock`: how far the wall clock is set, from `first` on."""
    share: float = 0.5
    """`tear`: how much of what was to be written is."""


NO_INJURY = Injury()


@dataclass(slots=True)
class Effects:
    """The count so far, and what is to become of the next one."""

    injury: Injury
    log: Path
    """Where the name of the effect that was injured is left."""
    world: str
    """Only effects in this folder count, and programs that are started."""
    names: list[str] | None = None
    """All of them by name, when somebody wants to know."""
    count: int = 0
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _busy: threading.local = field(default_factory=threading.local)

    def happens(self, verb: str, path: str, size: int | None = None) -> int | None:
        """One effect is about to happen: how many bytes of a write may; None for all.

        Raises OSError in place of an effect that fails.
        """
        if getattr(self._busy, "now", False) or not self._counts(path):
            return None
        if self.log.with_name(MENDED).exists():
            return None
        self._busy.now = True
        try:
            with self._mutex:
                self.count += 1
                if self.names is not None:
                    self.names.append(f"{verb} {_named(path)}")
                injury = self.injury
                if not injury.first <= self.count <= (injury.last or injury.first):
                    return None
                return self._go_wrong(verb, path, size)
        finally:
            self._busy.now = False

    def _counts(self, path: str) -> bool:
        if "/" in path and not path.startswith(self.world):
            return False
        below = self.injury.below
        return not below or any(path == each or path.startswith(f"{each}/") for each in below)

    def _go_wrong(self, verb: str, path: str, size: int | None) -> int | None:
        injury = self.injury
        if self.count == injury.first:
            self.log.write_text(f"{verb} {_named(path)}\n")
        match injury.how:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "tear":
                if size is None or size < 2:
                    os.kill(os.getpid(), signal.SIGKILL)
                return max(1, min(int((size or 0) * injury.share), (size or 0) - 1))
            case "full" if verb in {"write", "fsync", "mkdir", "symlink"} or _is_new(verb, path):
                if size is not None and size > 1 and self.count == injury.first:
                    return size // 2  # the last bytes that fit
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            case "fail" if verb in {"write", "fsync", "truncate"}:
                raise OSError(errno.EIO, os.strerror(errno.EIO), path)
            case "refuse" if verb not in {"start", "fsync"}:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
            case "clock":
                _set_clock(injury.seconds)
            case _:
                pass
        return None


def injure(injury: Injury, log: Path, world: Path, *, trace: bool = False) -> Effects:
    """Watch this process from now on, and let `injury` happen to it."""
    effects = Effects(injury, log, str(world), [] if trace else None)
    _watch_descriptors(effects)
    _watch_files(effects)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str | bytes) and flags & _FOR_WRITING:
                effects.happens("open", os.fsdecode(path))
        elif event in _AUDITED:
            path = arguments[1] if event in {"os.rename", "os.symlink"} else arguments[0]
            if event == "socket.bind":
                path = str(arguments[1])
            if isinstance(path, str | bytes | os.PathLike):
                effects.happens(_AUDITED[event], os.fsdecode(path))
        elif event == "subprocess.Popen":
            effects.happens("start", _program(arguments[1]))

    sys.addaudithook(hook)
    return effects


def _watch_descriptors(effects: Effects) -> None:
    """`os.write`, `os.pwrite`, `os.fsync` and `os.ftruncate`, on regular files."""
    write, pwrite, fsync, ftruncate = os.write, os.pwrite, os.fsync, os.ftruncate

    def watched_write(fd: int, data: bytes | memoryview) -> int:
        size = len(data)
        allowed = effects.happens("write", path, size) if (path := _path_of(fd)) else None
        done = write(fd, data if allowed is None else bytes(data)[:allowed])
        _end_torn(effects, allowed)
        return done

    def watched_pwrite(fd: int, data: bytes | memoryview, offset: int) -> int:
        size = len(data)
        allowed = effects.happens("write", path, size) if (path := _path_of(fd)) else None
        done = pwrite(fd, data if allowed is None else bytes(data)[:allowed], offset)
        _end_torn(effects, allowed)
        return done

    def watched_fsync(fd: int) -> None:
        if path := _path_of(fd):
            effects.happens("fsync", path)
        fsync(fd)

    def watched_ftruncate(fd: int, length: int) -> None:
        if path := _path_of(fd):
            effects.happens("truncate", path)
        ftruncate(fd, length)

    os.write, os.pwrite = watched_write, watched_pwrite  # type: ignore[assignment]
    os.fsync, os.ftruncate = watched_fsync, watched_ftruncate  # type: ignore[assignment]


def _watch_files(effects: Effects) -> None:
    """Files that `pathlib` and `os.fdopen` open for writing: each write goes through `happens`."""
    genuine = io.open

    class Watched(io.FileIO):
        def write(self, data: Any) -> int:
            view = memoryview(data).cast("B")
            allowed = (
                effects.happens("write", path, len(view)) if (path := _path_of(self)) else None
            )
            done = super().write(view if allowed is None else view[:allowed])
            _end_torn(effects, allowed)
            if allowed is not None:
                # A buffered writer would come again with the rest: the disk stays full.
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return done or 0

    def watched_open(
        file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **more: Any
    ) -> Any:
        closefd = more.get("closefd", True)
        if not set(mode) & set("wxa") or set(mode) & set("+t") or more.get("opener"):
            return genuine(file, mode, buffering, *rest, **more)
        raw = Watched(file, mode.replace("b", ""), closefd=closefd)
        if "b" in mode:
            return raw if buffering == 0 else io.BufferedWriter(raw)
        encoding = more.get("encoding") or (rest[0] if rest else None)
        return io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=encoding or "utf-8", newline=more.get("newline")
        )

    io.open = watched_open


def _end_torn(effects: Effects, allowed: int | None) -> None:
    """What was torn was written; now comes the end."""
    if allowed is not None and effects.injury.how == "tear":
        os.kill(os.getpid(), signal.SIGKILL)


def _is_new(verb: str, path: str) -> bool:
    return verb == "open" and not Path(path).exists()


def _path_of(file: int | io.FileIO) -> str:
    """The path of an open regular file, or of a folder; empty for pipes and the like."""
    fd = file if isinstance(file, int) else file.fileno()
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return ""
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return ""
    path = str(Path(f"/proc/self/fd/{fd}").readlink())
    return "" if path.endswith("(deleted)") or path.startswith("/proc") else path


def _program(arguments: Any) -> str:
    """What a command line starts, in two words."""
    words = [os.fsdecode(word) for word in arguments]
    if Path(words[0]).name == "git" or "git" in words:
        known = {
            *("update-ref", "index-pack", "pack-objects"),
            *("cat-file", "ls-tree", "rev-parse", "for-each-ref"),
        }
        return next((f"git {word}" for word in words if word in known), "git, for something else")
    return next((Path(word).name for word in words if word.endswith(".py")), words[0])


def _named(path: str) -> str:
    """A path as a report names it: without what differs from run to run."""
    if "/" not in path:
        return path
    parts = Path(path).parts
    name = ".".join("N" if part.isdecimal() else part for part in parts[-1].split("."))
    if "experiments" in parts:
        return "experiment" if name.isdecimal() or name == "N" else f"experiment/{name}"
    if "workspaces" in parts:
        return f"workspace/{name}" if len(parts) - parts.index("workspaces") > 3 else "workspace"
    if "autoexp" in parts and ".git" in parts:
        return f"run/{name}"
    if ".git" in parts:
        return f"git pack{Path(name).suffix}" if name.startswith("pack-") else f".git/{name}"
    return f"project/{name}"


def _set_clock(seconds: float) -> None:
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + int(seconds * 1e9)
