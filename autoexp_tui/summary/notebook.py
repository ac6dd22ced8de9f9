"""What a run has taught so far, in words: the notebook, or what its rows alone tell."""

from __future__ import annotations

from collections.abc import Mapping

from autoexp_tui.model.objective import Objective
from autoexp_tui.model.proposal import Trial
from autoexp_tui.model.state import RunState
from autoexp_tui.summary import tried
from autoexp_tui.text.safe import Safe, clean, clean_line, one_line

_EACH = 6
_ROWS = 5_000
"""Of a longer table, the last."""
_DEAD = 3
"""Tries of an idea, of which none was kept, that make it a dead end."""


def notebook(state: RunState) -> Safe:
    """The notebook as it was last written, else the digest of the rows; empty before there is one.

    May have several lines.
    """
    if state.notebook is not None:
        return state.notebook.text
    trials = (tried.trial_of(row, state.contract.repeats) for row in state.rows[-_ROWS:])
    return digest(state.objective, {trial.n: trial for trial in trials})


def notebook_title(state: RunState) -> Safe:
    """Who wrote it, and when."""
    if state.notebook is None:
        return one_line(f"What {len(state.rows)} experiments tell, without anybody's words")
    return one_line(f"Notebook of {state.notebook.by}, as of #{state.notebook.n}")


def digest(objective: Objective, trials: Mapping[int, Trial]) -> Safe:
    """Patterns, dead ends, crashes and open questions of experiments, in 30 lines at most.

    `trials` are all of a run, by number.
    """

    def came(trial: Trial) -> str:
        outcome = tried.outcome(objective, trial, trials.get(trial.parent))
        return f"#{trial.n} {tried.change(trial)}: {outcome}"

    def gained(trial: Trial) -> float:
        parent = trials.get(trial.parent)
        gain = objective.gain(trial.metrics, parent.metrics).value if parent else None
        return gain or 0.0

    kept = [trial for trial in trials.values() if trial.status == "keep" and trial.parent]
    ideas = tried.ideas(objective, trials)
    dead = [idea for idea in ideas if not idea.kept and len(idea.tries) >= _DEAD]
    near = [trial for trial in trials.values() if trial.near]
    parts = [
        ("What helped most", [came(t) for t in sorted(kept, key=gained, reverse=True)[:_EACH]]),
        (
            "Dead ends, none of them kept",
            [
                idea.summed_up(objective, trials)
                for idea in sorted(dead, key=lambda idea: -len(idea.tries))[:_EACH]
            ],
        ),
        (
            "Crashes",
            [
                f"{clean_line(found[-1].reason, 120)}: {len(found)}, the last #{found[-1].n}"
                for _, found in tried.causes(trials.values())[:_EACH]
            ],
        ),
        (
            "Open: better, but by no more than luck may be",
            [came(t) for t in sorted(near, key=lambda t: -(t.sigmas or 0.0))[:_EACH]],
        ),
    ]
    lines = [line for title, items in parts if items for line in (f"{title}:", *_dashed(items))]
    return clean("\n".join(lines))


def _dashed(items: list[str]) -> list[str]:
    return [f"- {one_line(item)}" for item in items]
