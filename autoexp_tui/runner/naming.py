"""Which run a person means: the one that was cut, one by name, or the next."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import PurePosixPath

from autoexp_tui.loop.journal import JournalError
from autoexp_tui.model import budget
from autoexp_tui.model.contract import Budget
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory, runs_in
from autoexp_tui.project import Project, find_run
from autoexp_tui.runner.base import Origin
from autoexp_tui.sources.journals import read_state

_TAG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


def choose_run(
    project: Project,
    tag: str | None,
    target: str,
    caps: Callable[[Budget], Budget],
    today: dt.date,
    *,
    anew: bool = False,
) -> RunDirectory:
    """The run called `tag`; else the last one where there is something left to do; else a new one.

    `caps` are a run's limits as they are asked for; `anew` passes over the last one. Raises
    UsageProblem for what is no name.
    """
    if tag is not None:
        if not _TAG.fullmatch(tag) or ".." in tag or tag.endswith(".lock"):
            raise UsageProblem(f"tag {tag!r}: use up to 64 letters, digits, dots, dashes")
        return project.run(tag)
    if (last := last_run(project)) and not anew:
        state = read_state(last)
        state.budget = caps(state.budget)
        finished = state.finished
        raised = state.started is not None and state.budget != state.contract.budget
        cut = finished is None or not finished.ok or state.stop_requested is not None
        if state.rows and (cut or raised) and not budget.used_up(state, state.elapsed):
            return last
    return _next(project, default_tag(target, today))


def last_run(project: Project) -> RunDirectory | None:
    """The run of this project that was written to last."""
    for run in runs_in(project.place.common_dir):
        try:
            started = read_state(run).started
        except (JournalError, OSError):
            continue  # named by its tag, it says what is wrong with it
        if started is not None and started.folder == project.folder:
            return run
    return None


def find_origin(project: Project, named: str) -> Origin:
    """The experiment that `named` says: `TAG` the best of a run, `31` one of the last run of the
    project, `TAG:31`.

    A run whose tag is a number goes before an experiment. Raises UsageProblem where there is none.
    """
    tag, colon, number = named.rpartition(":")
    by_number = bool(colon)
    if not colon and _is_number(named) and not project.run(named).is_there:
        by_number, run = True, last_run(project)
        if run is None:
            raise UsageProblem(f"--from {named}: no run of this project yet to start from")
    else:
        run = find_run(project.place, tag if colon else named)
    state = read_state(run)
    if not by_number:
        row = state.incumbent
        if row is None:
            raise UsageProblem(f"run {run.tag} has no best to start from: it measured nothing yet")
        return Origin(state, row)
    if not _is_number(number):
        raise UsageProblem(f"--from {named}: write the number of an experiment behind the colon")
    row = state.row(int(number))
    if row is None:
        raise UsageProblem(
            f"run {run.tag} has no experiment {number} to start from: it has {len(state.rows)}"
        )
    return Origin(state, row)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def default_tag(target: str, today: dt.date) -> str:
    """The date and the target: `mar8-prompt`."""
    stem = re.sub(r"[^A-Za-z0-9-]+", "-", PurePosixPath(target).stem).strip("-") or "target"
    return f"{today:%b}{today.day}-{stem}".lower()[:60]


def _next(project: Project, tag: str) -> RunDirectory:
    """The first of `tag`, `tag-2`, `tag-3` … that has no row yet."""
    number = 1
    while True:
        run = project.run(tag if number == 1 else f"{tag}-{number}")
        if not read_state(run).rows:
            return run
        number += 1
