"""`autoexp serve`: the screen comes to whoever has the address, and leaves no process behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest
from aiohttp.test_utils import TestClient, TestServer
from support.browser import MISSING, browser_page, find_browser
from support.waiting import until

from autoexp_tui.cli import run_command
from autoexp_tui.commands import serve as command
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.serving import web
from autoexp_tui.serving.gate import Gate
from autoexp_tui.serving.screens import DRIVER, screen_environment
from autoexp_tui.serving.web import Server

LOOK = ["attach", "--read-only", "--", "demo"]


class Tab:
    """What the page of a browser does, without one."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.drawn = b""

    async def until(self, text: str) -> None:
        """Take what is drawn until it has a text."""
        while text.encode() not in self.drawn:
            message = await asyncio.wait_for(self._socket.receive(), 60)
            assert message.type is aiohttp.WSMsgType.BINARY, (message, self.drawn[-500:])
            self.drawn += message.data

    async def send(self, *what: object) -> None:
        self.drawn = b""
        await self._socket.send_str(json.dumps(what))


Served = TestClient[aiohttp.web.Request, aiohttp.web.Application]


@pytest.fixture
async def served(here: Path) -> AsyncIterator[tuple[Server, Served]]:
    server = Server(Gate("127.0.0.1", "t0ken"), LOOK, screen_environment(os.environ))
    async with TestClient(TestServer(server.app())) as client:
        yield server, client


def origin(client: Served) -> dict[str, str]:
    return {"Origin": f"http://127.0.0.1:{client.port}"}


async def gone(server: Server, pids: list[int]) -> None:
    """Wait until no tab's process is there."""

    def none_left() -> bool:
        return not server.pids and not any(map(psutil.pid_exists, pids))

    await asyncio.to_thread(until, none_left, "the tabs' processes end")


async def test_the_page_and_all_that_it_needs_come_from_here(
    served: tuple[Server, Served],
) -> None:
    _, client = served
    page = await client.get("/t0ken/")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    text = await page.text()
    assert "//" not in text.replace("<!doctype", "")
    for part in ("start.js", "static/js/textual.js", "static/css/xterm.css"):
        assert part in text
        assert (await client.get(f"/t0ken/{part}")).status == 200


