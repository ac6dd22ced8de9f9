"""What a person would call an expression of Python: the words that names are made of."""

from __future__ import annotations

import ast

_LONGEST_KEY = 40


def called(node: ast.AST) -> str:
    """The last word of what an expression begins with: `b` of `a.b[0](1) + 2`."""
    while True:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name
            case ast.Call(func=inner) | ast.Subscript(value=inner) | ast.Starred(value=inner):
                node = inner
            case ast.BinOp(left=inner) | ast.UnaryOp(operand=inner) | ast.Await(value=inner):
                node = inner
            case _:
                return ""


def dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def target(node: ast.expr) -> str:
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))) if _is_key(key):
            return f'{target(value)}["{key}"]'
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            return name
        case ast.Attribute():
            return dotted(node) or node.attr
        case ast.Tuple(elts=[first, *_]) | ast.List(elts=[first, *_]):
            return target(first)
        case _:
            return called(node)


def key_of(label: str) -> str:
    """The last part of a label: `depth` of `opts["depth"]`."""
    return label.removesuffix('"]').rpartition('["')[2].rpartition(".")[2]


def key_text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int):
        text = str(node.value)
        return text if _is_key(text) else ""
    return ""


def _is_key(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_KEY and text.isprintable() and '"' not in text
