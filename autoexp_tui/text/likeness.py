"""What a program says, whatever it looks like: texts that differ in form alone have one likeness.

Form is white space and comments, how a number is written, and the order of what has none: entries
of a mapping and keyword arguments whose values are plain, members of a set, imports that follow one
another. Python is compared as a syntax tree, JSON and TOML by their values, other languages by
their tokens; a text of no known language by its lines without what ends them.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import tokenize
import tomllib
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_LARGEST = 200_000
"""Characters beyond which a text is compared as it is: minified code, data."""
_FREE = frozenset(
    "c cpp cuda java csharp objective-c rust php glsl hlsl opencl "
    "sql mysql postgresql plpgsql tsql t-sql transact-sql sqlite3".split()
)
"""Languages, by Pygments' alias, in which a line break means no more than a space."""
_LOOSE = frozenset(
    "javascript typescript jsx tsx go kotlin swift scala lua julia r splus dart zig ini cfg".split()
)
"""Those in which it means more, and a space between a name and an operator nothing."""
_MEANT = re.compile(r"\W{1,4}(?:\+|go:|cython:|distutils:|pragma|language=|@)", re.IGNORECASE)
"""A comment that a compiler, or a database, reads."""
_NUMBER = re.compile(
    r"(?<![\w.])(?:\d[\d_]*\.?[\d_]*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)(?![\w.])"
)
_NEEDLESS = re.compile(
    r"(?<=\w)\s+(?=[^\w\s])|(?<=[^\w\s])\s+(?=\w)|(?<=[,;(){}\[\]])\s+|\s+(?=[,;(){}\[\]])"
)
"""White space that parts no two tokens: `+ +` is not `++`, and `int x` not `intx`."""
_PROTECTED = {ord(" "): "\x01", ord("\t"): "\x02", ord("\n"): "\x03"}


