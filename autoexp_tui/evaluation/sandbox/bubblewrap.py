"""Namespaces by bubblewrap: the command sees a file system, processes and a network of its own."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autoexp_tui.evaluation.sandbox import probing
from autoexp_tui.evaluation.sandbox.confine import CAPABILITIES
from autoexp_tui.evaluation.sandbox.confinement import Confinement, confined
from autoexp_tui.system.removal import copy_tree

_MOST_FILES = 300
"""Protected files that are made read-only, a mount for each; further ones are only verified."""
_MOST_FILES_BY_ARGUMENT = 40
"""The same where bubblewrap must mount them, to which each mount takes longer than the last."""
_DEVICES = ("/dev/nvidia*", "/dev/dri", "/dev/kfd", "/dev/dxg", "/dev/accel*", "/dev/infiniband")
_EVERYBODYS = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty"))
_OF_RUN = (
    *("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager/resolv.conf"),
    *("/run/current-system", "/run/opengl-driver", "/run/nvidia-persistenced", "/run/udev"),
)
"""What programs read of /run; its sockets are other programs'."""
_NOT_IN_OPTIONS = frozenset(",:\\")
"""Characters that an overlay's options can't have in a path."""

_Change = tuple[Literal["bind", "read-only", "empty", "make"], str, str]
"""What is done, from which source, in which place; both are words of `confine.py`."""
_ARGUMENTS = {"bind": "--bind", "read-only": "--ro-bind", "empty": "--tmpfs", "make": "--dir"}
_OVERLAY = "overlay"
"""The source that an overlay is, once it is mounted."""


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Implements `Sandbox`."""

    program: str
    """Absolute path of bwrap."""
    mounts: bool = True
    """Whether mounts can be made before bwrap starts: in far less time than it takes for them."""
    overlays: bool = True
    """Whether an overlay can be mounted, so that what is written into HOME can be dropped."""
    name: str = "bubblewrap"

    def probe(self) -> str:
        return probing.probe(self)

    def wrap(self, argv: Sequence[str], confinement: Confinement) -> list[str]:
        steps = [*confinement.limit_steps()]
        arguments = [*_unshared(confinement)]
        if self.mounts:
            steps += ["namespace", "seal", "devices", *self._steps(confinement)]
            # It would mount again whatever isn't nosuid already, and nodev but for `--dev-bind`:
            # the steps have seen to both, for all that is no device.
            arguments += ["--dev-bind", "/", "/", "--proc", "/proc"]
        else:
            arguments += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
            for device in _gpus():
                arguments += ["--dev-bind", device, device]
            for step, source, path in _changes(confinement):
                arguments.append(_ARGUMENTS[step])
                arguments += (path,) if step in {"empty", "make"} else (source, path)
            for path in _in_place(confinement.folders, confinement, _MOST_FILES_BY_ARGUMENT):
                arguments += ["--bind", path, path]
            for path in _in_place(confinement.protected, confinement, _MOST_FILES_BY_ARGUMENT):
                arguments += ["--ro-bind", path, path]
        return confined(steps, [self.program, *arguments, "--", *argv])

    def _steps(self, confinement: Confinement) -> Iterator[str]:
        for device in (*_EVERYBODYS, *_gpus()):
            yield from ("device", device, device)
        home, private = confinement.home, confinement.private
        overlay = ""
        if self.overlays and home and not _NOT_IN_OPTIONS.intersection(f"{home}{private}"):
            overlay = _OVERLAY
            (private / "home").mkdir()
            yield from ("overlay", str(home), str(private / "home"))
        for step, source, path in _changes(confinement, overlay):
            yield step
            yield from (path,) if step in {"empty", "make"} else (source, path)
        folders = [*_in_place(confinement.folders, confinement, _MOST_FILES)]
        for path in (*folders, *_in_place(confinement.protected, confinement, _MOST_FILES)):
            yield from ("fixed", path)
        root = str(confinement.root)
        yield from ("closed", root)
        for path in (root, *folders):
            yield from ("open", path)


def _in_place(names: Sequence[str], confinement: Confinement, most: int) -> Iterator[str]:
    """Paths of the nearest of them, those above others first."""
    yield from (f"{confinement.root}/{name}" for name in sorted(names[:most]))


def _unshared(confinement: Confinement) -> Iterator[str]:
    yield from ("--unshare-pid", "--unshare-ipc", "--new-session")
    if not confinement.network:
        yield "--unshare-net"
    if os.geteuid() == 0:
        yield from ("--cap-drop", "ALL")
        for capability in CAPABILITIES:
            yield from ("--cap-add", capability)
    yield from ("--setenv", "TMPDIR", "/tmp")  # noqa: S108


def _gpus() -> Iterator[str]:
    for pattern in _DEVICES:
        yield from sorted(glob.glob(pattern))  # noqa: PTH207


def _changes(confinement: Confinement, overlay: str = "") -> Iterator[_Change]:
    """What makes the machine's file system the command's, in the order in which it must happen.

    Where there is an overlay of HOME, `overlay` names it.
    """
    tmp = confinement.private / "tmp"
    tmp.mkdir()
    tmp.chmod(0o1777)
    replaced = []
    for path in (Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - that they are hidden is the aim
        if path.is_dir() and not path.is_symlink():
            yield "bind", str(tmp), str(path)
            replaced.append(path)
    run = Path("/run")
    if run.is_dir() and not run.is_symlink():
        yield "empty", "", "/run"
        replaced.append(run)
        yield from (("read-only", name, name) for name in _OF_RUN if os.path.exists(name))  # noqa: PTH110
        own = os.environ.get("XDG_RUNTIME_DIR", "")
        if own.startswith("/run/"):
            yield "make", "", own
    covered = [path for path in confinement.readable if any(map(path.is_relative_to, replaced))]
    yield from (("read-only", str(path), str(path)) for path in covered)
    home = confinement.home
    if home is not None and any(map(home.is_relative_to, replaced)):
        yield ("bind", overlay, str(home)) if overlay else ("read-only", str(home), str(home))
    for path in _outermost(confinement.hidden):
        if path.is_dir():
            yield "empty", "", str(path)
        else:
            yield "read-only", "/dev/null", str(path)
    yield from (("read-only", str(path), str(path)) for path in confinement.exempt())
    yield from _shares(confinement)


def _shares(confinement: Confinement) -> Iterator[_Change]:
    for path in confinement.writable:
        yield "bind", str(path), str(path)
    for number, path in enumerate(confinement.copies):
        copy = confinement.private / f"copy-{number}"
        copy_tree(path, copy)
        yield "bind", str(copy), str(path)
    yield "bind", str(confinement.root), str(confinement.root)


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Those that are in no other, where they really are: a link can't be mounted over."""
    real = sorted({Path(os.path.realpath(path)) for path in paths if path.exists()})
    found: list[Path] = []
    for path in real:
        if not (found and path.is_relative_to(found[-1])):
            found.append(path)
    return found
