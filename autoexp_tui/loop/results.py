"""`results.tsv` and `budget.log`: what their lines say. Pure text; `projections` writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import CostSettled
from autoexp_tui.model.state import Row
from autoexp_tui.text.safe import Safe, clean_line, one_line

_CELL = 300
_WHY = 200


def header(metrics: Sequence[Metric]) -> str:
    """The first line of `results.tsv`, with the metrics' own names."""
    return (
        "\t".join(
            ["commit", *(one_line(metric.name) for metric in metrics), "status", "description"]
        )
        + "\n"
    )


def line(row: Row, metrics: Sequence[Metric]) -> str:
    """One row; a crash has zeros for metrics, and its reason in brackets at the end."""
    values = [repr(float(row.metrics.get(metric.name, 0.0))) for metric in metrics]
    why: str = row.reason if row.status == "crash" else ""
    if row.is_near_miss and row.evidence and not row.evidence.runs:
        why = "within the noise"
    cell = bracketed(row.description, f"({clean_line(why, _WHY)})" if why else "")
    return "\t".join([row.commit[:7], *values, row.status, cell]) + "\n"


def bracketed(description: str, *brackets: str) -> Safe:
    """A description with reasons at its end, which stay where it is too long for a cell."""
    end = "".join(f" {words}" for words in brackets if words)
    return clean_line(f"{clean_line(description, max(1, _CELL - len(end)))}{end}", _CELL)


def table(rows: Iterable[Row], metrics: Sequence[Metric]) -> str:
    """The whole of `results.tsv`."""
    return header(metrics) + "".join(line(row, metrics) for row in rows)


_KINDS = ("input", "cache_write", "cache_write_1h", "cache_read", "output")
_BUDGET = ["time", "experiment", "model", *_KINDS, "cost_usd", "cumulative_usd", "outcome"]
BUDGET_HEADER = "\t".join([*_BUDGET, "possible_usd"]) + "\n"


def budget_lines(settled: Sequence[tuple[float, CostSettled]], start: int = 0) -> str:
    """Lines of `budget.log`, one per request, from index `start` on; tokens by kind, times UTC.

    `possible_usd` may have been billed besides `cost_usd`, and is in no sum.
    """
    total = sum(event.usd for _, event in settled[:start])
    lines = []
    for time, event in settled[start:]:
        total += event.usd
        when = dt.datetime.fromtimestamp(time, dt.UTC)
        cells = [
            f"{when:%Y-%m-%dT%H:%M:%SZ}",
            str(event.n),
            clean_line(event.model, 80),
            *(str(event.tokens.get(kind, 0)) for kind in _KINDS),
            f"{event.usd:.6f}",
            f"{total:.6f}",
            clean_line(event.outcome, _CELL),
            f"{event.possible_usd:.6f}",
        ]
        lines.append("\t".join(cells) + "\n")
    return "".join(lines)


def former_budget(settled: Sequence[tuple[float, CostSettled]]) -> str:
    """The whole of `budget.log` as it was before it told what is possibly billed."""
    lines = budget_lines(settled).splitlines()
    rest = "".join(line.rpartition("\t")[0] + "\n" for line in lines)
    return "\t".join(_BUDGET) + "\n" + rest
