"""What a viewer costs the loop: experiments per second alone, watched, and with a stalled terminal.

    python benchmarks/stalled.py [--seconds 15]

The reference is the same run with nobody watching.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
import tempfile
import threading
import time
from pathlib import Path

import pexpect

from autoexp_tui.core.control import Command
from autoexp_tui.core.rundir import RunDirectory
from autoexp_tui.runlock import is_running
from autoexp_tui.sources import read_state
from autoexp_tui.wire import send

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
    while not stop.is_set():
        if select.select([child.child_fd], [], [], 0.1)[0]:
            os.read(child.child_fd, 1 << 16)


def pace(run: RunDirectory, seconds: float) -> float:
    """Experiments per second over a stretch of the run."""
    before, begun = len(read_state(run).rows), time.monotonic()
    time.sleep(seconds)
    return (len(read_state(run).rows) - before) / (time.monotonic() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project")
        autoexp("run", "--detach", "--tag", "t", "--max-experiments", "100000", cwd=project)
        run = RunDirectory(project / ".git" / "autoexp" / "t")
        figures = {"alone": pace(run, seconds)}
        for name in ("watched", "stalled"):
            child, stop = attach(project), threading.Event()
            if name == "watched":
                threading.Thread(target=read_on, args=(child, stop), daemon=True).start()
            time.sleep(3)
            figures[name] = pace(run, seconds)
            stop.set()
            child.close(force=True)
        figures["alone again"] = pace(run, seconds)
        send(run, Command("stop-now", by="the benchmark"))
        while is_running(run):
            time.sleep(0.05)
    reference = (figures["alone"] + figures["alone again"]) / 2
    for name, rate in figures.items():
        print(f"{name:<12} {rate:6.2f} experiments/s  {rate / reference:5.2f} of the reference")


if __name__ == "__main__":
    main()
