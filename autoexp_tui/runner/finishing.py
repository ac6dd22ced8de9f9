"""Makes a branch ready for review of what a run has kept; objects and refs alone are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.state import Row
from autoexp_tui.report.handover import Handover
from autoexp_tui.repository.candidates import Candidates
from autoexp_tui.repository.repository import Repository
from autoexp_tui.runner.base import OWN
from autoexp_tui.text.merge import clashes, merged

_PLACES = 4
"""Places in a conflict that are named."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch as it was made."""

    name: str
    onto: str
    """The commit that it stands on."""
    commits: tuple[tuple[str, tuple[Row, ...]], ...]
    """Each, and the steps that it is made of."""
    notes: tuple[str, ...]
    """What a person should know of it."""
    was: str
    """Its tip before, where an earlier result was there."""
    since: str
    """What `git cherry-pick` leaves out, as a revision: `onto`, or what that was made from."""

    @property
    def tip(self) -> str:
        return self.commits[-1][0]


def make_branch(
    repository: Repository, handover: Handover, name: str, onto: str | None, *, squash: bool
) -> Branch:
    """Let branch `name` be the run's kept steps on top of `onto`, a revision; None: the run's base.

    The same steps make the same commits, so an earlier result that is still right stays.

    Raises:
        UsageProblem: `onto` has changed the same lines, or has every step already.
        RepositoryError: the name is taken, or the branch can't be written.
    """
    started = handover.state.run
    was = repository.may_publish(started.tag, name)
    path = str(PurePosixPath(started.folder) / started.contract.target)
    candidates = Candidates(repository, started)
    texts = [candidates.text_of(row.commit) for row in handover.rows]
    tip = base = started.base if onto is None else repository.resolve(onto)
    notes: list[str] = []
    since = base[:7]
    if onto is None and (subject := repository.news_of(base)):
        notes.append(f"it begins with {since}, which HEAD does not have: {subject}")
        since += "^" if subject.startswith(OWN) else ""
    if onto is not None and base != started.base:
        here = repository.read(base, path).decode("utf-8", "surrogateescape")
        texts = _on_top(handover, texts, here, path, onto)
        notes += _measured_elsewhere(repository, started.base, base, path, onto)
    commits: list[tuple[str, tuple[Row, ...]]] = []
    there = [row.n for k, row in enumerate(handover.steps) if texts[k] == texts[k + 1]]
    if there:
        numbers = ", ".join(f"#{n}" for n in there)
        notes.append(f"{onto or 'the base'} has what {numbers} changed already: no commit for it")
    steps = [(row, texts[k + 1]) for k, row in enumerate(handover.steps) if row.n not in there]
    if not steps:
        raise UsageProblem(f"{onto or 'the base'} has all that {started.tag} kept already")
    groups = [steps] if squash else [[step] for step in steps]
    for group in groups:
        rows = tuple(row for row, _ in group)
        content = group[-1][1].encode("utf-8", "surrogateescape")
        message = handover.squashed() if squash else handover.message(rows[0])
        tip = repository.commit(tip, {path: content}, message, when=rows[-1].time)
        commits.append((tip, rows))
    repository.publish(started.tag, name, tip)
    return Branch(name, base, tuple(commits), tuple(notes), was, since)


def _on_top(handover: Handover, texts: Sequence[str], here: str, path: str, onto: str) -> list[str]:
    """The text that `onto` has, then with each step's changes. Raises UsageProblem."""
    found = [here]
    for row, text in zip(handover.steps, texts[1:], strict=True):
        together = merged(texts[0], text, here)
        if together is None:
            places = clashes(texts[0], text, here)
            lines = ", ".join(f"{a}–{b}" if a < b else str(a) for a, b in places[:_PLACES])
            more = f" and {len(places) - _PLACES} more places" * (len(places) > _PLACES)
            raise UsageProblem(
                f"{path} of {onto} has changed where #{row.n} did, line {lines}{more}: leave "
                "--onto out, which makes the branch on the run's base, and merge it by hand"
            )
        found.append(together)
    return found


def _measured_elsewhere(
    repository: Repository, base: str, onto: str, path: str, name: str
) -> list[str]:
    """What differs between what was measured and what the branch stands on, in words."""
    before, after = (
        {entry.path: (entry.mode, entry.sha) for entry in repository.files(commit)}
        for commit in (base, onto)
    )
    known = before.keys() | after.keys()
    differ = [found for found in sorted(known) if before.get(found) != after.get(found)]
    if not differ:
        return []
    others = [found for found in differ if found != path]
    which = f"{path} and {len(others)} more files" if path in differ else f"{len(others)} files"
    if not others:
        which = path
    there = f"{name} ({onto[:7]}) has another {which}"
    return [f"measured on top of {base[:7]}; {there}: measure it once more there"]
