"""`autoexp finish`: what a run has kept, as a branch ready for review."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autoexp_tui.commands.clean import give_back
from autoexp_tui.console import echo, say, warn
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.project import Project, find_project, find_run
from autoexp_tui.report.handover import Handover
from autoexp_tui.sources.journals import read_state

if TYPE_CHECKING:
    from autoexp_tui.runner.finishing import Branch

_MADE_BY = "autoexp finish"


@click.command()
@click.argument("tag", required=False)
@click.option("--branch", metavar="NAME", help="Of the branch; default: autoexp-TAG.")
@click.option("--onto", metavar="REVISION", help="On top of HEAD, say; default: the run's base.")
@click.option("--squash", is_flag=True, help="One commit instead of one for each kept step.")
@click.option("--verify", is_flag=True, help="Only if `autoexp verify` finds that the gain holds.")
@click.option("--pr", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the text for a pull request there.")  # fmt: skip
@click.option("--clean/--no-clean", default=None, help="Run `autoexp clean` afterwards, or don't.")
def finish(
    tag: str | None,
    *,
    branch: str | None,
    onto: str | None,
    squash: bool,
    verify: bool,
    pr: Path | None,
    clean: bool | None,
) -> int:
    """Make a branch of what run TAG has kept, ready for review.

    One commit for each kept step, with figures, effect and hypothesis in its message, and the text
    for a pull request. Nothing of your checkout is touched.
    """
    project = find_project(Path())
    run = find_run(project.place, tag)
    if pr is not None:
        _check_free(pr)
    Handover(read_state(run))  # nothing kept: said before anything is measured
    if verify and not _holds(project, run):
        warn(f"{run.tag}: no branch was made, since the gain does not hold; without --verify it is")
        return 1
    handover = Handover(read_state(run))
    made = _make(project, handover, branch or f"autoexp-{run.tag}", onto, squash=squash)
    _tell(made, handover)
    if going_on := is_running(run):
        say(f"{run.tag} goes on: this is what it has kept so far; another `finish` adds the rest")
    text = handover.pull_request(handover.state.run.base, made.notes)
    if pr is not None:
        _write(pr, text)
    else:
        echo()
        echo(text)
    _offer_clean(project, clean, busy=going_on)
    return 0


def _holds(project: Project, run: RunDirectory) -> bool:
    from autoexp_tui.commands.verify import verified  # noqa: PLC0415 - git, the evaluator

    if is_running(run):
        raise UsageProblem(
            f"{run.tag} is running, and can't be verified meanwhile: "
            f"`autoexp stop {run.tag}` first, or leave --verify out"
        )
    return verified(project, run, quiet=False).holds


def _make(
    project: Project, handover: Handover, name: str, onto: str | None, *, squash: bool
) -> Branch:
    from autoexp_tui.repository.repository import Repository  # noqa: PLC0415 - git
    from autoexp_tui.runner.finishing import make_branch  # noqa: PLC0415 - git

    with contextlib.closing(Repository.open(project.place.root)) as repository:
        return make_branch(repository, handover, name, onto, squash=squash)


def _tell(made: Branch, handover: Handover) -> None:
    count = len(made.commits)
    state = {made.tip: "there already, and right", "": "made"}.get(made.was, "made anew")
    on = made.onto[:7]
    say(f"{made.name}: {state}: {count} commit{'s' * (count != 1)} on {on}, {handover.headline}")
    for commit, rows in made.commits:
        for row in rows:
            say(f"  {commit[:7]}  #{row.n}  {handover.line(row)}")
    for note in made.notes:
        warn(f"autoexp: {note}")
    say("take it home, with nothing of yours uncommitted in the way:")
    say(f"  git merge {made.name}")
    say(f"  git cherry-pick {made.since}..{made.name}")


def _offer_clean(project: Project, wanted: bool | None, *, busy: bool) -> None:
    if wanted is None:
        asked = sys.stdin.isatty() and sys.stdout.isatty() and not busy
        question = "Remove the workspaces of ended runs, too (`autoexp clean`)?"
        wanted = asked and click.confirm(question, default=False)
    if wanted:
        give_back(project.place)


def _check_free(path: Path) -> None:
    """Raise UsageProblem where a file of somebody else's would be overwritten."""
    if not path.exists():
        return
    if not path.is_file() or _MADE_BY.encode() not in path.read_bytes()[-200:]:
        raise UsageProblem(f"{path} is there already, and not ours: name another file with --pr")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(f"{text}\n<!-- {_MADE_BY} -->\n", encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"{path}: can't be written ({error.strerror or error})") from None
    say(f"{path}: the text for a pull request; its first line is the title")
