"""What a harness, and what an agent program, may reach: from the contract and the machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from autoexp_tui.evaluation.sandbox.confinement import Confinement
from autoexp_tui.evaluation.sandbox.permissions import TEMPORARY
from autoexp_tui.evaluation.sandbox.places import agent_places, home_of, secret_places
from autoexp_tui.evaluation.workspace import Workspace
from autoexp_tui.model.contract import Contract

_PROGRAMS = (
    *("PATH", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "NODE_PATH"),
    *("JAVA_HOME", "GOROOT", "CARGO_HOME", "RUSTUP_HOME", "PERL5LIB"),
)
"""Variables that name folders which programs are run from."""
_ABSOLUTE = re.compile(r"(?<![\w./-])/[^\s'\"`;|&<>()$]+")


def harness_confinement(
    workspace: Workspace,
    contract: Contract,
    environ: Mapping[str, str],
    command: str,
    private: Path,
) -> Confinement:
    """For one run of a command in the workspace.

    `environ` is the user's: of the command's own, no secret place can be told. `private` is made,
    and must not be there.
    """
    private.mkdir(mode=0o700)
    elsewhere = {Path(os.path.realpath(path)): mode for path, mode in workspace.elsewhere.items()}
    linked = {
        Path(os.path.realpath(source)): workspace.modes[path]
        for path, source in workspace.sources.items()
    }
    concealed = [Path(os.path.realpath(path)) for path in workspace.concealed()]
    shared = {path: mode for path, mode in {**linked, **elsewhere}.items() if path not in concealed}
    protected, folders = workspace.protected()
    own = (*_own(workspace, environ), *workspace.concealed())
    return Confinement(
        workspace.root,
        private,
        protected=protected,
        folders=folders,
        writable=tuple(path for path, mode in shared.items() if mode == "write"),
        copies=tuple(path for path, mode in elsewhere.items() if mode == "copy"),
        readable=(*shared, workspace.checkout, *_programs(environ, command)),
        hidden=(
            *secret_places(environ),
            *own,
            *(path for path in workspace.checkout.glob(".env*") if path.is_file()),
        ),
        own=own,
        home=home_of(environ),
        network=contract.network,
        limits=contract.limits,
    )


def agent_confinement(
    workspace: Workspace,
    environ: Mapping[str, str],
    command: str,
    scratch: Path,
    private: Path,
    *,
    line: str = "",
    logins: Iterable[str] = (),
) -> Confinement:
    """For an agent program that works in `scratch`; what lies beside that, it may read.

    It has the network, and what it keeps for itself, by its settings: the command line as a person
    wrote it, `line`, by default `command`, and `logins`. `private` is as in `harness_confinement`.
    """
    private.mkdir(mode=0o700)
    own = agent_places(environ, line or command, logins)
    folders = tuple(path for path in own if path.is_dir())
    return Confinement(
        scratch,
        private,
        writable=tuple(Path(os.path.realpath(path)) for path in folders),
        settings=tuple(path for path in own if path.is_file()),
        readable=(workspace.checkout, scratch.parent, *own, *_programs(environ, command)),
        hidden=(
            *(path for path in secret_places(environ) if path not in own),
            *workspace.concealed(),
            *_own(workspace, environ),
            *(path for path in workspace.checkout.glob(".env*") if path.is_file()),
        ),
        home=home_of(environ),
        network=True,
    )


def _own(workspace: Workspace, environ: Mapping[str, str]) -> Iterator[Path]:
    """What is the program's own: runs, workspaces, sockets."""
    for path in (workspace.runs, workspace.root.parent.parent):
        if path.is_dir():
            yield path
    runtime = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}", "autoexp")
    if runtime.is_dir():
        yield runtime


def _programs(environ: Mapping[str, str], command: str) -> Iterator[Path]:
    """What is named by its absolute path: where programs are, and words of the command line."""
    named = [part for name in _PROGRAMS for part in environ.get(name, "").split(os.pathsep)]
    for name in dict.fromkeys((*named, *_ABSOLUTE.findall(command))):
        if name.startswith("/") and name.strip("/").count("/") > 0 and os.path.lexists(name):
            yield Path(os.path.realpath(name))
            yield from _behind(Path(name))


def _behind(folder: Path) -> Iterator[Path]:
    """What the programs of a folder want beside it, as far as the private /tmp would hide that.

    A Python wants its environment, the folder above its own; and so may what a link leads to.
    """
    if not folder.is_dir() or not _is_temporary(folder):
        return
    if (folder.parent / "pyvenv.cfg").is_file():
        yield folder.parent
    for entry in os.scandir(folder):
        if entry.is_symlink():
            target = folder / os.readlink(entry.path)  # noqa: PTH115 - as it is written
            prefix = Path(os.path.normpath(target)).parents[1]
            if _is_temporary(prefix) and prefix.is_dir():
                yield prefix


def _is_temporary(path: Path) -> bool:
    return any(path != root and path.is_relative_to(root) for root in TEMPORARY)
