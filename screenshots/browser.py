"""The picture of `autoexp serve`: the recorded run in a real browser."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from aiohttp import web
from support.browser import browser_page

from autoexp_tui.samples import recording
from autoexp_tui.serving.gate import Gate
from autoexp_tui.serving.screens import screen_environment
from autoexp_tui.serving.web import Server

_WIDTH, _HEIGHT = 1180, 740
_TEXT_BYTES = 60_000
"""A picture with fewer is of a screen that is not drawn yet."""


def _make_run() -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    shutil.copytree(recording().path, Path(".git/autoexp/digits"))


async def in_browser(executable: str) -> bytes:
    """A PNG of the page that a browser shows."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _make_run()
        gate = Gate("127.0.0.1")
        command = ["attach", "--read-only", "--", "digits"]
        server = Server(gate, command, screen_environment(os.environ))
        runner = web.AppRunner(server.app(), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, gate.host, 0).start()
            async with browser_page(executable) as page:
                await page.open(gate.address(runner.addresses[0][1]), _WIDTH, _HEIGHT)
                await page.until("document.body.classList.contains('-first-byte')")
                await page.until_drawn(_TEXT_BYTES)
                return await page.until_still()
        finally:
            await runner.cleanup()
