"""Runs one function of compressor.py on bytes, in a process that can reach nothing but them.

    python -I -S cage.py compressor.py compress < text > packed

What is measured is what the function knows by itself, so it gets neither files nor modules that
could tell it the text or do its work: some names of the language are missing, a few modules of the
library are there with what is public in them, and every event that Python audits (an opened file,
a process, an import) ends the process. That stops what Python can be asked for, not its faults.
"""

from __future__ import annotations

import array
import ast
import bisect
import builtins
import collections
import collections.abc
import functools
import heapq
import itertools
import math
import os
import resource
import struct
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

SECONDS = 60  # of the processor, for one text in one direction
MODULES = {
    module.__name__: module
    for module in (array, bisect, collections, collections.abc, functools, heapq, itertools, math)
} | {struct.__name__: struct}
MISSING = frozenset(
    "open exec eval compile input breakpoint help vars globals locals dir getattr setattr delattr"
    " __import__ __loader__ __spec__".split()
)


class Refused(Exception):
    """It didn't run, or asked for what it may not have; the message says what."""


def run(source: Path, function: str, data: bytes) -> bytes:
    """What the function makes of the bytes. Raises Refused."""
    command = [sys.executable, "-I", "-S", "-B", __file__, str(source), function]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, env={"LC_ALL": "C.UTF-8"}, check=False,
            timeout=10 * SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Refused(f"{function} did not end") from error
    if done.returncode < 0:
        raise Refused(
            f"{function} was ended by signal {-done.returncode}: {SECONDS} s are the limit"
        )
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise Refused(f"{function}: {words[-1][:200]}")
    return done.stdout


def plain(text: str) -> ast.Module:
    """The text as a tree without a way round the cage. Raises Refused.

    Names with two underscores are how Python's own inside is reached.
    """
    tree = ast.parse(text)
    for node in ast.walk(tree):
        names = [getattr(node, part, None) for part in ("attr", "id", "name")]
        for name in filter(lambda name: isinstance(name, str), names):
            hidden = name.startswith("__") and name not in ("__init__", "__slots__", "__name__")
            if hidden or (isinstance(node, ast.Attribute) and _inner(node)):
                raise Refused(f"line {getattr(node, 'lineno', 0)}: {name} is not for use here")
    return tree


def _inner(node: ast.Attribute) -> bool:
    """Whether it is a private or a frame's part of something else than `self`."""
    own = isinstance(node.value, ast.Name) and node.value.id == "self"
    return (node.attr.startswith("_") and not own) or node.attr[:3] in ("f_b", "f_g", "f_l", "tb_")


def borrow(name: str, *_: Any, **__: Any) -> types.ModuleType:
    """A module with what is public in the real one, and no modules inside."""
    if name == "__future__":
        return __import__(name)
    if name not in MODULES:
        raise ImportError(f"{name} is not one of {', '.join(MODULES)}")
    lent = types.ModuleType(name)
    for key, value in vars(MODULES[name]).items():
        if not key.startswith("_") and not isinstance(value, types.ModuleType):
            setattr(lent, key, value)
    return lent


def guard(event: str, _: object) -> None:
    """Ends whatever Python audits, but for what defines and runs code that is there."""
    # Constants alone: nothing here could be changed by whoever got hold of this frame.
    if event not in {
        "exec", "builtins.id", "array.__new__", "sys.excepthook", "sys.unraisablehook",
    }:  # fmt: skip
        raise RuntimeError("compressor.py may not: " + event)


def main(source: str, function: str) -> None:
    data = sys.stdin.buffer.read()
    tree = plain(Path(source).read_text(encoding="utf-8"))
    code = compile(tree, "compressor.py", "exec", dont_inherit=True)
    names = {key: value for key, value in vars(builtins).items() if key not in MISSING}
    inside: dict[str, Any] = {
        "__builtins__": names | {"__import__": borrow},
        "__name__": "compressor",
    }
    import __future__  # noqa: F401, PLC0415 - nothing can be imported later

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    sys.addaudithook(guard)
    exec(code, inside)
    made = inside[function](data)
    if not isinstance(made, bytes):
        raise TypeError(f"{function} returned no bytes")
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
