"""Takes rights from this process for good, then becomes a command: by system calls alone.

Started as `python -I -S confine.py COUNT STEP… COMMAND…`, with COUNT words of steps, taken in their
order; the supervisor takes them in its child instead, without another Python (`confined` there).
A step is its name and a fixed number of words:

    limit NAME VALUE       setrlimit, both values; `limit NPROC N`: N threads more than there are
    cores NUMBERS          sched_setaffinity: `0,1`; those that aren't there are passed over
    setenv NAME VALUE
    namespace              mounts of its own; as an ordinary user in a user namespace of its own
    seal                   nothing that is mounted now can be written to
    devices                a /dev of its own, with terminals of its own and no device yet
    overlay FOLDER STORE   what is written into FOLDER lands in memory, mounted at the folder STORE;
                           the source `overlay` is it then
    empty FOLDER           an empty folder stands in its place
    bind SOURCE PATH       SOURCE stands in the place of PATH, writable
    read-only SOURCE PATH  the same, but it can't be changed, renamed or removed
    device SOURCE PATH     as `bind`; nowhere else is there a device that works
    fixed PATH             a mount of its own: it can't be renamed or removed, and is as writable as
                           what it lies in
    closed FOLDER          nothing that is mounted at it, or below, can be written to
    open FOLDER            but what is mounted at it, and at nothing below, can
    make FOLDER            a private folder
    capabilities           as root, from the command on: no more than work on files takes
    grant RIGHTS PATH      Landlock: `list`, `read`, `write` or `device`, for PATH and all below it;
                           a PATH that isn't there is passed over
    landlock FLAGS         Landlock begins; `tcp` in FLAGS leaves TCP open

Every SOURCE is what was there before the first step. It imports little, as every evaluation waits
for it. A step that fails ends the process with 125.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import stat
import struct
import sys

FAILED = 125
"""Exit code where the rights could not be taken: the command was not started."""

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_REC, _MS_SLAVE = 0x4000, 0x80000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND = 2, 4, 8, 0x1000
_PLAIN = _MS_NOSUID | _MS_NODEV
_MOUNT_SETATTR, _RDONLY, _NOSUID, _NODEV = 442, 1, 2, 4
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_AT_EMPTY_PATH, _AT_RECURSIVE = 0x1000, 0x8000
_OPEN_TREE, _MOVE_MOUNT = 428, 429
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH = 1, 4
_AT_FDCWD, _PR_SET_NO_NEW_PRIVS = -100, 38

_OVERLAY = "overlay"
_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "core": "/proc/kcore",
    "ptmx": "pts/ptmx",
}

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""What the kernel can take: by the version since which it can."""

_SIZES = {
    "limit": 2,
    "cores": 1,
    "setenv": 2,
    "namespace": 0,
    "seal": 0,
    "devices": 0,
    "overlay": 2,
    "empty": 1,
    "bind": 2,
    "read-only": 2,
    "device": 2,
    "fixed": 1,
    "closed": 1,
    "open": 1,
    "make": 1,
    "capabilities": 0,
    "grant": 2,
    "landlock": 1,
}

_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
CAPABILITIES = {
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_FOWNER": 3,
    "CAP_FSETID": 4,
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_NET_BIND_SERVICE": 10,
}
"""What root keeps: what it takes to work in its own files, and nothing that reaches beyond."""


class Refused(Exception):
    """A step can't be taken here; the message says which and why."""


