"""A run whose journal a benchmark writes: held still, or driven as fast as it is to go."""

from __future__ import annotations

import os
import time
from pathlib import Path

from autoexp_tui.loop.journal import Journal
from autoexp_tui.model import events
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.text.safe import NOTHING, Safe

BASE = "0" * 40


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

    def begin(self, slot: Safe = NOTHING) -> None:
        """Start the next experiment, up to its harness."""
        self.n += 1
        n = self.n
        folder = self.run.experiment(n)
        folder.mkdir(parents=True)
        self.run.text(n).write_text(f"RATE = {n}\nDEPTH = 4\n" + "x = 1\n" * 60)
        self.run.output(n).write_text("")
        self.journal.append(events.ExperimentStarted(n, f"{max(1, n - 1):040x}", slot))
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

    def lanes(self, count: int) -> None:
        """End what is in flight, and go on with so many at once, each in its harness."""
        self.end()
        slots = tuple(Safe(f"gpu:{lane}") for lane in range(count))
        self.journal.append(
            events.RunnerStarted(os.getpid(), Safe("host"), "/", "/results.tsv", True, slots=slots)
        )
        for slot in slots:
            self.begin(slot)

    def print_in_each(self, count: int) -> None:
        """Let the harness of each of the last `count` experiments print a line."""
        for n in range(self.n - count + 1, self.n + 1):
            with self.run.output(n).open("a") as output:
                output.write(f"epoch {n} loss {time.time() % 1:.4f}\n")

    def pause(self) -> None:
        """Hold the run still."""
        self.journal.append(events.Paused(Safe("paused by ada")))


WATCH = (
    "import sys; from pathlib import Path\n"
    "from autoexp_tui.model.rundir import RunDirectory\n"
    "from autoexp_tui.viewing import view\n"
    "view(RunDirectory(Path(sys.argv[1])), 'screen')"
)
"""A program that shows the run whose folder it is given, on a screen."""
