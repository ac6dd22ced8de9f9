"""A canary for a key, and everything that might sing it."""

from __future__ import annotations

import logging
import traceback
import warnings
from collections.abc import Callable

import pytest
from anthropic._data import DEPRECATED_MODELS
from support import messages_server as api
from support.messages_server import MessagesServer
from support.researcher import CANARY, Desk, situation

from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.anthropic import Credentials, Settings

ANTHROPIC = "https://api.anthropic.com"


def everything(error: BaseException) -> str:
    """What a traceback with all its locals and causes could show."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(told.format()) + repr(error) + repr(vars(error)) + repr(error.args)


ECHOES = {
    "refusal": api.refusal_of(401, "authentication_error", f"Incorrect key: {CANARY}"),
    "bad request": api.refusal_of(400, "invalid_request_error", f"header {CANARY}"),
    "in the stream": api.then(
        [],
        0,
        'event: error\ndata: {"type":"error","error":{"type":"permission_error",'
        f'"message":"{CANARY}"}}}}\n\n',
    ),
}


@pytest.mark.parametrize("name", ECHOES)
def test_a_key_that_the_provider_repeats_is_not_passed_on(
    name: str, server: MessagesServer, desk: Desk
) -> None:
    server.play(ECHOES[name])
    with pytest.raises(Unable) as caught:
        desk.propose()
    assert "[hidden]" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert CANARY not in "".join(desk.books.outcomes)


def test_a_key_is_not_in_the_reasons_of_waits(server: MessagesServer, desk: Desk) -> None:
    server.play(
        api.refusal_of(529, "overloaded_error", f"busy, {CANARY}"),
        api.proposes(("lr = 0.1", "lr = 0.2")),
    )
    desk.propose()
    assert "[hidden]" in desk.patience.waits[0][1]
    assert CANARY not in repr(desk.patience.waits)
    assert CANARY not in repr(desk.books)


def test_nothing_is_logged_of_the_key(
    server: MessagesServer, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    server.play(api.refusal_of(500, "api_error"), api.proposes(("lr = 0.1", "lr = 0.2")))
    with caplog.at_level(logging.DEBUG):
        desk.propose()
    assert caplog.records
    assert CANARY not in caplog.text


def test_the_key_goes_to_the_provider_and_nowhere_else(server: MessagesServer, desk: Desk) -> None:
    server.play(api.proposes(("lr = 0.1", "lr = 0.2")))
    desk.propose()
    (seen,) = server.seen
    assert seen.headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in repr(seen.body)
    assert CANARY not in repr({**seen.headers, "authorization": ""})


def test_a_key_that_the_project_holds_is_not_sent(server: MessagesServer, desk: Desk) -> None:
    server.play(api.proposes(("lr = 0.1", "lr = 0.2")))
    desk.propose(situation(text=f"lr = 0.1\n# {CANARY}\n", hints=(CANARY,), instructions=CANARY))
    assert CANARY not in repr(server.seen[0].body) + repr(server.counted[0].body)
    assert CANARY not in desk.proposer.prompt(situation(instructions=CANARY)).as_text()


def test_no_connection_error_shows_the_key(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(api.closed_port())

    class Enough(Exception):
        pass

    def stop(_: float, __: str) -> None:
        raise Enough

    desk.patience.on_wait = stop
    with pytest.raises(Enough) as caught:
        desk.propose()
    assert CANARY not in everything(caught.value)


def test_credentials_don_t_show_themselves() -> None:
    credentials = Credentials(api_key=CANARY, base_url="http://x")
    assert CANARY not in repr(credentials) + str(credentials) + f"{[credentials]}"


def test_every_credential_of_the_environment_is_hidden() -> None:
    environ = {
        "ANTHROPIC_AUTH_TOKEN": "token-of-mine",
        "ANTHROPIC_CUSTOM_HEADERS": "X-Gate: gate-secret\nX-Two: another-one",
    }
    credentials = Credentials.from_environment(environ, Settings())
    assert credentials.scrub("token-of-mine gate-secret another-one") == " ".join(["[hidden]"] * 3)
    assert credentials.api_key is None


@pytest.mark.parametrize("key", ["sk ant", "sk-é", "sk\x07"])
def test_a_key_that_can_t_be_one_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(Unable, match="ANTHROPIC_API_KEY holds characters") as caught:
        Credentials.from_environment({"ANTHROPIC_API_KEY": key}, Settings())
    assert key not in str(caught.value)


def test_a_newline_around_the_key_does_no_harm() -> None:
    credentials = Credentials.from_environment({"ANTHROPIC_API_KEY": f"{CANARY}\n"}, Settings())
    assert credentials.api_key == CANARY


def test_without_a_key_the_remedy_is_named() -> None:
    with pytest.raises(Unable, match=r"set ANTHROPIC_API_KEY .* `--proposer tuner`"):
        Credentials.from_environment({}, Settings())


def test_a_server_of_one_s_own_needs_no_key() -> None:
    credentials = Credentials.from_environment(
        {"ANTHROPIC_BASE_URL": "http://box:8000"}, Settings()
    )
    assert credentials.base_url == "http://box:8000"
    assert credentials.scrub("not-needed") == "not-needed"


STRANGERS = [
    "https://evil.example",
    "http://api.anthropic.com",
    "https://anthropic.com.evil.example",
]


@pytest.mark.parametrize("url", STRANGERS)
def test_a_project_s_file_can_t_send_the_key_to_a_stranger(url: str) -> None:
    with pytest.raises(Unable, match="set ANTHROPIC_BASE_URL to it yourself"):
        Credentials.from_environment({"ANTHROPIC_API_KEY": CANARY}, Settings(base_url=url))


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        (ANTHROPIC, {}),
        ("http://localhost:8080", {}),
        ("http://127.0.0.1:8080", {}),
        ("https://gate.example", {"ANTHROPIC_BASE_URL": "https://gate.example"}),
    ],
)
def test_a_key_may_go_where_a_person_said(url: str, environ: dict[str, str]) -> None:
    given = {"ANTHROPIC_API_KEY": CANARY, **environ}
    assert Credentials.from_environment(given, Settings(base_url=url)).base_url == url


def test_a_model_on_its_way_out_is_no_error(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    model = next(iter(DEPRECATED_MODELS))
    desk = make_desk(server.url, model=model, prices={"input": 1.0, "output": 1.0})
    server.play(api.proposes(("lr = 0.1", "lr = 0.2")))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        desk.propose()
    assert server.seen[0].body["model"] == model
