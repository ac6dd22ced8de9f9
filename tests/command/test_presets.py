"""Presets are data: ours are whole, a person's own take their place, and each reads its program."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autoexp_tui.model.contract import Agent, Budget, Contract, Metric
from autoexp_tui.proposers.command import BadCommand, Called
from autoexp_tui.proposers.command import presets as known
from autoexp_tui.proposers.command.calling import installed
from autoexp_tui.proposers.command.presets import BadPreset, Preset
from autoexp_tui.proposers.command.reading import Output
from autoexp_tui.proposers.command.telling import as_markdown, notes, offers, version_words

NAMES = known.names({})
OWN = """\
title: My agent
run: my-agent --json {model}
model: --use {}
version: my-agent -V
tested: 1.2.3
login: ask my-agent
lines:
  - {when: {kind: say}, text: words}
  - {when: {kind: bill}, usd: dollars, whole: true}
lasts: {feed it: hungry}
"""


def preset(name: str) -> Preset:
    found = known.named(name, {})
    assert found is not None
    return found


def home_with(folder: Path, **files: str) -> dict[str, str]:
    place = folder / ".config" / "autoexp" / "agents"
    place.mkdir(parents=True)
    for name, text in files.items():
        (place / f"{name.replace('_', '-')}.yaml").write_text(text)
    return {"HOME": str(folder), "PATH": os.environ["PATH"]}


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_of_ours_is_whole(name: str, tmp_path: Path) -> None:
    one = preset(name)
    assert one.title
    assert one.login
    assert one.keeps
    assert one.hosts
    assert one.version.startswith(one.program)
    called = Called.of(Agent(name, model="m" if one.model else ""), {})
    line = called.filled(tmp_path / "it's a prompt.md", "train.py", 2.5)
    assert one.model.replace("{}", "m") in line
    assert one.budget.replace("{}", "2.50") in line
    assert "{target}" not in line
    assert "it" in line.rpartition("<")[2] or "--message-file" in line
    assert "{" not in line.replace("{ ", "", 1)


def test_the_documents_have_the_table_of_the_presets() -> None:
    text = (Path(__file__).parents[2] / "docs" / "proposers.md").read_text()
    assert as_markdown() in text, f"docs/proposers.md should have:\n{as_markdown()}"


def test_the_documents_example_is_a_preset(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "proposers.md").read_text()
    example = text.partition("```yaml\ntitle: ")[2].partition("```")[0]
    path = tmp_path / "example.yaml"
    path.write_text(f"title: {example}")
    one = known.read(path)
    lines = [
        {"type": "step", "id": 1, "model": "m", "cost": 0.2, "usage": {"in": 10, "out": 1}},
        {"type": "text", "part": {"text": "done"}},
        {"type": "tool", "name": "edit", "input": {"path": "t.py"}},
        {"type": "failed", "message": "hungry"},
        {"type": "end", "total": 0.3},
    ]
    heard = Heard("", *lines, own=one)
    assert heard.output.text == "done\n"
    assert heard.acts == [("edit", "t.py")]
    assert heard.output.errors == ["hungry"]
    assert [used.usd for used in heard.output.account.parts] == [0.3]
    assert heard.output.account.tokens == {"input": 10, "output": 1}


def test_an_agent_in_the_runs_sandbox_makes_none_of_its_own() -> None:
    called = Called.of(Agent("codex"), {})
    assert "--sandbox workspace-write" in called.filled(Path("p"), "t")
    assert "--sandbox danger-full-access" in called.filled(Path("p"), "t", confined=True)


def test_a_persons_own_preset_is_one_file(tmp_path: Path) -> None:
    environ = home_with(tmp_path, mine=OWN, codex=OWN)
    assert "mine" in known.names(environ)
    called = Called.of(Agent("mine", model="big"), environ)
    assert called.filled(tmp_path, "t.py").startswith("{ my-agent --json --use big\n")
    assert Called.of(Agent("codex"), environ).preset.title == "My agent"
    assert Called.of(Agent("my-agent --json --fast"), environ).name == "codex"


@pytest.mark.parametrize(
    "text", ["titel: x\n", "title: [\n", "title: x\nrun: y\npatterns: [{line: '('}]\n", "- 1\n"]
)
def test_a_preset_that_can_t_be_read_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    environ = home_with(tmp_path, mine=text)
    with pytest.raises(BadPreset, match=r"mine\.yaml can't be read: "):
        Called.of(Agent("mine"), environ)
    assert "mine.yaml" in offers(environ)[0]


def test_a_command_line_of_a_known_program_is_read_by_its_preset() -> None:
    called = Called.of(Agent("/opt/bin/claude -p --model=opus --output-format stream-json"), {})
    assert (called.name, called.model) == ("claude-code", "opus")
    assert called.line.startswith("/opt/bin/claude")


def test_a_model_must_have_a_place_in_the_line() -> None:
    with pytest.raises(BadCommand, match=r"write \{model\} where it belongs"):
        Called.of(Agent("agent --go", model="big"), {})
    assert "--m big " in Called.of(Agent("agent --m {model} x", model="big"), {}).filled(
        Path("p"), "t"
    )


def program(folder: Path, name: str, script: str) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 0.169.0-alpha.2", "0.169.0-alpha.2, tried with"),
        ("echo codex-cli 0.169.0", "0.169.0, as tried"),
        ("echo warning >&2; exit 3", "gives no version (warning)"),
    ],
)
def test_the_installed_version_is_compared(tmp_path: Path, script: str, words: str) -> None:
    assert words in version_words(preset("codex"), program(tmp_path / "bin", "codex", script))


def test_check_says_what_binds_the_cost(tmp_path: Path) -> None:
    environ = program(tmp_path / "bin", "codex", "echo 0.169.0")
    agent = Agent("codex", model="gpt-5.1")
    made = Contract("t.py", "true", (Metric("loss", "lower"),), budget=Budget(max_cost_usd=3))
    told = dict(notes(msgspec.structs.replace(made, command=agent), environ))
    assert told["agent"] == "Codex: 0.169.0, as tried"
    assert told["cost"].startswith("gpt-5.1, at most $3.00 in all")
    told = dict(notes(msgspec.structs.replace(made, command=Agent("codex")), environ))
    assert "does not say which model it uses: name it" in told["cost"]
    told = dict(notes(msgspec.structs.replace(made, command=Agent("true")), environ))
    assert "does not say what it costs" in told["cost"]


def test_a_line_may_set_variables_first(tmp_path: Path) -> None:
    called = Called.of(Agent("A=1 B='2 3' no-such-program --go"), {})
    assert called.missing_program({"PATH": str(tmp_path)}) == "no-such-program"
    assert preset("aider").program == "aider"
    assert Called.of(Agent("COLUMNS=9 aider {target}"), {}).name == "aider"


def test_what_is_installed_is_offered(tmp_path: Path) -> None:
    environ = program(tmp_path / "bin", "codex", "true")
    environ["PATH"] = str(tmp_path / "bin")
    assert installed(environ) == ["codex"]
    assert "codex is installed: `proposer: command`" in offers(environ)[0]
    assert offers({"PATH": str(tmp_path)}) == []


class Heard:
    """What came of some lines of output."""

    def __init__(self, name: str, *lines: str | dict[str, Any], own: Preset | None = None) -> None:
        self.acts: list[tuple[str, str]] = []
        self.output = Output(
            own or preset(name), lambda _: None, lambda tool, about: self.acts.append((tool, about))
        )
        told = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        data = "\n".join(told).encode()
        for at in range(0, len(data), 7):  # as pieces of a pipe come
            self.output.take(data[at : at + 7])
        self.output.finish()


def assistant(identity: str, *blocks: dict[str, Any], **usage: int) -> dict[str, Any]:
    message = {"id": identity, "model": "claude-opus-5-5", "content": list(blocks), "usage": usage}
    return {"type": "assistant", "message": message}


def test_claude_code_is_read() -> None:
    heard = Heard(
        "claude-code",
        {"type": "system", "subtype": "init", "session_id": "s1", "model": "claude-opus-5-5"},
        assistant("m1", {"type": "tool_use", "name": "Read", "input": {"file_path": "/x/t.py"}},
                  input_tokens=1000, cache_read_input_tokens=500, output_tokens=1),
        {"type": "user", "message": {"content": [{"type": "tool_result", "content": "secret"}]}},
        assistant("m2", {"type": "text", "text": "HYPOTHESIS: it helps"}, input_tokens=10),
        assistant("m2", {"type": "text", "text": "DESCRIPTION: x"}, input_tokens=12),
    )  # fmt: skip
    assert heard.output.text == "HYPOTHESIS: it helps\nDESCRIPTION: x\n"
    assert heard.acts == [("Read", "/x/t.py")]
    assert heard.output.session == "s1"
    assert heard.output.account.tokens == {"input": 1012, "cache_read": 500, "output": 1}
    result = {"type": "result", "total_cost_usd": 0.015, "usage": {"input_tokens": 3000}}
    heard.output.take(json.dumps(result).encode() + b"\n")
    assert [one.usd for one in heard.output.account.parts] == [0.015]
    assert heard.output.account.tokens == {"input": 3000}


def test_codex_is_read() -> None:
    heard = Heard(
        "codex",
        "WARNING: proceeding, even though we could not create PATH aliases",
        {"type": "thread.started", "thread_id": "t1"},
        {"type": "item.completed", "item": {"type": "error", "message": "Model metadata"}},
        {"type": "item.started", "item": {"type": "command_execution", "command": "sed -i x"}},
        {"type": "item.completed", "item": {"type": "agent_message", "text": "done"}},
        {"type": "turn.completed",
         "usage": {"input_tokens": 2000, "cached_input_tokens": 500, "output_tokens": 100}},
    )  # fmt: skip
    assert heard.output.text == "done\n"
    assert heard.acts == [("command_execution", "sed -i x")]
    assert heard.output.errors == []
    assert heard.output.account.tokens == {"input": 1500, "cache_read": 500, "output": 100}
    failed = {"type": "turn.failed", "error": {"message": "You've hit your usage limit."}}
    assert Heard("codex", failed).output.last_words == "You've hit your usage limit."


def test_gemini_is_read_by_model() -> None:
    usage = {"input_tokens": 1000, "output_tokens": 50, "cached": 200}
    models = {"gemini-3.1-pro-preview": usage, "gemini-3.5-flash-lite": usage}
    heard = Heard(
        "gemini",
        {"type": "init", "session_id": "g1", "model": "auto"},
        {"type": "message", "role": "user", "content": "Improve it"},
        {"type": "tool_use", "tool_name": "replace", "parameters": {"file_path": "t.py"}},
        {"type": "message", "role": "assistant", "content": "done", "delta": True},
        {"type": "result", "status": "success", "stats": {"models": models}},
    )
    assert heard.output.text == "done\n"
    assert heard.acts == [("replace", "t.py")]
    assert [one.model for one in heard.output.account.parts] == [*models]
    assert heard.output.account.tokens == {"input": 1600, "cache_read": 400, "output": 100}


def test_opencode_and_pi_tell_what_each_step_costs() -> None:
    def step(identity: str) -> dict[str, Any]:
        tokens = {"input": 1000, "output": 50, "cache": {"write": 0, "read": 7}}
        part = {"id": identity, "tokens": tokens, "cost": 0.0015}
        return {"type": "step_finish", "sessionID": "s", "part": part}

    account = Heard("opencode", step("a"), step("b"), step("b")).output.account
    assert [one.usd for one in account.parts] == [0.0015, 0.0015]
    assert account.tokens == {"input": 2000, "cache_read": 14, "output": 100}
    usage = {"input": 1000, "output": 50, "cacheRead": 0, "cacheWrite": 0, "cost": {"total": 0.2}}
    message = {"role": "assistant", "model": "x", "content": [], "usage": usage}
    ended = {"type": "message_end", "message": message}
    assert [one.usd for one in Heard("pi", ended, ended).output.account.parts] == [0.2, 0.2]


def test_trouble_is_over_when_the_agent_goes_on() -> None:
    retry = {"type": "system", "subtype": "api_retry", "error": "rate_limit"}
    assert Heard("claude-code", retry).output.errors == ["rate_limit"]
    went_on = Heard("claude-code", retry, assistant("m", {"type": "text", "text": "Hm"})).output
    assert went_on.errors == []
    assert not went_on.is_silent


def test_aider_is_read_line_by_line() -> None:
    heard = Heard(
        "aider",
        "Main model: openai/gpt-4o with diff edit format",
        "I double the rate.",
        "Tokens: 2.0k sent, 44 received. Cost: $0.0054 message, $0.0054 session.",
        "Tokens: 1.5k sent, 1,044 received. Cost: $0.01 message, $0.0154 session.",
        "Applied edit to train.py",
    )
    assert heard.output.text == "I double the rate.\n"
    assert heard.output.model == "openai/gpt-4o"
    assert heard.acts == [("edit", "train.py")]
    assert [one.usd for one in heard.output.account.parts] == [0.0154]
    assert heard.output.account.tokens == {"input": 3500, "output": 1088}


@pytest.mark.parametrize("name", [name for name in NAMES if preset(name).lines])
def test_no_line_can_do_harm(name: str) -> None:
    lines = ["{", "{}", '{"type": 1}', '{"type": "result", "usage": {"input_tokens": "x"}}', "[]"]
    lines += ['{"type":"assistant","message":{"content":{"a":1}}}', '{"type":"\x1b[31m"}', "\x00"]
    lines += ['{"type":"result","total_cost_usd":-5}', '{"type":"result","total_cost_usd":1e400}']
    heard = Heard(name, *lines)
    assert heard.output.account.parts == []
    assert "\x1b" not in heard.output.text + heard.output.complaint
