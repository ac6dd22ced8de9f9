"""What is to become of a candidate when another became the best since its text was made.

A figure belongs to the very text that was measured. So a change that was a gain is put on the new
best and measured there; where that can't be, its own text is judged as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from autoexp_tui.loop.confirming import Judgement
from autoexp_tui.loop.ports import CandidateStore
from autoexp_tui.model.measurement import Measurement
from autoexp_tui.model.objective import Verdict
from autoexp_tui.model.proposal import digest
from autoexp_tui.model.state import Experiment, RunState
from autoexp_tui.text.merging import merge


@dataclass(frozen=True, slots=True)
class Change:
    """A candidate's change, in the light of what is the best now."""

    text: str | None = None
    """It on top of the best, to be measured; None: the candidate is judged as it stands."""
    ended: Judgement | None = None
    """Its verdict, where nothing is left to measure."""
    stale: str = ""
    """Why it can't be put on top of the best."""
    rebased: int = 0
    """How often it was."""

    def told(self, judged: Judgement) -> Judgement:
        """The judgement, with what made it no gain any more."""
        if judged.verdict.keep:
            return judged
        if self.stale and not judged.mark:
            words = f"{judged.verdict.reason}; {self.stale}"
            return replace(judged, verdict=Verdict(False, words), mark="stale")
        if self.rebased and judged.mark in {"", "unconfirmed"}:
            return replace(judged, mark="superseded")
        return judged


def change_of(
    tried: Experiment, text: str, first: Measurement, state: RunState, candidates: CandidateStore
) -> Change:
    """What is to be done with what experiment `tried` has made, of which `first` was measured.

    Raises `repository.RepositoryError`.
    """
    best = state.incumbent
    as_it_stands = Change(rebased=tried.rebased)
    if best is None or tried.aside or tried.parent == best.commit or not first:
        return as_it_stands
    gain = _gain(tried, first, state)
    if not gain:
        return as_it_stands
    base, theirs = candidates.text_of(tried.parent), candidates.text_of(best.commit)
    merged = merge(base, text, theirs)
    if merged is None:
        words = f"{gain} over #{tried.made_from}, but its change doesn't go with that of #{best.n}"
        return replace(as_it_stands, stale=f"{words}: it may be worth trying again on that")
    if merged == text:  # it has the other change too, and was measured with it
        return as_it_stands
    known = best.n if merged == theirs else state.tried.get(digest(merged), 0)
    if known:
        what = f"what #{known} is" if known == best.n else f"what #{known} has tried"
        words = f"{gain} over #{tried.made_from}; on top of #{best.n} it is {what}"
        return Change(ended=Judgement(Verdict(False, words), first, mark="superseded"))
    return replace(as_it_stands, text=merged)


def _gain(tried: Experiment, first: Measurement, state: RunState) -> str:
    """By how much it is better than what it was made from, in words; empty where it isn't."""
    made_from = state.row(tried.made_from)
    if made_from is None or state.baseline is None:
        return ""
    verdict = state.objective.judge(first, made_from.measurement, state.baseline.measurement)
    return verdict.reason if verdict.keep else ""
