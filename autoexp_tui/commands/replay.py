"""`autoexp replay`: a run that has been, played again; or any experiment table."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.project import run_here
from autoexp_tui.samples import recording
from autoexp_tui.sources.archive import is_archive, unpacked
from autoexp_tui.sources.habits import habits
from autoexp_tui.sources.journals import JournalSource, Source
from autoexp_tui.sources.player import Player
from autoexp_tui.sources.tables import TableSource, is_table
from autoexp_tui.system.collector import gc_paused
from autoexp_tui.tables import read_table
from autoexp_tui.viewing import choose_view, show


@click.command()
@click.argument("which", metavar="[TAG|FILE|run.zip]", required=False)
@click.option("--sample", is_flag=True, help="A recorded run that came with the program.")
def replay(which: str | None, sample: bool) -> int:
    """Play a run or any experiment table again: space plays, `[` `]` step, `?` tells more."""
    if choose_view(plain=False, as_json=False) != "screen":
        raise UsageProblem("a replay needs a terminal: `autoexp summary` tells it in lines")
    from autoexp_tui.ui.screens.run import RunScreen  # noqa: PLC0415 - Textual, where it is shown
    from autoexp_tui.ui.screens.view import Viewer  # noqa: PLC0415 - as above

    with ExitStack() as stack:
        source, run = _source(recording() if sample else which, stack)
        table = source if isinstance(source, TableSource) else None
        texts = None
        if table is not None and which is not None:
            from autoexp_tui.sources.commit_texts import texts_beside  # noqa: PLC0415 - git

            texts = texts_beside(Path(which))
        viewer = Viewer(habits=habits())
        screen = RunScreen(Player(source), run, viewer=viewer, table=table, texts=texts)
        return show(screen).return_code or 0


def _source(
    which: str | RunDirectory | None, stack: ExitStack
) -> tuple[Source, RunDirectory | None]:
    """Where the records come from, and the run's folder where there is one."""
    if isinstance(which, RunDirectory):
        return JournalSource(which), which
    if which is not None and is_table(which):
        path = Path(which)
        if not is_archive(path):
            with gc_paused():
                return TableSource(read_table(path)), None
        run = stack.enter_context(unpacked(path))
        return JournalSource(run), run
    run = run_here(which)
    return JournalSource(run), run
