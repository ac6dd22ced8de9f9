"""A report as Markdown (CommonMark with tables), the plot drawn with characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from autoexp_tui.model.objective import Objective
from autoexp_tui.report.account import (
    CHAIN,
    LEARNED,
    Account,
    KeptStep,
    chain,
    columns,
    learned,
    near_line,
    numbered,
    part,
    together_words,
)
from autoexp_tui.report.markup import safe_line as _safe
from autoexp_tui.report.textplot import as_text, paint
from autoexp_tui.summary.digest import MetricDigest
from autoexp_tui.summary.groups import Group, tried_words
from autoexp_tui.summary.outcomes import outcome_of
from autoexp_tui.summary.picture import over_time
from autoexp_tui.summary.series import Series
from autoexp_tui.text.numbers import format_column, format_number, told_apart
from autoexp_tui.text.safe import Safe, clean, cut

_WIDTH, _HEIGHT = 76, 16
_FENCES = re.compile(r"`+")
_TABLE = 200
"""Rows of the table of every experiment; of a longer run the last."""


def as_markdown(account: Account) -> Safe:
    """The whole page; every text in it is cleaned and escaped."""
    parts = [
        *_head(account),
        *_plot(account),
        *_steps(account),
        *_near(account),
        *_learned(account),
        *_dead_ends(account),
        *_notebook(account),
        "## What it cost",
        _list(f"{label}: {_safe(figure)}" for label, figure in account.costs),
        "## How far to trust it",
        _list(_safe(sentence, 500) for sentence in account.trust),
        *_table(account),
    ]
    return clean("\n\n".join(part for part in parts if part) + "\n")


def _fenced(text: str, language: str = "") -> str:
    """`text` as a block of code; its fence is longer than any in it."""
    longest = max((len(found) for found in _FENCES.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _list(items: Iterator[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _head(account: Account) -> Iterator[str]:
    yield f"# {_safe(account.title, 120)}"
    changes = f" ({_safe(' · '.join(account.changes), 300)})" if account.changes else ""
    moves = (_move(metric, account.digest.decimals) for metric in account.headline)
    yield f"**{' · '.join(moves)}**{changes}"
    for alarm in account.alarms:
        yield f"**⚠ {_safe(alarm, 400)}**"
    yield " ".join(_safe(sentence, 600) for sentence in account.story)


def _move(metric: MetricDigest, decimals: int) -> str:
    figures = format_number(metric.best, decimals)
    if metric.best != metric.baseline:
        before, _ = told_apart(metric.baseline, metric.best)
        figures = f"{before} → {figures}"
    return f"{_safe(metric.name, 80)} {figures}"


def _plot(account: Account) -> Iterator[str]:
    series = Series(account.plotted)
    series.extend(account.rows)
    picture = over_time(series, end=series.last)
    lines = as_text(paint(picture, _WIDTH, _HEIGHT)) if picture else []
    if lines:
        yield _fenced("\n".join([cut(series.title, 60), *lines]))


def _steps(account: Account) -> Iterator[str]:
    yield f"## {account.chapter}"
    if not account.steps:
        yield account.nothing
    for step in account.steps:
        yield from _step(step, account.objective)
    if account.more_steps:
        more = "were kept that" if account.is_judged else "new bests"
        yield f"{account.more_steps} more {more} gained less."
    if links := chain(account):
        yield "\n".join(map(_cells, [CHAIN, ["--:"] * (len(CHAIN) - 1) + ["---"], *links]))


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_safe(cell) for cell in cells)} |"


def _near(account: Account) -> Iterator[str]:
    if account.near_misses:
        yield "## Near misses"
        yield _list(_safe(near_line(row), 400) for row in account.near_misses)


def _step(step: KeptStep, objective: Objective) -> Iterator[str]:
    row = step.row
    share = f", {part(step.share)} of the gain" if step.share else ", no new best"
    before = f"{step.from_figure} → " if step.share else ""
    if not objective.is_metric:
        before = f"{objective.title} {before}"
    figures = f"{before}{step.figure}{share}"
    yield f"### #{row.n} {_safe(row.description, 300)}"
    yield figures
    if row.hypothesis.strip() not in {"", row.description.strip()}:
        yield _safe(row.hypothesis, 2000)
    if step.diff:
        yield _fenced(clean(step.diff).rstrip("\n"), "diff")
    if step.cut:
        yield "The diff is cut for its length."


def _learned(account: Account) -> Iterator[str]:
    groups = [group for group in account.groups if group.tried]
    if groups:
        yield "## What was learned"
        head = f"| about | tried | kept | {' | '.join(LEARNED)} |\n|---|--:|--:|--:|---|\n"
        yield head + "\n".join(map(_group, groups))
    if words := together_words(groups):
        yield words


def _group(group: Group) -> str:
    name = _safe(group.name, 60)
    if group.way and group.way[0] != group.way[1]:
        name += f" ({_safe(group.way[0], 24)} → {_safe(group.way[1], 24)})"
    alone, shared = (_safe(cell, 200) for cell in learned(group))
    return f"| {name} | {group.tried} | {group.kept} | {alone} | {shared} |"


def _notebook(account: Account) -> Iterator[str]:
    if account.notebook:
        yield f"## {_safe(account.notebook_title)}"
        yield _fenced(account.notebook)


def _dead_ends(account: Account) -> Iterator[str]:
    lines = [
        f"{_safe(group.name, 60)}: {tried_words(group)}, never kept" for group in account.dead_ends
    ]
    lines += [
        f"✗ {_safe(reason, 160)}: {numbered(numbers)}" for reason, numbers in account.failures[:20]
    ]
    if lines:
        yield "## Dead ends"
        yield _list(iter(lines))


def _table(account: Account) -> Iterator[str]:
    rows = account.rows[-_TABLE:]
    titles, cells = columns(account, rows)
    yield "## Every experiment" if len(rows) == len(account.rows) else f"## The last {len(rows)}"
    head = "| # | status |" + "".join(f" {_safe(name, 40)} |" for name in titles) + " what |\n"
    rule = "|--:|---|" + "--:|" * len(titles) + "---|\n"
    lines = []
    for row, *values in zip(rows, *map(format_column, cells), strict=True):
        figures = "".join(f" {value.strip()} |" for value in values)
        why = f" ({_safe(row.reason, 160)})" if row.status == "crash" and row.reason else ""
        note = f" — noted: {_safe(account.notes[row.n], 300)}" if row.n in account.notes else ""
        lines.append(
            f"| {row.n} | {outcome_of(row).word} |{figures} {_safe(row.description)}{why}{note} |"
        )
    yield head + rule + "\n".join(lines)
