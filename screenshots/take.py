"""Makes the pictures: the app on a recorded real run, at three sizes, dark and light.

`make screenshots` runs this. SVG comes from Textual; PNG from `rsvg-convert`, where there is one.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from browser import in_browser
from moving import animated, frames
from support.browser import MISSING, find_browser
from support.moments import lanes_screen

from autoexp_tui.loop.control import Reply
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.samples import recording
from autoexp_tui.sources.journals import JournalSource, read_state
from autoexp_tui.sources.overview import Overview, overview
from autoexp_tui.sources.player import Player
from autoexp_tui.sources.tables import TableSource
from autoexp_tui.tables import parse_table
from autoexp_tui.text.safe import Safe
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.screens.home import HomeScreen
from autoexp_tui.ui.screens.run import RunScreen
from autoexp_tui.ui.screens.view import Viewer
from autoexp_tui.ui.themes import CONTRAST, DARK, LIGHT

HERE = Path(__file__).parent
SIZES = ((80, 24), (120, 40), (200, 50))
MOVING = HERE / "moving.svg"
MOMENT = 24
"""The experiment that is being measured in the pictures of a live run."""


class Held:
    """A live run, held at one moment: the first records of a recording."""

    def __init__(self, run: RunDirectory, until: Callable[[Record], bool]) -> None:
        self._records: list[Record] = []
        for record in JournalSource(run).read():
            self._records.append(record)
            if until(record):
                break
        self.time = self._records[-1].time
        self.living = True

    def read(self) -> list[Record]:
        records, self._records = self._records, []
        return records

    def alive(self) -> bool:
        return self.living


def live() -> RunScreen:
    """The screen of the recorded run, as it was while the experiment was measured."""
    held = Held(recording(), lambda record: record.event == events.EvaluationStarted(MOMENT))
    return RunScreen(
        held,
        recording(),
        steer=lambda _: Reply(ok=True, text=Safe("")),
        clock=lambda: held.time + 3,
    )


def ended() -> RunScreen:
    """The screen of the same run in the morning after: nothing of it is looked at yet."""
    held = Held(recording(), lambda record: isinstance(record.event, events.RunFinished))
    held.living = False
    return RunScreen(
        held,
        recording(),
        steer=lambda _: Reply(ok=True, text=Safe("")),
        viewer=Viewer(leads=True),
        clock=lambda: held.time + 3600,
    )


def replayed() -> RunScreen:
    """The screen of the whole of it."""
    return RunScreen(Player(JournalSource(recording())), recording())


def table() -> RunScreen:
    """The same experiments as a table that somebody else's loop might have written."""
    lines = ["commit\tval_loss\tstatus\tdescription"]
    for row in read_state(recording()).rows:
        value = row.metrics.get("val_loss", 0.0)
        lines.append(f"{row.commit[:7]}\t{value:.6f}\t{row.status}\t{row.description}")
    lines.insert(17, "from here on with the wider net")
    ledger = parse_table("\n".join(lines).encode(), name="results.tsv", folder="digits")
    source = TableSource(ledger)
    return RunScreen(Player(source), None, table=source)


def trials() -> RunScreen:
    """A sweep as a tracker exports it: no verdicts, and many columns that might be meant."""
    lines = ["Name,State,lr,batch_size,val/loss,val/acc,latency_ms,gpu,notes"]
    for row in read_state(recording()).rows:
        loss = row.metrics.get("val_loss")
        n = row.n
        figures = f"{loss:.5f},{1 - loss / 4:.4f},{18 + 7 * n % 11:.1f}" if loss else ",,"
        what = row.description.replace(",", ";")
        lines.append(
            f"run-{n},finished,{0.001 * (1 + n % 5):g},{32 << n % 3},{figures},A100,{what}"
        )
    source = TableSource(parse_table("\n".join(lines).encode(), name="sweep.csv", folder="digits"))
    return RunScreen(Player(source), None, table=source)


async def take_lanes(name: str, size: tuple[int, int], theme: str, *keys: str) -> None:
    """A picture of the same run with its last experiments in four lanes."""
    with tempfile.TemporaryDirectory() as folder:
        screen, _ = lanes_screen(Path(folder))
        await take(screen, name, size, theme, *keys)


