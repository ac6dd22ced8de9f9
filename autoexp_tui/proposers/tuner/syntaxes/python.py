"""Python: every number and switch of the code, called by where it stands.

Constants at the top of a module or class have their own name (`LR`, `Model.depth`, `CONFIG.lr`).
Elsewhere the function comes first (`train.lr`), and a call's argument has the call's name
(`Classifier.n_estimators`, `clip.arg2`).
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal as Word

from autoexp_tui.proposers.tuner import structural
from autoexp_tui.proposers.tuner.found import Literal, Rows, Standing, Unreadable
from autoexp_tui.proposers.tuner.syntaxes import python_declared as declared
from autoexp_tui.proposers.tuner.syntaxes import python_names as names

_ROW = 16
"""A longer row of numbers is data, not settings."""
_KEYED = re.compile(r"(^|_)(get|getenv|setdefault|add_argument|option|suggest_\w+|getattr)$")
"""Calls whose first argument is the name of what the others say."""
_FIELD = re.compile(r"^(field|Field|Option|Argument|Parameter)$")
_DATA_SHAPED = re.compile(r"(^|\.)(zeros|ones|empty|eye|rand|randn|reshape)$")
_COUNT = re.compile(r"^[nmN]$|^(n|num|n_?of)_?(circles|points|items|samples|rows|nodes|cities)$")
_BITWISE = (ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.BitXor)
_ANNOTATIONS = ("annotation", "returns", "type_params", "type_comment")


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
    except (RecursionError, MemoryError) as error:
        raise Unreadable("it is nested too deep") from error
    rows = Rows(text)
    constants = {
        _span(rows, node): (name, why)
        for name, node, why in declared.assigned(tree.body, "", is_enum=False)
    }
    found = []
    for place, node in _Walk(tree, text, rows).places():
        start, end = _span(rows, node)
        if (start, end) in constants:
            name, why = constants[start, end]
            found.append(Literal(name, start, end, -float("inf"), why=why))
        else:
            found.append(
                Literal(
                    place.name,
                    start,
                    end,
                    low=0.0
                    if place.standing == "inner" and place.role != "term"
                    else -float("inf"),
                    standing=place.standing,
                    why=place.why,
                )
            )
    return sorted(found, key=lambda literal: literal.start)


def comments(text: str) -> list[int]:
    """Offsets of the `#` of every comment; the text must be readable."""
    rows = Rows(text)
    tokens = tokenize.generate_tokens(io.StringIO(text, newline="").readline)
    try:
        return [rows.offset(*token.start) for token in tokens if token.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        return []


def _span(rows: Rows, node: ast.expr) -> tuple[int, int]:
    start = rows.offset_of_byte(node.lineno, node.col_offset)
    end = rows.offset_of_byte(node.end_lineno or node.lineno, node.end_col_offset or 0)
    return start, end


Role = Word["", "whole", "term"]
"""whole: all of an argument by position. term: of a sum in one, which may cross zero; elsewhere in
a formula a sign may bind to more than its number, and that of a factor is seldom wrong."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: what a literal here would be called, and what it would be."""

    scope: str = ""
    """Functions and classes around it, with a dot behind each."""
    label: str = ""
    """What the value is given to: a variable, a call's argument, an entry."""
    standing: Standing = "inner"
    why: str = ""
    argument: bool = False
    """Of a call, by position."""
    role: Role = ""
    sole: bool = True
    """Whether its variable is assigned nowhere else in the function."""
    locals: Mapping[str, int] = field(default_factory=dict)
    """How often each variable of the function is assigned."""

    @property
    def name(self) -> str:
        return self.scope + (self.label or "value")

    def part(self, label: str, standing: Standing, why: str = "") -> _Place:
        """A place inside this one."""
        return replace(
            self,
            label=label,
            standing=standing,
            why=self.why or why,
            argument=False,
            role="",
            sole=True,
        )

    def inner(self, why: str = "", label: str = "") -> _Place:
        """A part of the same expression; `label` is for where there is none yet."""
        return replace(
            self, label=self.label or label, standing="inner", why=self.why or why, role=""
        )


_Step = tuple[ast.AST, _Place]


