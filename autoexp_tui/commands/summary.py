"""`autoexp summary`: what a run or a table amounts to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from autoexp_tui.commands.judged_by import judged_by
from autoexp_tui.console import echo, say
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.project import run_here
from autoexp_tui.sources.archive import is_archive, unpacked
from autoexp_tui.sources.journals import read_state
from autoexp_tui.sources.naming import named
from autoexp_tui.sources.opening import refuse_for_run
from autoexp_tui.sources.tables import is_table
from autoexp_tui.summary.digest import Digest, MetricDigest, digest_of
from autoexp_tui.summary.gains import told
from autoexp_tui.summary.trust import effect_words
from autoexp_tui.tables import (
    TableChoice,
    TableSummary,
    choose,
    read_table,
    summarise,
    summarise_run,
)
from autoexp_tui.text.numbers import (
    apart,
    format_duration,
    format_number,
    money,
    telling,
    told_apart,
)
from autoexp_tui.text.safe import clean_line, cut, safe_json


@click.command()
@click.argument("which", metavar="[TAG|FILE]", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@judged_by
def summary(which: str | None, as_json: bool, choice: TableChoice) -> None:
    """Sum up a run, or any experiment table: results.tsv, autoresearch.jsonl and the like."""
    which = named(which)
    digest: Digest | None = None
    if which is None or not is_table(which):
        refuse_for_run(choice)
        table, digest = _of_run(run_here(which))
    elif is_archive(Path(which)):
        refuse_for_run(choice)
        with unpacked(Path(which)) as run:
            table, digest = _of_run(run)
    else:
        table = summarise(choose(read_table(Path(which)), choice))
    if as_json:
        found: dict[str, Any] = msgspec.to_builtins(table)
        if digest is not None:
            found |= msgspec.to_builtins(digest)
        echo(safe_json(msgspec.json.encode(found)))
        return
    for line in _table_lines(table) if digest is None else _lines(digest):
        say(line)


def _of_run(run: RunDirectory) -> tuple[TableSummary, Digest]:
    """A run of ours: its table as any other's, and what only its journal tells."""
    state = read_state(run)
    table = summarise_run(read_table(run.results, docs=False), state.objective)
    return table, digest_of(state)


def _lines(digest: Digest) -> Iterator[str]:
    counts = f"{digest.kept} kept, {digest.discarded} discarded, {digest.crashed} crashed"
    if digest.skipped:
        counts += f", {digest.skipped} skipped"
    if digest.lost:
        counts += f", {digest.lost} lost"
    if digest.near_misses:
        counts += f"; near misses: {len(digest.near_misses)}"
    yield f"{cut(digest.tag, 80)}: {digest.ended}"
    yield f"rows       {digest.rows}: {counts}"
    for metric in _figures(digest):
        if metric.baseline is None or metric.best is None:
            yield f"{metric.name:<10} not measured"
            continue
        change = f" ({told(metric.gain)})" if metric.gain.value else ""
        figures = f"{' → '.join(told_apart(metric.baseline, metric.best))}{change}"
        yield f"{metric.name:<10} {figures}, {metric.direction} is better"
    if digest.holdout_told:
        yield f"held out   {digest.holdout_told}"
    yield from _costs(digest)
    if digest.improvements:
        yield "kept"
    values = [step.value for step in digest.improvements]
    places = telling([digest.objective.baseline, *values])
    for step in digest.improvements:
        description = cut(step.description, 100)
        effect = f"  {effect_words(step.evidence)}" if step.evidence else ""
        yield f"  #{step.n:<4} {format_number(step.value, places):>10}{effect}  {description}"
    yield from digest.verification


def _costs(digest: Digest) -> Iterator[str]:
    """What it took."""
    if digest.seconds:
        yield f"time       {format_duration(digest.seconds)}"
    if digest.utilisation is not None and digest.speed_up is not None:
        share = f"{100 * digest.utilisation:.0f} % of their time evaluating"
        yield f"at once    {digest.slots} slots, {share}: speed-up {digest.speed_up:.1f}×"
    if digest.cost_usd:
        yield f"cost       {money(digest.cost_usd)}"
    if digest.possible_usd:
        yield f"possibly   {money(digest.possible_usd)} billed besides, for dropped lines"


def _figures(digest: Digest) -> tuple[MetricDigest, ...]:
    """What is optimised, before the metrics where it is none of them."""
    is_metric = digest.objective == digest.metrics[0]
    return digest.metrics if is_metric else (digest.objective, *digest.metrics)


def _table_lines(table: TableSummary) -> Iterator[str]:
    words = ", ".join(f"{count} {clean_line(word, 30)}" for word, count in table.statuses.items())
    yield f"{table.dialect} ({table.kind}), {table.rows} rows" + (f": {words}" if words else "")
    if table.metric is None:
        yield "metric     none was found"
    else:
        name = cut(table.metric, 60)
        source = table.direction_source
        yield f"metric     {name}, {table.direction} is better: {source}"
        yield f"baseline   {format_number(table.baseline, apart(table.baseline, table.best))}"
        yield f"best       {format_number(table.best, table.decimals)}"
    if table.longest_drought is not None:
        yield f"drought    at most {table.longest_drought} experiments without a new best"
    for share in table.gain_shares:
        part = round(share.share, 3) + 0.0  # no "-0.0%" for what is nothing
        yield f"  {part:6.1%} of the gain after {share.experiments} experiments"
    for note in table.notes:
        yield f"note       {cut(note, 300)}"
