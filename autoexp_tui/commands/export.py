"""`autoexp export`: a run as one file, to be replayed anywhere."""

from __future__ import annotations

from pathlib import Path

import click

from autoexp_tui.console import say
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.project import run_here
from autoexp_tui.sources.archive import is_archive, pack


@click.command()
@click.argument("names", metavar="[TAG] FILE.zip", nargs=-1, required=True)
def export(names: tuple[str, ...]) -> None:
    """Pack the run TAG into FILE.zip: `autoexp replay FILE.zip` plays it on any machine.

    The file holds everything that the harness printed: look before you publish it.
    """
    if len(names) > 2:
        raise UsageProblem("export takes a tag and a file: `autoexp export mar8-prompt run.zip`")
    run = run_here(names[0] if len(names) == 2 else None)
    to = Path(names[-1])
    if to.suffix != ".zip":
        raise UsageProblem(f"{to}: name a file that ends in .zip")
    if to.exists() and not is_archive(to):
        raise UsageProblem(f"{to} is there already, and no archive: name another file")
    try:
        size = pack(run, to)
    except OSError as error:
        raise UsageProblem(f"{to}: can't be written ({error.strerror or error})") from None
    say(f"{to}: {run.tag}, {_size(size)}; `autoexp replay {to}` plays it")


def _size(size: int) -> str:
    return f"{size / 1024:.0f} KiB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MiB"
