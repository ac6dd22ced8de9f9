"""Whether the target runs in the very process that prints the figure, where it can print any."""

from __future__ import annotations

import ast
import itertools
import shlex
from collections.abc import Iterable
from pathlib import PurePosixPath

_LOADERS = ("import_module", "run_path", "run_module", "exec", "execfile", "source")


def shared_process(harness: str, target: str, programs: Iterable[tuple[str, str]]) -> str:
    """How the target gets into the scorer's own process, in words; empty where it seems not to.

    `programs` are the name and the text of each file that the harness' command names. Only what
    Python does is seen, and commands that run the target itself.
    """
    for name, text in programs:
        if name == target:
            return f"`{harness}` runs {target} itself"
        if name.endswith(".py") and _imports(text, target):
            return f"{name} imports {target}"
    words = _words(harness)
    module = str(PurePosixPath(target).with_suffix("")).replace("/", ".")
    if ("-m", module) in itertools.pairwise(words):
        return f"`{harness}` runs {target} itself"
    return ""


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _imports(text: str, target: str) -> bool:
    path = PurePosixPath(target)
    if path.suffix != ".py":
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module or ''}.{alias.name}" for alias in node.names]
            names = [node.module or "", *inner]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in _LOADERS:
            names = [PurePosixPath(word).stem for word in _texts(node)]
        else:
            continue
        if any(name.split(".")[-1] == path.stem for name in names):
            return True
    return False


def _texts(call: ast.Call) -> list[str]:
    return [
        part.value
        for part in ast.walk(call)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
