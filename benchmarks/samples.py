"""Run the sample projects as a user would, and write what they reached into docs/samples.md.

python benchmarks/samples.py                      # all of them, 30 experiments each
python benchmarks/samples.py sql_query --experiments 5 --output -

Each is copied by `autoexp new` into a temporary folder, prepared by its own ./setup, and run by
`autoexp run` with the built-in tuner, which needs no key. A row of a sample that was not named
stays as it is; one that lacks something says so in its row.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoexp_tui.samples import samples
from autoexp_tui.text.numbers import format_number

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "samples.md"
AUTOEXP = (sys.executable, "-m", "autoexp_tui")
ARROWS = {"lower": "↓", "higher": "↑"}
SETUP_SECONDS = 1200.0
RUN_HOURS = 2.0
COLUMNS = (
    "sample",
    "target",
    "metric",
    "baseline",
    "best",
    "experiments",
    "kept",
    "seconds",
    "noise",
    "load",
    "day",
)

TITLE = """\
# The samples, run

Written by `make samples-report`: each sample is copied by `autoexp new`, prepared by its `./setup`,
and run with the built-in tuner, seed 0. Nothing here is typed in by hand; a sample that lacks
something is not run, and its row says what.
"""
LEGEND = """\
- **experiments** include the baseline and those that crashed; **kept** does not count the baseline.
- **seconds** of the whole run, with what `confirm` measured again.
- **noise**: the best text, checked {checks} more times: the largest of its values less the
  smallest, as a share of their median. Between two runs of the tuner there is more.
- **load**: processes that wanted a core, per core, averaged over the last minute, when the run
  began and when it had ended. Above 1 the machine did other work too, and times are no one's best.
"""


class NotRun(Exception):
    """A sample gave no row of figures; the message says why, in one line."""


@dataclass(frozen=True)
class Outcome:
    """What one run came to; metrics by name, the first judged first."""

    tag: str
    contract: Mapping[str, Any]
    baseline: Mapping[str, float]
    best: Mapping[str, float]
    experiments: int
    kept: int
    seconds: float


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


def prepare(name: str, project: Path) -> None:
    """Copy a sample and run its ./setup. Raises NotRun with what is missing."""
    made = call([*AUTOEXP, "new", name, project], project.parent, 60)
    if made.returncode:
        raise NotRun(last_line(made.stdout))
    if not (project / "setup").is_file():
        return
    ready = call([project / "setup"], project, SETUP_SECONDS)
    if ready.returncode:
        raise NotRun(last_line(ready.stdout))


def events(output: str) -> Iterator[tuple[float, dict[str, Any]]]:
    """Seconds into the run and the event, from lines of JSON; notes between them are skipped."""
    for line in output.splitlines():
        if line.startswith('{"seq":'):
            record = json.loads(line)
            yield record["elapsed"], record["event"]


def read(output: str) -> Outcome:
    """What the events of a run came to. Raises NotRun when the baseline was no measurement."""
    contract: dict[str, Any] = {}
    tag = ""
    rows: list[dict[str, Any]] = []
    seconds = 0.0
    for elapsed, event in events(output):
        seconds = elapsed
        if event["kind"] == "RunStarted":
            contract, tag = event["contract"], event["tag"]
        elif event["kind"] == "Decided":
            rows.append(event)
    kept = [row for row in rows if row["status"] == "keep"]
    if not kept or kept[0]["n"] != 1:
        reason = rows[0]["reason"] if rows else last_line(output)
        raise NotRun(f"the baseline was not measured: {reason}")
    best = kept[-1]["metrics"]
    return Outcome(tag, contract, kept[0]["metrics"], best, len(rows), len(kept) - 1, seconds)


def noise(project: Path, outcome: Outcome, checks: int) -> str:
    """How far fresh measurements of the best text lie apart, in percent of their median."""
    target = outcome.contract["target"]
    branch = f"autoexp/{outcome.tag}:./{target}"
    best = subprocess.run(
        ["git", "show", branch], cwd=project, stdout=subprocess.PIPE, check=True
    ).stdout
    (project / target).write_bytes(best)
    name = outcome.contract["metrics"][0]["name"]
    values = []
    for _ in range(checks):
        output = call([*AUTOEXP, "check", "--include-dirty"], project, SETUP_SECONDS).stdout
        found = re.search(rf"^read +{re.escape(name)} (\S+) \(", output, re.MULTILINE)
        if found is None:
            raise NotRun(f"the best text could not be measured again: {last_line(output)}")
        values.append(float(found[1].replace(",", "")))
    middle = abs(statistics.median(values))
    return f"{100 * (max(values) - min(values)) / middle:.1f} %" if middle else "–"


def load() -> float:
    """Processes that want a core, per core, over the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def row(name: str, experiments: int, checks: int) -> list[str]:
    """The cells of one sample, from copying it to its noise. Raises NotRun."""
    with tempfile.TemporaryDirectory(prefix="samples-") as folder:
        project = Path(folder) / name
        prepare(name, project)
        before = load()
        run = call(
            [
                *(*AUTOEXP, "run", "--json", "--foreground", "--proposer", "tuner"),
                *("--max-experiments", str(experiments), "--max-hours", str(RUN_HOURS)),
            ],
            project,
            RUN_HOURS * 3600 + 600,
        )
        outcome = read(run.stdout)
        after = load()
        spread = noise(project, outcome, checks)
    judged = outcome.contract["metrics"]

    def shown(values: Mapping[str, float]) -> str:
        return ", ".join(format_number(values[metric["name"]]) for metric in judged)

    return [
        f"[{name}](../sample_projects/{name}/)",
        f"`{outcome.contract['target']}`",
        ", ".join(f"{metric['name']} {ARROWS[metric['direction']]}" for metric in judged),
        shown(outcome.baseline),
        shown(outcome.best),
        str(outcome.experiments),
        str(outcome.kept),
        f"{outcome.seconds:.0f}",
        spread,
        f"{before:.1f}, {after:.1f}",
        today(),
    ]


