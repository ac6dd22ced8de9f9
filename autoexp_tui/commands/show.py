"""`autoexp show N`: one experiment, whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click

from autoexp_tui.console import echo, say
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import Experiment, Row, RunState
from autoexp_tui.project import run_here
from autoexp_tui.sources.journals import read_state
from autoexp_tui.summary.annotations import noted
from autoexp_tui.summary.lanes import activity
from autoexp_tui.summary.outcomes import outcome_of
from autoexp_tui.summary.trust import evidence_words
from autoexp_tui.summary.verified import verified_step
from autoexp_tui.text.numbers import format_duration, format_number, format_runs
from autoexp_tui.text.safe import clean, cut, decode

_TAIL_BYTES = 64 << 10


@click.command()
@click.argument("which", metavar="N|best|last")
@click.option("--tag", help="Of which run; else the one running, or the last.")
def show(which: str, tag: str | None) -> None:
    """Show an experiment: hypothesis, diff, metrics, output.

    `best` is the best so far, `last` the one that was decided last.
    """
    run = run_here(tag)
    state = read_state(run)
    n = _number(which, state)
    row, begun = state.row(n), state.in_flight.get(n)
    if row is not None:
        head, hypothesis = _head(run, state, row), row.hypothesis
    elif begun is not None:
        head, hypothesis = _undecided(state, begun), begun.hypothesis
    else:
        raise UsageProblem(f"run {run.tag} has no row {n}: it has {len(state.rows)}")
    for line in head:
        say(line)
    _section("hypothesis", hypothesis)
    _section("diff", _file(run.diff(n)) or "(the target as it was)")
    _section("output", _file(run.output(n)) or "(nothing)")


def _number(which: str, state: RunState) -> int:
    """Raises UsageProblem."""
    if which in {"best", "last"}:
        row = state.best if which == "best" else state.latest
        if row is None:
            raise UsageProblem(f"there is no {which} experiment yet")
        return row.n
    if not (which.isascii() and which.isdecimal() and int(which)):
        raise UsageProblem(f"{which}: write the number of an experiment, `best` or `last`")
    return int(which)


def _undecided(state: RunState, flight: Experiment) -> Iterator[str]:
    """Of one that is under way, or of a baseline that ended its run."""
    ended = state.finished is not None and not state.finished.ok
    what = "no measurement" if ended else "under way"
    yield f"#{flight.n} {what}: {cut(flight.description, 300)}"
    if flight.slot and not ended:
        doing = activity(flight, flight.phase)
        since = format_duration(max(0.0, time.time() - flight.phase_time))
        on = f", on #{flight.made_from}" if flight.made_from else ""
        yield f"lane       {flight.slot}{on}, {doing} for {since}"
    if state.finished is not None:
        yield f"because    {cut(state.finished.reason, 600)}"


def _head(run: RunDirectory, state: RunState, row: Row) -> Iterator[str]:
    yield f"#{row.n} {outcome_of(row).word}: {cut(row.description, 300)}"
    yield f"because    {cut(row.reason, 300)}"
    if evidence := evidence_words(row):
        yield f"evidence   {evidence}"
    if words := verified_step(state, row.n):
        yield f"verified   {words}"
    if words := noted(state, row.n):
        yield f"noted      {words}"
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
