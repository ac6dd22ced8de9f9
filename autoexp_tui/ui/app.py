"""The app: what all of its screens share. What is on a screen is the screen's own matter."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import on
from textual._compositor import CompositorUpdate
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widgets import Input

from autoexp_tui.ui import themes
from autoexp_tui.ui.dialogs import Choice, Help
from autoexp_tui.ui.keys import bindings
from autoexp_tui.ui.screens.keyed import KeyScreen, Retitled
from autoexp_tui.ui.terminal import Terminal
from autoexp_tui.ui.title import TerminalTitle


class AutoexpApp(App[str], inherit_bindings=False):
    """Themes, palette, help, the terminal's title and the way out, for whichever screens."""

    CSS_PATH = Path(__file__).with_name("autoexp.tcss")
    TITLE = "autoexp"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    theme = Reactive(themes.DARK.name)
    """Ours from the first: a change would parse all stylesheets again, before the first frame."""

    def __init__(self, first: KeyScreen[None]) -> None:
        """The app on its `first` screen, under which there is none."""
        super().__init__()
        for theme in (themes.DARK, themes.LIGHT, themes.CONTRAST):
            self.register_theme(theme)
        self.stylesheet.set_variables(self.get_css_variables())
        self._first_screen = first
        self._terminal_title = TerminalTitle(self)

    def like(self, theme: str) -> None:
        """Begin with a theme, if it is one of ours."""
        if theme in themes.ORDER:
            self.theme = theme

    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        return Terminal if usual is LinuxDriver else usual

    def get_default_screen(self) -> KeyScreen[None]:
        return self._first_screen

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.ANSI_EXTRAS

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Textual's way to the terminal, but that what it paints is sent at the terminal's pace."""
        driver, update = self._driver, renderable
        if not isinstance(driver, Terminal) or not isinstance(update, CompositorUpdate):
            super()._display(screen, renderable)
        elif not self._batch_count and self._running and not self._closed:
            colours = self.console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001
            typed = isinstance(self.focused, Input)
            cursor = screen.outer_size.clamp_offset(self.cursor_position) if typed else None
            driver.show(update, colours, cursor)
            self.post_display_hook()

    @on(Retitled)
    def _retitle(self, message: Retitled) -> None:
        # Not by Textual's own `title`: a change of that repaints the whole screen.
        self._terminal_title.show(message.title)

    def on_ready(self) -> None:
        # Modules, classes and styles stay to the end. To look for garbage among them takes the
        # collector 70 ms, and a key would wait for that.
        if isinstance(self._driver, Terminal):
            gc.freeze()

    def on_unmount(self) -> None:
        self._terminal_title.restore()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        for key in screen.keys if isinstance(screen, KeyScreen) else ():
            if not key.moves and key.action != "command_palette":
                target = self if key.on == "app" else screen
                yield SystemCommand(
                    key.help,
                    key.shown,
                    lambda action=key.action, target=target: self.run_action(action, target),
                )

    def action_help(self) -> None:
        if isinstance(self.screen, KeyScreen):
            self.push_screen(Help(self.screen.keys, self.screen.outcomes))

    def action_theme(self) -> None:
        order = themes.ORDER
        index = order.index(self.theme) if self.theme in order else -1
        self.theme = order[(index + 1) % len(order)]

    def action_redraw(self) -> None:
        if isinstance(self._driver, Terminal):
            self._driver.redraw()

    def action_leave(self) -> None:
        if isinstance(self.screen, Choice):
            self.screen.dismiss(None)
            return
        screens = [screen for screen in self.screen_stack if isinstance(screen, KeyScreen)]
        if not any(screen.leave() for screen in reversed(screens)):
            self.exit()
