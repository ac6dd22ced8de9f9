"""`autoexp instructions`: what the researcher is told by a file, to read and to edit."""

from __future__ import annotations

from pathlib import Path

import click

from autoexp_tui.console import echo, say
from autoexp_tui.loop.guidance import instructions_of
from autoexp_tui.model.problem import Problem, UsageProblem
from autoexp_tui.project import INSTRUCTIONS, find_project, find_run
from autoexp_tui.sources.journals import read_state
from autoexp_tui.system.editing import edit
from autoexp_tui.text.safe import clean, decode


@click.command()
@click.argument("tag", required=False)
@click.option("--edit", "editing", is_flag=True, help="Open it in $EDITOR.")
def instructions(tag: str | None, editing: bool) -> None:
    """Show the instructions that run TAG reads, or edit them: the next experiment does as they say.

    Before any run, those of the project here; `--edit` begins a program.md where there is none.
    """
    path, is_read = _file(tag)
    if not editing:
        if not path.is_file():
            raise UsageProblem(f"{path}: there is none yet; --edit begins it")
        echo(clean(decode(path.read_bytes()).rstrip("\n")))
        return
    before = path.read_bytes() if path.is_file() else b""
    if problem := edit(path):
        raise Problem(f"{path}: {problem}")
    after = path.read_bytes() if path.is_file() else b""
    when = "the next experiment reads it" if is_read else "the next run reads it"
    say(f"{path}: {'as it was' if after == before else when}")


def _file(tag: str | None) -> tuple[Path, bool]:
    """The file, and whether a run that has begun reads it. Raises UsageProblem."""
    project = find_project(Path())
    try:
        run = find_run(project.place, tag)
    except UsageProblem:
        if tag is not None:
            raise
    else:
        path = instructions_of(run, read_state(run))
        if path is not None:
            return path, True
        if tag is not None:
            raise UsageProblem(
                f"run {run.tag} began without instructions, and reads none: "
                f"`autoexp instructions --edit` writes {INSTRUCTIONS} for the next one"
            )
    return project.path / (project.contract().instructions or INSTRUCTIONS), False
