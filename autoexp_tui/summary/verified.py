"""What measuring a run's gains again has told, in words that brief, report and screens share."""

from __future__ import annotations

from collections.abc import Iterator

from autoexp_tui.model.events import Effect, Outcome
from autoexp_tui.model.state import RunState
from autoexp_tui.summary.trust import signed

_TOLD: dict[Outcome, str] = {
    "holds": "holds",
    "unclear": "not told from luck",
    "gone": "gone",
    "failed": "gives no measurement any more",
}


def verified_line(state: RunState) -> str:
    """What a verification has come to: `verified: 2 of 3 steps hold`; empty where none was made."""
    known = state.verification
    if known is None:
        return ""
    goes_on = f"`autoexp verify {state.run.tag}` goes on"
    if known.finished is None:
        return f"verification not ended: {known}; {goes_on}"
    found = known.finished
    if not found.effects:
        return f"verification {found.reason}: {known}; {goes_on}"
    steps = [effect for effect in found.effects if effect.kind == "step"]
    hold = sum(effect.outcome == "holds" for effect in steps)
    after = "" if found.complete else f" ({found.reason}: {goes_on})"
    return (
        f"verified by {found.rounds} more round{'s' if found.rounds != 1 else ''}{after}: "
        f"{hold} of {len(steps)} steps hold, the whole gain {_effect_words(found.effects[0])}"
        f"{_reproduced_words(found.reproduced)}"
    )


def verified_words(state: RunState) -> Iterator[str]:
    """`verified_line`, then every step; nothing where there was no verification."""
    if line := verified_line(state):
        yield line
    if state.verification is not None and state.verification.finished is not None:
        for effect in state.verification.finished.effects:
            if effect.kind == "step":
                yield f"#{effect.n} {verified_step(state, effect.n)}"


def refuted(state: RunState) -> frozenset[int]:
    """Kept experiments whose gain was not there when it was measured again.

    Neither by the step from the text before it, nor by taking it out of the last text.
    """
    if state.verification is None or state.verification.finished is None:
        return frozenset()
    found = state.verification.finished.effects
    return frozenset(e.n for e in found if e.kind != "whole" and e.outcome in {"gone", "failed"})


def verified_step(state: RunState, n: int) -> str:
    """What a verification says of one kept step; empty where it says nothing."""
    if state.verification is None or state.verification.finished is None:
        return ""
    found = {e.kind: e for e in state.verification.finished.effects if e.n == n}
    if "step" not in found:
        return ""
    words = f"{_effect_words(found['step'])}; kept for {signed(found['step'].kept_for)}"
    if "without" in found:
        words += f"; in the last text its part {_effect_words(found['without'])}"
    return words


def _effect_words(effect: Effect) -> str:
    words = _TOLD[effect.outcome]
    if effect.outcome == "failed":
        return words
    if effect.low == effect.high:
        return f"{words}: {signed(effect.effect)}"
    return f"{words}: {signed(effect.effect)} ({signed(effect.low)} to {signed(effect.high)})"


def _reproduced_words(reproduced: bool | None) -> str:
    if reproduced is None:
        return ""
    return (
        "; the run's figures come again" if reproduced else "; the run's figures do NOT come again"
    )
