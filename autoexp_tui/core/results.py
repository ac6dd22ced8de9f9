"""`results.tsv` and `budget.log`: what their lines say. Pure text; `projections` writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from autoexp_tui.core.contract import Metric
from autoexp_tui.core.state import Row
from autoexp_tui.core.text import clean_line

_CELL = 300


def header(metrics: Sequence[Metric]) -> str:
    """The first line of `results.tsv`, with the metrics' own names."""
    return (
        "\t".join(["commit", *(metric.name for metric in metrics), "status", "description"]) + "\n"
    )


def line(row: Row, metrics: Sequence[Metric]) -> str:
    """One row; a crash has zeros for metrics, and its reason in brackets."""
    values = [repr(float(row.metrics.get(metric.name, 0.0))) for metric in metrics]
    description = row.description
    if row.status == "crash" and row.reason:
        description = f"{description} ({row.reason})"
    cell = clean_line(description, _CELL)
    return "\t".join([row.commit[:7], *values, row.status, cell]) + "\n"


def table(rows: Iterable[Row], metrics: Sequence[Metric]) -> str:
    """The whole of `results.tsv`."""
    return header(metrics) + "".join(line(row, metrics) for row in rows)


BUDGET_HEADER = "time\texperiment\tseconds\tcost_usd\tcumulative_usd\n"


def budget_lines(rows: Sequence[Row], start: int = 0) -> str:
    """Lines of `budget.log` from row index `start` on; times in UTC."""
    total = sum(row.cost_usd for row in rows[:start])
    lines = []
    for row in rows[start:]:
        total += row.cost_usd
        when = dt.datetime.fromtimestamp(row.time, dt.UTC)
        lines.append(
            f"{when:%Y-%m-%dT%H:%M:%SZ}\t{row.n}\t{row.seconds:.2f}\t"
            f"{row.cost_usd:.6f}\t{total:.6f}\n"
        )
    return "".join(lines)
