"""`autoexp replay`: a run that has been, played again; or a bare results table."""

from __future__ import annotations

from pathlib import Path

import click

from autoexp_tui.core.problem import UsageProblem
from autoexp_tui.core.rundir import RunDirectory
from autoexp_tui.player import Player
from autoexp_tui.project import run_here
from autoexp_tui.sources import JournalSource, Source
from autoexp_tui.table_source import TableSource
from autoexp_tui.viewing import choose_view


@click.command()
@click.argument("which", metavar="[TAG|results.tsv]", required=False)
def replay(which: str | None) -> None:
    """Play a run or a results table again: space plays, `.` and `,` step, `<` `>` speed."""
    run: RunDirectory | None = None
    source: Source
    if which is not None and Path(which).is_file():
        source = TableSource(Path(which))
    else:
        run = run_here(which)
        source = JournalSource(run)
    if choose_view(plain=False, as_json=False) != "screen":
        raise UsageProblem("a replay needs a terminal: `autoexp summary` tells it in lines")
    from autoexp_tui.ui.app import AutoexpApp  # noqa: PLC0415 - Textual, where it is shown

    AutoexpApp(Player(source), run).run()
