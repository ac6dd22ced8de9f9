"""How long `autoexp attach` takes to show everything so far, the experiment in flight included.

    python benchmarks/attaching.py [--events 100 5000 50000]

Measured in a real terminal, from the start of the command until the last thing that was written
is on the screen: the hypothesis while it is being written, or the harness' output. The reference
is a run of 100 events: what starting the program costs by itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from terminals import Terminal

from autoexp_tui.loop.lines import encode
from autoexp_tui.loop.proposal_log import ProposalLog
from autoexp_tui.loop.runlock import locked
from autoexp_tui.model import events
from autoexp_tui.model.rundir import RunDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.gitrepos import make_repo
from support.realistic_run import commit_of, experiment, opening, recorded

Phase = Literal["proposing", "evaluating"]
LAST_WORDS = {"proposing": "these-are-its-last-words", "evaluating": "step 2000 of 2000"}


def story(count: int, phase: Phase) -> Iterator[events.AnyEvent]:
    """About `count` events of a run whose last experiment is in flight."""
    yield from opening()
    n = 1
    yield from experiment(n, "keep", description="idea number 1")
    for n in range(2, max(3, count // 7)):
        yield from experiment(n, "discard", parent=commit_of(1), description=f"idea number {n}")
    started = experiment(n + 1, "discard", parent=commit_of(1))
    yield from started[: 1 if phase == "proposing" else 5]


def make_run(home: Path, count: int, phase: Phase) -> RunDirectory:
    """A run of `count` events in a repository of its own."""
    repository = make_repo(home / f"{count}-{phase}", {"train.py": "rate = 1\n" * 40})
    run = RunDirectory(repository / ".git" / "autoexp" / "nov23-train")
    run.journal.parent.mkdir(parents=True)
    told = recorded(story(count, phase))
    run.journal.write_bytes(b"".join(map(encode, told)))
    state_n = next(
        r.event.n for r in reversed(told) if isinstance(r.event, events.ExperimentStarted)
    )
    for n in (1, state_n):
        run.experiment(n).mkdir(parents=True)
        run.text(n).write_text("rate = 1\n" * 40)
    with ProposalLog(run.proposal(state_n)) as log:
        for k in range(20):
            log.write("hypothesis", f"word{k} ")
        log.write("hypothesis", LAST_WORDS["proposing"])
    if phase == "evaluating":
        run.output(state_n).write_text("".join(f"step {k} of 2000\n" for k in range(1, 2001)))
    return run


def attach(run: RunDirectory, words: str) -> float:
    """Seconds until `words` are on the screen."""
    command = [sys.executable, "-m", "autoexp_tui", "attach", run.tag]
    with Terminal(command, size=(200, 50), cwd=run.journal.parents[3]) as terminal:
        return terminal.when(lambda: words in terminal.text, quiet=0.4) - terminal.begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="*", default=[100, 5000, 50_000])
    counts = parser.parse_args().events
    phases: tuple[Phase, Phase] = ("proposing", "evaluating")
    with tempfile.TemporaryDirectory() as folder:
        for phase in phases:
            reference = 0.0
            for count in counts:
                run = make_run(Path(folder), count, phase)
                with locked(run):  # as if its runner were alive
                    seconds = min(attach(run, LAST_WORDS[phase]) for _ in range(3))
                reference = reference or seconds
                print(
                    f"{phase:10}  {count:6} events  {seconds:5.2f} s  "
                    f"{seconds / reference:5.2f} of the reference"
                )


if __name__ == "__main__":
    main()
