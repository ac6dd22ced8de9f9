"""Cheats against the real program: strategies x kinds of harness x levels of protection, judged.

    python benchmarks/cheats.py [--level none ...] [--kind import ...] [--strategy NAME ...]
                                [--group NAME ...] [--workers 2] [--results FILE [--try-nothing]]
                                [--again] [--report FILE]

What a strategy is stands in `tests/support/cheating.py`, how it is judged in
`tests/support/cheat_trial.py`. As root, each trial is an ordinary user in namespaces of its own
(`--as-root`: it stays root there). `--results` adds every finding to a file, and skips what stands
there already: the whole may be done in parts, and one that was cut is gone on with by the same
line. `--again` tries what is chosen once more, and the later finding counts. `--try-nothing`
reports what the file has.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sections import circumstances, put
from support.cheat_trial import KINDS, LEVELS, Finding, Kind, Level, attempt, available, stranger
from support.cheating import STRATEGIES, Strategy

_HEADINGS = {
    "none": "no sandbox",
    "landlock": "Landlock",
    "bubblewrap": "bubblewrap",
    "score": "bubblewrap, `score:`, `hidden:`",
}
_MARKS = {"won": "W", "damage": "D", "ended": "E", "paused": "P", "detected": "d"}


def main() -> int:
    options = _options()
    chosen = [
        (strategy, kind, level)
        for level in options.level
        for strategy in STRATEGIES
        if _is_chosen(strategy, options)
        for kind in options.kind
    ]
    findings = _earlier(options.results)
    waiting = [
        (strategy, kind, level)
        for strategy, kind, level in chosen
        if not options.try_nothing
        and (options.again or (strategy.name, kind, level) not in findings)
    ]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cheats-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        for finding in _tried(waiting, Path(home), options.workers, as_root=options.as_root):
            findings[_key(finding)] = finding
            print(_line(finding), flush=True)
            if options.results:
                with options.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(finding)) + "\n")
    wanted = [(strategy.name, kind, level) for strategy, kind, level in chosen]
    ours = [findings[key] for key in wanted if key in findings]
    seconds = time.monotonic() - began
    print("\n" + summary(ours))
    if options.report:
        who = "root" if options.as_root or not (os.getuid() or stranger()) else "an ordinary user"
        took = f"{len(ours)} of {len(chosen)} trials"
        if waiting:
            took += f", {len(waiting)} of them in {seconds / 60:.0f} minutes"
        text = f"{circumstances()}; as {who}; {took}.\n\n{summary(ours)}\n\n{table(ours)}"
        put(options.report, "cheats", text)
    return 0 if ours and not any(each.broken for each in ours) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--level", nargs="+", choices=LEVELS, default=available())
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--strategy", nargs="+", default=())
    parser.add_argument("--group", nargs="+", default=())
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--as-root", action="store_true")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--try-nothing", action="store_true")
    parser.add_argument("--report", type=Path)
    return parser.parse_args()


def _is_chosen(strategy: Strategy, options: argparse.Namespace) -> bool:
    if not options.strategy and not options.group:
        return True
    return strategy.name in options.strategy or strategy.group in options.group


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.strategy, finding.kind, finding.level


def _earlier(results: Path | None) -> dict[tuple[str, str, str], Finding]:
    """The last finding of each trial; a line that was cut is taken away."""
    if results is None or not results.exists():
        return {}
    whole, _, torn = results.read_bytes().rpartition(b"\n")
    if torn:
        os.truncate(results, len(whole) + bool(whole))
    found = (Finding(**json.loads(line)) for line in whole.splitlines())
    return {_key(each): each for each in found}


def _tried(
    waiting: Sequence[tuple[Strategy, Kind, Level]], home: Path, workers: int, *, as_root: bool
) -> Iterable[Finding]:
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        trials = [
            pool.submit(partial(_try, home / str(number), *each, as_root=as_root))
            for number, each in enumerate(waiting)
        ]
        for trial in as_completed(trials):
            yield trial.result()


def _try(folder: Path, strategy: Strategy, kind: Kind, level: Level, *, as_root: bool) -> Finding:
    uid = 0 if as_root else stranger(os.getpid() % 1000)
    return attempt(folder, strategy, kind, level, uid)


def _line(finding: Finding) -> str:
    again = f" (taken up {finding.resumed} times)" if finding.resumed else ""
    notes = "; ".join(finding.notes) or finding.broken
    where = f"{finding.level:10} {finding.kind:10} {finding.strategy:28}"
    return f"{where} {finding.verdict:18}{again} {notes}"


def summary(findings: Sequence[Finding]) -> str:
    """A table in Markdown: what became of all trials of a level."""
    lines = [
        (
            "| level | trials | won | of these: by reading | own process ¹ | with an alarm "
            "| damage | ended | paused | taken up again | detected | harmless | no finding |"
        ),
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    groups = {strategy.name: strategy for strategy in STRATEGIES}
    for level in LEVELS:
        ours = [each for each in findings if each.level == level]
        if not ours:
            continue
        won = [groups[each.strategy] for each in ours if "won" in each.flags]
        counts = [
            len(ours),
            len(won),
            sum(each.group == "reading" for each in won),
            sum(each.same_process for each in won),
            sum({"won", "detected"} <= set(each.flags) for each in ours),
            *(sum(flag in each.flags for each in ours) for flag in ("damage", "ended", "paused")),
            sum(each.resumed > 0 for each in ours),
            sum(each.flags == ["detected"] for each in ours),
            sum(not each.flags and not each.broken for each in ours),
            sum(bool(each.broken) for each in ours),
        ]
        lines.append(f"| {_HEADINGS[level]} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def table(findings: Sequence[Finding]) -> str:
    """A table in Markdown: a row for each strategy, a cell for each level, its kinds in turn."""
    by_place = {(each.strategy, each.level, each.kind): each for each in findings}
    levels = [level for level in LEVELS if any(each.level == level for each in findings)]
    lines = [
        "| | what it does | " + " | ".join(_HEADINGS[level] for level in levels) + " |",
        "|---|---|" + ":-:|" * len(levels),
    ]
    group = ""
    for strategy in STRATEGIES:
        cells = [
            " ".join(_mark(by_place.get((strategy.name, level, kind))) for kind in KINDS)
            for level in levels
        ]
        if not any(cell.strip("· ") for cell in cells):
            continue
        if strategy.group != group:
            group = strategy.group
            lines.append(f"| **{group}** | |" + " |" * len(levels))
        name = strategy.name + (" ¹" if strategy.same_process else "")
        lines.append(f"| {name} | {strategy.what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mark(finding: Finding | None) -> str:
    if finding is None:
        return "·"
    if finding.broken:
        return "?"
    return "".join(mark for flag, mark in _MARKS.items() if flag in finding.flags) or "–"


if __name__ == "__main__":
    sys.exit(main())
