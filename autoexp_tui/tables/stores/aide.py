"""AIDE's `journal.json`: a tree of solutions, each with what running it gave."""

from __future__ import annotations

from typing import Any

from autoexp_tui.tables.model import Way
from autoexp_tui.tables.sheet import Config, Sheet
from autoexp_tui.tables.stores.rows import gathered, objects, part
from autoexp_tui.tables.stores.source import Source

_MARKS = (b'"nodes"', b'"is_buggy"')
_SAYS = "AIDE's journal"
_BUGGY = "failed (buggy)"


def read(source: Source) -> Sheet | None:
    """The solutions in order; what AIDE calls buggy has failed. None for any other file."""
    if not source.head.lstrip().startswith(b"{") or _MARKS[0] not in source.head:
        return None
    document = part(source.document)
    nodes = objects(document.get("nodes"))
    if not nodes or not all("is_buggy" in node and "metric" in node for node in nodes):
        return None
    parents = part(document.get("node2parent"))
    steps = {str(node.get("id")): at for at, node in enumerate(nodes)}
    buggy = [bool(node["is_buggy"]) for node in nodes]
    rows = []
    for at, node in enumerate(nodes):
        parent = steps.get(str(parents.get(str(node.get("id")))))
        stage = "draft" if parent is None else "debug" if buggy[parent] else "improve"
        rows.append(_row(at, node, parent, stage))
    sheet = gathered("json", "aide journal", rows)
    sheet.configs = [Config(0, 0, "metric", way=_way(nodes), source=_SAYS)]
    sheet.status, sheet.outcomes = "state", {_BUGGY: "failed"}
    sheet.settings = frozenset({"parent"})
    return sheet


def _row(at: int, node: dict[str, Any], parent: int | None, stage: str) -> dict[str, Any]:
    measured = node["metric"]
    return {
        "step": node.get("step", at),
        "metric": measured.get("value") if isinstance(measured, dict) else measured,
        "state": _BUGGY if node["is_buggy"] else None,
        "description": node.get("plan"),
        "stage": stage,
        "parent": parent,
        "timestamp": node.get("ctime"),
        "duration_s": node.get("exec_time"),
        "exception": node.get("exc_type"),
        "analysis": node.get("analysis"),
    }


def _way(nodes: list[dict[str, Any]]) -> Way:
    """As most of the measured nodes say: a model decides it for each of them."""
    said = [part(node["metric"]).get("maximize") for node in nodes]
    higher, lower = said.count(True), said.count(False)
    if higher == lower:
        return "unknown"
    return "higher" if higher > lower else "lower"
