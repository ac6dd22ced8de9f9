"""`autoexp config`: every setting in force, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import click
import msgspec

from autoexp_tui.commands.overrides import Overrides, overriding
from autoexp_tui.config.declared import Setting, settings
from autoexp_tui.config.reference import page
from autoexp_tui.config.schema import schema
from autoexp_tui.config.writer import flow
from autoexp_tui.console import echo, say, write
from autoexp_tui.project import CONFIG, find_project
from autoexp_tui.text.safe import clean, clean_line

_OPTIONS = {
    "proposer": "proposer",
    "max_experiments": "budget.max_experiments",
    "max_hours": "budget.max_wall_clock_hours",
    "time_limit": "time_limit",
}
"""Which setting each option overrides."""


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path())
@overriding
@click.option("--schema", "as_schema", is_flag=True, help="The JSON Schema of autoexp.yaml.")
@click.option("--docs", "as_page", is_flag=True, help="The page docs/configuration.md.")
def config(
    directory: Path, *, as_schema: bool, as_page: bool, **overrides: Unpack[Overrides]
) -> None:
    """Show every setting of the project in DIRECTORY, and where it comes from."""
    if as_schema:
        echo(clean(json.dumps(schema(), indent=2, ensure_ascii=False)))
        return
    if as_page:
        write(clean(page()))
        return
    from autoexp_tui.runner.preparation import Wishes  # noqa: PLC0415 - git

    given = find_project(directory).given()
    contract = Wishes(**overrides).contract(given.contract)
    asked = {_OPTIONS[name] for name, value in overrides.items() if value is not None}
    rows = []
    for path, setting, value in _in_force(contract):
        if path in asked:
            source = "command line"
        elif path in given.lines:
            source = f"{CONFIG}:{given.lines[path]}"
        else:
            source = "default" if value == setting.default else "found in the folder"
        names = [metric.name for metric in contract.metrics]
        shown = "–" if value in (None, "") else clean_line(flow(setting, value, names))
        rows.append((path, shown, source))
    width = max(len(path) for path, _, _ in rows)
    source_width = max(len(source) for _, _, source in rows)
    for path, shown, source in rows:
        say(f"{path:<{width}}  {source:<{source_width}}  {shown}")


def _in_force(section: msgspec.Struct, prefix: str = "") -> Iterator[tuple[str, Setting, object]]:
    """Each setting that has a meaning, with its path and its value."""
    for setting in settings(type(section)):
        value = getattr(section, setting.name)
        if isinstance(value, msgspec.Struct) and setting.section is type(value):
            yield from _in_force(value, f"{prefix}{setting.name}.")
        elif setting.applies(section):
            yield prefix + setting.name, setting, value
