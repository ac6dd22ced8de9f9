"""`autoexp ls`: the runs of a repository, or of this machine."""

from __future__ import annotations

from pathlib import Path

import click

from autoexp_tui.console import echo, say
from autoexp_tui.project import CONFIG, find_project
from autoexp_tui.repository import gitdir
from autoexp_tui.sources.known import known_places
from autoexp_tui.sources.overview import Overviews, lines_of


@click.command()
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path()
)
@click.option("--all", "everywhere", is_flag=True, help="Known runs of this machine.")
def ls(directory: Path, everywhere: bool) -> None:
    """List the runs of the repository at DIRECTORY, the latest first."""
    if everywhere:
        tell(everywhere=True)
        return
    place = find_project(directory).place
    runs = Overviews().look([place])
    if not runs:
        say(f"no runs in {place.root} yet: `autoexp run` starts one")
    for line in lines_of(runs, named=False):
        echo(line)


def tell(*, everywhere: bool) -> None:
    """The runs here, or everywhere; where there are none, how to come to some."""
    here = gitdir.find(Path())
    places = known_places() if everywhere else [here] if here is not None else []
    runs = Overviews().look(places)
    for line in lines_of(runs, named=everywhere):
        echo(line)
    if not runs:
        for words in first_steps(Path(), everywhere=everywhere):
            say(words)


def first_steps(path: Path, *, everywhere: bool) -> list[str]:
    """What somebody without a run can do next, a line each."""
    if everywhere:
        return ["no run on this machine yet", *_SAMPLE]
    place = gitdir.find(path)
    if place is None:
        return [
            f"{path.resolve()} is in no git repository: autoexp works on a project that is in one",
            "  git init && git add -A && git commit -m start    makes one of this folder",
            *_SAMPLE,
        ]
    if (path / CONFIG).is_file():
        return [
            f"no runs in {place.root} yet",
            "  autoexp check    tries your harness, and says what is amiss",
            "  autoexp run      starts the first one",
        ]
    return [
        f"no runs in {place.root} yet, and no {CONFIG} here",
        "  autoexp init     looks at the project, tries it, and writes one",
        *_SAMPLE,
    ]


_SAMPLE = [
    "  autoexp new ml_training digits && cd digits && autoexp run    a real project to try",
    "  autoexp replay --sample    a night that was recorded",
]
