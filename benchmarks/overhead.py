"""What one experiment costs beside its harness, in parts, and how that grows with the repository.

    python benchmarks/overhead.py [--times 30] [--files 10,10000] [--count]

Figures are milliseconds of processor time (user and system, of this process and all it starts) and
ratios to a durable floor, measured in turns with the parts: spawn the same harness, write blob,
tree, commit and ref with git's fsync, append a line with fsync. The floor uses pygit2 where it can
be imported (`pip install --target DIR pygit2`, then PYTHONPATH=DIR), else git's command line.
`--count` also counts processes and fsyncs of an experiment, by strace.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil

from autoexp_tui.evaluation.harness import run_harness
from autoexp_tui.evaluation.local import LocalEvaluator
from autoexp_tui.loop.ports import Job
from autoexp_tui.model.contract import Budget, SandboxChoice
from autoexp_tui.testing.evaluators import CONTRACT

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sections import circumstances
from support.gitrepos import git, make_repo
from support.real_rig import RealRig

HARNESS = "echo loss: 1"
ROUNDS = 5
Operation = Callable[[int], object]


def processor_ms() -> float:
    """Of this process, of what it waited for, and of what it started and lives still."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(each.ru_utime + each.ru_stime for each in used)
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += sum(child.cpu_times()[:4])
    return total * 1000


def spent(operation: Operation, times: int) -> float:
    """Milliseconds of one call, over so many."""
    began = processor_ms()
    for n in range(times):
        operation(n)
    return (processor_ms() - began) / times


@contextlib.contextmanager
def floor(folder: Path) -> Iterator[tuple[str, Operation]]:
    """The least that a durable experiment can cost, and what it was made with."""
    root = make_repo(folder / "floor", {"target.sh": HARNESS})
    write, name = _writer(root)
    with (folder / "journal").open("ab", buffering=0) as journal:

        def operation(n: int) -> None:
            subprocess.run(["/bin/sh", "-c", HARNESS], capture_output=True, check=True)
            write(n)
            journal.write(b"{}\n")
            os.fsync(journal.fileno())

        yield name, operation


def _writer(root: Path) -> tuple[Operation, str]:
    try:
        import pygit2  # noqa: PLC0415 - it need not be there
    except ImportError:
        return lambda n: _by_command_line(root, n), "git's command line"
    pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, 1)
    repository = pygit2.Repository(str(root))
    who = pygit2.Signature("A", "a@example.org", 0, 0)

    def write(n: int) -> None:
        builder = repository.TreeBuilder()
        builder.insert("target.sh", repository.create_blob(b"%d\n" % n), 0o100644)
        commit = repository.create_commit(None, who, who, "x", builder.write(), [])
        repository.references.create(f"refs/floor/{n}", commit, force=True)

    return write, "pygit2"


