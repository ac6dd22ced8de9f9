"""How an experiment's outcome is marked everywhere: a sign and a word, never colour alone."""

from __future__ import annotations

from typing import NamedTuple

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.objective import arrow


class StatusMark(NamedTuple):
    """One outcome as it is shown."""

    word: str
    sign: str
    component: str
    """Suffix of the component class that colours it: `<widget>--<component>`."""

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


MARKS: dict[Status, StatusMark] = {
    "keep": StatusMark("keep", "✓", "keep"),
    "discard": StatusMark("discard", "·", "discard"),
    "crash": StatusMark("crash", "✗", "crash"),
}


def titled(metric: Metric) -> str:
    """A metric's name with the direction that is better: `val_loss ↓`."""
    return f"{metric.name} {arrow(metric)}"
