"""Compare the built-in tuner with other search methods at equal numbers of evaluations.

python benchmarks/search.py                          # what is missing, and the tables
python benchmarks/search.py --seeds 3 --only "f8 d5" nine --methods tuner "Optuna TPE"
python benchmarks/search.py --report docs/search.md  # the tables into the document
python benchmarks/search.py --seeds 0                # the tables of what is measured already

Needs coco-experiment (the BBOB functions), cmaes, and for Optuna's GP sampler torch:
pip install coco-experiment cmaes torch. A method that can't be imported is left out and named.
Every run is a line of the file of figures, so what is cut off goes on where it was.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import multiprocessing
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path

import problems
from rivals import RIVALS

from autoexp_tui.model.proposal import Exhausted, Situation, Trial
from autoexp_tui.proposers.tuner.tuner import Tuner

FIGURES = Path("search-figures.jsonl")
LOOKS = (30, 60, 100, 300)
TUNER, UNMARKED = "tuner", "tuner, unmarked"
METHODS = (TUNER, UNMARKED, *RIVALS)
SLOW = "Optuna GP"
NEEDS = {SLOW: "torch", "CMA-ES": "cmaes"}

Key = tuple[str, str, int]
"""Problem, method, seed."""


def tuned(problem: problems.Problem, text: str, seed: int, evaluations: int) -> list[float]:
    """The least loss after each evaluation, the start's included; the loop without git."""
    first = problem.of_text(text)
    assert first is not None
    proposer, history = Tuner(), [Trial(1, 0, "keep", {"loss": first}, "baseline", "", {})]
    best, at, incumbent = first, text, 1
    curve = [best]
    for n in range(2, evaluations + 1):
        now = Situation(n, problems.CONTRACT, at, incumbent, text, history, seed=seed, sigma=0.0)
        try:
            made = proposer.propose(now, lambda *_: None)
        except Exhausted:
            return curve + [best] * (evaluations - len(curve))
        loss = problem.of_text(made.text)
        kept = loss is not None and loss < best
        history.append(
            Trial(
                n,
                incumbent,
                "keep" if kept else "crash" if loss is None else "discard",
                {} if loss is None else {"loss": loss},
                made.description,
                "",
                made.memo,
            )
        )
        if loss is not None and kept:
            best, at, incumbent = loss, made.text, n
        curve.append(best)
    return curve


def rivalled(problem: problems.Problem, method: str, seed: int, evaluations: int) -> list[float]:
    """The same of another method."""
    rival = RIVALS[method](problem.marked, seed)
    curve: list[float] = []
    best = math.inf
    for _ in range(evaluations):
        loss = problem.of_text(rival.ask())
        rival.tell(loss)
        best = best if loss is None else min(best, loss)
        curve.append(best)
    return curve


def run(key: Key, evaluations: int) -> dict[str, object]:
    """One line of the figures."""
    name, method, seed = key
    problem = problems.of_name(name, seed)
    began = time.process_time()
    if method in RIVALS:
        curve = rivalled(problem, method, seed, evaluations)
    else:
        text = problem.marked if method == TUNER else problem.unmarked
        curve = tuned(problem, text, seed, evaluations)
    seconds = (time.process_time() - began) / evaluations
    bests = {look: curve[look - 1] for look in LOOKS if look <= evaluations}
    return {
        "problem": name,
        "family": problem.family,
        "method": method,
        "seed": seed,
        "best": bests,
        "seconds": round(seconds, 5),
    }


def names(only: Sequence[str]) -> list[str]:
    """Problems of the families or names that were asked for."""
    bbob = [f"f{f} d{d}" for d in problems.DIMENSIONS for f in problems.FUNCTIONS]
    mixed = [f"mixed f{f}" for f in (1, 3, 6, 8, 12, 15, 20, 21)]
    families = {"bbob": bbob, "mixed": mixed, "nine": list(problems.NINE)}
    if not only:
        only = ["nine", "mixed", "bbob"]
    return list(itertools.chain.from_iterable(families.get(one, [one]) for one in only))


def mean_ranks(
    best: Mapping[Key, Mapping[str, float]],
    methods: Sequence[str],
    problems_: Sequence[str],
    look: int,
) -> tuple[dict[str, float], int]:
    """Of each method, over the problems and seeds that every one has; and how many those are."""
    cases = defaultdict(dict)  # type: ignore[var-annotated]
    for (problem, method, seed), curve in best.items():
        if method in methods and problem in problems_ and str(look) in curve:
            cases[problem, seed][method] = curve[str(look)]
    full = [case for case in cases.values() if len(case) == len(methods)]
    ranks = defaultdict(list)
    for case in full:
        for method in methods:
            lower = sum(case[other] < case[method] for other in methods)
            equal = sum(case[other] == case[method] for other in methods)
            ranks[method].append(lower + (equal + 1) / 2)
    return {method: statistics.fmean(ranks[method]) for method in methods if ranks}, len(full)


