"""What the screen costs on the wire: bytes per second to a real terminal, still and live.

    python benchmarks/wire.py [--seconds 10] [--json FILE]

Each state is a run that this script holds still or drives. The references, in the same run: a
terminal that is sent the whole screen once a second, as `watch` does; the first screen of a Textual
app with a table; and `tail -f` of the output and of the table in two panes of tmux, where that is
installed. CPU is that of the screen, as a share of one core.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from driven import WATCH, Driven
from figures import Figures, add_argument
from terminals import Terminal

from autoexp_tui.loop.runlock import locked

Drive = Callable[[], None] | None
LINES = "evaluating, 10 lines a second"
ROWS = "10 lines and an experiment a second"
CLOCK = "evaluating, silent: a clock"
IDLE = "paused: idle"
TAILED = "  tail -f in tmux: "


@dataclass(frozen=True, slots=True)
class Cost:
    """What one state costs."""

    rate: float
    """Bytes per second."""
    first: int
    """Bytes of the first screen: all that comes until three seconds after there is one."""
    cpu: float
    """Percent of a core."""


def measure(terminal: Terminal, seconds: float, drive: Drive, every: float) -> Cost:
    """While `drive` is called `every` so often."""
    with terminal:
        terminal.read(30, until=lambda: "#" in terminal.text)
        terminal.read(3)
        first = terminal.bytes
        stop = threading.Event()
        if drive is not None:
            thread = threading.Thread(
                target=lambda: [drive() for _ in iter(lambda: stop.wait(every), True)]
            )
            thread.start()
        process = psutil.Process(terminal.process.pid)
        before, begun, used = terminal.bytes, time.monotonic(), sum(process.cpu_times()[:2])
        terminal.read(seconds)
        took = time.monotonic() - begun
        rate = (terminal.bytes - before) / took
        cpu = (sum(process.cpu_times()[:2]) - used) / took
        stop.set()
        if drive is not None:
            thread.join()
    return Cost(rate, first, 100 * cpu)


def tailed(driven: Driven) -> Terminal:
    """`tail -f` of the output and of the table, one above the other."""
    output, journal = driven.run.output(driven.n), driven.run.journal
    panes = [f"tail -f {output}", f"tail -f {journal} | cut -c1-100"]
    server = ["tmux", "-L", f"wire{time.time_ns()}"]
    return Terminal([*server, "new-session", panes[0], ";", "split-window", panes[1]])


def table_alone() -> int:
    """Bytes of the first screen of a Textual app with a table."""
    program = str(Path(__file__).with_name("bare.py"))
    with Terminal([sys.executable, program, "table"]) as terminal:
        terminal.read(30, until=lambda: "idea" in terminal.text)
        terminal.read(1)
        return terminal.bytes


class Night:
    """Ten lines a second, and an experiment each second."""

    def __init__(self, driven: Driven) -> None:
        self._driven = driven
        self._step = 0

    def go_on(self) -> None:
        """A tenth of a second of it."""
        self._step += 1
        if self._step % 10 == 0:
            self._driven.end()
            self._driven.begin()
        self._driven.print(1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=10.0)
    add_argument(arguments)
    options = arguments.parse_args()
    seconds, told = options.seconds, Figures(options.json)
    with tempfile.TemporaryDirectory() as folder:
        driven = Driven(Path(folder))
        states: list[tuple[str, Callable[[], None], Drive, float]] = [
            ("evaluating, 1 line a second", driven.begin, lambda: driven.print(1), 1.0),
            (LINES, lambda: None, lambda: driven.print(1), 0.1),
            ("evaluating, 1000 lines a second", lambda: None, lambda: driven.print(100), 0.1),
            (ROWS, lambda: None, Night(driven).go_on, 0.1),
            ("an experiment a second", driven.end, driven.one_more, 1.0),
            (CLOCK, driven.begin, None, 1.0),
            (IDLE, driven.pause, None, 1.0),
            ("4 lanes, silent: 4 clocks", lambda: driven.lanes(4), None, 1.0),
            ("4 lanes, 10 lines a second each", lambda: None, lambda: driven.print_in_each(4), 0.1),
        ]
        with locked(driven.run):
            figures: dict[str, Cost] = {}
            for name, prepare, drive, every in states:
                prepare()
                watched = Terminal([sys.executable, "-c", WATCH, str(driven.run.path)])
                figures[name] = measure(watched, seconds, drive, every)
                if shutil.which("tmux") and drive is not None and every < 1:
                    figures[TAILED + name] = measure(tailed(driven), seconds, drive, every)
    whole, bare = next(iter(figures.values())).first, table_alone()
    print(f"first screen, 120×40: {whole} bytes; of a Textual app with a table: {bare}")
    for name, cost in figures.items():
        cpu = "" if name.startswith(TAILED) else f"  CPU {cost.cpu:4.1f} %"
        share = f"{cost.rate / whole:7.4f} of a screen a second"
        print(f"{name:<56} {cost.rate:8.1f} B/s  {share}{cpu}")
    _tell(told, figures, whole, bare)


def _tell(told: Figures, figures: dict[str, Cost], whole: int, bare: int) -> None:
    lines, rows = figures[LINES], figures[ROWS]
    tails = [figures.get(TAILED + name) for name in (LINES, ROWS)]
    told.tell("first screen", whole / 1000, bare / 1000)
    for name, cost, tail in zip(("wire, lines", "wire, rows"), (lines, rows), tails, strict=True):
        told.tell(name, cost.rate / 1000, tail.rate / 1000 if tail is not None else None)
    told.tell("wire, clock", figures[CLOCK].rate)
    told.tell("wire, idle", figures[IDLE].rate)
    told.tell("cpu, idle", figures[IDLE].cpu)
    told.tell("cpu, live", lines.cpu)


if __name__ == "__main__":
    main()
