"""Secrets stay here, everything else is passed on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.evaluation.environment import NEVER, harness_environment, looks_secret
from autoexp_tui.model.contract import Environment

SECRETS = """
    ANTHROPIC_API_KEY ANTHROPIC_BASE_URL OPENAI_API_KEY OPENAI_ORG AWS_SECRET_ACCESS_KEY AWS_PROFILE
    GITHUB_TOKEN GITHUB_PAT HF_TOKEN NPM_TOKEN PGPASSWORD PGPASSFILE_PASSWORD MYSQL_PWD DB_PASS
    SSH_AUTH_SOCK GOOGLE_APPLICATION_CREDENTIALS CLIENT_SECRET githubToken apiKey api-key APIKEY
    GEMINI_API_KEY2 WANDB_API_KEY SLACK_WEBHOOK_URL SESSION_COOKIE PRIVATE_KEY SecretValue
    CLAUDE_CODE_OAUTH_TOKEN
"""

OTHERS = """
    PATH HOME LANG LC_ALL PWD OLDPWD TERM KEYBOARD KEYMAP MONKEY TOKENIZERS_PARALLELISM PASSIVE
    COMPASS AUTHOR XAUTHORITY PATTERN PATCH OMP_NUM_THREADS CUDA_VISIBLE_DEVICES SECRETARY
    PYTHONPATH VIRTUAL_ENV HTTP_PROXY XDG_SESSION_ID TURKEY
"""


@pytest.mark.parametrize("name", SECRETS.split())
def test_a_name_that_speaks_of_a_secret_is_withheld(name: str) -> None:
    passed, withheld = harness_environment({name: "x", "HOME": "/"}, Environment())
    assert passed == {"HOME": "/"}
    assert withheld == (name,)


@pytest.mark.parametrize("name", sorted(NEVER))
@pytest.mark.parametrize("value", ["short", "a key of a usual length"])
def test_no_setting_passes_the_proposers_credentials_on(name: str, value: str) -> None:
    for wish in (Environment(allow=(name,)), Environment(only=(name,))):
        assert harness_environment({name: value}, wish) == ({}, (name,))


@pytest.mark.parametrize("name", OTHERS.split())
def test_a_name_that_only_resembles_one_is_passed_on(name: str) -> None:
    assert harness_environment({name: "x"}, Environment()) == ({name: "x"}, ())


@pytest.mark.parametrize(
    "value",
    [
        "postgres://user:hunter2@db/prod",
        "redis://:hunter2@localhost",
        "-----BEGIN RSA PRIVATE KEY-----\nabc",
        "Server=db;User=sa;Password=hunter2",
        "sk-ant-api03-abcdefghijklmnop",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOi.eyJzdWIiOi.c2ln",
    ],
)
def test_a_value_that_is_a_secret_is_withheld(value: str) -> None:
    assert harness_environment({"SETTING": value}, Environment())[1] == ("SETTING",)


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
    assert not looks_secret("SETTING", value)


def test_a_number_of_tokens_is_no_secret() -> None:
    assert not looks_secret("MAX_TOKENS", "4096")
    assert looks_secret("API_TOKENS", "abc,def")


def test_allow_passes_by_name() -> None:
    config = Environment(allow=("OPENAI_API_KEY",))
    environ = {"OPENAI_API_KEY": "sk-1", "HF_TOKEN": "x"}
    assert harness_environment(environ, config) == ({"OPENAI_API_KEY": "sk-1"}, ("HF_TOKEN",))


@pytest.mark.parametrize("name", sorted(NEVER))
def test_our_own_key_is_not_passed_on_even_if_it_is_allowed(name: str) -> None:
    config = Environment(allow=(name, "COPY"), only=(name, "COPY"))
    environ = {name: "sk-ant-0123456789", "COPY": "key=sk-ant-0123456789"}
    assert harness_environment(environ, config) == ({}, (name, "COPY"))


def test_define_sets_whatever_was_there() -> None:
    config = Environment(define={"HF_TOKEN": "mine", "SEED": "1"})
    environ = {"HF_TOKEN": "theirs", "SEED": "2"}
    assert harness_environment(environ, config) == ({"HF_TOKEN": "mine", "SEED": "1"}, ())


def test_only_is_an_allowlist_beside_the_path() -> None:
    config = Environment(only=("LANG",), allow=("HF_TOKEN",), define={"SEED": "1"})
    environ = {"LANG": "C", "PATH": "/bin", "HOME": "/", "HF_TOKEN": "x"}
    expected = {"LANG": "C", "PATH": "/bin", "HF_TOKEN": "x", "SEED": "1"}
    assert harness_environment(environ, config) == (expected, ("HOME",))


def test_our_own_variables_are_dropped_without_a_word() -> None:
    config = Environment(allow=("AUTOEXP_X",))
    assert harness_environment({"AUTOEXP_X": "1"}, config) == ({}, ())


_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)


@settings(max_examples=40)
@given(
    st.dictionaries(_NAMES, st.text(max_size=20), max_size=8),
    st.lists(_NAMES, max_size=3).map(tuple),
)
def test_every_variable_is_passed_or_withheld(
    environ: dict[str, str], allow: tuple[str, ...]
) -> None:
    passed, withheld = harness_environment(environ, Environment(allow=allow))
    ours = {name for name in environ if name.startswith("AUTOEXP_")}
    assert sorted([*passed, *withheld, *ours]) == sorted(environ)
    assert list(withheld) == sorted(withheld)
    assert passed.items() <= environ.items()


@settings(max_examples=40)
@given(_NAMES, st.sampled_from(["TOKEN", "KEY", "PASSWORD", "SECRET", "CREDENTIALS"]))
def test_a_secret_word_is_seen_wherever_it_stands(rest: str, word: str) -> None:
    for name in (f"{rest}_{word}", f"{word}_{rest}", f"{word}_{rest}".lower()):
        assert looks_secret(name)
