"""What a viewer costs the loop: experiments per second alone, watched, and with a stalled terminal.

    python benchmarks/stalled.py [--rows 60] [--rounds 3] [--json FILE]

The reference is the same run with nobody watching, in turns with the others.
"""

from __future__ import annotations

import argparse
import os
import select
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import pexpect
from figures import Figures, add_argument

from autoexp_tui.loop.control import Command
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.loop.wire import send
from autoexp_tui.model.events import Decided
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import JournalSource
from autoexp_tui.text.safe import Safe

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.projects import autoexp, make_project


def attach(project: Path) -> pexpect.spawn[bytes]:
    """A screen in a terminal of its own."""
    return pexpect.spawn(
        sys.executable,
        ["-m", "autoexp_tui", "attach"],
        cwd=str(project),
        env={**os.environ, "TERM": "xterm-256color"},
        dimensions=(40, 120),
    )


def read_on(child: pexpect.spawn[bytes], stop: threading.Event) -> None:
    """Take what the screen writes, as a terminal does."""
    while not stop.wait(0.02):
        while select.select([child.child_fd], [], [], 0)[0]:
            os.read(child.child_fd, 1 << 16)


def pace(rows: int, viewer: str) -> float:
    """Experiments per second of a new run, from its tenth row on."""
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project")
        autoexp("run", "--detach", "--tag", "t", "--max-experiments", "100000", cwd=project)
        run = RunDirectory(project / ".git" / "autoexp" / "t")
        stop = threading.Event()
        child = attach(project) if viewer != "alone" else None
        reader = threading.Thread(target=read_on, args=(child, stop))
        if viewer == "watched":
            reader.start()
        wait_for(run, 10)
        begun = time.monotonic()
        wait_for(run, 10 + rows)
        took = time.monotonic() - begun
        send(run, Command("stop-now", by=Safe("the benchmark")))
        stop.set()
        if viewer == "watched":
            reader.join()
        if child is not None:
            child.close(force=True)
        while is_running(run):
            time.sleep(0.05)
    return rows / took


def wait_for(run: RunDirectory, rows: int) -> None:
    """Until the run has so many rows."""
    source, have = JournalSource(run), 0
    while have < rows:
        have += sum(isinstance(record.event, Decided) for record in source.read())
        time.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    add_argument(parser)
    given = parser.parse_args()
    figures = Figures(given.json)
    viewers = ("alone", "watched", "stalled")
    rates: dict[str, list[float]] = {viewer: [] for viewer in viewers}
    for _ in range(given.rounds):
        for viewer in viewers:
            rates[viewer].append(pace(given.rows, viewer))
    reference = statistics.median(rates["alone"])
    for viewer in viewers:
        rate = statistics.median(rates[viewer])
        spread = ", ".join(f"{each:.1f}" for each in rates[viewer])
        print(f"{viewer:<8} {rate:6.2f} experiments/s ({spread})  {rate / reference:5.2f} of alone")
        if viewer != "alone":
            figures.tell(viewer, rate, reference)


if __name__ == "__main__":
    main()
