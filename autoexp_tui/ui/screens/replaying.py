"""Keys that move a replay through its time."""

from __future__ import annotations

from collections.abc import Callable

from autoexp_tui.sources.player import Player
from autoexp_tui.ui.screens.view import RunView


class Replaying(RunView):
    """Moves the player; the records that follow from it come in by the bridge."""

    def action_play(self) -> None:
        self.move(Player.toggle)

    def action_step(self, by: int) -> None:
        self.move(lambda player: player.step(by))

    def action_jump(self, fraction: float) -> None:
        self.move(lambda player: player.jump(fraction))

    def action_keep(self, by: int) -> None:
        self.move(lambda player: player.to_keep(by))

    def action_leap(self, by: int) -> None:
        self.move(lambda player: player.leap(by))

    def action_speed(self, by: int) -> None:
        if self._player is not None:
            self._player.change_speed(by)
            self._tick()

    def move(self, how: Callable[[Player], None]) -> None:
        """Let the player stand elsewhere, and look at what is new there."""
        if self._player is not None:
            how(self._player)
            self.look.selected = None
            self._bridge.nudge()
            self._tick()
