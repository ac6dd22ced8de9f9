"""The recorded run, held at one moment with a clock that stands: the same picture every time."""

from __future__ import annotations

from autoexp_tui.loop.control import Reply
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.samples import recording
from autoexp_tui.sources.journals import JournalSource
from autoexp_tui.ui.app import AutoexpApp


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


def held_app(n: int) -> tuple[AutoexpApp, Held]:
    """The app as it was three seconds into the harness of experiment `n`."""
    held = Held(n)
    app = AutoexpApp(
        held, recording(), steer=lambda _: Reply(ok=True, text=""), clock=lambda: held.time + 3
    )
    return app, held
