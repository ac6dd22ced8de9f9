"""Lines of JSON that belong together: put into one, or told to be no runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autoexp_tui.tables import names
from autoexp_tui.tables.json_says import CONFIG_TYPES, is_measured, type_of
from autoexp_tui.tables.sheet import Remarks, cut

_Numbered = tuple[int, dict[str, Any]]
_TYPES_MOST = 12


def joined(objects: list[_Numbered], remarks: Remarks) -> list[_Numbered]:
    """The same lines, where a run and what came of it stand in two: put together by their key.

    The result takes the place of both. A run without a result stays as it is.
    """
    types: dict[str, list[_Numbered]] = {}
    for entry in objects:
        types.setdefault(type_of(entry[1]), []).append(entry)
    if not 2 <= len(types) <= _TYPES_MOST:
        return objects
    results = [n for n, lines in types.items() if sum(is_measured(v) for _, v in lines) * 2
               >= len(lines) and n.lower() not in CONFIG_TYPES]  # fmt: skip
    openings = [n for n in types if n not in results and n.lower() not in CONFIG_TYPES]
    gone: dict[int, str] = {}
    whole: dict[int, dict[str, Any]] = {}
    for result in results:
        for opening in openings:
            key, own = _shared_key(types[opening], types[result])
            if not own:
                continue
            begun = {_key(value[own]): (line, value) for line, value in types[opening]
                     if own in value}  # fmt: skip
            for line, value in types[result]:
                found = begun.get(_key(value.get(key)))
                if found is not None:
                    whole[line] = _merged(found[1], whole.get(line, value))
                    gone[found[0]] = opening
            for line, _ in types[opening]:
                if line not in gone:
                    remarks.add(line, f"a `{cut(opening)[:40]}` without a `{cut(result)[:40]}`")
                    gone[line] = opening
    return [(line, whole.get(line, value)) for line, value in objects if line not in gone]


def one_shape(objects: list[_Numbered]) -> list[_Numbered]:
    """The same, with a measurement under one key where some lines name it by `metric` and `value`.

    Only where other lines have a number under that name.
    """
    named = {
        said
        for _, value in objects
        if isinstance(said := _called(value), str) and said not in value
    }
    if not named:
        return objects
    keyed = {key for _, value in objects for key in named & value.keys()
             if isinstance(value[key], int | float)}  # fmt: skip
    return [
        (line, {**value, called: value["value"]})
        if (called := _called(value)) in keyed and isinstance(value.get("value"), int | float)
        and called not in value
        else (line, value)
        for line, value in objects
    ]  # fmt: skip


def run_types(values: Iterable[Mapping[str, Any]]) -> frozenset[str] | None:
    """Which types of line are runs, where only some are: those that hold a measurement."""
    measured: dict[str, list[int]] = {}
    for value in values:
        tally = measured.setdefault(type_of(value), [0, 0])
        tally[0] += is_measured(value)
        tally[1] += 1
    runs = frozenset(name for name, (held, count) in measured.items() if held * 2 >= count)
    return runs if runs and len(runs) < len(measured) else None


def _shared_key(openings: list[_Numbered], results: list[_Numbered]) -> tuple[str, str]:
    """The keys by which results name their openings, each for once; empty where there are none."""
    own = {key: {_key(v[key]) for _, v in openings if key in v} for key in openings[0][1]}
    for mine, held in own.items():
        if len(held) < len(openings):
            continue
        for key in results[0][1]:
            if key != mine and not _refers(key, mine):
                continue
            if key == mine and names.leaf(key) not in names.INDEX and not key.endswith("id"):
                continue
            said = [_key(v.get(key)) for _, v in results]
            if sum(value in held for value in said) * 2 >= len(said) == len(set(said)):
                return key, mine
    return "", ""


def _refers(key: str, to: str) -> bool:
    """`run_id`, `run`, `parent` or `ref` may hold another line's `id`."""
    return to in {"id", "uuid", "name", "key"} and (
        key.lower().endswith(("id", "_ref")) or key in {"run", "trial", "experiment", "ref", "of"}
    )


def _key(value: object) -> str:
    return value if isinstance(value, str) else repr(value)[:200]


def _merged(opening: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """What a run's two lines say; the result's word counts, but the name is the run's own."""
    whole = opening | {key: value for key, value in result.items() if value is not None}
    whole.update({key: opening[key] for key in ("id", "name") if key in opening})
    return whole


def _called(value: Mapping[str, Any]) -> str | None:
    said = value.get("metric", value.get("metric_name"))
    return said if isinstance(said, str) else None
