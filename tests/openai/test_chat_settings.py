"""Whose key goes where, and what is found wrong before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from support.researcher import CANARY, LOSS

from autoexp_tui.model.contract import Chat, Contract
from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers import openai, registry
from autoexp_tui.proposers.openai.settings import OPENAI


def credentials(environ: dict[str, str], **settings: Any) -> openai.Credentials:
    made = openai.Settings(**{"model": "m", **settings})
    return openai.Credentials.from_environment(environ, made)


def test_openai_s_key_is_for_openai() -> None:
    found = credentials({"OPENAI_API_KEY": CANARY})
    assert (found.api_key, found.base_url) == (CANARY, OPENAI)
    assert CANARY not in repr(found)
    assert found.scrub(f"a {CANARY} b") == "a [hidden] b"


def test_a_server_of_one_s_own_needs_no_key() -> None:
    found = credentials({}, base_url="http://localhost:11434/v1")
    assert found.api_key == "not-needed"
    assert found.scrub("not-needed") == "not-needed"


def test_a_known_host_has_its_own_key() -> None:
    both = {"OPENAI_API_KEY": CANARY, "OPENROUTER_API_KEY": "sk-or-0123456789"}
    found = credentials(both, base_url="https://openrouter.ai/api/v1")
    assert found.api_key == "sk-or-0123456789"
    with pytest.raises(Unable, match="set OPENROUTER_API_KEY"):
        credentials({"OPENAI_API_KEY": CANARY}, base_url="https://openrouter.ai/api/v1")


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "https://evil.example/v1", "api_key_env": "OPENAI_API_KEY"},
        {"base_url": "https://openrouter.ai/api/v1", "api_key_env": "AWS_SECRET_ACCESS_KEY"},
        {"base_url": "http://api.openai.com/v1"},
        {"base_url": "https://api.openai.com.evil.example/v1", "api_key_env": "OPENAI_API_KEY"},
    ],
)
def test_a_project_s_file_sends_no_key_to_a_stranger(settings: dict[str, str]) -> None:
    environ = {"OPENAI_API_KEY": CANARY, "AWS_SECRET_ACCESS_KEY": "secret-0123456789"}
    with pytest.raises(Unable, match="set OPENAI_BASE_URL to it yourself") as caught:
        credentials(environ, **settings)
    assert CANARY not in str(caught.value)


def test_a_stranger_without_a_named_key_gets_none() -> None:
    found = credentials({"OPENAI_API_KEY": CANARY}, base_url="http://192.168.1.9:8000/v1")
    assert found.api_key == "not-needed"


def test_who_names_the_server_himself_may_send_the_key_there() -> None:
    url = "https://gateway.example/v1"
    found = credentials({"OPENAI_API_KEY": CANARY, "OPENAI_BASE_URL": url})
    assert (found.api_key, found.base_url) == (CANARY, url)


@pytest.mark.parametrize(
    ("chat", "environ", "words"),
    [
        (Chat(), {"OPENAI_API_KEY": CANARY}, "needs `openai: {model: …}`"),
        (Chat(model="gpt-5.4"), {}, "needs a key: set OPENAI_API_KEY"),
        (
            Chat(model="qwen", base_url="http://localhost:1/v1"),
            {},
            "add `prices: {input: 0, output: 0}` under `openai:`",
        ),
        (Chat(model="qwen", api_key_env="MY_KEY"), {}, "set MY_KEY"),
    ],
)
def test_what_would_stop_a_run_is_told_before(
    chat: Chat, environ: dict[str, str], words: str
) -> None:
    made = Contract("train.py", "python eval.py", (LOSS,), openai=chat)
    found = registry.factory("openai").problems(made, environ)
    assert words in " ".join(found)


@pytest.mark.parametrize(
    "chat",
    [
        Chat(model="gpt-5.4-mini"),
        Chat(model="q", base_url="http://localhost:1/v1", prices={"input": 0, "output": 0}),
    ],
)
def test_what_can_run_has_no_problem(chat: Chat) -> None:
    made = Contract("train.py", "python eval.py", (LOSS,), openai=chat)
    assert registry.factory("openai").problems(made, {"OPENAI_API_KEY": CANARY}) == ()


def test_without_the_extra_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    made = Contract("train.py", "python eval.py", (LOSS,), openai=Chat(model="gpt-5.4-mini"))
    (found,) = registry.factory("openai").problems(made, {"OPENAI_API_KEY": CANARY})
    assert "pip install 'autoexp-tui[openai]'" in found
