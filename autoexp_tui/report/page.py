"""A report as one self-contained HTML page: no font, nothing from anywhere else, and no script
but the one that refreshes a page which is followed.

`page.html.jinja` is the page; here is what it asks for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from autoexp_tui.model.state import Row
from autoexp_tui.report.account import (
    CHAIN,
    LEARNED,
    Account,
    chain,
    columns,
    learned,
    near_line,
    numbered,
    part,
    together_words,
)
from autoexp_tui.report.live import Live, script_name
from autoexp_tui.report.svg import svg
from autoexp_tui.summary.groups import tried_words
from autoexp_tui.summary.outcomes import LOST, outcome_of
from autoexp_tui.summary.picture import front, over_time
from autoexp_tui.summary.series import Cloud, Series
from autoexp_tui.text.numbers import NONE, format_column, format_duration, format_number, money
from autoexp_tui.text.safe import Safe, clean, cut

if TYPE_CHECKING:
    from jinja2 import Template

GENERATOR = '<meta name="generator" content="autoexp">'
"""By this a page of ours is known again."""

_LEGEND = (
    ("●", "keep", 'class="k"', "kept"),
    ("●", "keep", 'class="k record"', "a new best"),
    ("○", "keep", 'class="k hollow"', "kept, but no new best"),
    ("•", "discard", '<circle class="d"', "discarded"),
    ("•", "discard", '<circle class="d unjudged"', "measured"),
    ("✗", "crash", 'class="c"', "no measurement"),
    ("▲", "discard", '<path class="d"', "beyond the scale"),
    ("│", "discard", 'class="band"', "how sure a kept figure is"),
    ("╌", "best", 'class="best"', "best so far, kept or not"),
    ("┈", "best", 'class="holdout"', "held out: never judged"),
    ("┄", "best", 'class="origin"', "kept, and made from elsewhere than the best"),
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


def as_html(account: Account, live: Live | None = None) -> Safe:
    """The whole page; every text in it is cleaned and escaped. `live` makes it one to follow."""
    rows = _rows(account)
    titles, cells = columns(account, rows)
    page = _template().render(
        account=account,
        live=live,
        script=script_name(),
        digest=account.digest,
        tiles=tuple(_tiles(account)),
        pictures=tuple(_pictures(account)),
        groups=[group for group in account.groups if group.tried],
        chain=chain(account),
        titles=titles,
        rows=list(zip(rows, zip(*map(format_column, cells), strict=True), strict=True)),
        foot=tuple(_foot(account)),
    )
    return clean(page)


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - a page is rarely made

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        # What the page says is cleaned here, in one place; it is escaped after that.
        finalize=lambda value: clean(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "cut": cut,
        "tried": tried_words,
        "diff_lines": _diff_lines,
        "learned": learned,
        "number": format_number,
        "numbers": numbered,
        "near": near_line,
        "outcome": outcome_of,
        "part": part,
        "together": together_words,
    }
    environment.globals |= {
        "chain_heads": CHAIN,
        "learned_heads": LEARNED,
        "legend": _LEGEND,
        "marks_shown": _SHOWN,
        "none_shown": NONE,
        "open_lines": _OPEN,
    }
    return environment.get_template("page.html.jinja")


def _tiles(account: Account) -> Iterator[tuple[str, str]]:
    digest = account.digest
    yield "experiments", f"{digest.rows}"
    if account.is_judged:
        yield "✓ kept", f"{digest.kept}"
        yield "· discarded", f"{digest.discarded}"
    if account.is_judged or digest.crashed:
        yield "✗ crashed", f"{digest.crashed}"
    if digest.lost:
        yield str(LOST), f"{digest.lost}"
    if digest.seconds:
        yield "time", format_duration(digest.seconds)
    if digest.cost_usd or not account.is_table:
        yield "cost", money(digest.cost_usd)


def _pictures(account: Account) -> Iterator[str]:
    """The figure over the experiments; for a run that looks for a front, that too."""
    series, objective = Series(account.plotted), account.plotted
    series.extend(account.rows)
    picture = over_time(series, end=series.last, crowded=_CROWDED)
    if picture is None:
        return
    rows = {row.n: row for row in account.rows}
    yield svg(picture, f"experiment; {series.title}", lambda n: _told(rows[n]))
    if objective.decide.rule == "pareto":
        cloud = Cloud(objective)
        cloud.extend(account.rows)
        across = front(cloud)
        title = " over ".join(reversed(cloud.titles))
        if across is not None:
            yield svg(across, title, lambda n: _told(rows[n]))


def _told(row: Row) -> str:
    """An experiment in words: `#4 kept 0.31: a wider net`."""
    figures = [format_number(value) for value in row.metrics.values() if math.isfinite(value)]
    outcome = " ".join([f"#{row.n} {outcome_of(row).told}", *figures])
    what = cut(row.description, 100)
    return f"{outcome}: {what}" if what else outcome


def _diff_lines(diff: str) -> list[tuple[str, str]]:
    """Class and text of the lines that are shown of a diff: all but its heads."""
    kinds = {"+": "add", "-": "del", "@": "hunk"}
    heads = ("diff --git ", "--- ", "+++ ", "index ")
    lines = diff.rstrip("\n").split("\n")
    return [(kinds.get(line[:1], ""), line) for line in lines if not line.startswith(heads)]


def _rows(account: Account) -> Sequence[Row]:
    """The rows of the table."""
    rows = account.rows
    if len(rows) <= _ROWS:
        return rows
    kept = [row for row in rows if row.status == "keep"][-_ROWS // 2 :]
    chosen = {row.n for row in (*kept, *rows[-_ROWS // 2 :])}
    return [row for row in rows if row.n in chosen]


def _foot(account: Account) -> Iterator[str]:
    if account.began:
        yield " to ".join(dict.fromkeys((_when(account.began), _when(account.ended))))
    if not account.is_table:
        yield f"branch autoexp/{cut(account.digest.tag, 80)}"
    yield f"autoexp {cut(account.version, 20)}".strip()


def _when(timestamp: float) -> str:
    try:
        return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):  # a table may hold any number for a time
        return NONE
