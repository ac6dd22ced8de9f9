"""Run the sample projects as a user would, and write what they reached into docs/samples.md.

python benchmarks/samples.py                       # what is missing of all of them, in 25 minutes
python benchmarks/samples.py sql_query --again     # one of them anew

Each is copied by `autoexp new`, prepared by its own ./setup, run by `autoexp run` with the built-in
tuner (which needs no key) from three seeds, and the gain of the middle one is measured again by
`autoexp verify`. Every finished part is kept in .bench/samples, so that a call goes on where the
last one ended; a sample whose files have changed begins again. The quick ones come first, and what
they leave of their time goes to the slow ones.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autoexp_tui.samples import samples
from autoexp_tui.text.numbers import format_number

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "samples.md"
STORE = ROOT / ".bench" / "samples"
AUTOEXP = (sys.executable, "-m", "autoexp_tui")
ARROWS = {"lower": "↓", "higher": "↑"}
SEEDS = (0, 1, 2)
SETUP_SECONDS = 600.0
LEAST_SECONDS, LEAST_EVALUATIONS = 15.0, 8
"""For a run, whatever time is left: so that it comes beyond its baseline."""
OVERHEAD = 1.0
"""Seconds by which an experiment takes longer than its harness: for shares of the time alone."""
COLUMNS = (
    "sample",
    "metric",
    "baseline",
    "best of three seeds",
    "held out",
    "measured again",
    "evaluations",
    "kept",
    "seconds",
    "noise",
    "load",
    "day",
)

TITLE = """\
# The samples, run

Written by `make samples-report`: each sample is copied by `autoexp new`, prepared by its `./setup`,
and run with the built-in tuner from three seeds, within the time that the whole report was given.
Nothing here is typed in by hand; a sample that lacks something is not run, and its row says what.
The tuner finds what knobs allow; a language model would be asked for the ideas that no knob holds,
and each README says how far those go.
"""
LEGEND = """\
- **best of three seeds**: that of the middle seed, then the range of the three; below it the second
  metric, where there is one.
- **held out**: of the middle seed, the figure that is never judged, from its baseline to its best.
- **measured again**: the whole gain of the middle seed by `autoexp verify`, with fresh seeds where
  the harness draws any, its interval, and how many of the kept steps hold.
- **evaluations**: of the three runs together, with what `confirm` measured again; **kept** by seed,
  without the baseline; **seconds** of each run.
- **noise**: standard deviation of one evaluation, as the middle run found it.
- **load**: processes that wanted a core, per core, over the last minute of the middle run. Above 1
  the machine did other work too: then times are no one's best, and noise is more than yours.
"""


class NotRun(Exception):
    """A sample gave no figures; the message says why, in one line."""


@dataclass
class Result:
    """What is known of one sample, part by part."""

    files: str
    """Digest of what the sample consists of: another one makes it begin again."""
    setup_s: float = 0.0
    evaluation_s: float = 0.0
    """One run of its harness, by hand."""
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By seed: what `autoexp summary --json` said, with `evaluations` and `load`."""
    verified: dict[str, Any] | None = None
    why_not: str = ""
    """Why it could not be run; empty for one that was."""
    day: str = ""

    @property
    def parts_left(self) -> int:
        if self.why_not:
            return 0
        return len(SEEDS) - len(self.runs) + (self.verified is None)

    @property
    def middle(self) -> dict[str, Any]:
        """The run of the middle seed, by its best figure."""
        return sorted(self.runs.values(), key=lambda run: run["objective"]["best"])[
            len(self.runs) // 2
        ]


# ---- running -------------------------------------------------------------------------------------


