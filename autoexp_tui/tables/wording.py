"""How it is known what a table is judged by, in words: a guess is called one."""

from __future__ import annotations

from autoexp_tui.tables.model import Table
from autoexp_tui.text.safe import Safe, clean_line


def judged_words(table: Table) -> Safe:
    """`val_loss, lower is better: a guess, by the name val_loss`."""
    part = table.primary
    if not part.metric:
        return Safe("no column was found that could be the metric")
    return clean_line(f"{part.metric[:60]}, {way_words(table)}", 240)


def way_words(table: Table) -> Safe:
    """`lower is better: a guess, by the name val_loss`."""
    found = table.primary.direction
    if found.way == "unknown":
        return Safe("nothing tells which way is better")
    by = found.source if found.source.startswith("as ") else f"by {found.source}"
    guess = "a guess, " if found.is_guess else ""
    return clean_line(f"{found.way} is better: {guess}{by}", 160)
