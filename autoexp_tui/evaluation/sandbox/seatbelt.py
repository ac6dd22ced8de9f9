"""macOS: a profile for `sandbox-exec`, which comes with the system."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.evaluation.sandbox import probing
from autoexp_tui.evaluation.sandbox.confinement import Confinement, confined

PROGRAM = "/usr/bin/sandbox-exec"


@dataclass(frozen=True, slots=True)
class Seatbelt:
    """Implements `Sandbox`."""

    name: str = "sandbox-exec"

    def probe(self) -> str:
        return probing.probe(self)

    def wrap(self, argv: Sequence[str], confinement: Confinement) -> list[str]:
        tmp = confinement.private / "tmp"
        tmp.mkdir()
        steps = [*confinement.limit_steps(), "setenv", "TMPDIR", str(tmp)]
        return confined(steps, [PROGRAM, "-p", profile(confinement), *argv])


def profile(confinement: Confinement) -> str:
    """The rules: of several that fit, the last holds."""
    return "\n".join(_rules(confinement)) + "\n"


def _rules(confinement: Confinement) -> Iterator[str]:
    yield "(version 1)"
    yield "(allow default)"
    yield "(deny file-write*)"
    yield '(allow file-write* (regex #"^/dev/(null|zero|tty|ptmx|ttys[0-9]+)$"))'
    yield from _on("deny", "file-read* file-write*", confinement.hidden)
    yield from _on("allow", "file-read*", confinement.exempt())
    written = (
        confinement.root,
        confinement.private / "tmp",
        *confinement.writable,
        *confinement.settings,
    )
    yield from _on("allow", "file-read* file-write*", written)
    protected = [confinement.root / name for name in confinement.protected]
    yield from _on("deny", "file-write*", protected, "literal")
    folders = [confinement.root / name for name in confinement.folders]
    yield from _on("deny", "file-write-unlink", folders, "literal")
    yield "(deny process-info* (target others))"
    yield "(deny signal (target others))"
    yield "(allow signal (target same-sandbox))"
    if not confinement.network:
        yield "(deny network*)"
        yield '(allow network* (local ip "localhost:*") (remote ip "localhost:*"))'


def _on(verdict: str, what: str, paths: Sequence[Path], reach: str = "subpath") -> Iterator[str]:
    for path in paths:
        quoted = json.dumps(os.path.realpath(path), ensure_ascii=False)
        yield f"({verdict} {what} ({reach} {quoted}))"
