"""Every level of sandbox, for tests that hold them to the same."""

from __future__ import annotations

import shutil

import pytest

from autoexp_tui.evaluation.sandbox import Sandbox
from autoexp_tui.evaluation.sandbox.bubblewrap import Bubblewrap
from autoexp_tui.evaluation.sandbox.confine import landlock_abi
from autoexp_tui.evaluation.sandbox.landlock import Landlock
from autoexp_tui.model.problem import Problem

_BWRAP = shutil.which("bwrap") or "/usr/bin/bwrap"
SANDBOXES: tuple[Sandbox, ...] = (
    Bubblewrap(_BWRAP),
    Bubblewrap(_BWRAP, overlays=False),
    Bubblewrap(_BWRAP, mounts=False, overlays=False),
    Landlock(landlock_abi()),
)


def describe(sandbox: Sandbox) -> str:
    """Its name, and what it goes without."""
    lacks = [name for name in ("mounts", "overlays") if not getattr(sandbox, name, True)]
    return "-no-".join((sandbox.name, *lacks))


def skip_unless_it_works(sandbox: Sandbox) -> None:
    """Skip the test where this machine lacks what the sandbox needs."""
    try:
        sandbox.probe()
    except Problem as problem:
        pytest.skip(str(problem))
