"""What the screen costs on the wire: bytes per second to a real terminal, still and live.

    python benchmarks/wire.py [--seconds 10]

Each state is a run that this script holds still or drives. The references, in the same run: a
terminal that is sent the whole screen once a second, as `watch` does; and `tail -f` of the output
and of the table in two panes of tmux, where that is installed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from driven import WATCH, Driven
from terminals import Terminal

from autoexp_tui.loop.runlock import locked

Drive = Callable[[], None] | None


def measure(terminal: Terminal, seconds: float, drive: Drive, every: float) -> tuple[float, int]:
    """Bytes per second while `drive` is called `every` so often, and those of the first screen.

    The first screen is all that comes until three seconds after there is one.
    """
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
        before, begun = terminal.bytes, time.monotonic()
        terminal.read(seconds)
        rate = (terminal.bytes - before) / (time.monotonic() - begun)
        stop.set()
        if drive is not None:
            thread.join()
    return rate, first


def tailed(driven: Driven) -> Terminal:
    """`tail -f` of the output and of the table, one above the other."""
    output, journal = driven.run.output(driven.n), driven.run.journal
    panes = [f"tail -f {output}", f"tail -f {journal} | cut -c1-100"]
    server = ["tmux", "-L", f"wire{time.time_ns()}"]
    return Terminal([*server, "new-session", panes[0], ";", "split-window", panes[1]])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=10.0)
    seconds = arguments.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        driven = Driven(Path(folder))
        states: list[tuple[str, Callable[[], None], Drive, float]] = [
            ("evaluating, 1 line a second", driven.begin, lambda: driven.print(1), 1.0),
            ("evaluating, 10 lines a second", lambda: None, lambda: driven.print(1), 0.1),
            ("evaluating, 1000 lines a second", lambda: None, lambda: driven.print(100), 0.1),
            ("an experiment a second", driven.end, driven.one_more, 1.0),
            ("evaluating, silent: a clock", driven.begin, None, 1.0),
            ("paused: idle", driven.pause, None, 1.0),
        ]
        with locked(driven.run):
            figures = []
            for name, prepare, drive, every in states:
                prepare()
                watched = Terminal([sys.executable, "-c", WATCH, str(driven.run.path)])
                rate, first = measure(watched, seconds, drive, every)
                figures.append((name, rate, first))
                if shutil.which("tmux") and drive is not None and every < 1:
                    rate, first = measure(tailed(driven), seconds, drive, every)
                    figures.append((f"  tail -f in tmux: {name}", rate, first))
        whole = figures[0][2]
        print(f"first screen, 120×40: {whole} bytes")
        for name, rate, _ in figures:
            print(f"{name:<52} {rate:8.1f} B/s  {rate / whole:7.4f} of a screen a second")


if __name__ == "__main__":
    main()
