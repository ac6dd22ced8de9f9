"""The options that go before what `autoexp.yaml` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict, TypeVar

import click

from autoexp_tui.text.durations import duration

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Duration(click.ParamType[float]):
    """A length of time, in seconds."""

    name = "duration"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        try:
            return duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Overrides(TypedDict):
    """None leaves it to the file."""

    proposer: str | None
    max_experiments: int | None
    max_hours: float | None
    time_limit: float | None


_OPTIONS = (
    click.option("--proposer", help="Who forms the hypotheses; default: as autoexp.yaml says."),
    click.option("--max-experiments", type=click.IntRange(min=1), help="Rows, baseline included."),
    click.option("--max-hours", type=click.FloatRange(min=0, min_open=True), help="Of wall clock."),
    click.option("--time-limit", type=Duration(), help="For one run of the harness: 90s, 5m."),
)


def overriding(command: _Command) -> _Command:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
