"""`autoexp init`: reads a project, tries what may measure it, and writes `autoexp.yaml`."""

from __future__ import annotations

import contextlib
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autoexp_tui import config
from autoexp_tui.console import echo, err, say
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.project import CONFIG, INSTRUCTIONS, Project, find_project
from autoexp_tui.text.durations import duration
from autoexp_tui.text.numbers import format_duration, format_number
from autoexp_tui.text.safe import Safe, one_line

if TYPE_CHECKING:
    from autoexp_tui.onboarding.settling import Settled
    from autoexp_tui.onboarding.survey import Survey


@click.command()
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path()
)
@click.option("--target", default="", help="The one file that may change.")
@click.option("--harness", default="", help="The command that measures it.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME[:lower|higher]",
    help="One or two; which way is better is guessed by the name.",
)
@click.option("--time-limit", metavar="TIME", help="For one run, such as 5m. By default: as tried.")
@click.option("--link", "links", multiple=True, metavar="PATH", help="Ignored by git, but needed.")
@click.option("--no-run", is_flag=True, help="Don't try the command.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing: take the best guesses.")
def init(
    directory: Path,
    target: str,
    harness: str,
    metrics: tuple[str, ...],
    time_limit: str | None,
    links: tuple[str, ...],
    no_run: bool,
    yes: bool,
) -> None:
    """Look at the project in DIRECTORY, try what measures it, and write a commented autoexp.yaml.

    What may change, what measures it and which number counts is proposed with reasons; options
    answer beforehand. Nothing but autoexp.yaml and program.md is written.
    """
    if (directory / CONFIG).exists():
        raise UsageProblem(f"{directory / CONFIG} is here already: edit it, or move it away")
    project = find_project(directory)
    from autoexp_tui.onboarding import answers  # noqa: PLC0415 - what looks at projects
    from autoexp_tui.onboarding.settling import Settling, Wishes  # noqa: PLC0415
    from autoexp_tui.onboarding.survey import survey  # noqa: PLC0415
    from autoexp_tui.repository.repository import Repository  # noqa: PLC0415 - git

    wishes = Wishes(
        answers.path(project.path, target) if target else "",
        harness,
        tuple(map(answers.metric, metrics)),
        _seconds(time_limit),
        links,
        guess=yes,
        run=not no_run,
    )
    with contextlib.closing(Repository.open(project.place.root)) as repository:
        found = survey(repository, project)
        say(f"project {project.path}, {len(found.files)} files in git")
        try:
            settled = Settling(project, repository, found, wishes).settle()
        except (KeyboardInterrupt, click.Abort):
            err(Safe("\nautoexp: nothing was written; with --yes nothing is asked"))
            raise
    _write(project, found, settled)


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else duration(text)
    except ValueError:
        raise UsageProblem(f"--time-limit {text}: write it like 90s, 5m or 1h30m") from None


def _write(project: Project, survey: Survey, settled: Settled) -> None:
    """Write the two files, none over another, and tell what is in them and how to undo it."""
    from autoexp_tui.onboarding.harnesses import tests_of  # noqa: PLC0415 - with what looks
    from autoexp_tui.onboarding.instructions import instructions  # noqa: PLC0415
    from autoexp_tui.proposers import registry  # noqa: PLC0415 - for its last words

    contract = settled.contract()
    told = _reasons(settled)
    head = "".join(f"# {one_line(line)}\n" for line in ("Written by `autoexp init`:", *told))
    text = f"{head}\n{config.render(contract)}"
    path, beside = project.path / CONFIG, project.path / INSTRUCTIONS
    config.parse(text, str(path))
    files = {path: text}
    if not beside.exists():
        files[beside] = instructions(survey, settled)
    for file, content in files.items():
        with file.open("x", encoding="utf-8") as new:
            new.write(content)
    echo()
    for line in told:
        say(line)
    echo()
    for file in files:
        say(f"wrote   {file}")
    if beside not in files:
        say(f"left    {beside}, which is there already: it is read before every proposal")
    say(f"undo    rm {' '.join(shlex.quote(_short(file)) for file in files)}")
    if (tests := tests_of(survey)) and tests != contract.harness:
        say(f"perhaps `guard: [{tests}]`, so that nothing is kept that fails the tests")
    chosen = registry.resolve(contract.proposer, os.environ)
    for offer in registry.passed_over(contract.proposer, chosen, os.environ):
        say(f"perhaps {offer}")
    where = "" if project.path == Path.cwd().resolve() else f" {shlex.quote(_short(project.path))}"
    say(f"next    autoexp check{where}")


def _short(path: Path) -> str:
    """A path from the current folder, where it lies in it."""
    here = Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _reasons(settled: Settled) -> list[Safe]:
    """What was settled and why, a line for each."""
    rows = [
        ("harness", settled.harness.text, settled.harness.reason),
        ("target", settled.target.text, settled.target.reason),
    ]
    found = {figure.metric.name: figure for figure in reversed(settled.figures)}
    for metric in settled.metrics:
        figure = found.get(metric.name)
        now = f"{format_number(figure.value)} now" if figure else "not tried"
        rows.append(("metric", metric.name, f"{metric.direction} is better; {now}"))
    took = settled.trial
    why = (
        f"the run took {format_duration(took.seconds)}" if took and not took.failure else "a guess"
    )
    rows.append(("limit", format_duration(settled.time_limit), why))
    linked = ", ".join(settled.links.told) or "nothing"
    left = f"left out: {', '.join(settled.links.left)}" if settled.links.left else ""
    rows.append(("linked", linked, left))
    return [
        one_line(f"{name:<8}{text}" + (f"  ({reason})" if reason else ""))
        for name, text, reason in rows
    ]
