"""`autoexp summary`: what a run or a table amounts to."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from autoexp_tui.core.digest import Digest, digest_of
from autoexp_tui.core.numbers import format_duration, format_number, money
from autoexp_tui.core.text import clean_line
from autoexp_tui.project import run_here
from autoexp_tui.sources import read_state
from autoexp_tui.table_source import TableSource


@click.command()
@click.argument("which", metavar="[TAG|results.tsv]", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def summary(which: str | None, as_json: bool) -> None:
    """Sum up a run, or a results table."""
    if which is not None and Path(which).is_file():
        state = TableSource(Path(which)).state()
    else:
        state = read_state(run_here(which))
    digest = digest_of(state)
    if as_json:
        click.echo(msgspec.json.encode(digest).decode())
        return
    for line in _lines(digest):
        click.echo(line)


def _lines(digest: Digest) -> list[str]:
    counts = f"{digest.kept} kept, {digest.discarded} discarded, {digest.crashed} crashed"
    lines = [
        f"{clean_line(digest.tag, 80)}: {digest.ended}",
        f"rows       {digest.rows}: {counts}",
    ]
    for metric in digest.metrics:
        if metric.baseline is None or metric.best is None:
            lines.append(f"{metric.name:<10} not measured")
            continue
        change = "" if metric.percent is None else f" ({metric.percent:+.1f} % better)"
        lines.append(
            f"{metric.name:<10} {format_number(metric.baseline)} → {format_number(metric.best)}"
            f"{change}, {metric.direction} is better"
        )
    if digest.seconds:
        lines.append(f"time       {format_duration(digest.seconds)}")
    if digest.cost_usd:
        lines.append(f"cost       {money(digest.cost_usd)}")
    if digest.improvements:
        lines.append("kept")
        lines += [
            f"  #{step.n:<4} {format_number(step.value):>10}  {clean_line(step.description, 100)}"
            for step in digest.improvements
        ]
    return lines