def call(
    command: Sequence[str | Path], folder: Path, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run to the end, output and errors together. Raises NotRun when it takes too long."""
    try:
        return subprocess.run(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotRun(f"{Path(command[0]).name} took over {seconds:.0f} s") from None


def last_line(output: str) -> str:
    """The last thing that was said, fit for a cell."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return (lines[-1] if lines else "it said nothing")[:200].replace("|", "/")


def last_json(output: str) -> dict[str, Any]:
    """The last line that is an object. Raises NotRun where there is none."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    raise NotRun(last_line(output))


def prepare(name: str, result: Result) -> None:
    """Copy a sample, run its ./setup, and time its harness. Raises NotRun with what is missing."""
    project = STORE / name
    shutil.rmtree(project, ignore_errors=True)
    STORE.mkdir(parents=True, exist_ok=True)
    made = call([*AUTOEXP, "new", name, project], STORE, 60)
    if made.returncode:
        raise NotRun(last_line(made.stdout))
    began = time.monotonic()
    if (project / "setup").is_file():
        ready = call([project / "setup"], project, SETUP_SECONDS)
        if ready.returncode:
            raise NotRun(last_line(ready.stdout))
    result.setup_s = time.monotonic() - began
    found = re.search(r"^harness: ([^#\n]+)", (project / "autoexp.yaml").read_text(), re.MULTILINE)
    if found is None:
        raise NotRun("its autoexp.yaml names no harness")
    python = project / ".venv" / "bin"
    words = found[1].strip().strip("\"'")
    path = f"{python}{os.pathsep}{os.environ['PATH']}"
    there = set(project.iterdir())
    began = time.monotonic()
    call(["/bin/sh", "-c", f"PATH='{path}' {words}"], project, SETUP_SECONDS)
    result.evaluation_s = time.monotonic() - began
    for left in set(project.iterdir()) - there:  # what git ignores would be linked into each run
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def run(name: str, seed: int, experiments: int, seconds: float) -> dict[str, Any]:
    """One run, and what its journal sums up to. Raises NotRun for one without a baseline."""
    project, tag = STORE / name, f"seed{seed}-{time.time():.0f}"  # new: one may have been cut off
    words = call(
        [
            *(*AUTOEXP, "run", "--json", "--foreground", "--proposer", "tuner"),
            *("--seed", str(seed), "--tag", tag, "--max-experiments", str(experiments)),
            *("--max-hours", f"{seconds / 3600:.6f}"),
        ],
        project,
        seconds + SETUP_SECONDS,
    ).stdout
    found = last_json(call([*AUTOEXP, "summary", tag, "--json"], project, 120).stdout)
    if found["objective"]["baseline"] is None:
        raise NotRun(f"the baseline was not measured: {last_line(words)}")
    found["evaluations"] = words.count('"kind":"Evaluated"')
    found["load"] = os.getloadavg()[0] / (os.cpu_count() or 1)
    return found


def verify(name: str, result: Result, seconds: float) -> dict[str, Any]:
    """The gain of the middle seed, measured again; empty where nothing was kept."""
    if not result.middle["kept"]:
        return {}
    command = [*AUTOEXP, "verify", result.middle["tag"], "--rounds", "3", "--json"]
    words = call(
        [*command, "--time-limit", f"{max(5, round(seconds))}s"],
        STORE / name,
        seconds + SETUP_SECONDS,
    )
    return last_json(words.stdout)


# ---- what is kept between calls ------------------------------------------------------------------


def digest(name: str) -> str:
    """Of all files of a sample, as they stand."""
    known = hashlib.sha256()
    folder = ROOT / "sample_projects" / name
    listed = subprocess.run(
        ["git", "ls-files", "-z", "."], cwd=folder, capture_output=True, check=True
    )
    for path in sorted(listed.stdout.decode().split("\0")):
        if path and path != "README.md":
            known.update(path.encode() + b"\0" + (folder / path).read_bytes())
    return known.hexdigest()[:16]


def recall(name: str, *, again: bool) -> Result:
    """What an earlier call found, where that was of the same files."""
    path, files = STORE / f"{name}.json", digest(name)
    if path.is_file() and not again:
        known = Result(**json.loads(path.read_text(encoding="utf-8")))
        if known.files == files and not known.why_not:
            return known
    return Result(files)


def remember(name: str, result: Result) -> None:
    STORE.mkdir(parents=True, exist_ok=True)
    path = STORE / f"{name}.json"
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(result), ensure_ascii=False, indent=1), encoding="utf-8")
    new.replace(path)


# ---- the page ------------------------------------------------------------------------------------


def span(values: Mapping[str, Any]) -> str:
    return f"{format_number(values['baseline'])} → {format_number(values['best'])}"


def cells(name: str, result: Result) -> list[str]:
    """The row of one sample."""
    link = f"[{name}](../sample_projects/{name}/)"
    if not result.runs:
        why = result.why_not or "its turn has not come"
        return [link, f"not run: {why}", *["–"] * (len(COLUMNS) - 3), result.day]
    middle = result.middle
    judged, others = middle["objective"], middle["metrics"][1:]
    bests = [run["objective"]["best"] for run in result.runs.values()]
    best = format_number(judged["best"])
    if len(bests) > 1:
        best += f" ({format_number(min(bests))} to {format_number(max(bests))})"
    best += "".join(f"<br>{metric['name']} {span(metric)}" for metric in others)
    held = middle.get("holdout")
    runs = result.runs.values()
    return [
        link,
        ", ".join(f"{m['name']} {ARROWS[m['direction']]}" for m in middle["metrics"]),
        format_number(judged["baseline"]),
        best,
        f"{held['name']} {span(held)}" if held else "–",
        measured_again(result.verified),
        str(sum(run["evaluations"] for run in runs)),
        ", ".join(str(run["kept"]) for run in runs),
        ", ".join(f"{run['seconds']:.0f}" for run in runs),
        noise(middle),
        f"{middle['load']:.1f}",
        result.day,
    ]


def measured_again(verified: Mapping[str, Any] | None) -> str:
    """`holds: 0.18 (0.17 to 0.19), 4 of 5 steps`; larger is better."""
    if not verified:
        return "–" if verified is None else "nothing was kept"
    effects = verified["effects"]
    if not effects:
        return f"not enough of it: {verified['reason']}"
    whole, steps = effects[0], [effect for effect in effects if effect["kind"] == "step"]
    words = f"{whole['outcome']}: {format_number(whole['effect'])}"
    if whole["low"] != whole["high"]:
        words += f" ({format_number(whole['low'])} to {format_number(whole['high'])})"
    return f"{words}, {sum(s['outcome'] == 'holds' for s in steps)} of {len(steps)} steps"


def noise(run: Mapping[str, Any]) -> str:
    """Of each figure that decides, in percent of its best."""
    told = []
    for name, sigma in run["noise"].items():
        of = next((m for m in run["metrics"] if m["name"] == name), run["objective"])
        told.append(f"{100 * sigma / abs(of['best']):.2g} %" if of["best"] and sigma else "0")
    return ", ".join(told) or "–"


def objections(name: str) -> str:
    """What an expert would object, in the first words of each objection."""
    text = (ROOT / "sample_projects" / name / "README.md").read_text(encoding="utf-8")
    _, _, section = text.partition("## What an expert would object\n")
    found = re.findall(r"^- \*(.+?)\*", section.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    return " ".join(" ".join(words.split()) for words in found) or "its README doesn't say"


def machine() -> str:
    """The kind of machine, in words that name nobody's."""
    system = platform.freedesktop_os_release() if sys.platform == "linux" else {}
    name = system.get("PRETTY_NAME") or platform.system()
    cores = os.cpu_count() or 1
    return f"{cores} {platform.machine()} cores, {name}, Python {platform.python_version()}"


def line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


def page(results: Mapping[str, Result]) -> str:
    """The whole document; rows in the order of their names."""
    table = [line(COLUMNS), "|" + "---|" * len(COLUMNS)]
    table += [line(cells(name, results[name])) for name in sorted(results)]
    real = [
        f"- [{name}](../sample_projects/{name}/README.md): {objections(name)}"
        for name in sorted(results)
    ]
    kind = f"Machine of the latest rows: {machine()}."
    head = "## What is not real\n\nWhat an expert would object; the READMEs give the answers.\n"
    return "\n".join([TITLE, *table, "", LEGEND, kind, "", head, *real, ""])


# ---- the order and the time ----------------------------------------------------------------------


def weight(result: Result) -> float:
    """What one part of it takes, beside others."""
    return min(result.evaluation_s + OVERHEAD, 30.0)


def fill(
    name: str, results: Mapping[str, Result], experiments: int, ends: float, todo: Sequence[str]
) -> None:
    """Do the parts of one sample that are missing, in its share of the time that is left."""
    result = results[name]

    def share() -> float:
        """Seconds for one part: of what is left, by what all that is left will take."""
        later = todo[todo.index(name) :]
        whole = sum(weight(results[other]) * results[other].parts_left for other in later)
        least = LEAST_SECONDS + LEAST_EVALUATIONS * result.evaluation_s
        return max(least, (ends - time.monotonic()) * weight(result) / whole)

    for seed in SEEDS:
        if str(seed) not in result.runs:
            result.runs[str(seed)] = run(name, seed, experiments, share())
            remember(name, result)
    if result.verified is None:
        result.verified = verify(name, result, share())


def main(arguments: Sequence[str] | None = None) -> int:
    known = list(samples())
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--minutes", type=float, default=25.0, help="for all of it, about")
    parser.add_argument("--experiments", type=int, default=30, help="a run, baseline included")
    parser.add_argument("--again", action="store_true", help="forget what earlier calls found")
    parser.add_argument("--output", default=str(TABLE), help="the table's file; - prints it")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(known):
        parser.error(f"there is no sample {', '.join(sorted(unknown))}")
    ends = time.monotonic() + 60 * options.minutes
    wanted = options.names or known
    results = {name: recall(name, again=options.again and name in wanted) for name in known}

    def write() -> None:
        text = page(results)
        if options.output == "-":
            print(text, end="")
        else:
            Path(options.output).write_text(text, encoding="utf-8")

    def attempt(name: str, what: str) -> None:
        result = results[name]
        print(f"{name}: {what}", file=sys.stderr, flush=True)
        try:
            if what == "setup":
                prepare(name, result)
            else:
                fill(name, results, options.experiments, ends, todo)
        except NotRun as reason:
            result.why_not = str(reason)
        result.day = f"{dt.datetime.now().astimezone():%Y-%m-%d}"
        remember(name, result)
        print(f"{name}: {line(cells(name, result))}", file=sys.stderr, flush=True)

    todo = [name for name in wanted if results[name].parts_left]
    for name in todo:
        if not results[name].evaluation_s or not (STORE / name).is_dir():
            results[name] = Result(results[name].files)
            attempt(name, "setup")
    todo = sorted((n for n in todo if results[n].parts_left), key=lambda n: weight(results[n]))
    for name in todo:
        attempt(name, "runs")
        if options.output != "-":
            write()
    write()
    spread = [statistics.median(r.setup_s for r in results.values() if r.setup_s)] if todo else []
    print(f"setups took {spread[0]:.1f} s in the middle" if spread else "nothing was missing")
    return 1 if any(results[name].why_not for name in wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
