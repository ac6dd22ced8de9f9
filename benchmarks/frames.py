"""How long a first screen and an answer to a key take, beside Textual apps that do nothing.

    python benchmarks/frames.py [--turns 7] [--keys 40] [--json FILE]

A terminal of 120×40 that answers. The first full frame is from the start of the command until the
piece of output by which all panes stand on the screen; what came is emulated afterwards, so that
the emulation is in no figure. All have their turn in each round, and medians are told. A key press
is one that shows the help or leaves it: until the piece by which that is seen. The flood is 10,000
lines a second of the harness' output.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from bare import DIALOGUE, SHOWN
from driven import Driven
from figures import Figures, add_argument
from large import table
from terminals import Terminal

from autoexp_tui.loop.runlock import locked

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.gitrepos import make_repo

BARE = [sys.executable, str(Path(__file__).with_name("bare.py"))]
AUTOEXP = [sys.executable, "-m", "autoexp_tui"]
ROWS = 100
HELP = "Show every key"
FLOOD = """
import sys, time
with open(sys.argv[1], "a") as output:
    while True:
        output.write("".join(f"epoch {n} loss {time.time() % 1:.4f}\\n" for n in range(500)))
        output.flush()
        time.sleep(0.05)
"""


@dataclass(frozen=True, slots=True)
class Program:
    """What is opened, where, and what its first screen says once it is whole."""

    command: Sequence[str]
    words: Sequence[str]
    cwd: Path

    def start(self) -> Terminal:
        return Terminal(self.command, cwd=self.cwd)


def all_on(terminal: Terminal, words: Sequence[str]) -> Callable[[], bool]:
    """Whether all of them stand on the screen."""
    return lambda: all(word in terminal.text for word in words)


def opening(program: Program) -> tuple[float, float]:
    """Milliseconds to the first full frame, and of processor time until all is still."""
    with program.start() as terminal:
        at = terminal.when(all_on(terminal, program.words), 0.4)
        used = psutil.Process(terminal.process.pid).cpu_times()
        spent = used.user + used.system + used.children_user + used.children_system
    return (at - terminal.begun) * 1000, spent * 1000


def openings(programs: Mapping[str, Program], turns: int) -> dict[str, tuple[float, float]]:
    """Medians of all, of so many rounds in which each has its turn; the first only warms up."""
    rounds = [{name: opening(each) for name, each in programs.items()} for _ in range(turns + 1)]
    return {
        name: (
            statistics.median(one[name][0] for one in rounds[1:]),
            statistics.median(one[name][1] for one in rounds[1:]),
        )
        for name in programs
    }


def answers(program: Program, dialogue: str, keys: int) -> tuple[list[float], float]:
    """Milliseconds from each key to the screen that it changes, and MB of memory at the end."""
    found = []

    def there() -> bool:
        return dialogue in terminal.text

    with program.start() as terminal:
        terminal.when(all_on(terminal, program.words), 0.4)
        for turn in range(keys + 2):
            wanted = turn % 2 == 0
            pressed = time.monotonic()
            terminal.press("?")  # not escape, for which Textual waits to see what follows it
            at = terminal.when(there if wanted else lambda: not there(), 0.2)
            found.append((at - pressed) * 1000)
            terminal.keep(0.05 + 0.013 * (turn % 7), most=0.3)  # not in step with its frames
        memory = psutil.Process(terminal.process.pid).memory_info().rss / 1e6
    return found[2:], memory


@contextmanager
def flooded(driven: Driven) -> Iterator[None]:
    """While the harness prints 10,000 lines a second."""
    command = [sys.executable, "-c", FLOOD, str(driven.run.output(driven.n))]
    with subprocess.Popen(command) as flood:
        try:
            yield
        finally:
            flood.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--keys", type=int, default=40)
    add_argument(parser)
    options = parser.parse_args()
    figures = Figures(options.json)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table(folder / "results.tsv", ROWS)
        project = make_repo(folder / "project", {"t.py": "RATE = 1\n"})
        driven = Driven(project / ".git" / "autoexp")
        driven.begin()
        driven.print(40)
        attach = Program([*AUTOEXP, "attach", "wire"], ["RATE 30", "epoch", "Results"], project)
        bare = Program(BARE, [SHOWN], folder)
        programs = {
            "a bare Textual app": bare,
            "with a table and four widgets": Program([*BARE, "table"], [SHOWN, "idea"], folder),
            "attach": attach,
            "replay": Program([*AUTOEXP, "replay", "results.tsv"], [f"idea number {ROWS}"], folder),
        }
        with locked(driven.run):
            first = openings(programs, options.turns)
            base, spent = first["a bare Textual app"]
            print(f"{'first full frame':<32}   time               CPU")
            for what, (wall, cpu) in first.items():
                used = f"{cpu:6.0f} ms {cpu / spent:5.2f}×"
                print(f"{what:<32} {wall:6.0f} ms {wall / base:5.2f}×  {used}")
            for what in ("attach", "replay"):
                figures.tell(f"first frame, {what}", first[what][0], base)
            modal = answers(bare, DIALOGUE, options.keys)[0]
            idle = answers(attach, HELP, options.keys)[0]
            with flooded(driven):
                flood, memory = answers(attach, HELP, options.keys)
    print(f"\n{'key press → changed screen':<32}   p50      p95")
    cases = {"a bare Textual modal": modal, "idle": idle, "in a flood": flood}
    ends = {what: statistics.quantiles(each, n=20)[18] for what, each in cases.items()}
    for what, each in cases.items():
        print(f"{what:<32} {statistics.median(each):5.0f} ms {ends[what]:5.0f} ms")
    print(f"memory of the viewer after the flood: {memory:.0f} MB")
    figures.tell("key, idle", ends["idle"], ends["a bare Textual modal"])
    figures.tell("key, flood", ends["in a flood"], ends["a bare Textual modal"])
    figures.tell("flood, memory", memory)


if __name__ == "__main__":
    main()
