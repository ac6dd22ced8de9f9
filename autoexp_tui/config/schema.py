"""The JSON Schema of `autoexp.yaml`, by which editors complete and check it."""

from __future__ import annotations

from typing import Any

import msgspec

from autoexp_tui.config.declared import Setting, Shape, settings
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.keys import Key

_SCALAR = ["string", "number", "boolean"]
"""What an editor takes an unquoted text for: `90`, `yes`."""


def schema(section: type[msgspec.Struct] = Contract) -> dict[str, Any]:
    """The schema of a whole file."""
    draft = "http://json-schema.org/draft-07/schema#"
    return {"$schema": draft, "title": "autoexp.yaml", **_section(section)}


def _section(section: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {setting.name: _property(setting) for setting in settings(section)},
        "required": [setting.name for setting in settings(section) if setting.must],
        "additionalProperties": False,
    }


def _property(setting: Setting) -> dict[str, Any]:
    key = setting.key
    forms = [_shape(shape, key) for shape in setting.shapes]
    if key.short and setting.section is not None:
        last = next(one for one in settings(setting.section) if one.name == key.short[-1])
        short = _property(last)
        forms.append(short if len(key.short) == 1 else _mapping(short))
    if key.per_metric:
        forms.append(_mapping(forms[0]["items"]))
    told: dict[str, Any] = {"description": key.help}
    if isinstance(setting.default, str | int | float) and setting.default != "":
        shape = setting.shapes[0]
        is_text = shape.kind == "text" and not isinstance(setting.default, str)
        told["default"] = shape.form.write(setting.default) if is_text else setting.default
    return {**(forms[0] if len(forms) == 1 else {"anyOf": forms}), **told}


def _mapping(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": value}


def _shape(shape: Shape, key: Key) -> dict[str, Any]:
    match shape.kind:
        case "section":
            found = _section(shape.section)
        case "list":
            found = {"type": "array", "items": _any(shape.inner, key)}
        case "mapping":
            found = _mapping(_any(shape.inner[1:], key))
            if words := shape.inner[0].words:
                found["propertyNames"] = {"enum": list(words)}
        case "word":
            found = {"enum": list(shape.words)}
        case "flag":
            found = {"type": "boolean"}
        case "limit":
            bound = {"type": ["number", "string"]}
            found = {"type": "object", "minProperties": 1, "maxProperties": 1}
            found |= {"properties": {"at_most": bound, "at_least": bound}}
            found |= {"additionalProperties": False}
        case "text":
            found = {"type": _SCALAR}
            if shape.form.pattern:
                found["pattern"] = shape.form.pattern
        case "whole" | "number":
            found = {"type": "integer" if shape.kind == "whole" else "number"}
            edges = {"exclusiveMinimum": key.gt, "minimum": key.ge, "maximum": key.le}
            found |= {name: edge for name, edge in edges.items() if edge is not None}
    return found


def _any(shapes: tuple[Shape, ...], key: Key) -> dict[str, Any]:
    found = [_shape(shape, key) for shape in shapes]
    return found[0] if len(found) == 1 else {"anyOf": found}
