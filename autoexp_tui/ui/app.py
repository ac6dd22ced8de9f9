"""The app: a run on the screen, and everything that a person can do there with a key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import Source
from autoexp_tui.sources.player import Player
from autoexp_tui.sources.seen import Seen
from autoexp_tui.sources.subject import Texts
from autoexp_tui.sources.tables import TableSource
from autoexp_tui.ui.dialogs import Help
from autoexp_tui.ui.keys import KEYS, bindings, keys_for, name_of
from autoexp_tui.ui.looking import Looking
from autoexp_tui.ui.replaying import Replaying
from autoexp_tui.ui.steering import Steer, Steering


class AutoexpApp(Steering, Replaying, Looking, inherit_bindings=False):
    """Shows one run, live or replayed; `steer` is None where there is no loop to ask."""

    CSS_PATH = Path(__file__).with_name("autoexp.tcss")
    TITLE = "autoexp"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(
        self,
        source: Source,
        run: RunDirectory | None,
        *,
        steer: Steer | None = None,
        hosted: bool = False,
        seen: Seen | None = None,
        table: TableSource | None = None,
        texts: Texts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """The app on `source`; the files of its experiments are in `run`.

        Args:
            hosted: the loop lives in this process and ends with it.
            seen: what was last on a screen of this person's: the rest is told first.
            table: where the records are a table's, whose direction may be turned round.
            texts: where experiments' texts are, if not in `run`.
        """
        self._steer = steer
        self._hosted = hosted
        keys = keys_for(steering=steer is not None, replaying=isinstance(source, Player))
        self._elsewhere = {name_of(key.action) for key in KEYS if key not in keys} - {
            name_of(key.action) for key in keys
        }
        super().__init__(source, run, keys=keys, seen=seen, table=table, texts=texts, clock=clock)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One key may mean one thing in a run and another in a replay."""
        if action == "jump" and len(self.screen_stack) > 1:
            return False
        return action not in self._elsewhere

    def action_help(self) -> None:
        self.push_screen(Help(self.keys))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for key in self.keys:
            if not key.moves and key.action != "command_palette":
                yield SystemCommand(
                    key.help, key.shown, lambda action=key.action: self.run_action(action)
                )
