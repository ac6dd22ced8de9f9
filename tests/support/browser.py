"""A headless Chromium of this machine, driven over its own protocol, without a driver."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome-headless-shell",
)
_OWN = Path(__file__).parents[2] / ".browser"
"""Where `make browser` puts one."""
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
MISSING = "there is no Chromium here: `make browser` gets one"


def find_browser() -> str | None:
    """A Chromium's path: of `make browser`, of the system, or none."""
    own = sorted(_OWN.glob("chromium*/chrome*/*headless*shell"))
    found = [str(own[-1])] if own else list(filter(None, map(shutil.which, _NAMES)))
    return (found or [str(_MAC)] * _MAC.exists() or [None])[0]


class BrowserPage:
    """One page of it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.asked: list[str] = []
        """Addresses that the page asked for."""
        self.said: list[str] = []
        """What its console was told of errors."""
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] == "Network.requestWillBeSent":
                self.asked.append(told["params"]["request"]["url"])
            elif told["method"] == "Log.entryAdded":
                self.said.append(told["params"]["entry"]["text"])
            elif told["method"] == "Runtime.exceptionThrown":
                self.said.append(str(told["params"]["exceptionDetails"]))

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        told = await asyncio.wait_for(self._answers[number], 60)
        assert "error" not in told, told
        result: dict[str, Any] = told["result"]
        return result

    async def open(self, address: str, width: int, height: int, *, scale: int = 1) -> None:
        """Go to an address, in a window of so many CSS pixels."""
        for domain in ("Page", "Network", "Log", "Runtime"):
            await self.call(f"{domain}.enable")
        await self.resize(width, height, scale=scale)
        await self.call("Page.navigate", url=address)
        await self.until("location.href !== 'about:blank' && document.readyState === 'complete'")

    async def resize(self, width: int, height: int, *, scale: int = 1) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )

    async def evaluate(self, script: str) -> Any:
        """What an expression is worth in the page."""
        told = await self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def until(self, script: str, seconds: float = 60) -> Any:
        """Wait until an expression is worth something."""
        end = asyncio.get_running_loop().time() + seconds
        while not (value := await self.evaluate(script)):
            assert asyncio.get_running_loop().time() < end, (script, self.said)
            await asyncio.sleep(0.05)
        return value

    async def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, **text)

    async def until_drawn(self, size: int) -> bytes:
        """The first picture of at least `size` bytes: one with text, where one colour has few."""
        end = asyncio.get_running_loop().time() + 60
        while len(picture := await self.picture()) < size:
            assert asyncio.get_running_loop().time() < end, (len(picture), self.said)
            await asyncio.sleep(0.1)
        return picture

    async def until_still(self) -> bytes:
        """The first picture that is like the one before it, half a second earlier."""
        before = b""
        while (picture := await self.picture()) != before:
            before = picture
            await asyncio.sleep(0.5)
        return picture

    async def picture(self) -> bytes:
        """The window as a PNG."""
        told = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(told["data"])


@contextlib.asynccontextmanager
async def browser_page(executable: str) -> AsyncIterator[BrowserPage]:
    """A page of a browser of its own, which ends with the context."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        sandboxed = [] if os.getuid() else ["--no-sandbox"]  # Chromium's doesn't work for root
        process = await asyncio.create_subprocess_exec(
            *(executable, "--headless", "--remote-debugging-port=0", *sandboxed),
            *(f"--user-data-dir={profile}", "--no-first-run", "--disable-dev-shm-usage"),
            *("--hide-scrollbars", "--force-color-profile=srgb", "about:blank"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOME": profile},
        )
        assert process.stderr is not None
        try:
            port = await asyncio.wait_for(_port(process.stderr), 60)
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = await answer.json()
                address = next(page for page in pages if page["type"] == "page")
                async with session.ws_connect(
                    address["webSocketDebuggerUrl"], max_msg_size=0
                ) as socket:
                    yield BrowserPage(socket)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.stderr.read()
            await process.wait()


async def _port(errors: asyncio.StreamReader) -> str:
    while line := await errors.readline():
        if found := re.search(rb"DevTools listening on ws://[^:]+:(\d+)/", line):
            return found[1].decode()
    raise AssertionError("the browser ended before it could be spoken to")
