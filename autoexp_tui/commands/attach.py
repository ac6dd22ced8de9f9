"""`autoexp attach`: watch a run that is going on, from any terminal."""

from __future__ import annotations

import click

from autoexp_tui.project import run_here
from autoexp_tui.viewing import choose_view, watch


@click.command()
@click.argument("tag", required=False)
@click.option("--plain", is_flag=True, help="Plain lines instead of the screen.")
@click.option("--json", "as_json", is_flag=True, help="Events as JSON lines (docs/events.md).")
@click.option("--read-only", is_flag=True, help="To look at: no key steers the run.")
def attach(tag: str | None, plain: bool, as_json: bool, read_only: bool) -> int:
    """Watch the run TAG; leaving it changes nothing for the run."""
    how = choose_view(plain=plain, as_json=as_json)
    return watch(run_here(tag), how, read_only=read_only)
