"""What `check` says of the machine: a line for each thing, with the remedy where one is missing."""

from __future__ import annotations

import getpass
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.proposers.command.calling import installed
from autoexp_tui.system.files import free_mb

_KEY = "ANTHROPIC_API_KEY"
_SERVER = "ANTHROPIC_BASE_URL"
_CHAT = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENROUTER_API_KEY")
_SYSTEMD = Path("/run/systemd/system")
_LINGER = Path("/var/lib/systemd/linger")
_LEAST_COLUMNS, _LEAST_LINES = 80, 24


def machine(
    contract: Contract, git: str, workspace: Path, sandbox: str, environ: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Name and words of each thing; `git` is its version, `sandbox` the level that was probed."""
    yield "git", git
    yield "terminal", _terminal(environ)
    free, least = free_mb(workspace), contract.min_free_mb
    room = f", less than min_free_mb ({least}): make room, or set AUTOEXP_CACHE to a folder with it"
    yield "disk", f"{free:,} MB free{room if free < least else ''}"
    words = ": install bubblewrap, and what is measured can't reach the rest" * (sandbox == "none")
    if contract.evaluator is not None:
        words = " here, for agent programs; none where evaluations run"
    yield "sandbox", sandbox + words
    yield "key", _key(environ)
    yield "agents", ", ".join(_agents(environ)) or "none found; `command: {run: …}` takes any other"
    if lingering := _lingering():
        yield "logout", lingering


def _agents(environ: Mapping[str, str]) -> list[str]:
    """Names of the agent programs that are here, or what is wrong with what is known of them."""
    try:
        return installed(environ)
    except UsageProblem as problem:
        return [str(problem)]


def _terminal(environ: Mapping[str, str]) -> str:
    name = environ.get("TERM", "")
    if not sys.stdout.isatty():
        return "none: lines instead of the screen"
    size = shutil.get_terminal_size()
    small = size.columns < _LEAST_COLUMNS or size.lines < _LEAST_LINES
    told = f"{name or 'unnamed'}, {size.columns}×{size.lines}"
    if name in {"", "dumb", "unknown"}:
        return f"{told}: lines instead of the screen; `export TERM=xterm-256color` shows it"
    return f"{told}: {_LEAST_COLUMNS}×{_LEAST_LINES} shows more" if small else told


def _key(environ: Mapping[str, str]) -> str:
    if environ.get(_KEY, "").strip():
        return f"{_KEY} is set: Claude can propose"
    if environ.get(_SERVER, "").strip():
        return f"{_SERVER} is set: that server can propose"
    if found := next((name for name in _CHAT if environ.get(name, "").strip()), ""):
        return f"{found} is set: `proposer: openai` uses it; by itself the tuner proposes, for free"
    return f"no {_KEY}: the tuner proposes, offline and free"


def _lingering() -> str:
    """Whether a logout may end the run; empty where nothing ends what a login left."""
    if not _SYSTEMD.is_dir():
        return ""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    if (_LINGER / user).exists():
        return "the run goes on (lingering is on)"
    return "some systems end what a login left: `loginctl enable-linger` once keeps it"
