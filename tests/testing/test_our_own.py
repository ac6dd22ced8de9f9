"""What we ship keeps the promises that a stranger's plug-in is held to."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.real_rig import RealRig
from support.researcher import situation

from autoexp_tui.evaluation.sandbox import NoSandbox
from autoexp_tui.proposers.tuner import Tuner
from autoexp_tui.testing import check_evaluator, check_proposer, check_sandbox


def test_the_evaluator_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))
    with RealRig(tmp_path, []).evaluator() as evaluator:
        check_evaluator(evaluator)


def test_no_sandbox(tmp_path: Path) -> None:
    check_sandbox(NoSandbox(), tmp_path)


def test_the_tuner() -> None:
    check_proposer(Tuner, situation())
