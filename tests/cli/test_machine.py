"""What `check` says of the machine, and what to do where something is missing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.fakes import contract

from autoexp_tui.commands import machine as told
from autoexp_tui.commands.machine import machine
from autoexp_tui.model.contract import Elsewhere


def things(folder: Path, sandbox: str = "bubblewrap", **environ: str) -> dict[str, str]:
    made = contract()
    return dict(machine(made, "2.39.5", folder, sandbox, {"PATH": str(folder), **environ}))


def test_each_thing_has_a_line(tmp_path: Path) -> None:
    found = things(tmp_path)
    assert [*found][:6] == ["git", "terminal", "disk", "sandbox", "key", "agents"]
    assert found["git"] == "2.39.5"
    assert found["disk"].endswith("MB free")
    assert found["terminal"] == "none: lines instead of the screen"


def test_what_is_missing_has_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "free_mb", lambda _: 3)
    found = things(tmp_path, "none")
    assert "set AUTOEXP_CACHE to a folder with it" in found["disk"]
    assert "install bubblewrap" in found["sandbox"]
    assert found["key"] == "no ANTHROPIC_API_KEY: the tuner proposes, offline and free"
    assert found["agents"].startswith("none found")


def test_a_sandbox_of_this_machine_is_none_of_another(tmp_path: Path) -> None:
    there = msgspec.structs.replace(contract(), evaluator=Elsewhere(prefix="ssh host"))
    found = dict(machine(there, "2.39.5", tmp_path, "bubblewrap", {}))
    assert found["sandbox"] == "bubblewrap here, for agent programs; none where evaluations run"


def test_what_is_there_is_named_and_no_key_is_shown(tmp_path: Path) -> None:
    (tmp_path / "claude").touch(mode=0o755)
    found = things(tmp_path, ANTHROPIC_API_KEY="sk-ant-secret")
    assert found["agents"] == "claude-code"
    assert found["key"] == "ANTHROPIC_API_KEY is set: Claude can propose"
    server = things(tmp_path, ANTHROPIC_BASE_URL="http://localhost:1")
    assert server["key"] == "ANTHROPIC_BASE_URL is set: that server can propose"


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("xterm-256color", (120, 40), "xterm-256color, 120×40"),
        ("xterm", (60, 20), "xterm, 60×20: 80×24 shows more"),
        ("dumb", (120, 40), "export TERM=xterm-256color"),
        ("", (120, 40), "unnamed, 120×40: lines instead"),
    ],
)
def test_a_terminal_is_told_by_its_name_and_size(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    size: tuple[int, int],
    words: str,
) -> None:
    monkeypatch.setattr(told.sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(told.shutil, "get_terminal_size", lambda: told.os.terminal_size(size))
    assert words in things(tmp_path, TERM=name)["terminal"]


@pytest.mark.parametrize(("lingers", "words"), [(True, "goes on"), (False, "enable-linger")])
def test_whether_a_logout_ends_it_is_told_where_something_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, lingers: bool, words: str
) -> None:
    monkeypatch.setattr(told, "_LINGER", tmp_path)
    monkeypatch.setattr(told, "_SYSTEMD", tmp_path)
    monkeypatch.setattr(told.getpass, "getuser", lambda: "ada")
    if lingers:
        (tmp_path / "ada").touch()
    assert words in things(tmp_path)["logout"]
