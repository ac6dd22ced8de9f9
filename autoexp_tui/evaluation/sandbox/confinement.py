"""What a confined command may do, in terms that every level of sandbox understands."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.model.contract import Limits

_CONFINE = Path(__file__).with_name("confine.py")
_MB = 1_000_000
_NO_MORE = Limits()


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a command may reach. All paths are absolute; those of links are where they lead to."""

    root: Path
    """The folder that it works in: writable."""
    private: Path
    """A folder of ours for what it writes elsewhere; empty before, dropped afterwards. Empty
    folders `tmp`, and whatever a sandbox needs beside, are made in it."""
    protected: tuple[str, ...] = ()
    """Files in `root`, relative to it, that it must not change, the nearest first."""
    folders: tuple[str, ...] = ()
    """Folders in `root`, relative to it, that must stay where they are."""
    writable: tuple[Path, ...] = ()
    """Elsewhere: shared with it."""
    settings: tuple[Path, ...] = ()
    """Single files of HOME that it may change, where what is written into HOME isn't dropped."""
    copies: tuple[Path, ...] = ()
    """Elsewhere: writable, and what is written dropped; read-only where a sandbox can't do that."""
    readable: tuple[Path, ...] = ()
    """Not hidden, although it lies in what is, or in a folder that is everybody's."""
    hidden: tuple[Path, ...] = ()
    """Neither readable nor to be listed."""
    own: tuple[Path, ...] = ()
    """Of `hidden`, what is the program's own."""
    home: Path | None = None
    """Readable but for what is hidden; what is written into it is dropped."""
    network: bool = False
    limits: Limits = _NO_MORE
    cores: tuple[int, ...] = ()
    """Processors that it is to keep to, by number; empty: any."""

    def exempt(self) -> list[Path]:
        """Of `readable`, what lies in something hidden."""
        hidden = tuple(f"{os.path.realpath(path)}/" for path in self.hidden)
        return [path for path in self.readable if f"{path}/".startswith(hidden)]

    def limit_steps(self) -> Iterator[str]:
        """Steps of `confine.py` that every level takes."""
        limits = self.limits
        if self.cores and sys.platform == "linux":
            yield from ("cores", ",".join(map(str, self.cores)))
        if limits.memory is not None:
            yield from ("limit", "DATA", str(limits.memory * _MB))
        if limits.file_size is not None:
            yield from ("limit", "FSIZE", str(limits.file_size * _MB))
        if os.geteuid() != 0 and sys.platform == "linux":
            yield from ("limit", "NPROC", str(limits.processes))


def confined(steps: list[str], argv: list[str]) -> list[str]:
    """The command line that takes the steps and becomes `argv`."""
    if not steps:
        return argv
    return [sys.executable, "-I", "-S", str(_CONFINE), str(len(steps)), *steps, *argv]
