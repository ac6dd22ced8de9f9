"""From a clone to a project that is ready, in one round of `init --yes` and `check`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from newcomer.kinds import KINDS, Kind, install_programs
from support.projects import fingerprint

from autoexp_tui import config
from autoexp_tui.cli import run_command


@pytest.fixture(params=KINDS)
def kind(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Kind, Path]:
    """A kind of project, and its folder, which is the current one."""
    kind = KINDS[request.param]
    if missing := [program for program in kind.needs if shutil.which(program) is None]:
        pytest.skip(f"{missing[0]} is not installed here")
    root = tmp_path / request.param
    here = kind.make(root)
    install_programs(tmp_path / "bin")
    folders = [str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # of a harness that is pytest
    monkeypatch.chdir(here)
    return kind, root


def test_a_project_is_ready_after_one_round(
    kind: tuple[Kind, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    expected, root = kind
    before = fingerprint(root)
    assert run_command(["init", "--yes"]) == 0, capsys.readouterr()
    told = capsys.readouterr().out
    written = {f"{expected.folder}/{name}".lstrip("/") for name in ("autoexp.yaml", "program.md")}
    after = fingerprint(root)
    old, new = before.pop("files"), after.pop("files")
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    assert after == before
    made = new.keys() - old.keys()
    assert {name: new[name] for name in old} == old
    assert made == written - old.keys()
    assert f"undo    rm {' '.join(sorted(Path(name).name for name in made))}" in told
    contract = config.load(Path("autoexp.yaml"))
    assert contract.target == expected.target
    assert expected.harness in contract.harness
    assert (contract.primary.name, contract.primary.direction) == (
        expected.metric,
        expected.direction,
    )
    assert run_command(["check"]) == 0, capsys.readouterr()
    assert "\nready: " in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["training", "c-library"], indirect=True)
def test_what_is_ready_runs(kind: tuple[Kind, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["init", "--yes"]) == 0
    assert run_command(["run", "--plain", "--max-experiments", "2"]) == 0
    assert "finished: all 2 experiments done" in capsys.readouterr().out