async def test_who_has_no_token_or_another_name_or_page_is_refused(
    served: tuple[Server, Served],
) -> None:
    server, client = served
    for path in ("/", "/socket", "/wrong/", "/wrong/socket", "/wrong/static/js/textual.js"):
        answer = await client.get(path)
        assert answer.status == 403
        assert "t0ken" not in await answer.text()
    led_here = await client.get("/t0ken/", headers={"Host": "evil.example"})
    assert led_here.status == 403
    for headers in ({"Origin": "http://evil.example"}, {}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/t0ken/socket", headers=headers)
        assert refused.value.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await client.ws_connect("/wrong/socket", headers=origin(client))
    assert (await client.get("/t0ken/static/../../etc/passwd")).status in {403, 404}
    assert (await client.get("/t0ken/elsewhere")).status == 404
    assert server.pids == []


async def test_the_screen_is_drawn_and_a_key_that_steers_says_why_it_does_not(
    served: tuple[Server, Served],
) -> None:
    server, client = served
    path = "/t0ken/socket?width=120&height=40"
    async with client.ws_connect(path, headers=origin(client)) as socket:
        tab = Tab(socket)
        await tab.until("Results")
        # Different answers: one that stands there already is not drawn again.
        for key, why in (("s", "only watches"), ("F", "nothing is begun")):
            await tab.send("stdin", key)
            await tab.until(why)
        await tab.send("ping", "17")
        while (message := await socket.receive()).type is not aiohttp.WSMsgType.TEXT:
            pass
        assert json.loads(message.data) == ["pong", "17"]
        for odd in ("", "[", "{}", '["stdin"]', '["resize", {"width": "x"}]', "[" * 9000):
            await socket.send_str(odd)
        await tab.send("resize", {"width": 10**9, "height": 30})
        await tab.until("Results")  # drawn again
        pids = server.pids
        assert len(pids) == 1
    await gone(server, pids)


async def test_who_leaves_the_screen_closes_the_page(served: tuple[Server, Served]) -> None:
    server, client = served
    async with client.ws_connect("/t0ken/socket", headers=origin(client)) as socket:
        tab = Tab(socket)
        await tab.until("leave")
        await tab.send("stdin", "q")
        while (await socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
            pass
    await gone(server, [])


async def test_only_so_many_tabs_are_open(
    served: tuple[Server, Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_MOST", 1)
    _, client = served
    async with client.ws_connect("/t0ken/socket", headers=origin(client)) as socket:
        await Tab(socket).until("Results")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/t0ken/socket", headers=origin(client))
        assert refused.value.status == 503


async def test_why_a_screen_does_not_begin_is_shown(here: Path) -> None:
    arguments = ["attach", "--", "$(touch pwned); no such run"]
    server = Server(Gate("127.0.0.1", "t0ken"), arguments, screen_environment(os.environ))
    async with (
        TestClient(TestServer(server.app())) as client,
        client.ws_connect("/t0ken/socket", headers=origin(client)) as socket,
    ):
        await Tab(socket).until("there is no run '$(touch pwned)")
    assert not (here / "pwned").exists()


def test_a_screen_is_given_no_secrets() -> None:
    key = "sk-ant-" + "a1B2" * 8
    given = screen_environment(
        {
            **dict.fromkeys(("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "SOMETHING"), key),
            "PGPASSWORD": "hunter2",
            "TEXTUAL": "devtools",
            "TEXTUAL_DRIVER": "x:y",
            "PATH": "/bin",
            "HOME": "/home/me",
            "AUTOEXP_CACHE": "/cache",
        }
    )
    assert given["TEXTUAL_DRIVER"] == DRIVER
    assert {"PATH", "HOME", "AUTOEXP_CACHE"} <= given.keys()
    assert not {"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "SOMETHING", "PGPASSWORD", "TEXTUAL"} & {
        *given
    }


# ---- the command ---------------------------------------------------------------------------------


@pytest.fixture
def server(here: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "autoexp_tui", "serve", "--port", "0"],
        cwd=here,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        yield process
        process.kill()


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_no_process_outlives_the_server(
    server: subprocess.Popen[str], number: signal.Signals
) -> None:
    address = address_of(server)
    own = "/".join(address.split("/")[:3])
    async with (
        aiohttp.ClientSession(headers={"Origin": own}) as session,
        session.ws_connect(f"{address}socket") as first,
        session.ws_connect(f"{address}socket") as second,
    ):
        for socket in (first, second):
            await Tab(socket).until("Results")
        screens = psutil.Process(server.pid).children()
        assert len(screens) == 2
        server.send_signal(number)
        told = await asyncio.to_thread(server.communicate, timeout=60)
    assert address.split("/")[3] not in told[0]
    assert server.returncode == (-9 if number is signal.SIGKILL else 130)
    _, alive = psutil.wait_procs(screens, timeout=60)
    assert alive == []


def test_what_can_not_be_served_is_one_line(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "t.tsv").write_text("n\tloss\n1\t2.0\n")
    for arguments, words in (
        (["nowhere"], "there is no run 'nowhere'"),
        (["t.tsv", "--steer"], "nothing to steer"),
        (["--port", "70000"], "0 for any that is free"),
        (["--host", "203.0.113.1"], "can't be listened on"),
    ):
        assert run_command(["serve", *arguments]) == 2
        assert words in capsys.readouterr().err
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    assert run_command(["serve"]) == 2
    assert "pip install 'autoexp-tui[serve]'" in capsys.readouterr().err


def test_what_is_behind_a_tab(here: Path) -> None:
    (here / "t.tsv").write_text("n\tloss\n1\t2.0\n")
    arguments = command._arguments
    assert arguments(None, steer=False) == LOOK
    assert arguments("demo", steer=True) == ["attach", "--", "demo"]
    assert arguments("t.tsv", steer=False) == ["replay", "--", str(here / "t.tsv")]
    with pytest.raises(UsageProblem):
        arguments("--steer", steer=False)


# ---- in a browser --------------------------------------------------------------------------------


async def test_a_real_browser_shows_the_screen(server: subprocess.Popen[str]) -> None:
    executable = find_browser()
    if executable is None:
        pytest.skip(MISSING)
    address = address_of(server)
    screens = psutil.Process(server.pid)
    async with browser_page(executable) as page:
        await page.open(address, 1000, 640)
        await page.until("document.body.classList.contains('-first-byte')")
        await page.until("document.querySelector('.xterm-screen canvas') !== null")
        own = "/".join(address.split("/")[:3])
        assert page.asked
        assert all(asked.startswith((own, "data:")) for asked in page.asked)
        assert not [said for said in page.said if "Security Policy" in said or "403" in said]
        await page.until_drawn(20_000)
        assert len(screens.children()) == 1
        await page.press("q")
        await page.until("document.body.classList.contains('-closed')")
    until(lambda: not screens.children(), "the tab's process ends")
