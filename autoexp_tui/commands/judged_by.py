"""The options that say what a table is judged by: the same in every command that opens one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from autoexp_tui.tables import TableChoice


def judged_by(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `command` the options --metric and --direction, as one argument `choice`."""

    @wraps(command)
    def choosing(*args: Any, metric: str | None, direction: Any, **more: Any) -> Any:
        return command(*args, choice=TableChoice(metric or "", direction or ""), **more)

    choosing = click.option(
        "--direction",
        type=click.Choice(["lower", "higher"]),
        help="Which way is better, for a table that doesn't tell.",
    )(choosing)
    return click.option("--metric", metavar="COLUMN", help="What a table is judged by.")(choosing)
