"""The runs of one repository or of several, a line each: how they stand, and what they came to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.loop.journal import JournalError
from autoexp_tui.loop.runlock import is_asleep, is_running
from autoexp_tui.model.rundir import RunDirectory, runs_in
from autoexp_tui.model.state import RunState
from autoexp_tui.repository.gitdir import GitPlace
from autoexp_tui.sources.journals import read_state
from autoexp_tui.summary.gains import progress
from autoexp_tui.summary.headline import best_line, brief_figure
from autoexp_tui.summary.lanes import busy_words, first_wait
from autoexp_tui.text.durations import age
from autoexp_tui.text.safe import NOTHING, Safe, clean_line, one_line


@dataclass(frozen=True, slots=True)
class Overview:
    """One run."""

    run: RunDirectory
    root: Path
    """The work tree that it was found from."""
    project: Safe
    """Of the project's folder; of the repository where the run tells none."""
    condition: Safe
    """`evaluating`, `paused`, `interrupted`, `finished` …, or `damaged`."""
    is_live: bool
    time: float
    """Of the last that happened, in seconds since the epoch; 0 where nothing did."""
    rows: Safe
    """`12 of 100`."""
    best: Safe
    """What is optimised, of the best: `val_loss 0.43`."""
    gain: Safe
    """`22.1 % better`; empty without one."""
    words: Safe
    """Best, kept, and why it stands as it does."""

    @property
    def tag(self) -> Safe:
        return one_line(self.run.tag)

    def age(self, now: float) -> Safe:
        """`5m`, since the last that happened."""
        return age(now - self.time) if self.time else NOTHING


class Overviews:
    """Looks at runs, and reads again only what has changed since."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int, bool, bool], Overview]] = {}

    def look(self, places: Iterable[GitPlace]) -> list[Overview]:
        """Every run of these repositories, the one written to last first."""
        found = [self._of(run, place) for place in places for run in runs_in(place.common_dir)]
        return sorted(found, key=lambda one: (not one.is_live, -one.time))

    def _of(self, run: RunDirectory, place: GitPlace) -> Overview:
        try:
            stat = run.journal.stat()
        except OSError:
            return overview(run, place.root)  # gone meanwhile: it says so
        live = is_running(run)
        mark = (stat.st_mtime_ns, stat.st_size, live, live and is_asleep(run))
        known = self._known.get(run.path)
        if known is None or known[0] != mark:
            known = self._known[run.path] = mark, overview(run, place.root)
        return known[1]


def overview(run: RunDirectory, root: Path) -> Overview:
    """How one run stands; of a damaged one, what is wrong."""
    name = clean_line(root.name)
    try:
        state = read_state(run)
    except (JournalError, OSError) as error:
        words = clean_line(str(error), 300)
        return Overview(
            run, root, name, Safe("damaged"), False, 0.0, NOTHING, NOTHING, NOTHING, words
        )
    best, gain = NOTHING, NOTHING
    if state.best is not None and state.baseline is not None:
        best = one_line(brief_figure(state.objective, state.best.metrics))
        if state.best is not state.baseline:
            found = state.objective.gain(state.best.metrics, state.baseline.metrics)
            gain = one_line(progress(state.objective, found))
    return Overview(
        run=run,
        root=root,
        project=state.run.project if state.started else name,
        condition=one_line(_condition(run, state)),
        is_live=is_running(run),
        time=state.time,
        rows=one_line(f"{len(state.rows)} of {state.budget.max_experiments}"),
        best=best,
        gain=gain,
        words=_words(run, state),
    )


def _condition(run: RunDirectory, state: RunState) -> str:
    if is_running(run):
        verification = state.verification
        if state.finished and verification is not None and verification.finished is None:
            return "verifying"
        if is_asleep(run):
            return "not awake"
        if first_wait(state) is not None:
            return "waiting"
        return "paused" if state.paused else busy_words(state) or state.phase
    if state.finished is None:
        return "interrupted"
    return "finished" if state.finished.ok else "failed"


def _reason(run: RunDirectory, state: RunState) -> str:
    """Why it stands as it does, where that is not plain."""
    waiting = first_wait(state)
    if is_running(run):
        return waiting[1].reason if waiting is not None else state.paused
    if state.finished is None:
        return f"`autoexp run --tag {run.tag}` goes on"
    return state.finished.reason


def _words(run: RunDirectory, state: RunState) -> Safe:
    words = [f"{best_line(state)}; {state.kept} kept"] if state.rows else []
    if reason := clean_line(_reason(run, state), 100):
        words.append(reason)
    return one_line(" — ".join(words))


def lines_of(runs: Iterable[Overview], *, named: bool) -> list[Safe]:
    """The runs as lines of a table; `named` tells each one's project."""
    now = time.time()
    cells = [
        (
            one_line(f"{one.project}/{one.tag}") if named else one.tag,
            one.condition,
            one.age(now),
            one.rows,
            one.words,
        )
        for one in runs
    ]
    widths = [max((len(line[column]) for line in cells), default=0) for column in range(4)]
    return [
        one_line(
            f"{tag:<{widths[0]}}  {condition:<{widths[1]}}  {since:>{widths[2]}}  "
            f"{rows:>{widths[3]}}  {words}".rstrip()
        )
        for tag, condition, since, rows, words in cells
    ]
