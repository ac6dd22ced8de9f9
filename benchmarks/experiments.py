"""What one experiment costs beside its harness, against the durable floor of the same minute.

    python benchmarks/experiments.py [--experiments 300] [--sizes 100,1000] [--agents 1000]
                                      [--json FILE] [--report FILE]

The harness does nothing, so all that is measured is ours: a runner as `autoexp run` starts it, in
a process of its own, with a proposer that gives the next text at once. The durable floor is the
least that keeps an experiment over a power loss: start the harness, write blob, tree, commit and
ref through libgit2 with git's own fsync, append one line to a file and force it to the disk. It
runs before and after each of ours, in a Python of its own (`.bench/`, where pygit2 can be
installed).

CPU is that of the runner and of all that it started, over the last third of the experiments.
Processes and fsyncs are counted by strace where there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from figures import Figures, add_argument
from sections import circumstances, put
from support.gitrepos import make_repo

_HERE = Path(__file__).parents[1]
_PYGIT = _HERE / ".bench" / "bin" / "python"
_FLOOR = textwrap.dedent("""
    import os, resource, subprocess, sys, time
    import pygit2
    pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, True)
    times, folder = int(sys.argv[1]), sys.argv[2]
    repo = pygit2.init_repository(folder)
    me = pygit2.Signature("a", "a@b")
    log = os.open(f"{folder}/journal", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    parents = []
    def used():
        both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(each.ru_utime + each.ru_stime for each in both)
    cpu, began = used(), time.perf_counter()
    for n in range(times):
        subprocess.run(["sh", "-c", "echo loss: 1"], stdout=subprocess.DEVNULL)
        tree = repo.TreeBuilder()
        tree.insert("target", repo.create_blob(b"%d\\n" % n), pygit2.enums.FileMode.BLOB)
        made = repo.create_commit(f"refs/bench/{n}", me, me, "m", tree.write(), parents)
        parents = [made]
        os.write(log, b"one line\\n"); os.fsync(log)
    print((used() - cpu) / times * 1000, (time.perf_counter() - began) / times * 1000)
""")
KINDS = ("discarded", "kept", "agent")
HARNESS = "echo loss: $(cat target.txt)"
OWN_PROGRAMS = 2
"""That the harness starts by itself: a shell and `cat`."""
_EARLY = 100


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one experiment, in milliseconds."""

    cpu: float
    wall: float


def floor(folder: Path, times: int = 300) -> Cost:
    """The least that keeps an experiment, or nothing where pygit2 can't be had."""
    command = [str(_PYGIT), "-c", _FLOOR, str(times), str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Cost(*map(float, said.split()))


def have_pygit() -> bool:
    """Whether the reference can be run; it is installed where it isn't yet."""
    if not _PYGIT.exists():
        subprocess.run([sys.executable, "-m", "venv", _PYGIT.parents[1]], check=True)
        install = [str(_PYGIT), "-m", "pip", "install", "--quiet", "pygit2"]
        subprocess.run(install, check=False)
    return subprocess.run([_PYGIT, "-c", "import pygit2"], check=False).returncode == 0


# The run that is measured, in a process of its own.


def project(folder: Path, kind: str, experiments: int, files: int) -> Path:
    """A repository whose target is one number, and `files` more."""
    agent = 'command:\n  run: "date +%s%N > target.txt"\n'
    config = (
        "target: target.txt\n"
        f'harness: "{HARNESS}"\n'
        "metrics:\n  - name: loss\n    direction: lower\n"
        "confirm: off\n"
        f"budget:\n  max_experiments: {experiments}\n"
        f"proposer: {'command' if kind == 'agent' else 'tuner'}\n"
        + (agent if kind == "agent" else "")
    )
    more = {f"lib/{n // 100}/{n}.txt": f"{n}\n" for n in range(files)}
    return make_repo(folder / "project", {"target.txt": "10\n", "autoexp.yaml": config, **more})


class _Given:
    """A proposer that costs nothing; its texts are better or worse than the best, as asked."""

    name = "given"

    def __init__(self, kind: str) -> None:
        self._step = -1 if kind == "kept" else 1

    def propose(self, situation: object, stream: object) -> object:
        from autoexp_tui.model.proposal import Proposal  # noqa: PLC0415

        n: int = situation.n  # type: ignore[attr-defined]
        return Proposal("another number", f"number {n}", f"{100000 + self._step * n}\n")


def host(root: Path, kind: str, out: Path) -> None:
    """Run the project at `root` to its end; CPU and time at each row go to `out`."""
    from autoexp_tui.model.events import Decided  # noqa: PLC0415 - in the measured process
    from autoexp_tui.project import find_project  # noqa: PLC0415
    from autoexp_tui.proposers import registry  # noqa: PLC0415
    from autoexp_tui.runner import runner  # noqa: PLC0415
    from autoexp_tui.runner.notifier import Notifier  # noqa: PLC0415
    from autoexp_tui.runner.preparation import Wishes, prepare  # noqa: PLC0415

    lines: list[str] = []
    tree = Tree(os.getpid())

    class Listening(Notifier):
        def take(self, record: object, state: object) -> None:
            if isinstance(getattr(record, "event", None), Decided):
                lines.append(f"{tree.cpu()} {time.perf_counter()} {memory()}\n")

    setattr(runner, "Notifier", Listening)  # noqa: B010 - it is the runner's own name
    prepared = prepare(find_project(root), Wishes(tag="b"), today=dt.date(2026, 1, 1))
    if kind != "agent":
        registry.factory = lambda _: _Maker(kind)  # type: ignore[assignment,return-value]
    made = runner.Runner(prepared.run, prepared.root, prepared.results)
    made.start()
    made.wait()
    out.write_text("".join(lines))


class _Maker:
    def __init__(self, kind: str) -> None:
        self._kind = kind

    def make(self, _: object) -> _Given:
        return _Given(self._kind)


class Tree:
    """The processes that one process has started, itself included."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._tick = os.sysconf("SC_CLK_TCK")

    def cpu(self) -> float:
        """Seconds that they have used, those included that have ended."""
        return sum(self._used(pid) for pid in self._all(self._pid))

    def _all(self, pid: int) -> Iterator[int]:
        yield pid
        for task in Path(f"/proc/{pid}/task").glob("*"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                for child in (task / "children").read_text().split():
                    yield from self._all(int(child))

    def _used(self, pid: int) -> float:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return sum(map(int, fields[11:15])) / self._tick


def memory() -> int:
    """Resident KiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") >> 10


# What is made of it.


@dataclass(frozen=True, slots=True)
class Night:
    """One run of many experiments."""

    root: Path
    rows: list[tuple[float, float, int]]
    """CPU seconds and time at each row, and memory in KiB."""

    def cost(self, start: int, end: int) -> Cost:
        """Of the experiments between two rows."""
        (cpu, at, _), (cpu_after, at_after, _) = self.rows[start], self.rows[end]
        each = (end - start) / 1000
        return Cost((cpu_after - cpu) / each, (at_after - at) / each)


def night(
    folder: Path, kind: str, experiments: int, files: int = 5, *tracer: str, ignored: int = 0
) -> Night:
    """A run in a process of its own; `tracer` is a command line that starts it.

    `ignored` is the size in bytes of a file that git is told to ignore.
    """
    folder.mkdir()
    root, out = project(folder, kind, experiments, files), folder / "out"
    if ignored:
        (root / ".git" / "info" / "exclude").write_text("data.bin\n")
        with (root / "data.bin").open("wb") as data:
            data.truncate(ignored)
    own = {"AUTOEXP_CACHE": str(folder / "cache"), "XDG_STATE_HOME": str(folder / "state")}
    command = [*tracer, sys.executable, __file__, "--host", str(root), kind, str(out)]
    subprocess.run(command, check=True, env={**os.environ, **own})
    rows = [line.split() for line in out.read_text().splitlines()]
    return Night(root, [(float(cpu), float(at), int(kib)) for cpu, at, kib in rows])


def system_calls(folder: Path, kind: str) -> dict[str, float]:
    """Processes, fsyncs and programs of one experiment: what 20 more of them make of it."""
    if shutil.which("strace") is None:
        return {}
    found = []
    for experiments in (10, 30):
        log = folder / f"{kind}{experiments}.strace"
        watch = "trace=clone,clone3,fork,vfork,execve,fsync,fdatasync"
        tracer = ("strace", "-f", "-qq", "-e", watch, "-e", "signal=none", "-o", str(log))
        night(folder / f"{kind}{experiments}", kind, experiments, 5, *tracer)
        text = log.read_text(errors="replace")
        found.append(
            {
                "programs": len(re.findall(r"execve.*= 0$", text, re.MULTILINE)),
                "fsyncs": len(
                    re.findall(r"f(?:data)?sync(?:\(| resumed).*= 0$", text, re.MULTILINE)
                ),
            }
        )
    few, many = found
    return {name: (many[name] - few[name]) / 20 for name in few}


def disk(root: Path) -> int:
    """Bytes of disk that a repository takes, as the file system counts them."""
    return sum(path.lstat().st_blocks for path in (root / ".git").rglob("*")) * 512


def measure(folder: Path, experiments: int, sizes: list[int], agents: int, told: Figures) -> str:
    """All tables, in Markdown."""
    pygit = have_pygit()
    numbers = itertools.count()

    def floors() -> list[Cost]:
        return [floor(folder / f"floor{next(numbers)}")] if pygit else []

    lines = [
        "| an experiment | CPU | time | × floor | programs | fsyncs |",
        "|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        before = floors()
        made = night(folder / f"{kind}-night", kind, experiments)
        around = before + floors()
        cost = made.cost(len(made.rows) // 3, len(made.rows) - 1)
        calls = system_calls(folder, kind)
        if around:
            told.tell(f"experiment, {kind}", cost.cpu, statistics.mean(c.cpu for c in around))
        if kind == "discarded" and calls:
            told.tell("programs", calls["programs"] - OWN_PROGRAMS)
            told.tell("fsyncs", calls["fsyncs"])
        ratio = f"{cost.cpu / statistics.mean(each.cpu for each in around):.1f}" if around else "-"
        counted = " | ".join(
            f"{calls[name]:.1f}" if calls else "-" for name in ("programs", "fsyncs")
        )
        lines.append(f"| {kind} | {cost.cpu:.1f} ms | {cost.wall:.1f} ms | {ratio} | {counted} |")
        if around:
            low = min(around, key=lambda each: each.cpu)
            lines.append(f"| (durable floor) | {low.cpu:.1f} ms | {low.wall:.1f} ms | 1 | 1 | |")
    lines += ["", *_growth(folder, sizes, agents, told)]
    return "\n".join(lines)


def _growth(folder: Path, sizes: list[int], agents: int, told: Figures) -> list[str]:
    """How size matters: experiments made before, and files of the repository."""
    lines = ["| discarded | at row | CPU | memory | disk for each |", "|---|---|---|---|---|"]
    most = max(sizes)
    fresh = disk(project(folder / "fresh", "discarded", 1, 5))
    made = night(folder / "long", "discarded", most + 1)
    each = (disk(made.root) - fresh) / most / 1000
    for size in sizes:
        cost = made.cost(size - 60, size)
        lines.append(
            f"| | {size} | {cost.cpu:.1f} ms | {made.rows[size][2] >> 10} MB | {each:.1f} KB |"
        )
    told.tell("disk", each)
    if agents > _EARLY:
        run = night(folder / "agents", "agent", agents)
        early, late = (run.cost(at - 60, at).cpu for at in (_EARLY, agents - 1))
        lines.append(f"| with an agent program | {_EARLY} | {early:.1f} ms | | |")
        lines.append(f"| | {agents} | {late:.1f} ms | | |")
        told.tell("late, agent", late, early)
    lines += ["", "| files | discarded | with an agent program |", "|---|---|---|"]
    costs = {}
    for files in (10, 10_000):
        for kind in ("discarded", "agent"):
            many = night(folder / f"{kind}-{files}", kind, 60, files)
            costs[kind, files] = many.cost(20, len(many.rows) - 1).cpu
        plain, agent = costs["discarded", files], costs["agent", files]
        lines.append(f"| {files} | {plain:.1f} ms | {agent:.1f} ms |")
    for kind in ("discarded", "agent"):
        told.tell(f"files, {kind}", costs[kind, 10_000], costs[kind, 10])
    beside = night(folder / "ignored", "discarded", 60, 10, ignored=1 << 30)
    used = beside.cost(20, len(beside.rows) - 1).cpu
    lines.append(f"| 10, beside 1 GiB of ignored data | {used:.1f} ms | |")
    told.tell("ignored", used, costs["discarded", 10])
    return lines


def main(options: Mapping[str, Any]) -> None:
    """Measure, and tell it."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = [int(size) for size in options["sizes"].split(",")]
        told = Figures(options["json"])
        text = measure(
            Path(folder), int(options["experiments"]), sizes, int(options["agents"]), told
        )
    print(text)
    if options["report"]:
        put(Path(options["report"]), "experiments", f"{circumstances()}\n\n{text}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--host"]:
        host(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    else:
        parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
        parser.add_argument("--experiments", default="300")
        parser.add_argument("--sizes", default="100,1000")
        parser.add_argument("--agents", default="1000", help="of the long run with an agent")
        parser.add_argument("--report", default="")
        add_argument(parser)
        main(vars(parser.parse_args()))
