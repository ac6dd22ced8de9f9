"""How often a keep is real: false keeps, gains found and gains claimed, of this and other rules.

    python benchmarks/truth.py [--nights 300] [--quick] [--real] [--workers 2] [--report FILE]

Simulates nights whose truth is known (see `nights.py`); the product's rules are its real loop.
`--real` runs the whole of it instead: the runner, git and a harness that prints N(100, 1), or 100.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nights import (
    EVALUATIONS,
    Ideas,
    MadScore,
    Maker,
    MediansOfThree,
    Night,
    PairedZ,
    Product,
    night,
)
from sections import circumstances, put

from autoexp_tui.loop.journal import read_all
from autoexp_tui.model.events import Decided, EvaluationStarted

_OURS = "**`confirm: auto`**"
_GREEDY = "greedy (`confirm: off`)"
RULES: dict[str, Maker] = {
    _GREEDY: partial(Product, settings={"confirm": "off"}),
    "`repeats: 3`, medians": partial(Product, settings={"confirm": "off", "repeats": 3}),
    "`min_delta` of 2 σ": partial(Product, settings={"confirm": "off", "min_delta": 2}),
    "MAD score of 2": MadScore,
    "paired z of 2": PairedZ,
    "medians of three (0.1's `confirm: 3`)": MediansOfThree,
    _OURS: partial(Product, settings={}),
}
ROWS = [
    Ideas("12 %, mean 1 σ", 0.12, 1.0, 0.5),
    Ideas("5 %, mean 1 σ", 0.05, 1.0, 0.5),
    Ideas("2 %, mean 1 σ", 0.02, 1.0, 0.5),
    Ideas("5 %, mean 0.5 σ", 0.05, 0.5, 0.5),
    Ideas("12 %, mean 3 σ", 0.12, 3.0, 0.5),
]
NULL = Ideas("null")
OTHERS = [
    Ideas("null, heavy tails", noise="t3"),
    Ideas("null, random walk", noise="walk"),
    Ideas("null, trend", noise="trend"),
    Ideas("null, two metrics, pareto", rule="pareto"),
    Ideas("null, two metrics, weighted", rule="weighted"),
    Ideas("12 %, mean 1 σ, heavy tails", 0.12, 1.0, 0.5, noise="t3"),
    Ideas("12 %, mean 1 σ, random walk", 0.12, 1.0, 0.5, noise="walk"),
    Ideas("12 %, mean 1 σ, pareto", 0.12, 1.0, 0.5, rule="pareto"),
    Ideas("12 %, mean 1 σ, weighted", 0.12, 1.0, 0.5, rule="weighted"),
]
_ALL_RULES_ON = (NULL, ROWS[0], ROWS[2], ROWS[4])
"""Streams that every rule is tried on; the others tell the loop's default from greedy."""


@dataclass(frozen=True, slots=True)
class Mean:
    """Of a figure over nights, with its standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> Mean:
        found = list(figures)
        return cls(statistics.fmean(found), statistics.stdev(found) / math.sqrt(len(found)))

    def __str__(self) -> str:
        return f"{self.value:.2f} ± {self.error:.2f}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one rule on one stream: each night by ideas, and by evaluations."""

    by_ideas: Sequence[Night]
    by_evaluations: Sequence[Night]

    @property
    def false(self) -> Mean:
        """Kept without a true gain, per hundred ideas."""
        return Mean.of(100 * one.false / one.ideas for one in self.by_ideas)

    @property
    def missed(self) -> str:
        """The share of ideas with a true gain that were not kept."""
        good = sum(one.good for one in self.by_ideas)
        if not good:
            return ""
        return f"{100 - 100 * sum(one.found for one in self.by_ideas) / good:.0f} %"

    @property
    def cost(self) -> float:
        """Evaluations, in those of greedy: one for each idea and the baseline."""
        return statistics.fmean(one.evaluations / (one.ideas + 1) for one in self.by_ideas)

    @property
    def phantom(self) -> Mean:
        """By how much the table claims more than there is, at the end of a night."""
        return Mean.of(one.claimed - one.gain for one in self.by_ideas)

    @property
    def gain(self) -> Mean:
        return Mean.of(one.gain for one in self.by_evaluations)


Key = tuple[str, str]
"""A stream's name and a rule's."""


