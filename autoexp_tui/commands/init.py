"""`autoexp init`: write an `autoexp.yaml`, by asking or from options."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click
import msgspec

from autoexp_tui import config
from autoexp_tui.console import echo, say, warn
from autoexp_tui.model.contract import Contract, Direction, Metric
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.project import CONFIG
from autoexp_tui.text.safe import Safe, clean_line

_LIKELY = ("train.py", "prompt.txt", "config.yaml", "handler.py", "query.sql", "styles.css")
_DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


@click.command()
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path()
)
@click.option("--target", help="The one file that may change.")
@click.option("--harness", help="The command that prints the metric.")
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME:lower|higher", help="One or two; which way."
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
def init(
    directory: Path,
    target: str | None,
    harness: str | None,
    metrics: tuple[str, ...],
    yes: bool,
) -> None:
    """Write a commented autoexp.yaml into DIRECTORY."""
    path = directory / CONFIG
    if path.exists():
        raise UsageProblem(f"{path} is here already: edit it, or move it away")
    if yes and not (target and harness and metrics):
        raise click.UsageError("--yes asks nothing: give --target, --harness and --metric too")
    target = target or _ask_target(directory)
    harness = harness or click.prompt(
        "Command that prints the metric", default="python evaluate.py"
    )
    goals = tuple(map(_metric, metrics)) if metrics else _ask_metrics()
    text = config.render(Contract(target=target, harness=harness, metrics=goals))
    config.parse(text, str(path))
    if not (directory / target).is_file():
        warn(f"autoexp: {target} is not there yet: write and commit it first")
    path.write_text(text, encoding="utf-8")
    say(f"wrote {path}")
    echo(Safe("  autoexp check   runs your harness once and shows what is read"))


def _metric(text: str) -> Metric:
    name, _, direction = text.rpartition(":")
    return msgspec.convert({"name": name, "direction": _direction(direction, text)}, Metric)


def _direction(word: str, text: str) -> Direction:
    for direction in _DIRECTIONS:
        if word == direction:
            return direction
    raise click.UsageError(f"--metric {text}: write NAME:lower or NAME:higher")


def _ask_target(directory: Path) -> str:
    likely = next((name for name in _LIKELY if (directory / name).is_file()), None)
    answer: str = click.prompt("File that may change", default=likely)
    return answer


def _ask_metrics() -> tuple[Metric, ...]:
    goals: list[Metric] = []
    for question in ("Metric it prints", "Second metric (empty for none)"):
        name = click.prompt(question, default="" if goals else None, show_default=False)
        if not name:
            break
        direction = click.prompt(
            clean_line(f"Which {name} is better"), type=click.Choice(_DIRECTIONS), default="lower"
        )
        goals.append(Metric(clean_line(name), direction))
    return tuple(goals)
