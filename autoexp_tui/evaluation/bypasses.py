"""Ways on which a harness that runs in the workspace reads the user's checkout all the same.

What can be led back is: paths in the environment, and installs in development mode (`pip install
-e .`, `uv sync`), which `PYTHONPATH` goes before. The rest is named when the harness turns out not
to read the target, with what to do.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

_SITES = ("lib/python*/site-packages", "lib/python*/dist-packages", "Lib/site-packages")
_MAPPING = re.compile(r"^MAPPING\b[^=\n]*= *(\{.*\})", re.MULTILINE)
"""Setuptools' table of what a development install consists of."""
_LARGEST_BYTES = 1 << 20
"""Of a file that is looked through for the checkout's path."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The user's repository, and the workspace that stands for it."""

    root: Path
    workspace: Path

    def inner(self, path: str) -> str | None:
        """A path's name relative to the checkout; None for one that lies elsewhere."""
        if not path.startswith("/"):
            return None
        for form in (os.path.normpath(path), os.path.realpath(path)):
            for root in {str(self.root), os.path.realpath(self.root)}:
                if form == root or form.startswith(root + os.sep):
                    return os.path.relpath(form, root)
        return None

    def counterpart(self, path: str) -> str | None:
        """Where the workspace has the same thing; None where it hasn't, or lies elsewhere."""
        if (inner := self.inner(path)) is None:
            return None
        there = os.path.normpath(self.workspace / inner)
        return there if os.path.lexists(there) else None


def repointed(
    environment: Mapping[str, str], checkout: Checkout
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The environment with the workspace in place of the checkout; the names that were changed.

    A value is taken as paths joined by colons, of which those are led back that are absolute and
    of which the workspace has its own.
    """
    changed = []
    new = dict(environment)
    for name, value in environment.items():
        parts = value.split(os.pathsep)
        moved = [checkout.counterpart(part) or part for part in parts]
        if moved != parts:
            new[name] = os.pathsep.join(moved)
            if name not in {"PWD", "OLDPWD"}:
                changed.append(name)
    return new, tuple(sorted(changed))


def with_own_packages(
    environment: Mapping[str, str], checkout: Checkout, prefixes: Iterable[Path]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The environment in which Python finds the workspace's packages before the checkout's.

    `prefixes` are those of `python_prefixes`. The packages' folders are returned too, relative to
    the checkout's root; `.` is the root itself.
    """
    found = {
        inner: there
        for folder in _development_folders(prefixes)
        if (inner := checkout.inner(folder)) and (there := checkout.counterpart(folder))
        if os.path.realpath(there) != os.path.realpath(folder)  # not a linked one
    }
    if not found:
        return dict(environment), ()
    before = environment.get("PYTHONPATH")
    path = os.pathsep.join([*found.values(), *([before] if before else [])])
    return {**environment, "PYTHONPATH": path}, tuple(sorted(found))


def python_prefixes(environment: Mapping[str, str], folders: Sequence[Path]) -> list[Path]:
    """Where a harness' Python may keep its packages.

    These are the virtual environments among `folders`, the one that is active, that of the `python`
    which a shell would find, and the user's own.
    """
    prefixes = [folder for folder in folders if (folder / "pyvenv.cfg").is_file()]
    prefixes += [Path(environment[v]) for v in ("VIRTUAL_ENV", "CONDA_PREFIX") if v in environment]
    for name in ("python", "python3"):
        if program := shutil.which(name, path=environment.get("PATH", os.defpath)):
            prefix = Path(program).parent.parent
            prefixes += [prefix, prefix / "local"]
    with contextlib.suppress(RuntimeError):  # nobody's home
        prefixes.append(Path.home() / ".local")
    return list(dict.fromkeys(prefixes))


def causes(
    checkout: Checkout, command: str, files: Iterable[str], prefixes: Iterable[Path]
) -> Iterator[str]:
    """Why a harness may measure something else than the workspace, each with its cure.

    `files` are the workspace's own, relative to it.
    """
    root = str(checkout.root)
    forms = {root, os.path.realpath(root)}
    with contextlib.suppress(RuntimeError, ValueError):
        forms |= {f"{home}/{checkout.root.relative_to(Path.home())}" for home in ("~", "$HOME")}
    if any(_names(command, form) for form in forms):
        yield f"its command names {root}: write paths relative to the project's folder"
    for name in files:
        if any(_names(_text(checkout.workspace / name), form) for form in forms):
            yield f"{name} names {root}: let it find its files beside itself"
            break
    for name, editable in _direct_urls(prefixes, checkout):
        if editable:
            yield (
                f"{name} is installed in development mode and loads from {root}: set "
                "env: {define: {PYTHONPATH: …}} to the folder that it is imported from, or "
                "`pip uninstall` it"
            )
        else:
            yield f"a copy of {name} is installed, and that is measured: `pip uninstall {name}`"


def _names(text: str, form: str) -> bool:
    """Whether a text holds a path, and not only one that begins like it."""
    return bool(re.search(re.escape(form) + r"(?![\w.-])", text))


def _development_folders(prefixes: Iterable[Path]) -> Iterator[str]:
    for site in _sites(prefixes):
        for path in sorted(site.glob("*.pth")):
            for line in _text(path).splitlines():
                if not line.startswith(("import ", "import\t", "#")) and line.strip():
                    yield str(site / line.strip())
        for path in sorted(site.glob("__editable__*finder.py")):
            if found := _MAPPING.search(_text(path)):
                with contextlib.suppress(ValueError, SyntaxError, AttributeError):
                    for folder in ast.literal_eval(found.group(1)).values():
                        yield str(Path(folder).parent)


def _direct_urls(prefixes: Iterable[Path], checkout: Checkout) -> Iterator[tuple[str, bool]]:
    """Name of each package that was installed from the checkout, and whether it loads from there.

    As PEP 610 has it.
    """
    for site in _sites(prefixes):
        for path in sorted(site.glob("*.dist-info/direct_url.json")):
            try:
                found = msgspec.json.decode(_text(path), type=_DirectUrl)
            except msgspec.MsgspecError:
                continue  # another installer's, or damaged: it names no cause
            url = urlsplit(found.url)
            if url.scheme == "file" and checkout.inner(unquote(url.path)) is not None:
                yield path.parent.name.partition("-")[0], found.dir_info.get("editable") is True


class _DirectUrl(msgspec.Struct, frozen=True):
    url: str
    dir_info: dict[str, bool] = {}


def _sites(prefixes: Iterable[Path]) -> Iterator[Path]:
    for prefix in prefixes:
        for pattern in _SITES:
            yield from sorted(prefix.glob(pattern))


def _text(path: Path) -> str:
    """Of a small file; empty for one that is large, or can't be read."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
