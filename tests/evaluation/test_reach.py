"""What programs want beside them is there, though the sandbox has a /tmp of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexp_tui.evaluation.sandbox import reach
from autoexp_tui.evaluation.sandbox.places import agent_places
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


def test_an_agent_program_reads_its_own_login_and_no_other(tmp_path: Path) -> None:
    for name in (".ssh", ".codex", ".claude", ".mine", ".config/mine", ".kube", "logins"):
        (tmp_path / name).mkdir(parents=True)
    environ = {"HOME": str(tmp_path), "CODEX_HOME": str(tmp_path / "logins")}

    def places(command: str, *logins: str) -> set[str]:
        found = agent_places(environ, command, logins)
        return {str(path.relative_to(tmp_path)) for path in found}

    assert places("/opt/bin/codex exec -") == {".codex", "logins"}
    assert places("npx @anthropic-ai/claude-code -p") == {".claude"}
    assert places("python3 tools/mine.py --model gpt") == {".mine", ".config/mine"}
    assert places("sh ssh.sh; kube; ./my-gemini") == set()
    assert places("mine", "~/.kube", str(tmp_path / ".ssh")) == {
        *(".mine", ".config/mine", ".kube", ".ssh")
    }
