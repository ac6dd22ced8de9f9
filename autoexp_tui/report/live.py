"""How a run stood when its page was written: what a page that is followed shows at its top."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

from autoexp_tui.model.state import RunState
from autoexp_tui.summary.lanes import in_flight_words
from autoexp_tui.text.numbers import NONE, format_duration
from autoexp_tui.text.safe import Safe, cut, one_line

Standing = Literal["going", "waits", "gone", "ended", "left"]
"""`waits` for a person; `gone`: its runner has died; `left`: nobody writes the page any more."""

_SIGNS: dict[Standing, str] = {"going": "▶", "waits": "‖", "gone": "■", "ended": "■", "left": "■"}
_SLACK_S = 120.0
"""Seconds beyond a time limit after which a runner should have said something."""


@dataclass(frozen=True, slots=True)
class Live:
    """What the page's reader can see at a glance, and what its script goes on counting from."""

    standing: Standing
    words: Safe
    written: float
    """Wall clock, seconds since the epoch, as `told`."""
    told: float
    """When the run's last word came; 0 where no time is known."""
    quiet_s: float
    """Seconds without a word that are no cause for worry."""

    @property
    def sign(self) -> str:
        return _SIGNS[self.standing]

    @property
    def is_over(self) -> bool:
        """Whether the page will not be written again."""
        return self.standing in {"ended", "left"}

    @property
    def clock(self) -> str:
        """When it was written, for who runs no script."""
        try:
            return f"{datetime.fromtimestamp(self.written, UTC):%Y-%m-%d %H:%M:%S} UTC"
        except (OverflowError, ValueError, OSError):
            return NONE


def live_of(state: RunState, *, alive: bool, written: float, followed: bool = True) -> Live:
    """How a run stands. `alive`: its runner is there; `followed`: the page is written on."""
    standing, words = _standing(state, alive)
    if not followed and standing != "ended":
        standing, words = "left", f"nobody follows the run any more; then it was {words}"
    return Live(standing, one_line(words), written, max(state.time, 0.0), _quiet_s(state))


def _standing(state: RunState, alive: bool) -> tuple[Standing, str]:
    if state.finished is not None:
        word = "finished" if state.finished.ok else "failed"
        return "ended", f"{word}: {cut(state.finished.reason, 200)}"
    if not alive:
        return "gone", "the runner is gone; nothing that was logged is lost: `autoexp run` goes on"
    if state.is_table:
        return "going", "watching the table"
    if state.paused:
        return "waits", f"paused: {cut(state.paused, 200)}"
    return "going", _doing(state)


def _doing(state: RunState) -> str:
    if words := in_flight_words(state):
        return words
    flight = state.current
    if flight is None:
        return state.phase
    if flight.waiting is not None:
        wait = flight.waiting[1]
        return f"waiting {format_duration(wait.seconds)}: {cut(wait.reason, 160)}"
    what = flight.description or flight.hypothesis
    return f"{state.phase} #{flight.n}{f': {cut(what, 160)}' if what else ''}"


def _quiet_s(state: RunState) -> float:
    """The longest that what is done now may take; of a proposal, and of a table, nobody knows."""
    if state.started is None or state.is_table:
        return 7 * 24 * 3600.0
    contract = state.contract
    longest = max(contract.time_limit, contract.command.time_limit)
    waits = [flight.waiting[1] for flight in state.in_flight.values() if flight.waiting]
    longest = max([longest, *(wait.seconds for wait in waits)])
    return longest + _SLACK_S


@cache
def script_name() -> str:
    """The name by which the page's policy lets its one script run: the digest of its text."""
    digest = hashlib.sha256(Path(__file__).with_name("live.js").read_bytes()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
