"""An iteration of other search loops on the same stub, beside ours: is it flat, and how long?

    python benchmarks/peers.py [--iterations 300,1000] [--json FILE]

The stub of a harness is `sh -c "echo loss: N"`, the stub of a model gives the next number at once.
openevolve keeps a database of programs with checkpoints, gepa a state on disk, both without git,
without a journal that is forced to the disk, and without supervision of what they start. Each
iteration is timed where it asks for the next text; a figure is the mean of the 60 before it. They
are installed into an environment of their own, `.bench/peers`; what can't be is skipped.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_ENVIRONMENT = Path(__file__).parents[1] / ".bench" / "peers"
_PYTHON = _ENVIRONMENT / "bin" / "python"
_INSTALL_S = 180
_RUN_S = 300
_ABOUT = 60
"""Iterations that a figure is the mean of."""


def harness(number: int) -> float:
    """The stub of a harness: its figure."""
    command = ["sh", "-c", f"echo loss: {number}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(said.split(":")[1])


class Marks:
    """The time of each proposal, one a line: peers ask for them in processes of their own."""

    def __init__(self, path: str) -> None:
        self._path = path

    def next(self) -> int:
        """Mark one; its number."""
        with Path(self._path).open("a") as file:
            file.write(f"{time.monotonic()}\n")
            return file.tell()


# What runs in the environment of the peers.


def gepa(iterations: int, folder: Path, marks: Marks) -> None:
    """Candidates of one text, of which none is better than the first."""
    from gepa import optimize  # noqa: PLC0415 - in its own environment
    from gepa.core.adapter import EvaluationBatch  # noqa: PLC0415

    made = 0

    class Adapter:
        propose_new_texts = None

        def evaluate(
            self, batch: Sequence[int], candidate: Mapping[str, str], capture_traces: bool = False
        ) -> Any:
            scores = [-harness(int(candidate["number"])) for _ in batch]
            return EvaluationBatch(scores, scores, scores if capture_traces else None)

        def make_reflective_dataset(
            self, candidate: object, batch: object, components: Sequence[str]
        ) -> dict[str, list[dict[str, str]]]:
            return {name: [{"Feedback": "lower is better"}] for name in components}

    def propose(*_: object) -> dict[str, str]:
        nonlocal made
        made += 1
        marks.next()
        return {"number": str(100_000 + made)}

    optimize(
        {"number": "10"},
        trainset=[0],
        adapter=Adapter(),
        custom_candidate_proposer=propose,
        reflection_minibatch_size=1,
        stop_callbacks=lambda _: made > iterations,
        run_dir=str(folder / "run"),
        logger=Silent(),
    )


class Silent:
    """A log that nobody reads."""

    def log(self, message: str) -> None:
        """It is dropped."""


_EVALUATOR = """\
import subprocess
def evaluate(path):
    number = open(path).read().split("=")[1].strip()
    command = ["sh", "-c", f"echo loss: {number}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {"combined_score": -float(said.split(":")[1])}
"""


class Model:
    """A model that gives the next number at once."""

    marks = Marks("")

    def __init__(self, _: object = None) -> None:
        """Of whatever settings."""

    async def generate(self, prompt: str, **_: object) -> str:
        return f"```python\nnumber = {100_000 + self.marks.next()}\n```"

    async def generate_with_context(self, *_: object, **__: object) -> str:
        return await self.generate("")


def openevolve(iterations: int, folder: Path, marks: Marks) -> None:
    """Whole rewrites of a program of one line."""
    from openevolve import run_evolution  # noqa: PLC0415 - in its own environment
    from openevolve.config import Config, LLMModelConfig  # noqa: PLC0415

    Model.marks = marks
    (folder / "program.py").write_text("number = 10\n")
    (folder / "evaluator.py").write_text(_EVALUATOR)
    config = Config()
    config.log_level = "ERROR"
    config.diff_based_evolution = False
    config.evaluator.cascade_evaluation = False
    config.llm.models = [LLMModelConfig(name="stub", init_client=Model)]
    config.llm.evaluator_models = config.llm.models
    run_evolution(
        str(folder / "program.py"),
        str(folder / "evaluator.py"),
        config,
        iterations,
        str(folder / "out"),
        cleanup=False,
    )


PEERS: dict[str, Callable[[int, Path, Marks], None]] = {"openevolve": openevolve, "gepa": gepa}


# What compares them.


def install() -> str:
    """Why they can't be run here; empty when they can."""
    if _PYTHON.exists() and _imports():
        return ""
    try:
        subprocess.run([sys.executable, "-m", "venv", _ENVIRONMENT], check=True, timeout=60)
        words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS]
        subprocess.run([str(_PYTHON), *words], check=True, timeout=_INSTALL_S, capture_output=True)
    except (subprocess.SubprocessError, OSError) as error:
        return f"they can't be installed here: {error}"
    return "" if _imports() else "they were installed, and can't be imported"


def _imports() -> bool:
    words = [str(_PYTHON), "-c", f"import {', '.join(PEERS)}"]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def timed(name: str, iterations: int, folder: Path) -> list[float]:
    """When each proposal of a peer was asked for."""
    marks = folder / f"{name}.marks"
    (folder / name).mkdir()
    words = ["--drive", name, str(iterations), str(folder / name), str(marks)]
    command = [str(_PYTHON), __file__, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_RUN_S)
    times = [float(line) for line in marks.read_text().split()] if marks.exists() else []
    if len(times) < iterations:
        raise SystemExit(f"{name} stopped at {len(times)}: {done.stderr[-800:]}")
    return times


def each(times: Sequence[float], end: int) -> float:
    """Milliseconds of an iteration, of those before the `end`th."""
    last = min(end, len(times) - 1)
    return (times[last] - times[last - _ABOUT]) / _ABOUT * 1000


def main() -> None:
    from experiments import night  # noqa: PLC0415 - in our environment alone
    from figures import Figures, add_argument  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", default="300,1000")
    add_argument(parser)
    options = parser.parse_args()
    early, late = map(int, options.iterations.split(","))
    figures = Figures(options.json)
    lacking = install()
    print(f"{'milliseconds of an iteration':<30} at {early:>5}  at {late:>5}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = [at for _, at, _ in night(folder / "ours", "discarded", late + 1).rows]
        found = {"autoexp, forced to the disk": ours}
        if not lacking:
            found |= {peer: timed(peer, late, folder) for peer in PEERS}
        for what, times in found.items():
            print(f"{what:<30} {each(times, early):8.1f}  {each(times, late):8.1f}")
    if lacking:
        print(f"skipped: openevolve and gepa: {lacking}")
    else:
        figures.tell("peers", each(ours, late), each(found["gepa"], late))
    figures.tell("peers, flat", each(ours, late), each(ours, early))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--drive"]:
        peer, count, place, log = sys.argv[2:]
        PEERS[peer](int(count), Path(place), Marks(log))
    else:
        main()