def ranks_table(
    best: Mapping[Key, Mapping[str, float]], methods: Sequence[str], wanted: Sequence[str]
) -> str:
    """Markdown: a row for each method, a column for each number of evaluations."""
    looks = [look for look in LOOKS if mean_ranks(best, methods, wanted, look)[1]]
    found = {look: mean_ranks(best, methods, wanted, look) for look in looks}
    lines = [
        "| mean rank after | " + " | ".join(f"{look}" for look in looks) + " |",
        "|---|" + "---|" * len(looks),
    ]
    for method in methods:
        cells = []
        for look in looks:
            ranks = found[look][0]
            text = f"{ranks[method]:.2f}"
            cells.append(f"**{text}**" if ranks[method] == min(ranks.values()) else text)
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    lines.append("| runs | " + " | ".join(str(found[look][1]) for look in looks) + " |")
    return "\n".join(lines)


def read(path: Path) -> list[dict[str, object]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def report(lines: Iterable[Mapping[str, object]], methods: Sequence[str]) -> str:
    """All tables, of whatever figures there are."""
    best: dict[Key, Mapping[str, float]] = {}
    family: dict[str, str] = {}
    seconds = defaultdict(list)
    for line in lines:
        name, method = str(line["problem"]), str(line["method"])
        best[name, method, int(str(line["seed"]))] = line["best"]  # type: ignore[assignment]
        family[name] = str(line["family"])
        seconds[method].append(float(str(line["seconds"])))
    present = [m for m in methods if any(key[1] == m for key in best)]
    marked = [m for m in present if m != UNMARKED]
    parts = []
    groups = {
        "BBOB": [n for n in family if family[n] == "bbob"],
        **{f"BBOB, {d} values": [n for n in family if n.endswith(f" d{d}")] for d in (2, 5, 10)},
        "Mixed spaces": [n for n in family if family[n] == "mixed"],
        "Nine problems": [n for n in family if family[n] == "nine"],
    }
    for title, wanted in groups.items():
        for chosen in _companies(marked):
            if mean_ranks(best, chosen, wanted, LOOKS[0])[1]:
                beside = ", with the GP sampler" if SLOW in chosen else ""
                parts += [f"### {title}{beside}", ranks_table(best, chosen, wanted)]
    both = [UNMARKED, "random"]
    wanted = groups["BBOB"]
    if mean_ranks(best, both, wanted, LOOKS[0])[1]:
        parts += [
            "### BBOB without marks, random search in the box",
            ranks_table(best, both, wanted),
        ]
    costs = ", ".join(f"{m} {1000 * statistics.median(seconds[m]):.0f} ms" for m in present)
    parts.append(f"Processor time of a proposal, median over the runs: {costs}.")
    return "\n\n".join(parts)


def _companies(methods: Sequence[str]) -> list[list[str]]:
    """Who is ranked together: everyone; and without the slow one, which has the fewest runs."""
    others = [method for method in methods if method != SLOW]
    return [others, [*methods]] if SLOW in methods else [others]


def available(methods: Sequence[str]) -> list[str]:
    found = []
    for method in methods:
        if method in NEEDS and find_spec(NEEDS[method]) is None:
            print(f"{method} is left out: {NEEDS[method]} is not installed", flush=True)
        else:
            found.append(method)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=[], help="families or problems")
    parser.add_argument("--methods", nargs="*", default=METHODS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--figures", type=Path, default=FIGURES, help="lines of what was measured")
    parser.add_argument("--report", type=Path, help="a document with a section for the tables")
    options = parser.parse_args()
    wanted = names(options.only)
    methods = available(options.methods) if options.seeds else []
    known = {
        (line["problem"], line["method"], line["seed"])
        for line in read(options.figures)
        if str(options.evaluations) in line["best"]  # type: ignore[operator]
    }
    keys = [
        (name, method, seed)
        for seed in range(options.seeds)
        for name in wanted
        for method in methods
        if (name, method, seed) not in known
    ]
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # of the workers: a run's figures don't hang on the cores
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.workers, context) as pool, options.figures.open("a") as out:
        jobs = [pool.submit(run, key, options.evaluations) for key in keys]
        for job in as_completed(jobs):
            print(json.dumps(job.result()), file=out, flush=True)
    chosen = [line for line in read(options.figures) if line["problem"] in wanted]
    text = report(chosen, options.methods)
    if options.report:
        from sections import circumstances, put  # noqa: PLC0415 - only where it is written

        put(options.report, "search", f"{circumstances()}.\n\n{text}")
    else:
        print(text)


if __name__ == "__main__":
    main()
