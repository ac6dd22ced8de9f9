"""What programs want beside them is there, though the sandbox has a /tmp of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexp_tui.evaluation.sandbox import reach
from autoexp_tui.evaluation.sandbox.reach import _programs


def test_an_environment_on_the_path_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "TEMPORARY", (tmp_path,))
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    (tmp_path / "tools" / "kit" / "bin").mkdir(parents=True)
    (programs / "kit").symlink_to("../../tools/kit/bin/kit")
    assert set(_programs({"PATH": f"{programs}:/nowhere/at/all"}, "")) == {
        programs,
        tmp_path / "tools" / "kit",
    }
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    assert tmp_path / "venv" in set(_programs({"PATH": str(programs)}, ""))
