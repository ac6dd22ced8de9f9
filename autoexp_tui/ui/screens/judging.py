"""Keys that choose what another program's table is judged by; it is remembered for that file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from autoexp_tui.sources.player import Player
from autoexp_tui.tables import Table, TableChoice
from autoexp_tui.text.safe import one_line
from autoexp_tui.ui.dialogs import Choice
from autoexp_tui.ui.screens.looking import Looking

if TYPE_CHECKING:
    from autoexp_tui.sources.tables import TableSource


class Rejudged(Message):
    """A table was judged otherwise, and is there to be played."""

    def __init__(self, table: TableSource, player: Player) -> None:
        super().__init__()
        self.table = table
        self.player = player


class Judging(Looking):
    """Chooses metric and direction of a table."""

    @property
    def _read_table(self) -> Table | None:
        return None if self._table is None else self._table.table

    def action_plot_mode(self) -> None:
        """Another column judges the table; of a run the next plot."""
        table = self._read_table
        if table is None:
            super().action_plot_mode()
            return
        now = table.primary.metric

        def chosen(metric: str | None) -> None:
            if metric is not None:
                self._judge(TableChoice(metric))

        names = [(name, f"{name}{' ✓' if name == now else ''}") for name in table.numeric]
        if not names:
            self.say("no column of this table holds numbers")
            return
        self.app.push_screen(Choice("Judge the table by", names), chosen)

    def action_turn(self) -> None:
        """The other direction is better."""
        table = self._read_table
        if table is None or self._table is None:
            self.say("a run says itself which direction is better")
        elif not table.primary.metric:
            self.say("no column judges this table yet: m chooses one")
        else:
            from autoexp_tui.sources.tables import turned  # noqa: PLC0415 - a run needs no tables

            self._judge(turned(TableChoice(table.primary.metric), table))

    def _judge(self, choice: TableChoice) -> None:
        from autoexp_tui.sources.tables import TableSource  # noqa: PLC0415 - a run needs no tables
        from autoexp_tui.sources.watching import TableWatch  # noqa: PLC0415 - as above

        self._like_table(replace(self._habit, choice=choice))
        way = f", {choice.direction} is better" if choice.direction else ""
        self.say(one_line(f"judged by {choice.metric}{way}"))
        match self._table:
            case TableWatch() as watch:
                watch.judged_by(choice)
                self._bridge.nudge()
            case TableSource() as table:
                self._rejudge(table, choice)

    @work(thread=True, exclusive=True, exit_on_error=False)
    def _rejudge(self, table: TableSource, choice: TableChoice) -> None:
        """Judge every row again: of a long table that takes longer than a key may."""
        found = table.judged_by(choice)
        self.post_message(Rejudged(found, Player(found)))

    @on(Rejudged)
    def _play_rejudged(self, message: Rejudged) -> None:
        self._table = message.table
        self._take_player(message.player)
        self._bridge.exchange(message.player)