def _by_command_line(root: Path, n: int) -> None:
    def run(*words: str, given: str = "") -> str:
        return subprocess.run(
            ["git", "-c", "core.fsync=all", *words],
            cwd=root,
            input=given,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    blob = run("hash-object", "-w", "--stdin", given=str(n))
    tree = run("mktree", given=f"100644 blob {blob}\ttarget.sh\n")
    run("update-ref", f"refs/floor/{n}", run("commit-tree", "-m", "x", tree))


def supervised(folder: Path) -> Operation:
    """The harness alone, with a supervisor."""

    def operation(_: int) -> None:
        outcome = run_harness(
            ["/bin/sh", "-c", HARNESS],
            cwd=folder,
            env={"PATH": os.environ["PATH"]},
            time_limit=60.0,
            log=folder / "output.log",
            metrics=CONTRACT.metrics,
            interrupt=threading.Event(),
        )
        assert outcome.failure == "", outcome

    return operation


@contextlib.contextmanager
def evaluation(folder: Path, sandbox: SandboxChoice, files: int = 10) -> Iterator[Operation]:
    """The workspace prepared, the harness run, all verified, in a repository of so many files."""
    contract = msgspec.structs.replace(CONTRACT, sandbox=sandbox)
    rig = RealRig(folder, [], contract)
    for n in range(files - 2):
        path = rig.root / f"part{n // 100}" / f"module{n}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"VALUE = {n}\n")
    git(rig.root, "add", "-A")
    git(rig.root, "commit", "-q", "--allow-empty", "-m", "files")
    rig.started = msgspec.structs.replace(rig.started, base=git(rig.root, "rev-parse", "HEAD"))
    with rig.evaluator() as evaluator:

        def operation(n: int) -> None:
            _evaluate(evaluator, n)

        for n in range(3):  # until only what changes is looked at
            operation(n)
        yield operation


def _evaluate(evaluator: LocalEvaluator, n: int) -> None:
    job = Job(n=10 + n, text=f"{HARNESS} # {n}\n", time_limit=60.0)
    result = evaluator.submit(job).result()
    assert not result.failure, result


def experiments(folder: Path, rows: int, sandbox: SandboxChoice = "none") -> None:
    """A whole run of the loop; all but the baseline are discarded."""
    contract = msgspec.structs.replace(
        CONTRACT,
        sandbox=sandbox,
        confirm="off",
        budget=msgspec.structs.replace(Budget(), max_experiments=rows),
    )
    texts = [f"echo loss: {n}\n" for n in range(2, rows + 2)]
    rig = RealRig(folder, texts, contract)
    assert rig.run().ok
    assert len(rig.state.rows) == rows


def experiment(folder: Path, sandbox: SandboxChoice, times: int) -> float:
    """Milliseconds of one more experiment."""

    def run(rows: int) -> float:
        return spent(lambda _: experiments(folder / f"{sandbox}{rows}", rows, sandbox), 1)

    few, many = run(3), run(3 + times)
    return (many - few) / times


def counted(folder: Path) -> dict[str, float]:
    """Processes and fsyncs of one experiment, its harness' own among them."""
    found = []
    for rows in (3, 13):
        log = folder / f"trace{rows}"
        calls = "trace=fork,vfork,clone,clone3,fsync,fdatasync"
        words = [sys.executable, __file__, "--rows", str(rows)]
        subprocess.run(["strace", "-f", "-qq", "-e", calls, "-o", log, *words], check=True)
        lines = log.read_text(errors="replace").splitlines()
        made = [each for each in lines if re.search(r" (?:v?fork|clone3?)\(", each)]
        found.append(
            (
                sum("CLONE_THREAD" not in each for each in made),
                sum(bool(re.search(r" f(?:data)?sync\(", each)) for each in lines),
            )
        )
    few, many = found
    return {name: (many[at] - few[at]) / 10 for at, name in enumerate(("processes", "fsyncs"))}


def in_turns(operations: dict[str, Operation], times: int) -> dict[str, float]:
    """The median of some rounds, in each of which all have their turn."""
    rounds = [
        {name: spent(operation, times) for name, operation in operations.items()}
        for _ in range(ROUNDS)
    ]
    return {name: statistics.median(each[name] for each in rounds) for name in operations}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--files", default="10,10000")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--rows", type=int, help="only run so many experiments")
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        os.environ["AUTOEXP_CACHE"] = f"{folder}/cache"
        if wishes.rows:
            experiments(folder / "run", wishes.rows)
            return
        sizes = [int(each) for each in wishes.files.split(",")]
        made_with, least = stack.enter_context(floor(folder))
        operations: dict[str, Operation] = {
            f"durable floor ({made_with})": least,
            "harness and supervisor": supervised(folder),
        }
        sandboxes: tuple[SandboxChoice, ...] = ("none", "auto")
        for sandbox in sandboxes:
            for files in sizes:
                made = evaluation(folder / f"{sandbox}{files}", sandbox, files)
                operations[f"evaluation, sandbox {sandbox}, {files} files"] = stack.enter_context(
                    made
                )
        figures = in_turns(operations, wishes.times)
        for sandbox in sandboxes:
            figures[f"experiment, sandbox {sandbox}"] = experiment(folder, sandbox, wishes.times)
        print(circumstances(), "\n\n| | ms of processor | to the floor |\n|---|--:|--:|", sep="")
        base = next(iter(figures.values()))
        for what, found in figures.items():
            print(f"| {what} | {found:.1f} | {found / base:.1f}× |")
        if wishes.count and shutil.which("strace"):
            for what, number in counted(folder).items():
                print(f"| {what} of an experiment | {number:.1f} | |")


if __name__ == "__main__":
    main()
