"""A report as one self-contained HTML page: no script, no font, nothing from anywhere else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.report.account import Account, KeptStep, columns, part
from autoexp_tui.report.groups import Group
from autoexp_tui.report.svg import svg
from autoexp_tui.summary.digest import MetricDigest
from autoexp_tui.summary.picture import front, over_time
from autoexp_tui.summary.series import Cloud, Series
from autoexp_tui.text.numbers import NONE, format_column, format_duration, format_number, money
from autoexp_tui.text.safe import Safe, clean, clean_line

GENERATOR = '<meta name="generator" content="autoexp">'
"""By this a page of ours is known again."""

# A second wall behind the escaping: a browser runs and loads nothing here, whatever it holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_MARKS = {"keep": "✓", "discard": "·", "crash": "✗"}
_WORDS = {"keep": "kept", "discard": "discarded", "crash": "crashed"}
_LEGEND = (
    ("●", "keep", 'class="k"', "kept"),
    ("○", "keep", 'class="k hollow"', "kept, but no new best"),
    ("•", "discard", '<circle class="d"', "discarded"),
    ("✗", "crash", 'class="c"', "no measurement"),
    ("▲", "discard", '<path class="d"', "beyond the scale"),
    ("╌", "best", 'class="best"', "best so far, kept or not"),
    ("╮", "keep", 'class="front"', "the front: nothing tried is better in both"),
)
"""Sign, colour, what of the picture it explains, and the explanation."""
_CROWDED = 600
"""More experiments than this are thinned on the plot; extremes and kept ones stay."""
_SHOWN = 60
"""Marks of a group that are drawn one by one."""
_ROWS = 1000
"""Rows of the table; of a longer run the kept ones and the last."""
_OPEN = 14
"""Diffs of at most so many lines stand open."""


def as_html(account: Account) -> Safe:
    """The whole page; every text in it is cleaned and escaped."""
    title = _line(account.title, 120)
    page = "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            GENERATOR,
            f"<title>{title}</title>",
            f"<style>\n{_style()}</style>",
            "</head>",
            "<body>",
            "<main>",
            *_head(account),
            *_figure(account),
            *_steps(account),
            *_learned(account),
            *_dead_ends(account),
            *_costs(account),
            *_trust(account),
            *_table(account),
            *_foot(account),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )
    return clean(page)


def _style() -> str:
    return Path(__file__).with_name("report.css").read_text(encoding="utf-8")


def _line(text: str, limit: int = 200) -> str:
    """`text` as one line, safe between tags and in attributes."""
    return escape(clean_line(text, limit))


def _block(text: str, limit: int = 2000) -> str:
    """`text` with its line breaks."""
    whole = clean(text).strip()
    shown = whole if len(whole) <= limit else whole[: limit - 1].rstrip() + "…"
    return escape(shown).replace("\n", "<br>")


# ---- the parts of the page ----------------------------------------------------------------------


def _head(account: Account) -> Iterator[str]:
    yield f'<header>\n<p class="of">{_line(account.title, 120)}</p>'
    yield f"<h1>{' · '.join(map(_move, account.headline))}</h1>"
    worse = " worse" if account.digest.objective.change == "worse" else ""
    words = " · ".join(_line(change, 120) for change in account.changes)
    yield f'<p class="gain{worse}">{words}</p>' if words else ""
    yield "</header>"
    for alarm in account.alarms:
        yield f'<p class="alarm">⚠ {_line(alarm, 400)}</p>'
    yield f'<p class="story">{" ".join(escape(sentence) for sentence in account.story)}</p>'
    yield '<dl class="tiles">'
    digest = account.digest
    tiles = [
        ("experiments", f"{digest.rows}"),
        ("✓ kept", f"{digest.kept}"),
        ("· discarded", f"{digest.discarded}"),
        ("✗ crashed", f"{digest.crashed}"),
    ]
    if digest.seconds:
        tiles.append(("time", format_duration(digest.seconds)))
    if digest.cost_usd or not account.is_table:
        tiles.append(("cost", money(digest.cost_usd)))
    for label, figure in tiles:
        yield f"<div><dt>{label}</dt><dd>{figure}</dd></div>"
    yield "</dl>"


def _move(metric: MetricDigest) -> str:
    """A name, and its figure from the baseline to the best."""
    figures = format_number(metric.best)
    if metric.best != metric.baseline:
        before = format_number(metric.baseline)
        figures = f'<span class="from">{before} →</span> {figures}'
    return f'<span class="metric">{_line(metric.name, 80)}</span> {figures}'


def _figure(account: Account) -> Iterator[str]:
    """The figure over the experiments; for a run that looks for a front, that too."""
    series, objective = Series(account.plotted), account.plotted
    series.extend(account.rows)
    picture = over_time(series, end=series.last, crowded=_CROWDED)
    if picture is None:
        return
    rows = {row.n: row for row in account.rows}
    yield from _captioned(svg(picture, f"experiment; {series.title}", lambda n: _told(rows[n])))
    if objective.decide.rule == "pareto":
        cloud = Cloud(objective)
        cloud.extend(account.rows)
        across = front(cloud)
        title = " over ".join(reversed(cloud.titles))
        if across is not None:
            yield from _captioned(svg(across, title, lambda n: _told(rows[n])))


def _captioned(picture: str) -> Iterator[str]:
    yield f"<figure>\n{picture}\n<figcaption>"
    for sign, status, part_of_it, words in _LEGEND:
        if part_of_it in picture:
            yield f'<span><b class="mark {status}">{sign}</b> {words}</span>'
    yield "</figcaption>\n</figure>"


def _told(row: Row) -> str:
    """An experiment in words: `#4 kept 0.31: a wider net`."""
    figures = [format_number(value) for value in row.metrics.values() if math.isfinite(value)]
    outcome = " ".join([f"#{row.n} {_WORDS[row.status]}", *figures])
    what = clean_line(row.description, 100)
    return f"{outcome}: {what}" if what else outcome


def _steps(account: Account) -> Iterator[str]:
    yield "<h2>What was kept</h2>"
    if not account.steps:
        yield '<p class="note">Nothing beat the baseline.</p>'
        return
    yield '<ol class="steps">'
    for step in account.steps:
        yield from _step(step, account.objective)
    yield "</ol>"
    if account.more_steps:
        yield f'<p class="note">{account.more_steps} more were kept that gained less.</p>'


def _step(step: KeptStep, objective: Objective) -> Iterator[str]:
    row = step.row
    name = "" if objective.is_metric else f"{objective.title} "
    share, before = '<br><small class="quiet">no new best</small>', ""
    if step.share:
        before = f'<span class="quiet">{name}{format_number(step.before)} →</span> '
        share = f'<br><small class="quiet">{part(step.share)} of the gain</small>'
    yield (
        f'<li>\n<div class="step-head"><span class="n">#{row.n}</span>'
        f'<span class="what">{_line(row.description, 300) or NONE}</span>'
        f'<span class="figure">{before}{format_number(step.value)}{share}</span></div>'
    )
    if step.share:
        yield f'<div class="share"><i style="width:{100 * step.share:.1f}%"></i></div>'
    yield '<div class="under">'
    if row.hypothesis.strip() and clean_line(row.hypothesis) != clean_line(row.description):
        yield f"<p>{_block(row.hypothesis)}</p>"
    if len(row.metrics) > 1:
        others = (f"{_line(name, 40)} {format_number(v)}" for name, v in row.metrics.items())
        yield f'<p class="note">{" · ".join(others)}</p>'
    yield from _diff(step)
    yield "</div>\n</li>"


def _diff(step: KeptStep) -> Iterator[str]:
    if not step.diff:
        if step.cut:
            yield '<p class="note">The diff is too long for this page.</p>'
        return
    lines = [line for line in step.diff.rstrip("\n").split("\n") if not _is_head(line)]
    opened = " open" if len(lines) <= _OPEN else ""
    counts = f"+{step.row.added} −{step.row.removed}"
    yield f"<details{opened}><summary>diff {counts}</summary>"
    yield "<pre>" + "".join(_diff_line(line) for line in lines) + "</pre>"
    if step.cut:
        yield '<p class="note">… the rest is left out for its length.</p>'
    yield "</details>"


def _is_head(line: str) -> bool:
    return line.startswith(("diff --git ", "--- ", "+++ ", "index "))


def _diff_line(line: str) -> str:
    kinds = {"+": ' class="add"', "-": ' class="del"', "@": ' class="hunk"'}
    kind = kinds.get(line[:1], "")
    return f"<span{kind}>{escape(clean(line)) or ' '}</span>"


def _learned(account: Account) -> Iterator[str]:
    groups = [group for group in account.groups if group.tried]
    if not groups:
        return
    slots = any(group.way for group in groups)
    by = "by value" if slots else "by what the ideas are about"
    yield f"<h2>What was learned <small>{by}</small></h2>"
    yield '<div class="wide"><table>'
    value = "<th>from → to</th>" if slots else ""
    yield (
        f"<tr><th>{'value' if slots else 'ideas'}</th>{value}<th>tried in turn</th>"
        '<th class="num">kept</th><th class="num">gain</th></tr>'
    )
    for group in groups:
        yield _group(group, slots=slots)
    yield "</table></div>"
    if any(group.way and group.alone < group.tried for group in groups):
        yield (
            '<p class="note">A change of several values counts, with all that it gained, '
            "for each of them.</p>"
        )


def _group(group: Group, *, slots: bool) -> str:
    marks = "".join(
        f'<b class="{row.status}" title="#{row.n} {_WORDS[row.status]}">{_MARKS[row.status]}</b>'
        for row in group.rows[:_SHOWN]
    )
    more = f" <span class='quiet'>+{group.tried - _SHOWN}</span>" if group.tried > _SHOWN else ""
    way = ""
    if slots:
        first, last = group.way or ("", "")
        moved = _line(first, 24) if first == last else f"{_line(first, 24)} → {_line(last, 24)}"
        way = f"<td>{moved}</td>"
    gain = format_number(group.gain) if group.kept else NONE
    return (
        f'<tr><td>{_line(group.name, 60)}</td>{way}<td class="marks">{marks}{more}</td>'
        f'<td class="num">{group.kept} of {group.tried}</td><td class="num">{gain}</td></tr>'
    )


def _dead_ends(account: Account) -> Iterator[str]:
    if not account.dead_ends and not account.failures:
        return
    yield '<h2>Dead ends</h2>\n<ul class="plain">'
    for group in account.dead_ends:
        crashed = f", {group.crashed} of them without a measurement" if group.crashed else ""
        yield (
            f"<li>{_line(group.name, 60)} "
            f'<span class="quiet">tried {group.tried} times, never kept{crashed} '
            f"({_numbers([row.n for row in group.rows])})</span></li>"
        )
    for reason, numbers in account.failures[:20]:
        yield (
            f'<li><b class="crash">✗</b> {_line(reason, 160)} '
            f'<span class="quiet">{_numbers(numbers)}</span></li>'
        )
    yield "</ul>"


def _numbers(numbers: Sequence[int], most: int = 8) -> str:
    words = ", ".join(f"#{n}" for n in numbers[:most])
    return words if len(numbers) <= most else f"{words} and {len(numbers) - most} more"


def _costs(account: Account) -> Iterator[str]:
    yield '<h2>What it cost</h2>\n<dl class="costs">'
    for label, figure in account.costs:
        yield f"<dt>{escape(label)}</dt><dd>{escape(figure)}</dd>"
    yield "</dl>"


def _trust(account: Account) -> Iterator[str]:
    yield '<h2>How far to trust it</h2>\n<ul class="plain">'
    for sentence in account.trust:
        yield f"<li>{_line(sentence, 500)}</li>"
    for hint in account.hints:
        yield f'<li><span class="quiet">hint</span> {_line(hint, 500)}</li>'
    yield "</ul>"


def _table(account: Account) -> Iterator[str]:
    rows = account.rows
    shown = list(rows)
    if len(rows) > _ROWS:
        kept = [row for row in rows if row.status == "keep"][-_ROWS // 2 :]
        chosen = {row.n for row in (*kept, *rows[-_ROWS // 2 :])}
        shown = [row for row in rows if row.n in chosen]
    yield f"<h2>Every experiment</h2>\n<details><summary>{len(rows)} rows</summary>"
    if len(shown) < len(rows):
        yield f'<p class="note">{len(shown)} of them: kept ones, and the last.</p>'
    titles, cells = columns(account, shown)
    heads = "".join(f'<th class="num">{_line(name, 30)}</th>' for name in titles)
    yield f'<div class="wide"><table>\n<tr><th>#</th><th></th>{heads}<th>what</th></tr>'
    for row, *figures in zip(shown, *map(format_column, cells), strict=True):
        yield _table_row(row, figures)
    yield "</table></div>\n</details>"


def _table_row(row: Row, figures: Sequence[str]) -> str:
    cells = "".join(f'<td class="num">{figure.strip()}</td>' for figure in figures)
    why = ""
    if row.status == "crash" and row.reason:
        why = f' <span class="quiet">{_line(row.reason, 160)}</span>'
    return (
        f'<tr><td class="num">{row.n}</td>'
        f'<td class="row {row.status}">{_MARKS[row.status]} {_WORDS[row.status]}</td>'
        f"{cells}<td>{_line(row.description, 200)}{why}</td></tr>"
    )


def _foot(account: Account) -> Iterator[str]:
    parts = []
    if account.began:
        parts.append(" to ".join(dict.fromkeys((_when(account.began), _when(account.ended)))))
    if not account.is_table:
        parts.append(f"branch autoexp/{_line(account.digest.tag, 80)}")
    made = f"autoexp {_line(account.version, 20)}".strip()
    yield f"<footer>{' · '.join([*parts, made])}</footer>"


def _when(timestamp: float) -> str:
    try:
        return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):  # a table may hold any number for a time
        return NONE