def simulate(nights: int, workers: int) -> dict[Key, Outcome]:
    """All outcomes that the tables tell."""
    wanted = [(ideas, rule) for ideas in _ALL_RULES_ON for rule in RULES]
    for ideas in [*ROWS, *OTHERS]:
        wanted += [(ideas, rule) for rule in (_GREEDY, _OURS) if (ideas, rule) not in wanted]
    found: dict[Key, Outcome] = {}
    with ProcessPoolExecutor(workers) as pool:
        for ideas, rule in wanted:
            job = partial(_night, ideas, rule)
            pairs = list(pool.map(job, range(nights), chunksize=max(1, nights // (4 * workers))))
            outcome = Outcome(*zip(*pairs, strict=True))
            found[ideas.name, rule] = outcome
            told = f"false {outcome.false}, cost {outcome.cost:.2f}, phantom {outcome.phantom}"
            print(f"{ideas.name} | {rule}: {told}, gain {outcome.gain}", flush=True)
    return found


def _night(ideas: Ideas, rule: str, index: int) -> tuple[Night, Night]:
    return night(ideas, RULES[rule], f"{ideas.name} {index}")


def tables(found: dict[Key, Outcome], nights: int) -> str:
    """What was found, in words that a page can hold."""
    parts = [f"{circumstances()}; {nights} nights of each, ± is the standard error.", "", "Null:"]
    parts += _table(
        ("rule", "false keeps in 100", "evaluations", "phantom gain, σ"),
        (
            (rule, str(one.false), f"{one.cost:.2f} ×", str(one.phantom))
            for rule in RULES
            for one in (found[NULL.name, rule],)
        ),
    )
    for ideas in _ALL_RULES_ON[1:]:
        parts += ["", f"{ideas.name}:"]
        parts += _table(
            (
                "rule",
                "false keeps in 100",
                "missed",
                "evaluations",
                "phantom gain, σ",
                f"true gain in {EVALUATIONS} evaluations, σ",
            ),
            (
                (
                    rule,
                    str(one.false),
                    one.missed,
                    f"{one.cost:.2f} ×",
                    str(one.phantom),
                    str(one.gain),
                )
                for rule in RULES
                for one in (found[ideas.name, rule],)
            ),
        )
    parts += ["", f"Against greedy, true gain in {EVALUATIONS} evaluations:"]
    parts += _table(
        (
            "ideas",
            "greedy",
            "`confirm: auto`",
            "of greedy's",
            "false keeps: greedy",
            "`confirm: auto`",
            "evaluations",
            "phantom gain: greedy",
            "`confirm: auto`",
        ),
        (_against_greedy(ideas, found) for ideas in [*ROWS, *OTHERS]),
    )
    return "\n".join(parts)


def _against_greedy(ideas: Ideas, found: dict[Key, Outcome]) -> Sequence[str]:
    greedy, ours = found[ideas.name, _GREEDY], found[ideas.name, _OURS]
    share = f"{ours.gain.value / greedy.gain.value:.0%}" if ideas.good else ""
    gains = (str(greedy.gain), str(ours.gain)) if ideas.good else ("", "")
    return (
        ideas.name,
        *gains,
        share,
        str(greedy.false),
        str(ours.false),
        f"{ours.cost:.2f} ×",
        str(greedy.phantom),
        str(ours.phantom),
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["", *(f"| {' | '.join(cells)} |" for cells in lines)]


# Through the real runner.

_NOISY = "import random\nprint('loss:', random.gauss(100, 1))\n"
_EXACT = "print('loss: 100')\n"
_PROPOSER = (
    "import pathlib, os\n"
    "path = pathlib.Path('target.txt')\n"
    "path.write_text(f'{int(path.read_text()) + int.from_bytes(os.urandom(4), \"big\") + 1}\\n')\n"
)
_EXPERIMENTS = 200


@dataclass(frozen=True, slots=True)
class RealRun:
    experiments: int
    kept: int
    """Besides the baseline: all of them by luck."""
    evaluations: int


def run_really(harness: str, confirm: str) -> RealRun:
    """A run of `_EXPERIMENTS` by `autoexp run`, in a repository of its own."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "target.txt").write_text("0\n", encoding="utf-8")
        (project / "harness.py").write_text(harness, encoding="utf-8")
        (project / "propose.py").write_text(_PROPOSER, encoding="utf-8")
        (project / "autoexp.yaml").write_text(
            "target: target.txt\nharness: python3 harness.py\nmetrics: {loss: lower}\n"
            f"confirm: {confirm}\nproposer: command\n"
            f"command: {{run: 'python3 propose.py'}}\n"
            f"budget: {{max_experiments: {_EXPERIMENTS}}}\n",
            encoding="utf-8",
        )
        for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "a harness of noise")):
            who = ("-c", "user.name=truth", "-c", "user.email=truth@localhost")
            subprocess.run(["git", *who, *words], cwd=project, check=True)
        command = [sys.executable, "-m", "autoexp_tui", "run", "--plain", "--tag", "truth", "."]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the run failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        (journal,) = project.rglob("journal.jsonl")
        told = [record.event for record in read_all(journal)]
        decided = [event for event in told if isinstance(event, Decided)]
        counts = Counter(type(event) for event in told)
        kept = sum(event.status == "keep" for event in decided) - 1
        return RealRun(len(decided), kept, counts[EvaluationStarted])


def real_table() -> str:
    """Of what the real runner has made of 200 experiments that change nothing."""
    cases = (
        ("N(100, 1)", _NOISY, "off"),
        ("N(100, 1)", _NOISY, "auto"),
        ("always 100", _EXACT, "auto"),
    )
    rows: list[Sequence[str]] = []
    for name, harness, confirm in cases:
        run = run_really(harness, confirm)
        share = run.kept / (run.experiments - 1)
        error = math.sqrt(max(share, 1 / run.experiments) * (1 - share) / (run.experiments - 1))
        rows.append(
            (
                name,
                f"`{confirm}`",
                str(run.experiments),
                str(run.kept),
                f"{100 * share:.1f} ± {100 * error:.1f}",
                str(run.evaluations),
                f"{run.evaluations / run.experiments:.3f} ×",
            )
        )
        print(" | ".join(rows[-1]), flush=True)
    heads = (
        "harness prints",
        "`confirm`",
        "experiments",
        "kept, all by luck",
        "in 100",
        "evaluations",
        "",
    )
    return "\n".join([circumstances() + ".", *_table(heads, rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--nights", type=int, default=300)
    parser.add_argument("--quick", action="store_true", help="40 nights")
    parser.add_argument("--real", action="store_true", help="through the real runner, instead")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--report", type=Path, help="write it into its section of this page")
    options = parser.parse_args()
    nights = 40 if options.quick else options.nights
    make: Callable[[], str] = (
        real_table if options.real else lambda: tables(simulate(nights, options.workers), nights)
    )
    text = make()
    print(text)
    if options.report:
        put(options.report, "real" if options.real else "truth", text)


if __name__ == "__main__":
    main()
