"""What we ship keeps the promises that a stranger's plug-in is held to."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.real_rig import RealRig
from support.researcher import situation
from support.sandboxes import SANDBOXES, describe, skip_unless_it_works

from autoexp_tui.evaluation.sandbox import NoSandbox, Sandbox
from autoexp_tui.evaluation.sandbox.probing import attempts
from autoexp_tui.model.contract import SandboxChoice
from autoexp_tui.proposers.tuner.tuner import Tuner
from autoexp_tui.testing import check_evaluator, check_proposer, check_sandbox
from autoexp_tui.testing.evaluators import CONTRACT


@pytest.mark.parametrize("sandbox", ["none", "auto"])
def test_the_evaluator_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: SandboxChoice
) -> None:
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))
    contract = msgspec.structs.replace(CONTRACT, sandbox=sandbox)
    with RealRig(tmp_path, [], contract).evaluator() as evaluator:
        check_evaluator(evaluator)


def test_no_sandbox(tmp_path: Path) -> None:
    check_sandbox(NoSandbox(), tmp_path, forbids=False)


def test_the_probe_can_do_everything_where_nothing_forbids_it() -> None:
    assert attempts(NoSandbox()) == dict.fromkeys(
        *(("works", "tmp", "protected", "folder", "outside", "hidden", "network", "runner"), True)
    )


@pytest.mark.parametrize("sandbox", SANDBOXES, ids=describe)
def test_a_sandbox(tmp_path: Path, sandbox: Sandbox) -> None:
    skip_unless_it_works(sandbox)
    check_sandbox(sandbox, tmp_path)


def test_the_tuner() -> None:
    check_proposer(Tuner, situation())
