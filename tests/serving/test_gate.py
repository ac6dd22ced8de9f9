"""Who is let in: the address' token, our own names, our own pages."""

from __future__ import annotations

import pytest

from autoexp_tui.serving.gate import Gate, is_loopback, new_token

GATE = Gate("127.0.0.1", "t0ken")


def test_an_address_lets_in() -> None:
    assert GATE.address(8765) == "http://127.0.0.1:8765/t0ken/"
    assert Gate("::1", "t").address(1) == "http://[::1]:1/t/"
    assert Gate("0.0.0.0", "t").address(1) == "http://localhost:1/t/"
    for host in ("127.0.0.1:8765", "localhost:9000", "[::1]:1", "192.168.1.7:8765"):
        assert GATE.refusal("/t0ken/", host, None) == ""
        assert GATE.refusal("/t0ken/socket", host, f"http://{host}", socket=True) == ""


def test_a_token_is_never_the_same_nor_shown() -> None:
    assert len({new_token() for _ in range(20)}) == 20
    assert len(new_token()) >= 43
    assert "t0ken" not in repr(GATE)


@pytest.mark.parametrize(
    "path", ["/", "", "/t0ke/", "/t0kenn/", "/static/t0ken", "//t0ken/", "/é/", "/T0KEN/"]
)
def test_another_path_is_refused(path: str) -> None:
    assert "token" in GATE.refusal(path, "localhost", None)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8765", "localhost.evil.example", "127.0.0.1.x", "[:"],
)
def test_a_name_that_was_led_here_is_refused(host: str) -> None:
    assert "Host" in GATE.refusal("/t0ken/", host, None)


def test_a_host_that_was_asked_for_is_ours() -> None:
    assert Gate("box.lan", "t").refusal("/t/", "Box.lan:1", None) == ""


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:1", "null", "", "file://localhost:9000"]
)
def test_another_page_is_refused(origin: str) -> None:
    assert "Origin" in GATE.refusal("/t0ken/socket", "localhost:9000", origin, socket=True)
    assert "Origin" in GATE.refusal("/t0ken/", "localhost:9000", origin)


def test_a_websocket_needs_an_origin() -> None:
    assert "Origin" in GATE.refusal("/t0ken/socket", "localhost:9000", None, socket=True)


def test_loopback_is_told_from_the_rest() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.1.2.3", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "192.168.1.1", "box", ""]))
