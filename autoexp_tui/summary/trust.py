"""How far a run's gains can be trusted, in words that brief, report and screens share."""

from __future__ import annotations

from autoexp_tui.model.evidence import Evidence
from autoexp_tui.model.state import RunState
from autoexp_tui.text.numbers import format_number


def noise_words(state: RunState) -> str:
    """The spread of one evaluation: `±0.0031 between runs`; empty while nothing is known."""
    known = state.calibration
    if not known.is_known:
        return ""
    if known.is_exact:
        return "repeats itself exactly"
    return f"±{format_number(max(one.sigma for one in known.noise))} between runs"


def confirmed_words(state: RunState) -> str:
    """What stands behind the kept rows, and how many may be luck all the same."""
    confirm = state.contract.confirm
    if confirm in {"off", 0}:
        return "gains were measured once: a small one may be noise (`confirm: auto` would tell)"
    if state.calibration.is_exact:
        return "the harness repeats itself exactly: each gain is real on what it measures"
    if isinstance(confirm, int):
        return f"each gain was confirmed by {confirm} fresh runs beside the old best"
    luck = len(state.rows) * (1 - state.contract.confidence)
    return f"each gain was confirmed by fresh runs; at most about {luck:.1g} of them by luck"


def evidence_words(evidence: Evidence) -> str:
    """`+0.031 (0.012 to 0.050), 3 fresh runs, 2.4 σ`; positive is better."""
    if not evidence.sigma:
        return f"{evidence.effect:+.4g}, the harness repeats itself exactly"
    span = f"{evidence.effect:+.4g} ({evidence.low:.4g} to {evidence.high:.4g})"
    runs = f"{evidence.runs} fresh run{'s' if evidence.runs != 1 else ''}"
    return f"{span}, {runs}, {abs(evidence.effect) / evidence.sigma:.1f} σ"
