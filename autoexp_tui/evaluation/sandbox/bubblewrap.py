"""Namespaces by bubblewrap: the command sees a file system, processes and a network of its own."""

from __future__ import annotations

import glob
import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.evaluation.sandbox import probing
from autoexp_tui.evaluation.sandbox.confine import CAPABILITIES
from autoexp_tui.evaluation.sandbox.confinement import Confinement, confined
from autoexp_tui.system.removal import copy_tree

_MOST_FILES = 300
"""Protected files that are made read-only; a mount for each. Further ones are only verified."""
_MOST_FILES_BY_ARGUMENT = 40
"""The same where bubblewrap itself must mount them, which takes it a millisecond for each."""
_DEVICES = ("/dev/nvidia*", "/dev/dri", "/dev/kfd", "/dev/dxg", "/dev/accel*", "/dev/infiniband")
_OF_RUN = (
    *("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager/resolv.conf"),
    *("/run/current-system", "/run/opengl-driver", "/run/nvidia-persistenced", "/run/udev"),
)
"""What programs read of /run; its sockets are other programs'."""
_NOT_IN_OPTIONS = frozenset(",:\\")
"""Characters that an overlay's options can't have in a path."""


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Implements `Sandbox`."""

    program: str
    """Absolute path of bwrap."""
    mounts: bool = True
    """Whether mounts can be made before bwrap starts: more of them, and in far less time."""
    overlays: bool = True
    """Whether an overlay can be mounted, so that what is written into HOME can be dropped."""
    name: str = "bubblewrap"

    def probe(self) -> str:
        return probing.probe(self)

    def wrap(self, argv: Sequence[str], confinement: Confinement) -> list[str]:
        steps = [*confinement.limit_steps(), *self._steps(confinement)]
        return confined(steps, [self.program, *self._arguments(confinement), "--", *argv])

    def _apart(self, confinement: Confinement) -> bool:
        home = confinement.home
        if home is None or not (self.mounts and self.overlays):
            return False
        return not _NOT_IN_OPTIONS.intersection(f"{home}{confinement.private}")

    def _steps(self, confinement: Confinement) -> Iterator[str]:
        if not self.mounts:
            return
        yield "namespace"
        root = confinement.root
        if self._apart(confinement):
            (confinement.private / "home").mkdir()
            yield from ("apart", str(confinement.home), str(confinement.private / "home"))
            inner = (root, confinement.private, *confinement.writable)
            for path in inner:
                if confinement.home is not None and path.is_relative_to(confinement.home):
                    yield from ("restore", str(path))
        for folder in sorted(confinement.folders[:_MOST_FILES]):
            yield from ("pin", str(root / folder))
        for name in confinement.protected[:_MOST_FILES]:
            yield from ("read-only", str(root / name))

    def _arguments(self, confinement: Confinement) -> Iterator[str]:
        yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--new-session")
        if not confinement.network:
            yield "--unshare-net"
        if os.geteuid() == 0:
            yield from ("--cap-drop", "ALL")
            for capability in CAPABILITIES:
                yield from ("--cap-add", capability)
        yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
        for pattern in _DEVICES:
            for device in sorted(glob.glob(pattern)):  # noqa: PTH207
                yield from ("--dev-bind", device, device)
        replaced = yield from self._replaced(confinement)
        for path in confinement.readable:
            if any(map(path.is_relative_to, replaced)):
                yield from ("--ro-bind", str(path), str(path))
        if confinement.home is not None:
            bind = "--bind" if self._apart(confinement) else "--ro-bind"
            yield from (bind, str(confinement.home), str(confinement.home))
        yield from _hides(confinement)
        yield from _shares(confinement)
        if not self.mounts:
            yield from _protections(confinement)

    def _replaced(self, confinement: Confinement) -> Generator[str, None, list[Path]]:
        """Places that are everybody's, each replaced by one of its own; they are returned."""
        replaced = []
        tmp = confinement.private / "tmp"
        tmp.mkdir()
        tmp.chmod(0o1777)
        for path in (Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - that they are hidden is the aim
            if path.is_dir() and not path.is_symlink():
                yield from ("--bind", str(tmp), str(path))
                replaced.append(path)
        yield from ("--setenv", "TMPDIR", "/tmp")  # noqa: S108
        run = Path("/run")
        if run.is_dir() and not run.is_symlink():
            yield from ("--tmpfs", "/run")
            replaced.append(run)
            for name in _OF_RUN:
                if os.path.exists(name):  # noqa: PTH110
                    yield from ("--ro-bind", os.path.realpath(name), name)
            own = os.environ.get("XDG_RUNTIME_DIR", "")
            if own.startswith("/run/"):
                yield from ("--perms", "0700", "--dir", own)
        return replaced


def _hides(confinement: Confinement) -> Iterator[str]:
    for path in _outermost(confinement.hidden):
        if path.is_dir():
            yield from ("--tmpfs", str(path))
        else:
            yield from ("--ro-bind", "/dev/null", str(path))
    for path in confinement.exempt():
        yield from ("--ro-bind", str(path), str(path))


def _shares(confinement: Confinement) -> Iterator[str]:
    for path in confinement.writable:
        yield from ("--bind", str(path), str(path))
    for number, path in enumerate(confinement.copies):
        copy = confinement.private / f"copy-{number}"
        copy_tree(path, copy)
        yield from ("--bind", str(copy), str(path))
    yield from ("--bind", str(confinement.root), str(confinement.root))


def _protections(confinement: Confinement) -> Iterator[str]:
    root = confinement.root
    for folder in sorted(confinement.folders[:_MOST_FILES_BY_ARGUMENT]):
        yield from ("--bind", str(root / folder), str(root / folder))
    for name in confinement.protected[:_MOST_FILES_BY_ARGUMENT]:
        yield from ("--ro-bind", str(root / name), str(root / name))


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Those that are in no other, where they really are: a link can't be mounted over."""
    real = sorted({Path(os.path.realpath(path)) for path in paths if path.exists()})
    found: list[Path] = []
    for path in real:
        if not (found and path.is_relative_to(found[-1])):
            found.append(path)
    return found
