"""What an agent program is given to read."""

from __future__ import annotations

from autoexp_tui.model.proposal import Crash, Proposal, Situation
from autoexp_tui.proposers.briefing import BUDGETS, Briefing
from autoexp_tui.proposers.briefing.wording import fence, tail
from autoexp_tui.proposers.context import Context
from autoexp_tui.text.safe import clean, clean_line

_ENDING = (
    "End your answer with two lines of this form:\n\n"
    "HYPOTHESIS: what you expect of the change, and why\n"
    "DESCRIPTION: what is changed, in at most 100 characters"
)
_ALONE = "Whatever else you change is dropped. Don't run the harness: that is done afterwards."


def for_proposal(situation: Situation, context: Context) -> str:
    """For one experiment."""
    ask = (
        f"Make experiment #{situation.n} now: read `{situation.contract.target}`, then edit that "
        f"file in place, in the current folder. {_ALONE} {_ENDING}"
    )
    return _put_together(situation, context, ask)


def for_repair(situation: Situation, context: Context, crash: Crash, proposal: Proposal) -> str:
    """For the repair of a proposal that crashed."""
    target = situation.contract.target
    end = fence(tail(clean(crash.tail), BUDGETS["crash"]))
    ask = (
        f"# Your change crashed\n\nYou made experiment #{crash.n}: "
        f"{clean_line(proposal.description, 200)}. Your hypothesis: "
        f"{clean_line(proposal.hypothesis, 1000)}\n\nThe harness crashed with it: "
        f"{clean_line(crash.failure, 300)}\n\nThe end of its output:\n\n{end}\n\n"
        f"`{target}` in the current folder has your change in it. If it is a slip (a typo, a "
        "missing import, a wrong shape), mend it in place, under the same hypothesis. If the idea "
        f"itself does not work, leave the file as it is. {_ALONE} {_ENDING}"
    )
    return _put_together(situation, context, ask)


def _put_together(situation: Situation, context: Context, ask: str) -> str:
    told = Briefing.of(situation, context, shows_target=False)
    return f"{told.as_text()}\n\n{ask}\n"