class _Walk:
    """A pass over a tree, without recursion: long sums are nested as deep as they are long."""

    def __init__(self, tree: ast.Module, text: str, rows: Rows) -> None:
        self._text, self._rows = text, rows
        self._shaping = _shaping(tree)
        self._attributes = Counter(
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        )
        self._stack: list[_Step] = []
        self._push(tree.body, _Place(locals=_assignments(tree)))

    def places(self) -> Iterator[tuple[_Place, ast.expr]]:
        """Every number and switch, in no order."""
        while self._stack:
            node, place = self._stack.pop()
            if isinstance(node, ast.Constant):
                if isinstance(node.value, bool | int | float):
                    yield self._judged(node, place), node
            elif isinstance(node, ast.UnaryOp) and _is_signed(node) and self._touches(node):
                yield self._judged(node, place), node
            else:
                visit = getattr(self, f"_{type(node).__name__.lower()}", self._rest)
                visit(node, place)

    def _push(self, nodes: Sequence[ast.AST | None], place: _Place) -> None:
        self._stack += [(node, place) for node in reversed(nodes) if node is not None]

    def _touches(self, node: ast.UnaryOp) -> bool:
        """Whether the sign stands at its number."""
        start, end = _span(self._rows, node)
        return not re.search(r"\s|\(", self._text[start:end])

    def _judged(self, node: ast.Constant | ast.UnaryOp, place: _Place) -> _Place:
        """The place with what only the literal itself tells."""
        if place.why:
            return place
        start, end = _span(self._rows, node)
        return replace(place, why=_about(node, self._text[start:end], place))

    def _rest(self, node: ast.AST, place: _Place) -> None:
        for name, value in reversed(list(ast.iter_fields(node))):
            if name in _ANNOTATIONS:
                continue
            if isinstance(value, ast.AST):
                self._stack.append((value, place))
            elif isinstance(value, list):
                self._push([item for item in value if isinstance(item, ast.AST)], place)

    # Statements.

    def _bind(self, target: ast.expr, value: ast.expr | None, place: _Place) -> None:
        if value is None:
            return
        match target, value:
            case (
                (ast.Tuple(elts=to) | ast.List(elts=to)),
                (ast.Tuple(elts=of) | ast.List(elts=of)),
            ):
                if len(to) == len(of):
                    for one, given in zip(to, of, strict=True):
                        self._bind(one, given, place)
                    return
            case _:
                pass
        label = names.target(target)
        last = label.rpartition(".")[2]
        why = structural.by_name(names.key_of(label))
        if not why and last in self._shaping and _COUNT.match(last):
            why = structural.SHAPE
        bound = place.part(label, "named", why)
        counts = self._attributes if isinstance(target, ast.Attribute) else place.locals
        bound = replace(bound, sole=counts.get(last, 1) == 1)
        self._stack.append((value, bound))
        self._push([target], place.part(label, "inner"))

    def _assign(self, node: ast.Assign, place: _Place) -> None:
        self._bind(node.targets[0], node.value, place)

    def _annassign(self, node: ast.AnnAssign, place: _Place) -> None:
        self._bind(node.target, node.value, place)

    def _namedexpr(self, node: ast.NamedExpr, place: _Place) -> None:
        self._bind(node.target, node.value, place)

    def _augassign(self, node: ast.AugAssign, place: _Place) -> None:
        label = names.target(node.target)
        why = structural.by_name(names.key_of(label))
        if isinstance(node.op, _BITWISE):
            why = structural.BITS
        self._push([node.target], place.part(label, "inner"))
        self._stack.append((node.value, place.part(label, "inner", why)))

    def _functiondef(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, place: _Place
    ) -> None:
        name = "" if isinstance(node, ast.Lambda) else node.name
        scope = place.scope + (f"{name}." if name and name != "__init__" else "")
        if isinstance(node, ast.Lambda):
            self._push([node.body], place.inner())
        else:
            self._push(node.decorator_list, place.part("", "inner"))
            inside = _Place(scope, why=place.why, locals=_assignments(node))
            self._push(node.body, inside)
        given = node.args
        plain = [*given.posonlyargs, *given.args]
        pairs = list(zip(plain[len(plain) - len(given.defaults) :], given.defaults, strict=True))
        pairs += [
            (argument, default)
            for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
            if default is not None
        ]
        for argument, default in pairs:
            why = structural.by_name(argument.arg)
            if not why and argument.arg in self._shaping and _COUNT.match(argument.arg):
                why = structural.SHAPE
            at = replace(place.part(argument.arg, "named", why), scope=scope)
            self._stack.append((default, at))

    _asyncfunctiondef = _lambda = _functiondef

    def _classdef(self, node: ast.ClassDef, place: _Place) -> None:
        why = structural.ENUM if declared.enumerates(node) else ""
        self._push(node.decorator_list, place.part("", "inner"))
        for keyword in node.keywords:
            self._stack.append((keyword.value, place.part(keyword.arg or "", "named")))
        inside = _Place(f"{place.scope}{node.name}.", why=place.why)
        enumerated = replace(inside, why=place.why or why)
        for statement in node.body:
            is_function = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
            self._stack.append((statement, inside if is_function else enumerated))

    def _for(self, node: ast.For | ast.AsyncFor | ast.comprehension, place: _Place) -> None:
        label = names.target(node.target).strip("_") or place.label
        self._push([node.iter], place.part(label, "inner"))
        if isinstance(node, ast.comprehension):
            self._push(node.ifs, place)
        else:
            self._push([*node.body, *node.orelse], place)

    _asyncfor = _comprehension = _for

    def _if(self, node: ast.If | ast.While, place: _Place) -> None:
        self._push([node.test], place.part("", "inner"))
        self._push([*node.body, *node.orelse], place)

    _while = _if

    def _return(self, node: ast.Return, place: _Place) -> None:
        self._push([node.value], place.part("return", "inner"))

    def _assert(self, node: ast.Assert, place: _Place) -> None:
        self._push([node.test, node.msg], place.part("assert", "inner", structural.CHECK))

    def _raise(self, node: ast.Raise, place: _Place) -> None:
        self._push([node.exc, node.cause], place.part("raise", "inner", structural.CHECK))

    def _match_case(self, node: ast.match_case, place: _Place) -> None:
        self._push([node.guard, *node.body], place)

    # Expressions.

    def _call(self, node: ast.Call, place: _Place) -> None:
        callee = names.called(node.func)
        whole = names.dotted(node.func) or callee
        self._push([node.func], place.part(place.label, "inner"))
        if callee == "dict" and not node.args:
            self._entries(place, [(word.arg, word.value) for word in node.keywords])
            return
        if _FIELD.search(callee) and place.standing == "named":
            self._field(node, place)
            return
        label = callee or "call"
        if callee == "range" and place.label:
            label = f"{place.label}.range"
        named = ""
        if _KEYED.search(structural.snake(callee)) and node.args:
            named = names.key_text(node.args[0]).lstrip("-")
        for index, argument in enumerate(node.args):
            why = structural.by_call(whole, index)
            if named and index:
                at = place.part(f'{callee}["{named}"]', "named", structural.by_name(named))
            elif callee == "range":
                is_end = index == (0 if len(node.args) == 1 else 1)
                why = why or ("" if is_end else structural.START)
                at = place.part(label if is_end else f"{label}.arg{index + 1}", "inner", why)
            else:
                at = place.part(f"{label}.arg{index + 1}", "inner", why)
            self._stack.append((argument, replace(at, argument=True, role="whole")))
        for keyword in node.keywords:
            name = keyword.arg or "kwargs"
            why = structural.by_call(whole, -1)
            if named and name in {"default", "value"}:
                at = place.part(f'{callee}["{named}"]', "named", structural.by_name(named))
            else:
                at = place.part(f"{label}.{name}", "named", why or structural.by_name(name))
            self._stack.append((keyword.value, at))

    def _field(self, node: ast.Call, place: _Place) -> None:
        """A field of a dataclass or model: its default is its value, all else says what may be."""
        said = [word for word in node.keywords if word.arg in {"default", "default_factory"}]
        self._push([*node.args[:1], *(word.value for word in said)], place)
        limits = [word.value for word in node.keywords if word not in said]
        self._push([*node.args[1:], *limits], place.inner(structural.CHECK))

    def _dict(self, node: ast.Dict, place: _Place) -> None:
        keys = [names.key_text(key) if key is not None else "" for key in node.keys]
        for key in node.keys:
            if not isinstance(key, ast.Constant):
                self._push([key], place.inner(structural.INDEX))
        if sum(map(_is_number, node.values)) > _ROW and not all(keys):
            place = place.inner(structural.DATA)
        self._entries(place, list(zip(keys, node.values, strict=True)))

    def _entries(self, place: _Place, entries: Sequence[tuple[str | None, ast.expr]]) -> None:
        base = place.label or "dict"
        for key, value in entries:
            label = f"{base}.{key}" if key else f"{base}.value"
            self._stack.append((value, place.part(label, "named", structural.by_name(key or ""))))

    def _list(self, node: ast.List | ast.Tuple | ast.Set, place: _Place) -> None:
        why = structural.DATA if sum(map(_is_number, node.elts)) > _ROW else ""
        base = place.label or "item"
        for index, item in enumerate(node.elts):
            at = place.part(f"{base}[{index}]", "inner", why)
            self._stack.append((item, replace(at, argument=place.argument)))

    _tuple = _set = _list

    def _subscript(self, node: ast.Subscript, place: _Place) -> None:
        self._push([node.value], place.inner())
        self._push([node.slice], place.inner(structural.INDEX, names.called(node.value)))

    def _compare(self, node: ast.Compare, place: _Place) -> None:
        sides = [node.left, *node.comparators]
        beside = next((name for name in map(names.called, sides) if name), "")
        why = structural.by_name(beside)
        self._push(sides, place.inner(why, beside))

    def _binop(self, node: ast.BinOp, place: _Place) -> None:
        beside = names.called(node.left) or names.called(node.right)
        why = ""
        if isinstance(node.op, _BITWISE):
            why = structural.BITS
        elif _is_text(node.left) or _is_text(node.right):
            why = structural.OUTPUT
        is_sum = isinstance(node.op, ast.Add | ast.Sub)
        role: Role = "term" if place.argument and is_sum else ""
        term = replace(place.inner(why, beside), role=role)
        self._push([node.left], term)
        if isinstance(node.op, ast.Pow) and _is_power(node.right):
            term = term.inner(structural.POWER)
        self._push([node.right], term)

    def _unaryop(self, node: ast.UnaryOp, place: _Place) -> None:
        self._push([node.operand], place.inner())

    def _boolop(self, node: ast.BoolOp, place: _Place) -> None:
        self._push(node.values, place.inner())

    def _ifexp(self, node: ast.IfExp, place: _Place) -> None:
        self._push([node.body, node.orelse], place.inner())
        self._push([node.test], place.part("", "inner"))

    def _joinedstr(self, node: ast.JoinedStr, place: _Place) -> None:
        """What a text is made of is output; where it stands in the file, old versions don't say."""

    _formattedvalue = _templatestr = _joinedstr

    def _typealias(self, node: ast.AST, place: _Place) -> None:
        """A type is none of the program's numbers."""


