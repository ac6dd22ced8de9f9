"""Claude through a cloud: the SDK's own clients, against a server of ours."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterable
from importlib.util import find_spec

import pytest
from support import messages_server as api
from support.messages_server import Event, MessagesServer, Step
from support.researcher import TARGET, Patience, SpendLedger, situation

from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.anthropic import (
    AnthropicProposer,
    Credentials,
    Settings,
    Tokens,
    prices_of,
)

EDIT = ("lr = 0.1", "lr = 0.2")
AFTER = TARGET.replace(*EDIT)
EVENTS = list(api.events_of([api.thought(), api.call(api.proposal(EDIT))]))
BEDROCK = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "canary-wJalrXUtnFEMI-K7MDENG",
    "AWS_REGION": "eu-west-1",
}
VERTEX = {
    "CLOUD_ML_REGION": "europe-west1",
    "ANTHROPIC_VERTEX_PROJECT_ID": "my-project",
    # As a signed request has it; what signs them needs Google's servers.
    "ANTHROPIC_CUSTOM_HEADERS": "Authorization: Bearer canary-ya29-0123456789",
}
_NO_AWS = pytest.mark.skipif(find_spec("botocore") is None, reason="botocore is not installed")
_NO_GOOGLE = pytest.mark.skipif(find_spec("google") is None, reason="google-auth is not installed")


def frame(event: Event) -> bytes:
    """One message of Amazon's event stream, which holds an event of ours."""
    payload = json.dumps({"bytes": base64.b64encode(json.dumps(event).encode()).decode()}).encode()
    return _framed({":event-type": "chunk", ":message-type": "event"}, payload)


def _framed(names: dict[str, str], payload: bytes) -> bytes:
    headers = b"".join(
        bytes([len(name)])
        + name.encode()
        + b"\x07"
        + struct.pack(">H", len(value))
        + value.encode()
        for name, value in {**names, ":content-type": "application/json"}.items()
    )
    start = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    start += struct.pack(">I", binascii.crc32(start))
    whole = start + headers + payload
    return whole + struct.pack(">I", binascii.crc32(whole))


def framed(events: Iterable[Event]) -> Step:
    content = b"".join(map(frame, events))
    return lambda exchange: exchange.reply(200, content, "application/vnd.amazon.eventstream", {})


def proposer(
    url: str, through: str, environ: dict[str, str], books: SpendLedger, **more: object
) -> AnthropicProposer:
    settings = Settings(base_url=url, through=through, max_tokens=1000, **more)  # type: ignore[arg-type]
    credentials = Credentials.from_environment(environ, settings)
    return AnthropicProposer(settings, credentials, books, Patience())


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**BEDROCK, **VERTEX}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@_NO_AWS
def test_bedrock_is_asked_by_its_own_client(cloud: pytest.MonkeyPatch) -> None:
    cloud.delenv("ANTHROPIC_CUSTOM_HEADERS")
    model = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    books = SpendLedger()
    with MessagesServer().play(framed(EVENTS)) as server:
        made = proposer(server.url, "bedrock", BEDROCK, books, model=model)
        made.check_credentials()
        assert made.propose(situation(), lambda *_: None).text == AFTER
        made.close()
        (seen,) = server.seen
        assert server.counted == []
    assert seen.path == f"/model/{model}/invoke-with-response-stream"
    assert seen.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7")
    assert "/eu-west-1/bedrock/" in seen.headers["authorization"]
    assert "model" not in seen.body
    assert books.settled[0].tokens == Tokens(input=100, output=50)


@_NO_AWS
def test_a_stream_of_bedrock_s_that_is_cut_is_made_again(cloud: pytest.MonkeyPatch) -> None:
    cloud.delenv("ANTHROPIC_CUSTOM_HEADERS")
    books = SpendLedger()
    with MessagesServer().play(framed(EVENTS[:6]), framed(EVENTS)) as server:
        made = proposer(server.url, "bedrock", BEDROCK, books)
        assert made.propose(situation(), lambda *_: None).text == AFTER
        made.close()
    assert "before the message did" in books.settled[0].outcome


@_NO_AWS
def test_who_has_not_signed_in_to_aws_is_told_how(cloud: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ANTHROPIC_CUSTOM_HEADERS"):
        cloud.delenv(name)
    cloud.setenv("AWS_EC2_METADATA_DISABLED", "true")
    cloud.setenv("HOME", "/nonexistent")
    cloud.setenv("AWS_REGION", "us-east-2")  # the SDK remembers who signed in for the other one
    made = proposer("http://127.0.0.1:9", "bedrock", {}, SpendLedger())
    with pytest.raises(Unable, match=r"aws configure"):
        made.propose(situation(), lambda *_: None)
    made.close()


@_NO_GOOGLE
def test_vertex_is_asked_by_its_own_client(cloud: pytest.MonkeyPatch) -> None:
    books = SpendLedger()
    with MessagesServer().play(api.proposes(EDIT)) as server:
        made = proposer(server.url, "vertex", VERTEX, books, model="claude-sonnet-4-5@20250929")
        assert made.propose(situation(), lambda *_: None).text == AFTER
        made.close()
        (seen,) = server.seen
    assert seen.path == (
        "/projects/my-project/locations/europe-west1/publishers/anthropic/models/"
        "claude-sonnet-4-5@20250929:streamRawPredict"
    )
    assert seen.headers["authorization"].startswith("Bearer canary")


@pytest.mark.parametrize("through", ["bedrock", "vertex"])
def test_a_cloud_s_package_that_is_missing_is_named(
    through: str, cloud: pytest.MonkeyPatch
) -> None:
    needed = "botocore.eventstream" if through == "bedrock" else "google.auth"
    cloud.setitem(__import__("sys").modules, needed, None)
    made = proposer("http://127.0.0.1:9", through, BEDROCK, SpendLedger())
    with pytest.raises(Unable, match=rf"pip install 'anthropic\[{through}\]'"):
        made.check_credentials()


def test_a_region_that_is_missing_is_named(cloud: pytest.MonkeyPatch) -> None:
    if find_spec("google") is None:
        pytest.skip("google-auth is not installed")
    cloud.delenv("CLOUD_ML_REGION")
    made = proposer("http://127.0.0.1:9", "vertex", VERTEX, SpendLedger())
    with pytest.raises(Unable, match="CLOUD_ML_REGION"):
        made.check_credentials()


def test_a_cloud_s_prices_are_its_own() -> None:
    model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    own = prices_of(Settings(model=model, through="bedrock")).cost(Tokens(output=10**6))
    assert own > 15  # what a regional endpoint adds


def test_a_project_s_file_has_nothing_signed_for_a_stranger() -> None:
    with pytest.raises(Unable, match="ANTHROPIC_BEDROCK_BASE_URL"):
        Credentials.from_environment(
            BEDROCK, Settings(base_url="https://evil.example", through="bedrock")
        )


def test_a_cloud_s_secrets_are_hidden() -> None:
    made = Credentials.from_environment(BEDROCK, Settings(through="bedrock"))
    assert "canary" not in made.scrub(f"said {BEDROCK['AWS_SECRET_ACCESS_KEY']}")
