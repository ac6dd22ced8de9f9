"""`autoexp watch`: a table that another program is writing, as it grows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from autoexp_tui import plain as lines
from autoexp_tui.commands.judged_by import judged_by
from autoexp_tui.console import echo
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.problem import INTERRUPTED
from autoexp_tui.model.state import RunState
from autoexp_tui.sources.habits import habits
from autoexp_tui.sources.journals import POLL_S
from autoexp_tui.sources.watching import TableWatch
from autoexp_tui.summary.headline import best_line
from autoexp_tui.tables import AS_READ, TableChoice
from autoexp_tui.text.safe import NOTHING, Safe, clean_line, one_line
from autoexp_tui.viewing import choose_view, show

_LAST = 10
"""Rows of a table that was there already which are shown in lines."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--plain", is_flag=True, help="Plain lines instead of the screen.")
@click.option("--json", "as_json", is_flag=True, help="Events as JSON lines (docs/events.md).")
@judged_by
def watch(file: Path, plain: bool, as_json: bool, choice: TableChoice) -> int:
    """Watch FILE, any experiment table, while another program writes it.

    It may come later. Rows may be appended or edited, the file may be cut or replaced. In JSON an
    event with the number 1 says that everything comes again.
    """
    how = choose_view(plain=plain, as_json=as_json)
    source = TableWatch(file, choice)
    if how == "screen":
        from autoexp_tui.ui.screens.run import RunScreen  # noqa: PLC0415 - Textual, where shown
        from autoexp_tui.ui.screens.view import Viewer  # noqa: PLC0415 - as above

        liked = habits()
        if choice == AS_READ:
            source.judged_by(liked.of_table(file).choice)
        viewer = Viewer(habits=liked, file=file)
        screen = RunScreen(source, None, viewer=viewer, table=source)
        return show(screen).return_code or 0
    told, waits = Teller(file.name), NOTHING
    try:
        while True:
            records = source.read()
            if how == "plain" and source.waiting not in {NOTHING, waits}:
                waits = source.waiting
                echo(waits)
            for line in map(lines.as_json, records) if how == "json" else told.lines(records):
                echo(line)
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        return INTERRUPTED


class Teller:
    """Says in lines what a watched table has become; nothing twice."""

    def __init__(self, name: str) -> None:
        self._name = clean_line(name, 80)
        self._state = RunState()
        self._told: list[events.Decided] = []

    def lines(self, records: Sequence[Record]) -> Iterator[Safe]:
        """What is new in `records`, as `TableWatch.read` hands them out."""
        if not records:
            return
        first = not self._told and records[0].seq == 1
        again = records[0].seq == 1
        before, self._told = (self._told, []) if again else ([], self._told)
        state = self._state = RunState() if again else self._state
        shown = [line for record in records for line in self._take(record, state, before)]
        count = len(state.rows)
        if first:
            yield one_line(f"{self._name}: {count} rows, {best_line(state)}")
            shown = shown[-_LAST:]
        elif again:
            yield one_line(f"{self._name} was changed: {count} rows, {best_line(state)}")
        yield from shown

    def _take(
        self, record: Record, state: RunState, before: Sequence[events.Decided]
    ) -> Iterator[Safe]:
        state.apply(record)
        event = record.event
        if not isinstance(event, events.Decided):
            return
        self._told.append(event)
        if event not in before[event.n - 1 : event.n]:
            # A row's own time is often not known: that it was seen now always is.
            yield from lines.as_lines(msgspec.structs.replace(record, time=time.time()), state)