def _about(node: ast.Constant | ast.UnaryOp, literal: str, place: _Place) -> str:
    """Why a literal of this form is left alone at this place; empty where it may move."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return "" if place.standing == "named" and place.sole else structural.FLAG
    if place.standing == "named":
        is_local = "." not in place.label and "[" not in place.label
        if is_local and not place.sole and structural.is_start(literal):
            return structural.START
        return ""
    if structural.is_small(literal):
        is_chosen = place.role == "whole" and structural.is_chosen(literal)
        return "" if is_chosen else structural.SMALL
    return structural.GUARD if structural.is_guard(literal) else ""


def _is_signed(node: ast.AST) -> bool:
    """Whether it is `-3` or `+3`."""
    match node:
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=value)):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return False


def _is_number(node: ast.AST) -> bool:
    is_plain = isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    return is_plain or _is_signed(node)


def _is_power(node: ast.AST) -> bool:
    """Whether it is the exponent of a square, a root or the like, which formulas are made of."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and (isinstance(node.value, int) or node.value == 0.5)


def _is_text(node: ast.AST) -> bool:
    is_plain = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return is_plain or isinstance(node, ast.JoinedStr)


def _assignments(function: ast.AST) -> Counter[str]:
    """How often a function, or a module outside its functions, assigns each of its variables."""
    counts: Counter[str] = Counter()
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            counts[node.id] += 1
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            stack += ast.iter_child_nodes(node)
    return counts


def _shaping(tree: ast.AST) -> set[str]:
    """Variables that give arrays their shapes."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if _DATA_SHAPED.search(names.dotted(node.func)):
            found |= {name.id for name in ast.walk(node.args[0]) if isinstance(name, ast.Name)}
    return found
