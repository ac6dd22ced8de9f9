"""What one evaluation costs beside its harness: on this machine, by a prefix, and by Ray.

    python benchmarks/launchers.py [--times 20] [--files 10] [--report FILE]

Milliseconds of wall time of an evaluation whose harness ends at once, in turns with a bare
subprocess; the way to get there is `env`, which costs nothing itself. Ray is a cluster of one node
on this machine, already up, where it is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from autoexp_tui.evaluation.launch.elsewhere import evaluating
from autoexp_tui.loop.ports import Evaluator, Job
from autoexp_tui.model.contract import Elsewhere
from autoexp_tui.testing.evaluators import CONTRACT

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sections import circumstances, put
from support.gitrepos import git
from support.real_rig import RealRig

HARNESS = "echo loss: 1"
Operation = Callable[[], object]


def bare() -> None:
    subprocess.run(["/bin/sh", "-c", HARNESS], capture_output=True, check=True)


@contextlib.contextmanager
def evaluations(folder: Path, there: Elsewhere | None, files: int) -> Iterator[Operation]:
    """One evaluation, in a repository of so many files; what happens once is over."""
    contract = msgspec.structs.replace(CONTRACT, sandbox="none", evaluator=there)
    rig = RealRig(folder, [], contract)
    for n in range(files - 2):
        path = rig.root / f"part{n // 100}" / f"module{n}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"VALUE = {n}\n")
    git(rig.root, "add", "-A")
    git(rig.root, "commit", "-q", "--allow-empty", "-m", "files")
    rig.started = msgspec.structs.replace(rig.started, base=git(rig.root, "rev-parse", "HEAD"))
    with (
        rig.evaluator() as local,
        evaluating(rig.run_directory, local, local.workspace, rig.started, rig.state) as evaluator,
    ):
        for n in range(3):
            evaluate(evaluator, n)
        count = iter(range(3, 1_000_000))
        yield lambda: evaluate(evaluator, next(count))


def evaluate(evaluator: Evaluator, n: int) -> None:
    result = evaluator.submit(Job(10 + n, f"{HARNESS} # {n}\n", 60.0)).result()
    assert not result.failure, result


def milliseconds(operation: Operation) -> float:
    began = time.monotonic()
    operation()
    return (time.monotonic() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--report", type=Path)
    wishes = parser.parse_args()
    ways: dict[str, Elsewhere | None] = {
        "on this machine": None,
        "by a prefix": Elsewhere(prefix="env", python=sys.executable),
    }
    if importlib.util.find_spec("ray"):
        ways["by Ray"] = Elsewhere(ray="local")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        os.environ["AUTOEXP_CACHE"] = f"{name}/cache"
        operations: dict[str, Operation] = {"a bare subprocess": bare}
        for number, (way, there) in enumerate(ways.items()):
            folder = Path(name, str(number))
            operations[way] = stack.enter_context(evaluations(folder, there, wishes.files))
        found: dict[str, list[float]] = {what: [] for what in operations}
        for _ in range(wishes.times):
            for what, operation in operations.items():
                found[what].append(milliseconds(operation))
    medians = {what: statistics.median(each) for what, each in found.items()}
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    lines = [
        (
            f"A harness that ends at once, {wishes.files} files, median of {wishes.times} turns; "
            f"{circumstances()}; load {load}."
        ),
        "",
        "| | ms | more than on this machine |",
        "|---|--:|--:|",
    ]
    here = medians["on this machine"]
    for what, median in medians.items():
        lines.append(f"| {what} | {median:.1f} | {median - here:+.1f} |")
    text = "\n".join(lines)
    print(text)
    if wishes.report is not None:
        put(wishes.report, "launchers", text)


if __name__ == "__main__":
    main()
