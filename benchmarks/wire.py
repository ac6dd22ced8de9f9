"""What the screen costs on the wire: bytes per second from a real pty, still and live.

    python benchmarks/wire.py [--seconds 10]

Each state is a run that this script holds still or drives; the reference is a terminal that is sent
the whole screen once a second, as `watch` does.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pexpect

from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.runlock import locked
from autoexp_tui.model import events
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.text.safe import Safe

BASE = "0" * 40
SIZE = (40, 120)
ASK = b"\x1b[6n"


class Driven:
    """A run whose journal this process writes."""

    def __init__(self, folder: Path) -> None:
        self.run = RunDirectory(folder / "wire")
        self.journal = Journal(self.run.journal)
        contract = Contract("t.py", "sh eval.sh", (Metric(Safe("loss"), "lower"),))
        self.journal.append(
            events.RunStarted(
                Safe("wire"),
                Safe("project"),
                "",
                BASE,
                contract,
                Safe("tuner"),
                0,
                Safe("none"),
                Safe("0"),
            )
        )
        self.journal.append(
            events.RunnerStarted(os.getpid(), Safe("host"), "/", "/results.tsv", False)
        )
        self.n = 0
        for _ in range(30):
            self.begin()
            self.end()

    def begin(self) -> None:
        """Start the next experiment, up to its harness."""
        self.n += 1
        n = self.n
        folder = self.run.experiment(n)
        folder.mkdir(parents=True)
        self.run.text(n).write_text(f"RATE = {n}\nDEPTH = 4\n" + "x = 1\n" * 60)
        self.run.output(n).write_text("")
        self.journal.append(events.ExperimentStarted(n, f"{max(1, n - 1):040x}"))
        self.journal.append(
            events.Proposed(n, Safe(f"A rate of {n}"), Safe(f"RATE {n}"), 1, 1, str(n))
        )
        self.journal.append(events.Committed(n, f"{n:040x}"))
        self.journal.append(events.EvaluationStarted(n))

    def end(self) -> None:
        """Let it be measured and kept."""
        n, metrics = self.n, {"loss": 1.0 / self.n}
        self.journal.append(events.Evaluated(n, 1.0, metrics))
        self.journal.append(
            events.Decided(
                n, "keep", f"{n:040x}", BASE, Safe(f"RATE {n}"), Safe("better"), metrics, 1.0
            )
        )

    def one_more(self) -> None:
        """A whole experiment at once."""
        self.begin()
        self.end()

    def print(self, lines: int) -> None:
        """Let the harness print."""
        with self.run.output(self.n).open("a") as output:
            output.writelines(f"epoch {line} loss {time.time() % 1:.4f}\n" for line in range(lines))


def measure(
    driven: Driven, seconds: float, drive: Callable[[], None] | None, every: float
) -> tuple[float, int]:
    """Bytes per second while `drive` is called `every` so often, and those of the first screen."""
    code = (
        "import sys; from pathlib import Path\n"
        "from autoexp_tui.model.rundir import RunDirectory\n"
        "from autoexp_tui.viewing import view\n"
        "view(RunDirectory(Path(sys.argv[1])), 'screen')"
    )
    child = pexpect.spawn(
        sys.executable,
        ["-c", code, str(driven.run.path)],
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        dimensions=SIZE,
        timeout=30,
    )
    first = drain(child, 4.0)
    stop = threading.Event()
    if drive is not None:
        threading.Thread(
            target=lambda: [drive() for _ in iter(lambda: stop.wait(every), True)]
        ).start()
    got = drain(child, seconds)
    stop.set()
    child.close(force=True)
    return got / seconds, first


def drain(child: pexpect.spawn[bytes], seconds: float) -> int:
    """Read for so long, as a terminal that answers; how many bytes came."""
    got = 0
    last = b""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select([child.child_fd], [], [], left)
        if ready:
            data = os.read(child.child_fd, 1 << 16)
            got += len(data)
            for _ in range((last + data).count(ASK) - last.count(ASK)):
                os.write(child.child_fd, b"\x1b[2;1R")
            last = data[-3:]
    return got


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=10.0)
    seconds = arguments.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        driven = Driven(Path(folder))
        states: list[tuple[str, Callable[[], None], Callable[[], None] | None, float]] = [
            ("evaluating, silent: a clock", driven.begin, None, 1.0),
            ("evaluating, 1 line a second", lambda: None, lambda: driven.print(1), 1.0),
            ("evaluating, 10 lines a second", lambda: None, lambda: driven.print(1), 0.1),
            ("evaluating, 1000 lines a second", lambda: None, lambda: driven.print(100), 0.1),
            ("an experiment a second", driven.end, driven.one_more, 1.0),
            ("paused: idle", lambda: pause(driven), None, 1.0),
        ]
        with locked(driven.run):
            figures = []
            for name, prepare, drive, every in states:
                prepare()
                rate, first = measure(driven, seconds, drive, every)
                figures.append((name, rate, first))
        whole = figures[0][2]
        print(f"first screen, {SIZE[1]}×{SIZE[0]}: {whole} bytes")
        print(f"reference, the whole screen once a second: {whole} B/s")
        for name, rate, _ in figures:
            print(f"{name:<34} {rate:8.1f} B/s  {rate / whole:7.4f} of the reference")


def pause(driven: Driven) -> None:
    """Hold the run still."""
    driven.journal.append(events.Paused(Safe("paused by ada")))


if __name__ == "__main__":
    main()
