"""What a JSON object says of the runs around it, and whether it is a run itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autoexp_tui.tables import names
from autoexp_tui.tables.model import Way
from autoexp_tui.tables.sheet import Config, cut, way_of

_WAYS = ("max", "min", "maximize", "minimize")
_METRIC_KEYS = ("metricName", "metric_name", "primary_metric", "primaryMetric")
_WAY_KEYS = (
    "bestDirection", "best_direction", "metric_direction", "metricDirection", "direction",
    "directions", "optimize", "goal_direction",
)  # fmt: skip
_MEASURED = ("metric", "value", "score", "metrics", "results", "values", "loss", "status")
_TYPES = ("type", "event", "kind", "record_type")
CONFIG_TYPES = frozenset("config header meta session metadata init setup segment".split())
_CONFIG_KEYS = ("config", "configuration", "settings", "setup", "goal", "objective", "spec")
_SAYS = frozenset((*_METRIC_KEYS, *_WAY_KEYS, *_TYPES))


def config_of(line: int, at: int, value: Mapping[str, Any]) -> Config | None:
    """What a line says of the runs after it; None where it is a run itself."""
    if _SAYS.isdisjoint(value) or any(
        isinstance(value.get(key), int | float) for key in ("metric", "value", "score")
    ):
        return None
    declared = type_of(value).lower() in CONFIG_TYPES
    if not declared and any(map(is_figure, value, value.values())):
        return None
    if not declared and any(key in value or f"metric_{key}" in value for key in _MEASURED):
        return None
    if not declared and any(names.leaf(key) in names.STATUS for key in value):
        return None
    found = said_of(line, at, value)
    inner = next((value[k] for k in _CONFIG_KEYS if isinstance(value.get(k), dict)), None)
    if inner is not None and not found.metric:
        more = said_of(line, at, inner)
        metric = more.metric or plain_metric(inner)
        way = found.way if found.way != "unknown" else more.way
        found.metric, found.way = metric, way
    if not declared and found.metric in value:
        return None
    return found if declared or found.metric or found.way != "unknown" else None


def said_of(line: int, at: int, value: Mapping[str, Any]) -> Config:
    """The metric and the direction that an object speaks of."""
    metric = next((value[key] for key in _METRIC_KEYS if isinstance(value.get(key), str)), "")
    return Config(
        line,
        at,
        metric=cut(metric)[:200],
        unit=str(value.get("metricUnit") or "")[:20],
        way=_way(value),
        title=str(value.get("name") or value.get("title") or "")[:200],
        source=f"the configuration in line {line}" if line else "the document itself",
    )


def _way(value: Mapping[str, Any]) -> Way:
    for key in _WAY_KEYS:
        said = value.get(key)
        if isinstance(said, list) and said:
            said = said[0]
        if (found := way_of(said)) != "unknown":
            return found
    return way_of(value["metric"]) if value.get("metric") in _WAYS else "unknown"


def type_of(value: Mapping[str, Any]) -> str:
    """What sort of line it says it is; empty where it doesn't."""
    for key in _TYPES:
        found = value.get(key)
        if type(found) is str:
            return found
    return ""


def is_measured(value: Mapping[str, Any]) -> bool:
    """Whether an object holds what came of a run."""
    return any(
        key in _MEASURED
        or is_figure(key, inner)
        or names.leaf(key) in names.STATUS
        or (isinstance(inner, dict) and any(map(is_figure, inner, inner.values())))
        for key, inner in value.items()
    )


def is_figure(key: str, value: object) -> bool:
    """Whether a key holds a measurement, and not a number that was given to the run."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and names.merit(key) >= 1.0
        and not names.is_setting(key)
    )


def plain_metric(value: Mapping[str, Any]) -> str:
    """The metric under its plain name, which a run would hold a number by; empty without one."""
    said = value.get("metric") or value.get("objective")
    return cut(said)[:200] if isinstance(said, str) and said not in _WAYS else ""
