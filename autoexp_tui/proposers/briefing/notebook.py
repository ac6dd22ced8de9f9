"""What a model is asked for when it is to write the notebook of a run anew."""

from __future__ import annotations

from autoexp_tui.model.proposal import Situation
from autoexp_tui.proposers.briefing.wording import BYTES


def notebook_request(situation: Situation) -> str:
    """The request, in the place of that for a proposal; the answer is the notebook itself."""
    most = situation.contract.notebook.max_tokens
    before = (
        "Begin from the notebook above: keep what still holds, above all what a person wrote, "
        "and put right what later experiments have shown to be wrong. "
        if situation.notebook
        else ""
    )
    return (
        "Don't propose an experiment now, and call no tool. Write the lab notebook of this run "
        "anew instead: for a colleague who will read nothing else and go on in your place. "
        f"{before}"
        "Answer with the notebook alone, in plain text with three headings: `Patterns` (what "
        "helps and what hurts, with values and sizes, and the numbers of the experiments), `Dead "
        "ends` (what needs no further try, and why), `Open questions` (what is worth a try next, "
        "and what would tell). Tell only what the experiments show; say where you guess. What a "
        "change is worth is known where it was tried alone: of changes that came together, say so. "
        f"At most {most * BYTES} characters."
    )