@lru_cache(maxsize=8)
def likeness(text: str, name: str) -> str:
    """A name for what a text says: 16 hex digits. `name` is the file's, and tells the language."""
    says = _saying(text, name) if len(text) <= _LARGEST else text
    return hashlib.sha256(says.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _saying(text: str, name: str) -> str:
    suffix = name.rpartition(".")[2].lower()
    try:
        match suffix:
            case "py" | "pyi":
                return _python(text)
            case "json":
                return json.dumps(json.loads(text), sort_keys=True)
            case "toml":
                return repr(_sorted(tomllib.loads(text)))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        pass  # no such language after all, or broken: its tokens tell as much as can be told
    return _by_tokens(text, name)


def _sorted(value: Any) -> Any:
    """The value with its tables in order of their keys."""
    if isinstance(value, dict):
        return [(key, _sorted(value[key])) for key in sorted(value)]
    return [_sorted(item) for item in value] if isinstance(value, list) else value


# Python.


def _python(text: str) -> str:
    """Raises SyntaxError, ValueError, RecursionError, MemoryError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of the text's own escapes
        warnings.simplefilter("ignore", DeprecationWarning)
        tree = ast.parse(text)
    said = ast.dump(_Plain().visit(tree), annotate_fields=False)
    return said + "\n".join(_meant_comments(text))


def _meant_comments(text: str) -> Iterator[str]:
    if not re.search(r"#\s*(?:cython|distutils|pragma)", text):
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and _MEANT.match(token.string):
            yield token.string


_PLAIN = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.UnaryOp, ast.BinOp, ast.List, ast.Tuple, ast.Set),
    *(ast.Dict, ast.operator, ast.unaryop, ast.expr_context),
)


class _Plain(ast.NodeTransformer):
    """Puts in order what has none, and takes out what only a reader reads."""

    def visit(self, node: ast.AST) -> Any:
        node = self.generic_visit(node)
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                node.body = _without_docstring(node.body)
            case ast.Dict(keys=keys, values=values):
                pairs = list(zip(keys, values, strict=True))
                if all(isinstance(k, ast.Constant) and _is_plain(v) for k, v in pairs):
                    pairs.sort(key=lambda pair: _key(pair[0]))
                    node.keys, node.values = [k for k, _ in pairs], [v for _, v in pairs]
            case ast.Set(elts=elements) if all(map(_is_plain, elements)):
                elements.sort(key=_key)
            case ast.Call(keywords=keywords) if all(
                k.arg is not None and _is_plain(k.value) for k in keywords
            ):
                keywords.sort(key=lambda keyword: keyword.arg or "")
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                names.sort(key=_key)
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                setattr(node, field, _imports_in_order(block))
        return node


def _is_plain(node: ast.AST | None) -> bool:
    """Whether nothing happens when it is evaluated: names, constants and arithmetic of them."""
    return isinstance(node, _PLAIN) and all(map(_is_plain, ast.iter_child_nodes(node)))


def _key(node: ast.AST | None) -> str:
    return "" if node is None else ast.dump(node, annotate_fields=False)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return body


def _imports_in_order(block: list[ast.stmt]) -> list[ast.stmt]:
    """The block with every run of imports sorted."""
    out: list[ast.stmt] = []
    run: list[ast.stmt] = []
    for statement in block:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            run.append(statement)
            continue
        out += [*sorted(run, key=_key), statement]
        run = []
    return out + sorted(run, key=_key)


# Any other language.


def _by_tokens(text: str, name: str) -> str:
    lexer = _lexer(name)
    if lexer is None:
        return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))
    code = "".join(_code(lexer, text))
    lines = [" ".join(code.split())] if _FREE.intersection(lexer.aliases) else code.split("\n")
    if _FREE.union(_LOOSE).intersection(lexer.aliases):
        return "\n".join(filter(None, (_NEEDLESS.sub("", line.strip()) for line in lines)))
    return "\n".join(_levels(lines))


@lru_cache(maxsize=8)
def _lexer(name: str) -> Lexer | None:
    """The lexer of a file's language; found among 900 patterns, so not for every text again."""
    from pygments.lexers import get_lexer_for_filename  # noqa: PLC0415 - only where it is asked
    from pygments.lexers.special import TextLexer  # noqa: PLC0415
    from pygments.util import ClassNotFound  # noqa: PLC0415

    try:
        lexer = get_lexer_for_filename(name, ensurenl=False, stripnl=False)
    except ClassNotFound:
        return None
    prose = isinstance(lexer, TextLexer) or {"markdown", "rst"}.intersection(lexer.aliases)
    return None if prose else lexer


def _code(lexer: Lexer, text: str) -> Iterator[str]:
    """The text without comments, with numbers by their value and no white space in strings."""
    from pygments.token import Comment, Number, String  # noqa: PLC0415

    def kind_of(item: tuple[Any, str]) -> str:
        kind = item[0]
        if kind in Comment.Preproc or kind in Comment.PreprocFile or kind in Comment.Hashbang:
            return "code"
        return "comment" if kind in Comment else "string" if kind in String else "code"

    def is_number(item: tuple[Any, str]) -> bool:
        # Pygments calls a plain scalar of YAML what it is called there: a literal.
        return item[0] in Number or (is_yaml and _NUMBER.fullmatch(item[1]) is not None)

    is_yaml = "yaml" in lexer.aliases
    for kind, items in groupby(lexer.get_tokens(text), kind_of):
        if kind == "code":
            for item in items:
                yield _NUMBER.sub(_value, item[1]) if is_number(item) else item[1]
            continue
        token = "".join(item[1] for item in items)
        if kind == "comment":
            yield token if _MEANT.match(token) else " " + "\n" * token.count("\n")
        else:
            yield token.translate(_PROTECTED)


def _value(found: re.Match[str]) -> str:
    """A number as its value is written: `1e-3` and `.001` alike, `1` and `1.0` not."""
    digits = found[0].replace("_", "")
    if digits.isdigit():
        return digits if digits.startswith("0") else str(int(digits))
    return repr(float(digits))


def _levels(lines: Iterable[str]) -> Iterator[str]:
    """The lines that say something, indented by one for each level, in single spaces."""
    open_levels = [0]
    for line in lines:
        words = line.split()
        if not words:
            continue
        width = len(line.expandtabs(8)) - len(line.expandtabs(8).lstrip())
        while width < open_levels[-1]:
            open_levels.pop()
        if width > open_levels[-1]:
            open_levels.append(width)
        yield " " * (len(open_levels) - 1) + " ".join(words)
