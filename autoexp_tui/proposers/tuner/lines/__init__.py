"""Text targets without slots: lines are dropped, moved, repeated, inserted and swapped.

What goes in comes from `ideas.txt` beside the target, and from what the baseline said and the
best text no longer says. Everything is derived from the situation, so a resumed run goes on as if
never cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from autoexp_tui.model.ideas import NAME
from autoexp_tui.model.proposal import Exhausted, Proposal, Situation, Unable, digest
from autoexp_tui.proposers.tuner.lines import choice, wording
from autoexp_tui.proposers.tuner.lines.line_edits import LineEdit, apply, edits
from autoexp_tui.proposers.tuner.lines.passages import same, take_apart

__all__ = ["propose"]

_DRAWS = 24
"""How often the bandit is asked before any new text will do."""
_PAIRS = 0.15
"""Share of the draws that make two changes at once: some help only together."""
_MOST_PAIRS = 20_000
"""So many pairs are looked through, at most, when no single change is left."""

_Choice = tuple[tuple[LineEdit, ...], str]
"""One or two edits, the second made on the first one's text, and the text they give."""


def propose(situation: Situation, past: choice.Lessons) -> Proposal:
    """The next change of one line or section, seldom of two. Raises Exhausted and Unable.

    `past`: of the same history.
    """
    chosen, text = _new_text(situation, past)
    return Proposal(
        hypothesis=wording.hypothesis(chosen, past, situation.hints),
        description=wording.description(chosen),
        text=text,
        memo=choice.memo(chosen, digest(text)),
    )


def _new_text(situation: Situation, past: choice.Lessons) -> _Choice:
    # Seeded by the run, the experiment and the answers alone: a resumed run draws the same.
    rng = np.random.default_rng(
        [situation.seed & 0xFFFF_FFFF_FFFF_FFFF, situation.n, len(situation.answers)]
    )
    known = past.texts | {digest(situation.text), digest(situation.baseline)}
    known |= {pending.digest for pending in situation.pending}
    singles = _not_now(situation, _edits(situation, situation.text))
    if not singles:
        raise Unable(
            f"there is no line in {situation.contract.target} that could be changed: write some,"
            f" or put lines to try into {NAME} beside it"
        )
    for _ in range(_DRAWS):
        drawn = _drawn(situation, singles, past, rng)
        if drawn is not None and digest(drawn[1]) not in known:
            return drawn
    for candidates in (_all_singles(situation, singles), _all_pairs(situation, singles)):
        left = [one for one in candidates if digest(one[1]) not in known]
        if len(left) > len(situation.answers):
            return left[int(rng.integers(len(left)))]
    raise Exhausted(
        f"every change of one or two lines of {situation.contract.target} has been tried:"
        f" put more lines to try into {NAME} beside it"
    )


def _edits(situation: Situation, text: str) -> list[LineEdit]:
    return edits(take_apart(text), situation.baseline, situation.ideas)


def _not_now(situation: Situation, candidates: list[LineEdit]) -> list[LineEdit]:
    """Without the changes that are tried now, where others are left."""
    now = {edit for pending in situation.pending for edit in choice.edits_of(pending.memo)}
    return [edit for edit in candidates if choice.key(edit) not in now] or candidates


def _drawn(
    situation: Situation,
    singles: Sequence[LineEdit],
    past: choice.Lessons,
    rng: np.random.Generator,
) -> _Choice | None:
    first = choice.choose(singles, past, situation.hints, rng)
    text = apply(take_apart(situation.text), first)
    if rng.random() >= _PAIRS:
        return (first,), text
    further = _further(first, _edits(situation, text))
    if not further:
        return None
    second = choice.choose(further, past, situation.hints, rng)
    return (first, second), apply(take_apart(text), second)


def _further(first: LineEdit, candidates: Sequence[LineEdit]) -> list[LineEdit]:
    """Without what only undoes the first edit, or does to its line what one edit could do."""
    done = {same(first.subject), same(first.idea)} - {""}
    return [edit for edit in candidates if not done & {same(edit.subject), same(edit.idea)}]


def _all_singles(situation: Situation, singles: Sequence[LineEdit]) -> Iterator[_Choice]:
    document = take_apart(situation.text)
    return (((edit,), apply(document, edit)) for edit in singles)


def _all_pairs(situation: Situation, singles: Sequence[LineEdit]) -> Iterator[_Choice]:
    left = _MOST_PAIRS
    for first, text in _all_singles(situation, singles):
        document = take_apart(text)
        for second in _edits(situation, text):
            yield (*first, second), apply(document, second)
            left -= 1
            if not left:
                return
