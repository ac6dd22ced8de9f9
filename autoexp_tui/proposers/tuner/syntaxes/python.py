"""Python: constants assigned at the top of a module or of a class in it."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator

from autoexp_tui.proposers.tuner.found import Literal, Rows, Unreadable


def literals(text: str) -> list[Literal]:
    """Raises Unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of the target's own escapes
            tree = ast.parse(text)
    except SyntaxError as error:
        raise Unreadable(f"line {error.lineno}: {error.msg}") from error
    except ValueError as error:
        raise Unreadable(str(error)) from error
    rows = Rows(text)
    return [_located(rows, name, node) for name, node in _assigned(tree.body, "")]


def comments(text: str) -> list[int]:
    """Offsets of the `#` of every comment; the text must be readable."""
    rows = Rows(text)
    tokens = tokenize.generate_tokens(io.StringIO(text, newline="").readline)
    try:
        return [rows.offset(*token.start) for token in tokens if token.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        return []


def _assigned(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.expr]]:
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield from _constants(prefix + name, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield from _constants(prefix + name, value)
            case ast.ClassDef(name=name, body=inner):
                yield from _assigned(inner, f"{prefix}{name}.")
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


def _located(rows: Rows, name: str, node: ast.expr) -> Literal:
    start = rows.offset_of_byte(node.lineno, node.col_offset)
    end = rows.offset_of_byte(node.end_lineno or node.lineno, node.end_col_offset or 0)
    return Literal(name, start, end, low=-float("inf"))