def today() -> str:
    return f"{dt.datetime.now().astimezone():%Y-%m-%d}"


def machine() -> str:
    """The kind of machine, in words that name nobody's."""
    system = platform.freedesktop_os_release() if sys.platform == "linux" else {}
    name = system.get("PRETTY_NAME") or platform.system()
    cores = os.cpu_count() or 1
    python = platform.python_version()
    return f"{cores} {platform.machine()} cores, {name}, Python {python}"


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def earlier(text: str) -> dict[str, str]:
    """The rows of a table that was written before, by sample."""
    return {m[1]: m[0] for m in re.finditer(r"^\| \[(\w+)\].*\|$", text, re.MULTILINE)}


def page(rows: Mapping[str, str], checks: int) -> str:
    """The whole document; rows in the order of their names."""
    table = [line(COLUMNS), "|" + "---|" * len(COLUMNS), *(rows[name] for name in sorted(rows))]
    legend = LEGEND.format(checks=checks)
    return "\n".join([TITLE, *table, "", legend, f"Machine of the latest rows: {machine()}.", ""])


def main(arguments: Sequence[str] | None = None) -> int:
    known = list(samples())
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--experiments", type=int, default=30, help="rows, baseline included")
    parser.add_argument("--checks", type=int, default=3, help="measurements that tell the noise")
    parser.add_argument("--output", default=str(TABLE), help="the table's file; - prints it")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(known):
        parser.error(f"there is no sample {', '.join(sorted(unknown))}")
    output = None if options.output == "-" else Path(options.output)

    rows: dict[str, str] = {}
    missing = 0
    for name in options.names or known:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows[name] = line(row(name, options.experiments, options.checks))
        except NotRun as reason:
            missing += 1
            link = f"[{name}](../sample_projects/{name}/)"
            blank = ["–"] * (len(COLUMNS) - 3)
            rows[name] = line([link, f"not run: {reason}", *blank, today()])
        print(rows[name], file=sys.stderr, flush=True)
        if output:  # read and written after each: others may have added theirs meanwhile
            old = output.read_text(encoding="utf-8") if output.is_file() else ""
            kept = {other: text for other, text in earlier(old).items() if other in known}
            output.write_text(page({**kept, **rows}, options.checks), encoding="utf-8")
    if output is None:
        print(page(rows, options.checks), end="")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
