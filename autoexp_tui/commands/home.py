"""`autoexp` alone: the runs here, and what a person does with them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autoexp_tui.commands.ls import first_steps, tell
from autoexp_tui.repository import gitdir
from autoexp_tui.sources.known import known_places
from autoexp_tui.sources.overview import Overview, Overviews
from autoexp_tui.viewing import choose_view, run_app

if TYPE_CHECKING:
    from autoexp_tui.ui.screens.home import Chosen

_READ = {"compare", "finish", "report"}
"""They print, and are read before the list comes back."""


def home(*, everywhere: bool) -> int:
    """The list of runs, as a screen where there is a terminal, until it is left; the exit code."""
    if choose_view(plain=False, as_json=False) != "screen":
        tell(everywhere=everywhere)
        return 0
    from autoexp_tui.ui.app import AutoexpApp  # noqa: PLC0415 - Textual, where it is shown
    from autoexp_tui.ui.screens.home import HomeScreen  # noqa: PLC0415 - as above

    here, looks, at = gitdir.find(Path()), Overviews(), None

    def look(everywhere: bool) -> Sequence[Overview]:
        places = known_places() if everywhere else [here] if here is not None else []
        return looks.look(places)

    def steps(everywhere: bool) -> Sequence[str]:
        return first_steps(Path(), everywhere=everywhere)

    while True:
        title = str(here.root if here is not None else Path.cwd())
        screen = HomeScreen(look, steps, title=title, everywhere=everywhere, at=at)
        app = AutoexpApp(screen)
        run_app(app)
        if app.return_code or screen.chosen is None:
            return app.return_code or 0
        everywhere = screen.everywhere
        if screen.chosen.runs:
            at = screen.chosen.runs[0].run.path
        code = do(screen.chosen)
        if screen.chosen.act in _READ or code:
            click.pause("⏎ back to the list")


def do(chosen: Chosen) -> int:
    """Do what was chosen by the command that does it, on this terminal; its exit code."""
    arguments = [chosen.act, *arguments_of(chosen)]
    root = chosen.runs[0].root if chosen.runs else Path()
    # An interrupt is the command's; a handler, for "ignored" would be inherited.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        command = [sys.executable, "-P", "-m", "autoexp_tui", "-C", str(root), *arguments]
        return subprocess.run(command, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def arguments_of(chosen: Chosen) -> list[str]:
    """What stands behind the command's name: runs by tag, those of other repositories by table."""
    if not chosen.runs:
        return []
    root = chosen.runs[0].root
    return [one.run.tag if one.root == root else str(one.run.results) for one in chosen.runs]
