"""The runs of a repository or of this machine, and what a person does with one of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import DataTable, Static

from autoexp_tui.sources.overview import Overview
from autoexp_tui.text.safe import Safe, one_line
from autoexp_tui.ui import ink, status
from autoexp_tui.ui.keys import bindings, home_keys
from autoexp_tui.ui.polling import Poller
from autoexp_tui.ui.screens.keyed import KeyScreen, Retitled
from autoexp_tui.ui.widgets.bars import KeyBar, StatusLine, TextLine

Act = Literal["attach", "replay", "run", "compare", "finish", "report"]
_MARK = "●"
_TONES = {"finished": "keep", "failed": "crash", "damaged": "crash", "interrupted": "attention"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person wants done, with the runs that it is about."""

    act: Act
    runs: tuple[Overview, ...] = ()


class Looked(Message):
    """The runs as they are now."""

    def __init__(self, runs: Sequence[Overview]) -> None:
        super().__init__()
        self.runs = runs


class _Look(Poller):
    """Looks at the runs, and says so when something has changed."""

    def __init__(self, screen: HomeScreen, look: Callable[[bool], Sequence[Overview]]) -> None:
        super().__init__("home")
        self._screen = screen
        self._look = look
        self._told: tuple[bool, Sequence[Overview]] | None = None

    def look(self) -> bool:
        everywhere = self._screen.everywhere
        found = self._look(everywhere)
        if (everywhere, found) != self._told and not self.ended.is_set():
            self._told = everywhere, found
            self._screen.post_message(Looked(found))
        return False


class HomeScreen(KeyScreen[None]):
    """A table of runs. What is chosen stands in `chosen` when the app has ended."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("home")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "home--quiet", "home--keep", "home--crash", "home--attention", "home--live", "home--mark",
    }  # fmt: skip

    def __init__(
        self,
        look: Callable[[bool], Sequence[Overview]],
        first_steps: Callable[[bool], Sequence[str]],
        *,
        title: str,
        everywhere: bool = False,
        at: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """The screen of what `look` finds, here or everywhere.

        Args:
            first_steps: what to say where nothing is found.
            at: the run that the cursor begins at.
        """
        self.keys = home_keys()
        super().__init__()
        self.everywhere = everywhere
        self.chosen: Chosen | None = None
        self._title_words = title
        self._first_steps = first_steps
        self._clock = clock
        self._runs: Sequence[Overview] = ()
        self._marked: list[Path] = []
        self._at = at
        self._looker = _Look(self, look)

    def compose(self) -> ComposeResult:
        yield StatusLine(id="status")
        table: DataTable[object] = DataTable(
            id="runs", cursor_type="row", cursor_foreground_priority="renderable"
        )
        yield table
        yield Static(id="empty", markup=False)
        yield TextLine(id="told")
        yield KeyBar(self.keys, id="keys")

    def on_mount(self) -> None:
        self._looker.start()
        self.set_interval(30.0, self._show)  # ages
        self.post_message(Retitled(Safe("autoexp")))

    def on_unmount(self) -> None:
        self._looker.stop()

    @property
    def _table(self) -> DataTable[object]:
        return self.query_one("#runs", DataTable)

    @property
    def current(self) -> Overview | None:
        """The run under the cursor."""
        at = self._table.cursor_row
        return self._runs[at] if 0 <= at < len(self._runs) else None

    @on(Looked)
    def _take(self, message: Looked) -> None:
        self._runs = message.runs
        self._marked = [
            path for path in self._marked if any(r.run.path == path for r in self._runs)
        ]
        self._show()

    def _show(self) -> None:
        if not self.is_up:
            return
        table, known = self._table, self._at
        names = ["", "run", "state", "since", "rows", "gain", "best"]
        if self.everywhere:
            names.insert(1, "project")
        table.clear(columns=True)
        table.add_columns(*(ink.text(name) for name in names))
        now = self._clock()
        for one in self._runs:
            table.add_row(*self._cells(one, now), key=str(one.run.path))
        at = next((k for k, one in enumerate(self._runs) if one.run.path == known), 0)
        table.move_cursor(row=at, animate=False)
        table.display = bool(self._runs)
        # At once: a table that isn't there would take the next key still.
        self.set_focus(table if self._runs else None)
        empty = self.query_one("#empty", Static)
        empty.display = not self._runs
        empty.update(ink.text("\n".join(self._first_steps(self.everywhere))))
        live = sum(one.is_live for one in self._runs)
        where = "this machine" if self.everywhere else self._title_words
        pieces = [
            status.piece("autoexp", "alive", 0),
            status.piece(where, "plain", 1),
            status.piece(f"{len(self._runs)} runs", "quiet", 2),
        ]
        if live:
            pieces.append(status.piece(f"{live} going on", "better", 1))
        self.query_one(StatusLine).show(pieces)
        self._tell()

    def _cells(self, one: Overview, now: float) -> list[object]:
        tone = "live" if one.is_live else _TONES.get(one.condition, "quiet")
        style = self.get_component_rich_style(f"home--{tone}", partial=True)
        quiet = self.get_component_rich_style("home--quiet", partial=True)
        better = self.get_component_rich_style("home--keep", partial=True)
        mark = self.get_component_rich_style("home--mark", partial=True)
        cells: list[object] = [ink.text((_MARK if one.run.path in self._marked else " ", mark))]
        if self.everywhere:
            cells.append(ink.text(one_line(one.project)))
        return [
            *cells,
            ink.text(one.tag),
            ink.text((one.condition, style)),
            ink.text((one.age(now), quiet)),
            ink.text(one_line(one.rows.replace(" of ", "/"))),
            ink.text((one.gain, better)),
            ink.text(one.best),  # the last, for a narrow terminal cuts it off, and says it below
        ]

    def _tell(self) -> None:
        one = self.current
        where = one_line(f"{one.root}  ") if one is not None and self.everywhere else ""
        self.query_one("#told", TextLine).show(
            ink.text(one_line(f"{where}{one.words}" if one else ""))
        )

    @on(DataTable.RowHighlighted)
    def _follow(self) -> None:
        if (one := self.current) is not None:
            self._at = one.run.path
        self._tell()

    # ---- keys --------------------------------------------------------------------------------

    @on(DataTable.RowSelected)
    def action_open(self) -> None:
        self._choose("attach")

    def action_replay(self) -> None:
        self._choose("replay")

    def action_new(self) -> None:
        self.chosen = Chosen("run")
        self.app.exit()

    def action_mark(self) -> None:
        if (one := self.current) is not None:
            path = one.run.path
            if path in self._marked:
                self._marked.remove(path)
            else:
                self._marked.append(path)
            self._show()

    def action_compare(self) -> None:
        runs = [one for one in self._runs if one.run.path in self._marked]
        if len(runs) < 2:
            self.say("mark two runs or more with space, then compare them")
            return
        self.chosen = Chosen("compare", tuple(runs))
        self.app.exit()

    def action_finish(self) -> None:
        self._choose("finish")

    def action_report(self) -> None:
        self._choose("report")

    def action_all(self) -> None:
        self.everywhere = not self.everywhere
        self._looker.nudge()

    def _choose(self, act: Act) -> None:
        if self.current is None:
            self.say("there is no run yet: n starts one")
            return
        if self.current.condition == "damaged":
            self.say(self.current.words)
            return
        self.chosen = Chosen(act, (self.current,))
        self.app.exit()
