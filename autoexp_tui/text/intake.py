"""Structures that come from outside, cleaned by their types: what a field calls `Safe` is safe.

A decoder gives any string to a field; only this makes its type true.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from autoexp_tui.text.safe import Safe, clean

_T = TypeVar("_T", bound=msgspec.Struct)
KEYS = "keys"
"""Marks, in `Annotated`, a dictionary whose keys are names to be shown."""

SHOWN = "shown"
"""Marks, in `Annotated`, a string that is shown as well as worked with."""

_Cleaner = Callable[[Any], Any]


def cleaned(found: _T) -> _T:
    """Return `found` with every string whose type is Safe cleaned, in nested structures too.

    The very same object where nothing had to be cleaned. Fields of type `str` are left alone:
    what the program works with (paths, command lines) must stay what it is.
    """
    changes = {}
    for name, cleaner in _plan(type(found)):
        value = getattr(found, name)
        if (better := cleaner(value)) is not value:
            changes[name] = better
    return msgspec.structs.replace(found, **changes) if changes else found


@cache
def _plan(kind: type[msgspec.Struct]) -> tuple[tuple[str, _Cleaner], ...]:
    hints = get_type_hints(kind, include_extras=True)
    pairs = ((name, _cleaner(hints[name])) for name in kind.__struct_fields__)
    return tuple((name, cleaner) for name, cleaner in pairs if cleaner is not None)


def _cleaner(hint: Any) -> _Cleaner | None:
    """How a value of that type is cleaned; None where it holds nothing to clean."""
    parts = get_args(hint)
    if get_origin(hint) is Annotated:
        if parts[0] is str and SHOWN in parts[1:]:
            return _text
        return _keys if KEYS in parts[1:] else _cleaner(parts[0])
    if hint is Safe or (Safe in parts and type(None) in parts):
        return _text
    if get_origin(hint) is tuple:
        inner = _cleaner(parts[0])
        return None if inner is None else lambda values: _items(values, inner)
    return _structure if any(map(_is_struct, parts or (hint,))) else None


def _is_struct(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _structure(value: msgspec.Struct | None) -> msgspec.Struct | None:
    return None if value is None else cleaned(value)


def _text(value: str | None) -> str | None:
    # `clean` would say the same; this is asked some hundred thousand times for a long table.
    if value is None or (value.isascii() and value.isprintable()):
        return value
    better = clean(value)
    return value if better == value else better


def _keys(value: dict[str, Any]) -> dict[str, Any]:
    if all(key.isascii() and key.isprintable() for key in value):
        return value
    better: dict[str, Any] = {clean(key): item for key, item in value.items()}
    return value if better == value else better


def _items(values: tuple[Any, ...], inner: _Cleaner) -> tuple[Any, ...]:
    better = tuple(map(inner, values))
    return values if better == values else better
