"""`autoexp replay`: a run that has been, played again; or a bare results table."""

from __future__ import annotations

from pathlib import Path

import click

from autoexp_tui.core.problem import UsageProblem
from autoexp_tui.core.rundir import RunDirectory
from autoexp_tui.ledger_source import LedgerSource, is_table
from autoexp_tui.ledgers import read_ledger
from autoexp_tui.player import Player
from autoexp_tui.project import run_here
from autoexp_tui.samples import recording
from autoexp_tui.sources import JournalSource, Source
from autoexp_tui.viewing import choose_view


@click.command()
@click.argument("which", metavar="[TAG|FILE]", required=False)
@click.option("--sample", is_flag=True, help="A recorded run that came with the program.")
def replay(which: str | None, sample: bool) -> None:
    """Play a run or any experiment table again: space plays, `[` `]` step, `?` tells more."""
    run: RunDirectory | None = None
    source: Source
    if sample:
        run = recording()
        source = JournalSource(run)
    elif which is not None and is_table(which):
        source = LedgerSource(read_ledger(Path(which)))
    else:
        run = run_here(which)
        source = JournalSource(run)
    if choose_view(plain=False, as_json=False) != "screen":
        raise UsageProblem("a replay needs a terminal: `autoexp summary` tells it in lines")
    from autoexp_tui.ui.app import AutoexpApp  # noqa: PLC0415 - Textual, where it is shown

    AutoexpApp(Player(source), run).run()
