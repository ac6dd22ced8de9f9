"""The part of a briefing that stays the same all night: contract, judge, wishes, harness."""

from __future__ import annotations

from collections.abc import Sequence

from autoexp_tui.model.contract import Contract, Decide, Limit
from autoexp_tui.model.objective import least_words
from autoexp_tui.model.proposal import Situation
from autoexp_tui.proposers.briefing.budgets import BUDGETS
from autoexp_tui.proposers.briefing.wording import fence, head
from autoexp_tui.proposers.context import Context
from autoexp_tui.text.numbers import format_duration
from autoexp_tui.text.safe import clean, clean_line


def stable(situation: Situation, context: Context) -> list[str]:
    """The parts, in order."""
    parts = [_contract(situation.contract)]
    if situation.instructions.strip():
        wishes = head(clean(situation.instructions), BUDGETS["instructions"])
        parts.append(f"# Instructions of the person who set this up\n\n{wishes}")
    if context.harness.strip():
        text = fence(head(clean(context.harness), BUDGETS["harness"]))
        parts.append(f"# The harness, which can't be changed\n\n{text}")
    return parts


def _contract(contract: Contract) -> str:
    names = [metric.name for metric in contract.metrics]
    metrics = [
        f"- `{metric.name}`: {metric.direction} is better"
        + (f"; an improvement must exceed {words.split()[1]}" if words else "")
        for metric in contract.metrics
        for words in [least_words(metric)]
    ]
    limit = format_duration(contract.time_limit)
    command = clean_line(contract.harness, 500)
    return "\n".join(
        [
            "# The contract",
            "",
            f"- The one file that may change: `{contract.target}`",
            f"- The harness: `{command}`, at most {limit} a run; longer is a crash",
            *_limits(contract),
            "",
            "Metrics:",
            *metrics,
            "",
            f"Kept when: {_rule(contract.decide, names)}",
            *_judge(contract),
        ]
    )


def _limits(contract: Contract) -> list[str]:
    lines = []
    if not contract.network:
        lines.append("- There is no network while it runs")
    if contract.limits.memory is not None:
        lines.append(f"- A process of it may have {contract.limits.memory} MB of memory")
    if contract.repeats > 1:
        lines.append(f"- It runs {contract.repeats} times for each measurement; the median counts")
    return lines


def _judge(contract: Contract) -> list[str]:
    """What else stands between a good figure and a keep."""
    lines = []
    if contract.confirm == "auto":
        lines.append(
            "What looks better is run afresh beside the best until the gain can be told from luck; "
            "a gain that is smaller than the noise of the harness is not kept."
        )
    elif contract.confirm not in {"off", 0}:
        lines.append(f"What looks better is run {contract.confirm} times more before it is kept.")
    if contract.guard:
        names = ", ".join(f"`{clean_line(guard.run, 120)}`" for guard in contract.guard)
        lines.append(f"Before anything is kept, these must succeed: {names}.")
    if contract.progress is not None:
        lines.append("A run that is far behind the best at the same step is ended early.")
    if contract.stop_at:
        goals = " and ".join(f"`{name}` {goal:g}" for name, goal in contract.stop_at.items())
        lines.append(f"The goal, at which the run ends: {goals}.")
    return lines


def _rule(decide: Decide, names: Sequence[str]) -> str:
    match decide.rule:
        case "primary":
            text = f"`{names[0]}` is better than the best so far"
            if decide.limit is not None and len(names) > 1:
                text += f", and `{names[1]}` is {_limit(decide.limit)}"
            return f"{text}. Equal is not better."
        case "pareto":
            return (
                "one metric is better than the best so far and none is worse. The area that a "
                "result dominates tells the progress: 1 is the baseline's, more is better."
            )
        case "weighted":
            pairs = zip(decide.weights, names, strict=False)
            formula = " + ".join(f"{weight:g} x {name}" for weight, name in pairs)
            return f"the score {formula} is {decide.direction} than the best so far."


def _limit(limit: Limit) -> str:
    bound = "at most" if limit.kind == "at_most" else "at least"
    unit = " times the baseline's" if limit.relative else ""
    return f"{bound} {limit.value:g}{unit}"
