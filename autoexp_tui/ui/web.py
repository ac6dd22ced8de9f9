"""The page of a browser under the app: Textual's driver for the web, which ends with its server."""

from __future__ import annotations

import asyncio

from textual import messages
from textual.drivers.web_driver import WebDriver


class WebPage(WebDriver):
    """Leaves when its input ends: Textual's would go on for nobody after a killed server."""

    def start_application_mode(self) -> None:
        self._running = asyncio.get_running_loop()
        super().start_application_mode()

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._running.call_soon_threadsafe(self._app.post_message, messages.ExitApp())
