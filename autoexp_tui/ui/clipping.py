"""One experiment as plain text, for the clipboard."""

from __future__ import annotations

from autoexp_tui.model.state import Row
from autoexp_tui.text.numbers import format_duration, format_number
from autoexp_tui.text.safe import Safe, clean


def experiment_as_text(row: Row, patch: str) -> Safe:
    """Facts, hypothesis and patch; nothing of it can steer a terminal."""
    figures = [f"{name}: {format_number(value)}" for name, value in row.metrics.items()]
    parts = [
        f"#{row.n} {row.status}: {row.description}",
        row.reason,
        *figures,
        f"took {format_duration(row.seconds)}, commit {row.commit}",
        "",
        row.hypothesis,
        "",
        patch,
    ]
    return clean("\n".join(parts).rstrip() + "\n")
