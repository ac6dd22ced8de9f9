"""A run's screen: the state, the look at it, and everything that a person can do with a key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import Source
from autoexp_tui.sources.player import Player
from autoexp_tui.sources.subject import Texts
from autoexp_tui.ui.keys import Circumstances, actions_without_meaning, bindings
from autoexp_tui.ui.screens.judging import Judging
from autoexp_tui.ui.screens.replaying import Replaying
from autoexp_tui.ui.screens.steering import Steer, Steering
from autoexp_tui.ui.screens.view import Viewer

if TYPE_CHECKING:
    from autoexp_tui.sources.tables import TableSource
    from autoexp_tui.sources.watching import TableWatch


class RunScreen(Steering, Replaying, Judging):
    """Shows one run, live or replayed; `steer` is None where there is no loop to ask."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("run")]

    def __init__(
        self,
        source: Source,
        run: RunDirectory | None,
        *,
        steer: Steer | None = None,
        hosted: bool = False,
        viewer: Viewer | None = None,
        table: TableSource | TableWatch | None = None,
        texts: Texts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """The screen of `source`; the files of its experiments are in `run`.

        Args:
            hosted: the loop lives in this process and ends with it.
            viewer: who looks at it, and from where.
            table: where the records are a table's: another column may judge it, or the other way.
            texts: where experiments' texts are, if not in `run`.
        """
        self._steer = steer
        self._hosted = hosted
        viewer = viewer or Viewer()
        replaying = isinstance(source, Player)
        here = Circumstances(
            steer is not None, replaying, leads=viewer.leads, table=table is not None
        )
        super().__init__(
            source, run, here=here, viewer=viewer, table=table, texts=texts, clock=clock
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One key may mean one thing in a run and another in a replay."""
        return action not in actions_without_meaning(self.keys)
