"""Proposers by name: ours, and a stranger's package; no word is taken for another."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fakes import contract

from autoexp_tui.model.contract import Agent
from autoexp_tui.proposers import registry
from autoexp_tui.proposers.registry import BrokenPlugin, UnknownProposer

Install = Callable[[str, str], None]

GOOD = """
from autoexp_tui.model.proposal import Exhausted
from autoexp_tui.proposers.hosting import Factory

class Proposer:
    name = "mine"
    def propose(self, situation, stream):
        raise Exhausted("nothing")

class Mine(Factory):
    def make(self, hosting):
        return Proposer()
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package of one module, which names a proposer."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name: str, source: str) -> None:
        (tmp_path / "strangers_proposer.py").write_text(source)
        about = tmp_path / "strangers_proposer-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Name: strangers-proposer\nVersion: 1\n")
        (about / "entry_points.txt").write_text(
            f"[autoexp_tui.proposers]\n{name} = strangers_proposer:Mine\n"
        )
        monkeypatch.delitem(sys.modules, "strangers_proposer", raising=False)

    return install


def test_a_package_of_a_stranger_brings_a_proposer(install: Install) -> None:
    install("mine", GOOD)
    assert registry.resolve("mine", {}) == "mine"
    assert type(registry.factory("mine")).__module__ == "strangers_proposer"
    assert "mine" in registry.names()


def test_a_plug_in_is_imported_only_when_it_is_asked_for(install: Install) -> None:
    install("mine", GOOD)
    registry.names()
    registry.resolve("auto", {})
    assert "strangers_proposer" not in sys.modules


def test_a_plug_in_replaces_none_of_ours(install: Install) -> None:
    install("tuner", GOOD)
    assert type(registry.factory("tuner")).__module__ == "autoexp_tui.proposers.builtin"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import no_such_module_here", "No module named 'no_such_module_here'"),
        ("raise RuntimeError('\\x1b[31mboom')", "RuntimeError: boom"),
        ("other = 1", "has no attribute 'Mine'"),
        ("class Mine: ...", "is no autoexp_tui.proposers.hosting.Factory"),
    ],
)
def test_a_broken_plug_in_is_told_in_one_line(install: Install, source: str, words: str) -> None:
    install("mine", source)
    with pytest.raises(BrokenPlugin) as told:
        registry.resolve("mine", {})
    assert words in str(told.value)
    assert "\x1b" not in str(told.value)


def test_an_unknown_name_is_refused_and_is_not_the_tuner() -> None:
    with pytest.raises(UnknownProposer, match="use auto, anthropic, openai, command, tuner"):
        registry.factory("tunr")
    with pytest.raises(UnknownProposer):
        registry.resolve("tunr", {})


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "tuner"),
        ({"ANTHROPIC_API_KEY": " "}, "tuner"),
        ({"ANTHROPIC_API_KEY": "key"}, "anthropic"),
        ({"ANTHROPIC_AUTH_TOKEN": "token"}, "anthropic"),
        ({"ANTHROPIC_BASE_URL": "http://localhost"}, "anthropic"),
    ],
)
def test_auto_is_claude_where_there_is_a_key_or_a_server(
    environ: dict[str, str], name: str
) -> None:
    assert registry.resolve("auto", environ) == name


def test_what_a_proposer_lacks_is_known_beforehand(tmp_path: Path) -> None:
    made = contract()
    assert "ANTHROPIC_API_KEY" in registry.factory("anthropic").problems(made, {})[0]
    assert registry.factory("anthropic").problems(made, {"ANTHROPIC_API_KEY": "key"}) == ()
    assert "command: {run:" in registry.factory("command").problems(made, {})[0]
    agent = contract(command=Agent("claude-code"))
    (missing,) = registry.factory("command").problems(agent, {"PATH": str(tmp_path)})
    assert missing.startswith("claude is not installed")
    (tmp_path / "claude").touch(mode=0o755)
    assert registry.factory("command").problems(agent, {"PATH": str(tmp_path)}) == ()
    shell = contract(command=Agent("cd agents && ./claude"))
    assert registry.factory("command").problems(shell, {"PATH": ""}) == ()
    assert registry.factory("tuner").problems(made, {}) == ()


def test_what_auto_passes_over_is_told_with_how_it_is_used(tmp_path: Path) -> None:
    codex = tmp_path / "codex"
    codex.write_text("#!/bin/sh\n")
    codex.chmod(0o755)
    environ = {"PATH": str(tmp_path), "OPENAI_API_KEY": "x"}
    assert registry.resolve("auto", environ) == "tuner"
    told = registry.passed_over("auto", "tuner", environ)
    assert [line.partition("`")[0] for line in told] == [
        "the tuner proposes; OPENAI_API_KEY is set: ",
        "the tuner proposes; codex is installed: ",
    ]
    assert registry.passed_over("tuner", "tuner", environ) == []
    assert registry.passed_over("auto", "anthropic", environ) == []
    assert registry.passed_over("auto", "tuner", {"PATH": "/nowhere"}) == []
