"""The declarations in `model/contract.py`, resolved: the one list that all else is made from."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from autoexp_tui.model.contract import Contract, Limit
from autoexp_tui.model.keys import Form, Key

ValueKind = Literal[
    "section", "list", "mapping", "word", "whole", "number", "flag", "text", "limit"
]
_PLAIN: dict[Any, ValueKind] = {int: "whole", float: "number", bool: "flag", str: "text"}
_TEXT = Form("text")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value may be."""

    kind: ValueKind
    words: tuple[str, ...] = ()
    """Of a `word`."""
    form: Form = _TEXT
    """Of a `text`."""
    inner: tuple[Shape, ...] = ()
    """The item's of a list; the key's and the value's of a mapping."""
    section: type[msgspec.Struct] = Contract
    """The struct that a `section` is read into."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: where it stands, what it may be, and what it is for."""

    name: str
    path: str
    """With the sections that it stands in: `budget.max_cost_usd`."""
    shapes: tuple[Shape, ...]
    """Alternatives; usually one."""
    key: Key
    default: Any
    """`msgspec.NODEFAULT` for what every file must have."""

    @property
    def must(self) -> bool:
        return self.default is msgspec.NODEFAULT or (self.key.needed and self.key.when is None)

    @property
    def section(self) -> type[msgspec.Struct] | None:
        """The struct of keys below it, one or in a list."""
        for shape in (*self.shapes, *(part for listed in self.shapes for part in listed.inner)):
            if shape.kind == "section":
                return shape.section
        return None

    def applies(self, section: Any) -> bool:
        """Whether it has a meaning beside the other values of its `section`."""
        return self.key.when is None or getattr(section, self.key.when[0]) == self.key.when[1]


@functools.cache
def settings(section: type[msgspec.Struct] = Contract, prefix: str = "") -> tuple[Setting, ...]:
    """The keys of a section, in order. Raises TypeError for a field without a Key."""
    hints = get_type_hints(section, include_extras=True)
    found = []
    for field in msgspec.structs.fields(section):
        hint = hints[field.name]
        keys = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Key)]
        if not keys:
            raise TypeError(f"{section.__name__}.{field.name} has no declaration Annotated[…, Key]")
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        found.append(Setting(field.name, prefix + field.name, _shapes(hint), keys[0], default))
    return tuple(found)


def everything(section: type[msgspec.Struct] = Contract, prefix: str = "") -> Iterator[Setting]:
    """Every key of a section, and of the sections in it."""
    for setting in settings(section, prefix):
        yield setting
        if setting.section is not None:
            listed = "[]" * any(shape.kind == "list" for shape in setting.shapes)
            yield from everything(setting.section, f"{setting.path}{listed}.")


def bounds(key: Key) -> str:
    """`from 1 to 100`, `above 0 and at most 100`, `0 or more`; empty without any."""
    most = "" if key.le is None else f"{key.le:,.9g}"
    if key.gt is not None:
        return f"above {key.gt:,.9g}" + (f" and at most {most}" if most else "")
    if key.ge is not None:
        return f"from {key.ge:,.9g} to {most}" if most else f"{key.ge:,.9g} or more"
    return f"at most {most}" if most else ""


def within(number: float, key: Key) -> bool:
    """Whether a number is in the bounds."""
    return not (
        (key.gt is not None and number <= key.gt)
        or (key.ge is not None and number < key.ge)
        or (key.le is not None and number > key.le)
    )


def describe(shapes: Sequence[Shape], key: Key) -> str:
    """What a value may be, as people say it: `a list, each a path in the project`."""
    words_first = sorted(shapes, key=lambda shape: not shape.words)
    return ", or ".join(_described(shape, key) for shape in words_first)


def _described(shape: Shape, key: Key) -> str:  # noqa: PLR0911 - one for each kind
    match shape.kind:
        case "list":
            return f"a list, each {describe(shape.inner, key)}"
        case "mapping":
            name, *values = shape.inner
            return f"a mapping of {_described(name, key)} to {describe(values, key)}"
        case "word":
            return " or ".join((", ".join(shape.words[:-1]), shape.words[-1])).removeprefix(" or ")
        case "whole" | "number":
            kind = "a whole number" if shape.kind == "whole" else "a number"
            return f"{kind} {bounds(key)}".rstrip()
        case "text":
            return shape.form.kind
        case "flag":
            return "true or false"
        case "section":
            return "a mapping"
        case "limit":
            return "one of `{at_most: …}` and `{at_least: …}`"


def _shapes(hint: Any) -> tuple[Shape, ...]:  # noqa: PLR0911 - one for each kind
    """The alternatives in a type; `None` is what a key without a line has, and can't be written."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        form = next((extra for extra in hint.__metadata__ if isinstance(extra, Form)), None)
        return (Shape("text", form=form),) if form else _shapes(arguments[0])
    if origin in {Union, types.UnionType}:
        return tuple(s for part in arguments if part is not type(None) for s in _shapes(part))
    if origin is Literal:
        return (Shape("word", words=arguments),)
    if origin is tuple and arguments[1:] == (...,):
        return (Shape("list", inner=_shapes(arguments[0])),)
    if origin is dict:
        return (Shape("mapping", inner=(*_shapes(arguments[0]), *_shapes(arguments[1]))),)
    if hint is Limit:
        return (Shape("limit"),)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return (Shape("section", section=hint),)
    if hint in _PLAIN:
        return (Shape(_PLAIN[hint]),)
    raise TypeError(f"no way is known to write {hint!r} into a settings file")
