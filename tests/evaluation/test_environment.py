"""Secrets stay here, everything else is passed on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.evaluation.environment import (
    NEVER,
    agent_environment,
    harness_environment,
    looks_like,
)
from autoexp_tui.model.contract import Environment

_TABLE = yaml.safe_load(Path(__file__).with_name("canaries.yaml").read_text())


def test_no_canary_is_passed_on_and_every_innocent_is() -> None:
    canaries, innocents = _TABLE["canaries"], _TABLE["innocents"]
    assert len(canaries) >= 60 <= len(innocents)
    harness = harness_environment({**canaries, **innocents}, Environment())
    assert harness.withheld == (*sorted(canaries),)
    assert harness.passed == innocents
    assert harness.near == (
        *("GITHUB_SHA", "GIT_COMMIT", "INVOCATION_ID", "MAX_TOKENS", "NVIDIA_VISIBLE_DEVICES"),
        *("SSL_KEY_FILE", "TERM_SESSION_ID", "TOKEN_CACHE_DIR", "USE_AUTH"),
    )


def test_an_agent_has_what_it_signs_in_with_and_no_other_secret() -> None:
    given = agent_environment({**_TABLE["canaries"], "PATH": "/bin"}, Environment(allow=("NETRC",)))
    assert {*given} == {
        *("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        *("AWS_SESSION_TOKEN", "WANDB_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "APIKEY"),
        *("NETRC", "PATH"),
    }


def test_opening_the_program_imports_no_rules() -> None:
    code = "import sys, autoexp_tui.cli, autoexp_tui.ui.app; print('detect_secrets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"


def test_an_environment_of_plain_values_imports_no_rules() -> None:
    code = "import sys; from autoexp_tui.evaluation.environment import mask_of; "
    code += "mask_of({'SHAPE': '80 by 24 cells', 'LAYOUT': 'a-name-without-figures'}); "
    code += "print('detect_secrets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", sorted(NEVER))
@pytest.mark.parametrize("value", ["short", "a key of a usual length"])
def test_no_setting_passes_the_proposers_credentials_on(name: str, value: str) -> None:
    for wish in (Environment(allow=(name,)), Environment(only=(name,))):
        assert harness_environment({name: value}, wish)[:2] == ({}, (name,))


@pytest.mark.parametrize(
    "value",
    [
        "http://proxy:3128",
        "ssh://git@github.com/a/b",
        "http://localhost:3000,user@example.com",
        "/usr/bin:/bin",
        "risk-assessment-of-the-whole",
        "",
    ],
)
def test_a_value_that_only_resembles_one_is_passed_on(value: str) -> None:
    assert not looks_like("SETTING", value)


def test_allow_passes_by_name() -> None:
    config = Environment(allow=("OPENAI_API_KEY",))
    environ = {"OPENAI_API_KEY": "sk-1", "HF_TOKEN": "x"}
    assert harness_environment(environ, config)[:2] == ({"OPENAI_API_KEY": "sk-1"}, ("HF_TOKEN",))


@pytest.mark.parametrize("name", sorted(NEVER))
def test_our_own_key_is_not_passed_on_even_if_it_is_allowed(name: str) -> None:
    config = Environment(allow=(name, "COPY"), only=(name, "COPY"))
    environ = {name: "sk-ant-0123456789", "COPY": "key=sk-ant-0123456789"}
    assert harness_environment(environ, config)[:2] == ({}, (name, "COPY"))


def test_define_sets_whatever_was_there() -> None:
    config = Environment(define={"HF_TOKEN": "mine", "SEED": "1"})
    environ = {"HF_TOKEN": "theirs", "SEED": "2"}
    assert harness_environment(environ, config)[:2] == ({"HF_TOKEN": "mine", "SEED": "1"}, ())


def test_only_is_an_allowlist_beside_the_path() -> None:
    config = Environment(only=("LANG",), allow=("HF_TOKEN",), define={"SEED": "1"})
    environ = {"LANG": "C", "PATH": "/bin", "HOME": "/", "HF_TOKEN": "x"}
    expected = {"LANG": "C", "PATH": "/bin", "HF_TOKEN": "x", "SEED": "1"}
    assert harness_environment(environ, config)[:2] == (expected, ("HOME",))


def test_our_own_variables_are_dropped_without_a_word() -> None:
    config = Environment(allow=("AUTOEXP_X",))
    assert harness_environment({"AUTOEXP_X": "1"}, config)[:2] == ({}, ())


_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)


@settings(max_examples=40)
@given(
    st.dictionaries(_NAMES, st.text(max_size=20), max_size=8),
    st.lists(_NAMES, max_size=3).map(tuple),
)
def test_every_variable_is_passed_or_withheld(
    environ: dict[str, str], allow: tuple[str, ...]
) -> None:
    passed, withheld, _ = harness_environment(environ, Environment(allow=allow))
    ours = {name for name in environ if name.startswith("AUTOEXP_")}
    assert sorted([*passed, *withheld, *ours]) == sorted(environ)
    assert list(withheld) == sorted(withheld)
    assert passed.items() <= environ.items()


@settings(max_examples=40)
@given(_NAMES, st.sampled_from(["TOKEN", "KEY", "PASSWORD", "SECRET", "CREDENTIALS"]))
def test_a_secret_word_is_seen_wherever_it_stands(rest: str, word: str) -> None:
    for name in (f"{rest}_{word}", f"{word}_{rest}", f"{word}_{rest}".lower()):
        assert looks_like(name) == "secret"
