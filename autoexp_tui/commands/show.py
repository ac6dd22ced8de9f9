"""`autoexp show N`: one experiment, whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from autoexp_tui.console import echo, say
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.project import run_here
from autoexp_tui.sources.journals import read_state
from autoexp_tui.summary.outcomes import outcome_of
from autoexp_tui.summary.trust import evidence_words
from autoexp_tui.summary.verified import verified_step
from autoexp_tui.text.numbers import format_duration, format_number, format_runs
from autoexp_tui.text.safe import clean, cut, decode

_TAIL_BYTES = 64 << 10


@click.command()
@click.argument("n", type=click.IntRange(min=1))
@click.option("--tag", help="Of which run; else the one running, or the last.")
def show(n: int, tag: str | None) -> None:
    """Show experiment N: hypothesis, diff, metrics, output."""
    run = run_here(tag)
    state = read_state(run)
    row = state.row(n)
    if row is None:
        raise UsageProblem(f"run {run.tag} has no row {n}: it has {len(state.rows)}")
    for line in _head(run, state, row):
        say(line)
    _section("hypothesis", row.hypothesis)
    _section("diff", _file(run.diff(n)) or "(the target as it was)")
    _section("output", _file(run.output(n)) or "(nothing)")


def _head(run: RunDirectory, state: RunState, row: Row) -> Iterator[str]:
    yield f"#{row.n} {outcome_of(row).word}: {cut(row.description, 300)}"
    yield f"because    {cut(row.reason, 300)}"
    if evidence := evidence_words(row):
        yield f"evidence   {evidence}"
    if words := verified_step(state, row.n):
        yield f"verified   {words}"
    yield f"commit     {row.commit}  refs/autoexp/{run.tag}/{row.n}"
    yield f"parent     {row.parent}"
    yield f"took       {format_duration(row.seconds)}"
    for name, value in {**row.metrics, **row.extras}.items():
        judged = format_runs(row.measurement.values(name))
        judged += "" if name in row.metrics else "  (not judged)"
        yield f"{cut(name, 40):<10} {format_number(value)}{judged}"


def _section(name: str, text: str) -> None:
    echo()
    say(f"── {name} " + "─" * (60 - len(name)))
    echo(clean(text.rstrip("\n")))


def _file(path: Path) -> str:
    """The text of a file, its end when it is long; empty when there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - _TAIL_BYTES))
        text = decode(file.read())
    return (
        text
        if size <= _TAIL_BYTES
        else f"… the last {_TAIL_BYTES >> 10} of {size >> 10} KiB\n{text}"
    )
