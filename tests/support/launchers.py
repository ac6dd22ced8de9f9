"""Evaluations by a launcher on this machine: what leads there is a script of a test's."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from support.real_rig import RealRig

from autoexp_tui.evaluation.launch.elsewhere import ElsewhereEvaluator, evaluating
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.model.contract import Contract, Elsewhere
from autoexp_tui.testing.evaluators import CONTRACT, FILES


def by(prefix: str, contract: Contract = CONTRACT, setup: str | None = None) -> Contract:
    """A contract whose evaluations go by that prefix, to the Python of the tests."""
    there = Elsewhere(prefix=prefix, python=sys.executable, setup=setup)
    return msgspec.structs.replace(contract, evaluator=there)


@contextlib.contextmanager
def elsewhere(
    folder: Path, contract: Contract, baseline: str = FILES[CONTRACT.target]
) -> Iterator[ElsewhereEvaluator]:
    """The evaluator of such a contract, in a new project."""
    rig = RealRig(folder, [], contract, baseline)
    with rig.evaluator() as local:
        measuring = evaluating(rig.run_directory, local, local.workspace, rig.started, rig.state)
        with measuring as evaluator:
            assert isinstance(evaluator, ElsewhereEvaluator)
            yield evaluator


def result(evaluator: ElsewhereEvaluator, text: str, limit: float = 60.0, n: int = 1) -> Result:
    """Of one evaluation of a target."""
    return evaluator.submit(Job(n, text, limit)).result()


def script(folder: Path, text: str, name: str = "launcher") -> str:
    """A program of a shell; its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)
