"""Landlock: the kernel refuses this process, and all it starts, what it was not granted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.evaluation.sandbox import probing
from autoexp_tui.evaluation.sandbox.confinement import Confinement, confined

_WRITABLE_DEVICES = (
    *("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"),
    *("/dev/ptmx", "/dev/pts", "/dev/dri", "/dev/kfd", "/dev/dxg", "/dev/infiniband"),
)
_WRITABLE = ("/dev/shm",)  # noqa: S108 - what processes share memory by


@dataclass(frozen=True, slots=True)
class Landlock:
    """Implements `Sandbox`."""

    abi: int
    """Version of Landlock in this kernel."""
    name: str = "landlock"

    def probe(self) -> str:
        return probing.probe(self)

    def wrap(self, argv: Sequence[str], confinement: Confinement) -> list[str]:
        steps = [*confinement.limit_steps(), *self._steps(confinement)]
        return confined(steps, list(argv))

    def _steps(self, confinement: Confinement) -> Iterator[str]:
        tmp = confinement.private / "tmp"
        tmp.mkdir()
        yield from ("setenv", "TMPDIR", str(tmp))
        if os.geteuid() == 0:
            yield "capabilities"
        yield from ("grant", "list", "/")
        for name in _around(confinement.hidden):
            yield from ("grant", "read", name)
        for path in confinement.exempt():
            yield from ("grant", "read", str(path))
        written = (confinement.root, tmp, *confinement.writable, *confinement.settings)
        for path in (*written, *map(Path, _WRITABLE)):
            yield from ("grant", "write", str(path))
        for device in (*_WRITABLE_DEVICES, *map(str, sorted(Path("/dev").glob("nvidia*")))):
            yield from ("grant", "device", device)
        yield from ("landlock", "tcp" if confinement.network else "-")


def _around(hidden: Sequence[Path]) -> Iterator[str]:
    """The largest files and folders that hold nothing hidden; of links, only where they lead to."""
    closed = {os.path.realpath(path) for path in hidden}
    opened = {parent for path in closed for parent in map(str, Path(path).parents)}
    pending = ["/"]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                found = [entry for entry in entries if not entry.is_symlink()]
        except OSError:
            continue  # not readable for us either
        for entry in found:
            if entry.path in closed:
                continue
            if entry.path in opened:
                pending.append(entry.path)
            else:
                yield entry.path
