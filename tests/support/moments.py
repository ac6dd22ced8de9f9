"""The recorded run, held at one moment with a clock that stands: the same picture every time."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
from textual.app import App

from autoexp_tui.loop.control import Reply
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.rundir import RunDirectory
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


class HeldLanes(Held):
    """The same run with four slots, its last experiments side by side: `run` has their files."""

    def __init__(self, folder: Path) -> None:
        """A copy of the recording in `folder`, whose last logs end where their lanes are."""
        self.run = RunDirectory(folder / "digits")
        shutil.copytree(recording().path, self.run.path)
        records = JournalSource(recording()).read()
        flights = (22, 23, 24, 25)
        first = next(
            index for index, record in enumerate(records)
            if isinstance(record.event, events.ExperimentStarted) and record.event.n == flights[0]
        )  # fmt: skip
        told, last = records[:first], records[first - 1]
        runner = next(r.event for r in told if isinstance(r.event, events.RunnerStarted))
        slots = tuple(f"gpu:{k}" for k in range(4))
        happened: list[tuple[float, events.AnyEvent]] = [
            (0.0, msgspec.structs.replace(runner, slots=slots, resumed=True))
        ]
        for lane, (n, begins, lines) in enumerate(zip(flights, (2, 18, 30, 73), (2, 1, 8, 0),
                                                      strict=True)):  # fmt: skip
            own = [r.event for r in records if getattr(r.event, "n", 0) == n]
            started = msgspec.structs.replace(own[0], slot=slots[lane])
            steps = [started, *own[1:4]] if n != flights[-1] else [started]
            happened += [(begins + step, event) for step, event in enumerate(steps)]
            path = self.run.output(n)
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:lines]))
        happened.append((61, events.EvaluationStarted(24, 1, 2, 4, "confirm")))
        happened.sort(key=lambda pair: pair[0])
        more = [
            Record(last.seq + k, last.time + s, last.elapsed + s, event)
            for k, (s, event) in enumerate(happened, 1)
        ]
        self._records = [*told, *more]
        self.count, self.time = self._records[-1].seq, self._records[-1].time


def lanes_screen(folder: Path) -> tuple[RunScreen, HeldLanes]:
    """The screen of four lanes, four seconds after the last of them began."""
    held = HeldLanes(folder)
    screen = RunScreen(
        held, held.run, steer=lambda _: Reply(ok=True, text=""), clock=lambda: held.time + 4
    )
    return screen, held


def picture_of(app: App[None]) -> str:
    """What is on the screen, as lines of text."""
    strips = app.screen._compositor.render_strips()
    return "".join(f"{strip.text.rstrip()}\n" for strip in strips)
