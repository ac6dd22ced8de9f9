"""The constants that a Python module or class declares, which have names of their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from autoexp_tui.proposers.tuner import structural
from autoexp_tui.proposers.tuner.syntaxes import python_names as names


def assigned(
    body: Sequence[ast.stmt], prefix: str, *, is_enum: bool
) -> Iterator[tuple[str, ast.expr, str]]:
    """The constants that a module or class declares, by name, and why they are left alone."""
    why = structural.ENUM if is_enum else ""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield from ((*one, why) for one in _constants(prefix + name, value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield from ((*one, why) for one in _constants(prefix + name, value))
            case ast.ClassDef(name=name, body=inner):
                yield from assigned(inner, f"{prefix}{name}.", is_enum=enumerates(statement))
            case _:
                pass


def _constants(name: str, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match value:
        case ast.Constant(value=bool() | int() | float()):
            yield name, value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float())):
            yield name, value
        case ast.Tuple(elts=items) | ast.List(elts=items):
            for index, item in enumerate(items):
                yield from _constants(f"{name}[{index}]", item)
        case ast.Dict(keys=keys, values=values):
            for key, item in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str | int):
                    yield from _constants(f"{name}.{key.value}", item)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            for keyword in keywords:
                if keyword.arg:
                    yield from _constants(f"{name}.{keyword.arg}", keyword.value)
        case _:
            pass


def enumerates(node: ast.ClassDef) -> bool:
    return any(re.search(r"(Enum|Flag)$", names.called(base)) for base in node.bases)
