"""Which sandbox a run has, and what is said of it."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Iterator

from autoexp_tui.evaluation.sandbox import confine
from autoexp_tui.evaluation.sandbox.bubblewrap import Bubblewrap
from autoexp_tui.evaluation.sandbox.landlock import Landlock
from autoexp_tui.evaluation.sandbox.seam import NoSandbox, Sandbox
from autoexp_tui.evaluation.sandbox.seatbelt import PROGRAM, Seatbelt
from autoexp_tui.model.contract import Contract, SandboxChoice
from autoexp_tui.model.problem import Problem, UsageProblem

_REMEDIES = {
    "bubblewrap": "install it (apt-get install bubblewrap), where users may have namespaces",
    "landlock": "it needs Linux 5.13 or newer with Landlock on",
    "required": "install bubblewrap, or write `sandbox: auto` to run without any",
}
_LEVELS = ("bubblewrap", "landlock", "sandbox-exec", "no sandbox")
"""As a line of `protection` names them, the strongest first."""
_CHECKED = "isolated workspace, harness verified before and after each run"
_OF_LANDLOCK = "sockets of other programs, UDP, a protected file changed and put back meanwhile"


@functools.cache
def choose(choice: SandboxChoice) -> Sandbox:
    """The sandbox of that name, or the strongest that works here. Raises UsageProblem."""
    if choice == "none":
        return NoSandbox()
    for sandbox in _known():
        if choice in {"auto", "required", sandbox.name}:
            try:
                sandbox.probe()
            except Problem:
                continue
            return sandbox
    if choice == "auto":
        return NoSandbox()
    raise UsageProblem(f"sandbox: {choice} doesn't work on this machine: {_REMEDIES[choice]}")


def protection(contract: Contract) -> str:
    """What keeps the run honest, and in a sentence what doesn't. Raises UsageProblem."""
    if contract.evaluator is not None:
        return _protection_elsewhere(contract)
    sandbox = choose(contract.sandbox)
    kept = sandbox.probe()
    if contract.network:
        kept = kept.replace("no network", "network open")
    level = f"{sandbox.name}: {kept}" if kept else f"no sandbox ({_why_none(contract.sandbox)})"
    gaps = [] if contract.score else ["a target that runs in the scorer's own process: `score:`"]
    if sandbox.name == "landlock":
        gaps.append(_OF_LANDLOCK)
    missed = f"; not stopped: {'; '.join(gaps)}" if gaps else ""
    return f"{_CHECKED}; {level}{missed}"


def _protection_elsewhere(contract: Contract) -> str:
    where = contract.evaluator and (contract.evaluator.prefix or f"Ray ({contract.evaluator.ray})")
    gaps = [] if contract.score else ["a target that runs in the scorer's own process: `score:`"]
    gaps.append("what it reads and changes there outside of its workspace")
    return (
        f"on other machines, by {where}: a fresh workspace for each run, verified after it; "
        f"no sandbox there; not stopped: {'; '.join(gaps)}"
    )


def weakened(before: str, now: str) -> str:
    """How the sandbox is weaker than it was, by two lines of `protection`; empty where it isn't."""
    was, is_now = _level(before), _level(now)
    if _LEVELS.index(is_now) <= _LEVELS.index(was):
        return ""
    return f"the sandbox is weaker than it was: {is_now}, before {was}; {now}"


def _level(line: str) -> str:
    return next((name for name in _LEVELS if f"; {name}" in line), _LEVELS[-1])


def _why_none(choice: SandboxChoice) -> str:
    if choice == "none":
        return "as `sandbox: none` says"
    if sys.platform == "linux" and not shutil.which("bwrap"):
        return "install bubblewrap to have one"
    return "none works on this machine"


def _known() -> Iterator[Sandbox]:
    """The strongest first."""
    if sys.platform == "linux":
        if program := shutil.which("bwrap"):
            program = os.path.abspath(program)  # noqa: PTH100 - links are not ours to follow
            yield Bubblewrap(program)
            yield Bubblewrap(program, overlays=False)
            yield Bubblewrap(program, mounts=False, overlays=False)
        if abi := confine.landlock_abi():
            yield Landlock(abi)
    elif sys.platform == "darwin" and shutil.which(PROGRAM):
        yield Seatbelt()