async def take(screen: RunScreen, name: str, size: tuple[int, int], theme: str, *keys: str) -> None:
    """One picture, after pressing `keys`."""
    app = AutoexpApp(screen)
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        while screen.state.started is None:
            await pilot.pause(0.05)
        await pilot.pause(0.6)
        await pilot.press(*keys)
        await pilot.pause(2.5 if screen.state.slots else 0.6)  # what each lane prints
        picture = app.export_screenshot(title="autoexp")
    # Without it, a converter may drop the blanks that a text begins with.
    picture = picture.replace("<text ", '<text xml:space="preserve" ')
    (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")


def convert() -> None:
    """PNG beside every SVG that stands still."""
    if converter := shutil.which("rsvg-convert"):
        for picture in {*HERE.glob("*.svg")} - {MOVING}:
            subprocess.run([converter, "-o", picture.with_suffix(".png"), picture], check=True)


def home() -> HomeScreen:
    """The list of a few runs: the recorded one, and others as they may stand beside it."""
    recorded, now = overview(recording(), Path("~/digits")), 1_772_930_000.0

    def beside(tag: str, hours: float, **more: Any) -> Overview:
        run = RunDirectory(recorded.run.path.with_name(tag))
        return replace(recorded, run=run, time=now - hours * 3600, **more)

    none = Safe("")
    runs = [
        beside("mar8-train-2", 0.01, is_live=True, condition=Safe("evaluating"),
               rows=Safe("41 of 200"), best=Safe("val_loss 0.0498"), gain=Safe("91.9 % better")),
        beside("mar8-train", 9),
        beside("mar7-train", 33, condition=Safe("interrupted"), rows=Safe("6 of 100"),
               best=Safe("val_loss 0.618"), gain=none,
               words=Safe("val_loss 0.618 (the baseline); 0 kept")),
    ]  # fmt: skip
    return HomeScreen(lambda _: runs, lambda _: (), title="~/digits", clock=lambda: now)


async def take_home(name: str, size: tuple[int, int], theme: str, *keys: str) -> None:
    """A picture of the list of runs."""
    screen = home()
    app = AutoexpApp(screen)
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        while screen.current is None:
            await pilot.pause(0.05)
        await pilot.press(*keys)
        await pilot.pause(0.6)
        picture = app.export_screenshot(title="autoexp")
    picture = picture.replace("<text ", '<text xml:space="preserve" ')
    (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")


async def main() -> None:
    for size in SIZES:
        for theme in (DARK, LIGHT):
            shade = "dark" if theme.dark else "light"
            await take(live(), f"live-{size[0]}x{size[1]}-{shade}", size, theme.name)
    small, middle = SIZES[:2]
    for size in SIZES:
        await take(ended(), f"morning-{size[0]}x{size[1]}-dark", size, DARK.name)
    await take(ended(), "morning-120x40-light", middle, LIGHT.name)
    await take_lanes("lanes-80x24-dark", small, DARK.name)
    await take_lanes("lanes-120x40-dark", middle, DARK.name, "J")
    await take_lanes("lanes-120x40-light", middle, LIGHT.name, "J")
    await take_lanes("lanes-200x50-dark", SIZES[2], DARK.name, "0", "down")
    await take(live(), "live-120x40-contrast", middle, CONTRAST.name)
    await take(live(), "beside-120x40-dark", middle, DARK.name, "L")
    await take(live(), "help-120x40-dark", middle, DARK.name, "question_mark")
    await take(live(), "experiment-120x40-dark", middle, DARK.name, "b", "enter")
    await take(live(), "leave-80x24-dark", small, DARK.name, "q")
    await take(live(), "diff-80x24-dark", small, DARK.name, "2")
    await take(live(), "plot-80x24-light", small, LIGHT.name, "4")
    keeps = ("g", *["full_stop"] * 6)
    await take(replayed(), "replay-120x40-dark", middle, DARK.name, *keeps)
    await take(table(), "table-120x40-light", middle, LIGHT.name)
    await take(trials(), "metric-120x40-dark", middle, DARK.name, "m", "down")
    await take_home("home-80x24-dark", small, DARK.name, "down")
    MOVING.write_text(animated(await frames(DARK.name)), encoding="utf-8")
    if executable := find_browser():
        (HERE / "browser.png").write_bytes(await in_browser(executable))
    else:
        print(f"no picture of the browser: {MISSING}")


if __name__ == "__main__":
    asyncio.run(main())
    convert()