def landlock_abi() -> int:
    """Version of Landlock in this kernel; 0 without it."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def confine(words: list[str], environment: dict[bytes, bytes]) -> None:
    """Take the steps; `environment` gets what they set. Raises Refused."""
    steps = []
    at = 0
    while at < len(words):
        step, at = words[at], at + 1
        steps.append((step, words[at : at + _SIZES[step]]))
        at += _SIZES[step]
    kernel = _Kernel(steps)
    for step, arguments in steps:
        try:
            kernel.take(step, arguments, environment)
        except (OSError, ValueError) as error:
            raise Refused(f"{step} {' '.join(arguments)}: {error}") from error


class _Kernel:
    def __init__(self, steps: list[tuple[str, list[str]]]) -> None:
        self._steps = steps
        self._libc = _libc()
        self._sources: dict[str, list[int]] = {}
        """Of each source a tree for every step that takes it, from before anything covers it."""
        self._grants: list[tuple[str, str]] = []

    def take(  # noqa: C901, PLR0912 - a case for each step
        self, step: str, arguments: list[str], environment: dict[bytes, bytes]
    ) -> None:
        match step, arguments:
            case "limit", [name, value]:
                _limit(name, int(value))
            case "cores", [numbers]:
                os.sched_setaffinity(0, [int(number) for number in numbers.split(",")])
            case "setenv", [name, value]:
                environment[os.fsencode(name)] = os.fsencode(value)
            case "namespace", []:
                self._namespace()
            case "seal", []:
                self._set(_AT_FDCWD, "/", _AT_RECURSIVE, _RDONLY | _NOSUID | _NODEV)
                # bwrap writes its user's map there.
                self._set(_AT_FDCWD, "/proc", 0, clear=_RDONLY)
            case "devices", []:
                self._devices()
            case "overlay", [folder, store]:
                self._overlay(folder, store)
            case "empty", [folder]:
                if os.path.isdir(folder):  # noqa: PTH112 - else something else hides it already
                    self._mount("tmpfs", folder, "tmpfs", _PLAIN, "mode=0755")
            case "bind", [source, path]:
                self._bind(source, path)
            case "read-only", [source, path]:
                self._bind(source, path, _RDONLY | _NOSUID | _NODEV)
            case "device", [source, path]:
                self._bind(source, path, _NOSUID)
            case "fixed", [path]:
                self._mount(path, path, "none", _MS_BIND)
            case "closed", [folder]:
                self._set(_AT_FDCWD, folder, _AT_RECURSIVE, _RDONLY)
            case "open", [folder]:
                self._set(_AT_FDCWD, folder, 0, clear=_RDONLY)
            case "make", [folder]:
                os.makedirs(folder, 0o700, exist_ok=True)  # noqa: PTH103
            case "capabilities", []:
                self._drop_capabilities()
            case "grant", [rights, path]:
                self._grants.append((rights, path))
            case "landlock", [flags]:
                self._landlock(flags)

    def _check(self, result: int) -> int:
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result

    def _mount(self, source: str, target: str, kind: str, flags: int, data: str = "") -> None:
        words = (os.fsencode(word) for word in (source, target, kind))
        self._check(self._libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(data) or None))

    def _namespace(self) -> None:
        user, group = os.geteuid(), os.getegid()
        if self._libc.unshare(_CLONE_NEWNS) < 0:
            self._check(self._libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS))
            for name, text in (
                ("setgroups", "deny"),
                ("uid_map", f"{user} {user} 1"),
                ("gid_map", f"{group} {group} 1"),
            ):
                with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib takes long
                    file.write(text)
        self._mount("none", "/", "none", _MS_REC | _MS_SLAVE)
        for step, arguments in self._steps:
            if step in {"bind", "read-only", "device"} and arguments[0] != _OVERLAY:
                self._sources.setdefault(arguments[0], []).append(self._cloned(arguments[0]))

    def _cloned(self, path: str) -> int:
        """What is mounted at a path, and below it, to be mounted elsewhere once."""
        flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_RECURSIVE
        return self._check(self._libc.syscall(_OPEN_TREE, _AT_FDCWD, os.fsencode(path), flags))

    def _overlay(self, folder: str, store: str) -> None:
        # A file system of its own: layers of an overlay may not lie in each other.
        self._mount("tmpfs", store, "tmpfs", _PLAIN, "mode=0700")
        for name in ("upper", "work"):
            os.mkdir(f"{store}/{name}")  # noqa: PTH102
        options = f"lowerdir={folder},upperdir={store}/upper,workdir={store}/work"
        try:
            self._mount("overlay", folder, "overlay", _PLAIN, f"{options},userxattr")
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._mount("overlay", folder, "overlay", _PLAIN, options)
        self._sources[_OVERLAY] = [self._cloned(folder)]

    def _devices(self) -> None:
        self._mount("tmpfs", "/dev", "tmpfs", _PLAIN, "mode=0755")
        for name, target in _LINKS.items():
            os.symlink(target, f"/dev/{name}")  # noqa: PTH211
        for name in ("pts", "shm"):
            os.mkdir(f"/dev/{name}")  # noqa: PTH102
        options = "newinstance,ptmxmode=0666,mode=620"
        self._mount("devpts", "/dev/pts", "devpts", _MS_NOSUID | _MS_NOEXEC, options)

    def _bind(self, source: str, path: str, attributes: int = _NOSUID | _NODEV) -> None:
        tree = self._sources[source].pop(0)
        _make_place(path, tree)
        self._set(tree, "", _AT_EMPTY_PATH | _AT_RECURSIVE, attributes)
        self._check(
            self._libc.syscall(
                *(_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(path), _MOVE_MOUNT_F_EMPTY_PATH)
            )
        )
        os.close(tree)

    def _set(self, folder: int, path: str, flags: int, attributes: int = 0, clear: int = 0) -> None:
        words = struct.pack("=4Q", attributes, clear, 0, 0)
        self._check(
            self._libc.syscall(
                *(_MOUNT_SETATTR, folder, os.fsencode(path), flags),
                *(words, ctypes.c_size_t(len(words))),
            )
        )

    def _drop_capabilities(self) -> None:
        number = 0
        while self._prctl(_PR_CAPBSET_READ, number) >= 0:
            if number not in CAPABILITIES.values():
                self._check(self._prctl(_PR_CAPBSET_DROP, number))
            number += 1

    def _prctl(self, option: int, value: int) -> int:
        return int(self._libc.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))))

    def _landlock(self, flags: str) -> None:
        abi = landlock_abi()
        if not abi:
            raise OSError(errno.ENOSYS, "this kernel has no Landlock")
        handled = next(bits for since, bits in reversed(_RIGHTS_BY_ABI.items()) if abi >= since)
        network = 3 if abi >= 4 and "tcp" not in flags else 0
        scoped = 3 if abi >= 6 else 0
        size = 8 if abi < 4 else 16 if abi < 6 else 24
        rules = struct.pack("=3Q", handled, network, scoped)[:size]
        call = self._libc.syscall
        ruleset = self._check(call(_CREATE_RULESET, rules, ctypes.c_size_t(size), 0))
        granted = {
            "list": _READ_DIR,
            "read": _READ_DIR | _READ_FILE | _EXECUTE,
            "write": handled & ~_IOCTL_DEV,
            "device": _READ_FILE | _WRITE_FILE | _IOCTL_DEV | _READ_DIR,
        }
        for rights, path in self._grants:
            try:
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            # Of a file, rights on folders would be refused.
            folder = os.path.isdir(path)  # noqa: PTH112
            bits = granted[rights] & handled & (-1 if folder else _ON_FILES)
            rule = struct.pack("=Qi", bits, descriptor)
            result = call(_ADD_RULE, ruleset, 1, rule, 0)
            os.close(descriptor)
            self._check(result)
        self._check(self._prctl(_PR_SET_NO_NEW_PRIVS, 1))
        self._check(call(_RESTRICT_SELF, ruleset, 0))
        os.close(ruleset)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _make_place(path: str, source: int) -> None:
    """Something to mount over, where there is nothing yet: in a folder that was emptied."""
    if os.path.lexists(path):
        return
    if stat.S_ISDIR(os.fstat(source).st_mode):
        os.makedirs(path)  # noqa: PTH103
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _limit(name: str, value: int) -> None:
    if name == "NPROC":
        # The kernel counts the user's threads everywhere; that many there can't be more.
        with open("/proc/loadavg") as file:  # noqa: PTH123
            value += int(file.read().split()[3].partition("/")[2])
    kind = getattr(resource, f"RLIMIT_{name}")
    most = resource.getrlimit(kind)[1]
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(kind, (value, value))


def main(arguments: list[str]) -> int:
    steps = 1 + int(arguments[0])
    command = arguments[steps:]
    environment = dict(os.environb)
    try:
        confine(arguments[1:steps], environment)
        os.execve(command[0], command, environment)  # noqa: S606 - that is the job
    except (Refused, OSError) as error:
        os.write(2, f"{command[0]} could not be confined: {error}\n".encode())
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
