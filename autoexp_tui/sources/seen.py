"""What of a run was last on a screen, so that whoever comes back is told what is new."""

from __future__ import annotations

import contextlib
import time

import msgspec

from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.system.files import replace_file


class Seen(msgspec.Struct, frozen=True):
    """A look at a run."""

    time: float
    """Seconds since the epoch."""
    rows: int
    spent_usd: float
    possible_usd: float = 0.0


def last_seen(run: RunDirectory) -> Seen | None:
    """The last look; None where there was none."""
    try:
        return msgspec.json.decode(run.seen.read_bytes(), type=Seen)
    except (OSError, msgspec.MsgspecError):
        return None


def leave(run: RunDirectory, state: RunState) -> None:
    """Note that this is what was seen; a folder that can't be written is no reason to stay."""
    seen = Seen(time.time(), len(state.rows), state.spent_usd, state.possible_usd)
    with contextlib.suppress(OSError):
        replace_file(run.seen, msgspec.json.encode(seen))
