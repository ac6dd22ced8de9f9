"""Writes a Contract as `autoexp.yaml`, with a word on what each key is for."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from autoexp_tui.config.declared import Setting, Shape, ValueKind, settings
from autoexp_tui.model.contract import Contract, Limit
from autoexp_tui.model.keys import Key


def render(contract: msgspec.Struct, comments: bool = True) -> str:
    """YAML that a person likes to read, and that `config.parse` reads back as the same contract.

    With `comments` it says what each key is for, and shows how those not in use would look.
    """
    blocks = []
    names = [metric.name for metric in contract.metrics] if isinstance(contract, Contract) else []
    for setting in settings(type(contract)):
        value = getattr(contract, setting.name)
        lines = _lines(setting, value, names) if is_written(setting, contract) else []
        if comments:
            example = f"# {setting.name}: {setting.key.example or flow(setting, value)}"
            help_lines = textwrap.wrap(setting.key.help, 87)
            lines = [*(f"# {line}" for line in help_lines), *(lines or [example])]
        blocks.append("".join(f"{line}\n" for line in lines))
    return ("\n" if comments else "").join(filter(None, blocks))


def is_written(setting: Setting, section: Any) -> bool:
    """Whether the file must have this key for `section` to be read back, or shows it anyhow."""
    value = getattr(section, setting.name)
    if value is None or not setting.applies(section):
        return False
    return setting.must or setting.key.needed or setting.key.shown or value != setting.default


def flow(setting: Setting, value: Any, names: Sequence[str] = ()) -> str:
    """A value on one line of YAML; `names` are the metrics'."""
    if setting.key.per_metric and names:
        pairs = zip(names, value, strict=True)
        return _braces((_quoted(name), _figure(number, setting.key)) for name, number in pairs)
    return _flow(value, setting.shapes, setting.key)


def _lines(setting: Setting, value: Any, names: Sequence[str]) -> list[str]:
    """A key of the file: sections and lists of sections below it, all else beside it."""
    if setting.section is None:
        return [f"{setting.name}: {flow(setting, value)}"]
    sections, first = (value, "  - ") if isinstance(value, tuple) else ((value,), "  ")
    lines = [f"{setting.name}:"]
    for section in sections:
        below = list(_entries(section, names))
        lines += [f"{first if n == 0 else ' ' * len(first)}{line}" for n, line in enumerate(below)]
    return lines if lines[1:] else []


def _entries(section: msgspec.Struct, names: Sequence[str]) -> Iterator[str]:
    for setting in settings(type(section)):
        if is_written(setting, section):
            yield f"{setting.name}: {flow(setting, getattr(section, setting.name), names)}"


def _flow(value: Any, shapes: Sequence[Shape], key: Key) -> str:  # noqa: PLR0911 - one a kind
    shape = _shape_of(value, shapes)
    match value:
        case None:
            return "null"
        case Limit():
            baseline = "x baseline" if value.relative else ""
            return _braces([(value.kind, f"{_figure(value.value, key)}{baseline}")])
        case msgspec.Struct() if shape.kind != "text":
            return f"{{{', '.join(_entries(value, ()))}}}"
        case dict():
            inner = shape.inner[1:]
            return _braces((_quoted(k), _flow(item, inner, key)) for k, item in value.items())
        case tuple():
            return f"[{', '.join(_flow(item, shape.inner, key) for item in value)}]"
        case bool():
            return str(value).lower()
        case int() | float() if shape.kind != "text":
            return _figure(value, key)
    text = shape.form.write(value)
    return _quoted(text) if isinstance(value, str) else text


_KINDS: dict[type, tuple[ValueKind, ...]] = {
    str: ("word", "text"),
    tuple: ("list",),
    dict: ("mapping",),
    bool: ("flag",),
    int: ("whole", "number", "text"),
    float: ("number", "text"),
}


def _shape_of(value: Any, shapes: Sequence[Shape]) -> Shape:
    """The alternative that `value` was read by."""
    kinds = _KINDS.get(type(value), ("section", "limit"))
    fitting = [one for one in shapes if one.kind in kinds and (not one.words or value in one.words)]
    return min(fitting, key=lambda one: kinds.index(one.kind), default=shapes[0])


def _braces(pairs: Iterable[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{name}: {value}' for name, value in pairs)}}}"


def _figure(number: float, key: Key) -> str:
    cents = f"{number:.2f}"
    if key.unit == "USD" and float(cents) == number:
        return cents
    return str(number) if isinstance(number, int) else repr(number).removesuffix(".0")


_PLAIN = re.compile(r"(?:[A-Za-z_/]|\.[A-Za-z])(?:[A-Za-z0-9_./= -]*[A-Za-z0-9_./=-])?")
_NOT_WORDS = frozenset(
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", ".inf", ".nan"]
)
"""What other readers of YAML take for something else than text."""


def _quoted(text: str) -> str:
    """A scalar: as it is where every reader of YAML takes it for text, else in quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_WORDS:
        return text
    if not text.isprintable():
        return json.dumps(text, ensure_ascii=False)
    return "'{}'".format(text.replace("'", "''"))
