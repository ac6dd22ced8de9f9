"""The app on a run, with a key that breaks it: `crashing_app.py RUN`."""

from __future__ import annotations

import sys
from pathlib import Path

from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import JournalSource
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.screens.run import RunScreen


class Crashing(AutoexpApp):
    """Help raises."""

    def action_help(self) -> None:
        raise RuntimeError("broken on purpose")


run = RunDirectory(Path(sys.argv[1]))
app = Crashing(RunScreen(JournalSource(run), run))
app.run()
sys.exit(app.return_code)
