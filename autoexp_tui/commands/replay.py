"""`autoexp replay`: a run that has been, played again; or any experiment table."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from autoexp_tui.commands.judged_by import judged_by
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.project import run_here
from autoexp_tui.samples import recording
from autoexp_tui.sources.archive import is_archive, unpacked
from autoexp_tui.sources.habits import Habits, habits
from autoexp_tui.sources.journals import JournalSource, Source
from autoexp_tui.sources.naming import STANDARD_INPUT, named
from autoexp_tui.sources.opening import refuse_for_run
from autoexp_tui.sources.player import Player
from autoexp_tui.sources.tables import TableSource, is_table
from autoexp_tui.system.collector import gc_paused
from autoexp_tui.tables import AS_READ, TableChoice, read_table
from autoexp_tui.viewing import choose_view, show


@click.command()
@click.argument("which", metavar="[TAG|FILE|run.zip]", required=False)
@click.option("--sample", is_flag=True, help="A recorded run that came with the program.")
@judged_by
def replay(which: str | None, sample: bool, choice: TableChoice) -> int:
    """Play a run or any experiment table again: space plays, `[` `]` step, `?` tells more."""
    piped, which = which == STANDARD_INPUT, named(which)
    if piped:
        _take_keys()
    if choose_view(plain=False, as_json=False) != "screen":
        raise UsageProblem("a replay needs a terminal: `autoexp summary` tells it in lines")
    from autoexp_tui.ui.screens.run import RunScreen  # noqa: PLC0415 - Textual, where it is shown
    from autoexp_tui.ui.screens.view import Viewer  # noqa: PLC0415 - as above

    file = Path(which) if which is not None and is_table(which) else None
    liked = habits()
    with ExitStack() as stack:
        source, run = _source(recording() if sample else which, stack, choice, liked)
        table = source if isinstance(source, TableSource) else None
        texts = None
        if table is not None and which is not None:
            from autoexp_tui.sources.commit_texts import texts_beside  # noqa: PLC0415 - git

            texts = texts_beside(Path(which))
        viewer = Viewer(habits=liked, file=file)
        screen = RunScreen(Player(source), run, viewer=viewer, table=table, texts=texts)
        return show(screen).return_code or 0


def _take_keys() -> None:
    """Let keys come from the terminal: standard input was a table, and it has been read."""
    if sys.stdout.isatty():
        with suppress(OSError):  # without one of its own it says that it needs one
            terminal = os.open("/dev/tty", os.O_RDWR)
            os.dup2(terminal, 0)
            os.close(terminal)


def _source(
    which: str | RunDirectory | None, stack: ExitStack, choice: TableChoice, liked: Habits
) -> tuple[Source, RunDirectory | None]:
    """Where the records come from, and the run's folder where there is one."""
    if isinstance(which, RunDirectory):
        refuse_for_run(choice)
        return JournalSource(which), which
    if which is not None and is_table(which):
        path = Path(which)
        if not is_archive(path):
            with gc_paused():
                return _judged(path, choice, liked), None
        refuse_for_run(choice)
        run = stack.enter_context(unpacked(path))
        return JournalSource(run), run
    refuse_for_run(choice)
    run = run_here(which)
    return JournalSource(run), run


def _judged(path: Path, choice: TableChoice, liked: Habits) -> TableSource:
    """The table, judged as asked for, else as it was looked at last."""
    table = read_table(path)
    if choice == AS_READ:
        with suppress(UsageProblem):  # the column of that time may be gone
            return TableSource(table, liked.of_table(path).choice)
    return TableSource(table, choice)
