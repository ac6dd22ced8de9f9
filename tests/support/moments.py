"""The recorded run, held at one moment with a clock that stands: the same picture every time."""

from __future__ import annotations

from textual.app import App

from autoexp_tui.loop.control import Reply
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.samples import recording
from autoexp_tui.sources.journals import JournalSource
from autoexp_tui.ui.screens.run import RunScreen


class Held:
    """The first records of the recording, up to the harness of experiment `n`."""

    def __init__(self, n: int) -> None:
        records = JournalSource(recording()).read()
        end = next(
            index
            for index, record in enumerate(records, start=1)
            if record.event == events.EvaluationStarted(n)
        )
        self._records = records[:end]
        self.count = end
        self.time = records[end - 1].time

    def read(self) -> list[Record]:
        records, self._records = self._records, []
        return records

    def alive(self) -> bool:
        return True


def held_screen(n: int) -> tuple[RunScreen, Held]:
    """The screen as it was three seconds into the harness of experiment `n`."""
    held = Held(n)
    screen = RunScreen(
        held, recording(), steer=lambda _: Reply(ok=True, text=""), clock=lambda: held.time + 3
    )
    return screen, held


def picture_of(app: App[None]) -> str:
    """What is on the screen, as lines of text."""
    strips = app.screen._compositor.render_strips()
    return "".join(f"{strip.text.rstrip()}\n" for strip in strips)
