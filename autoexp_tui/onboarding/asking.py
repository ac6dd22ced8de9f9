"""Questions in a plain terminal: numbered choices with their reasons, a default in brackets.

What isn't understood is asked again, with a word on why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import click
import msgspec

from autoexp_tui.console import echo, say
from autoexp_tui.model.contract import Direction, Metric
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.onboarding import answers
from autoexp_tui.onboarding.figures import Figure, direction_by_name
from autoexp_tui.onboarding.guess import Guess
from autoexp_tui.text.numbers import format_number
from autoexp_tui.text.safe import Safe, clean_line

_T = TypeVar("_T")
SHOWN = 9
_WIDEST = 36


def choose(
    title: Safe, question: str, guesses: Sequence[Guess], read: Callable[[str], _T]
) -> Guess | _T:
    """One of the guesses, or what was typed instead, as `read` takes it.

    `read` raises UsageProblem for what can't be.
    """
    echo(title)
    _list([(guess.text, guess.reason) for guess in guesses])
    while True:
        answer = _ask(question, "1" if guesses else None)
        try:
            number = _number(answer, len(guesses))
            return read(answer) if number is None else guesses[number]
        except UsageProblem as problem:
            _tell(problem)


def choose_metrics(figures: Sequence[Figure]) -> tuple[Metric, ...]:
    """One or two metrics, picked among the figures that were found or named otherwise."""
    shown = figures[:SHOWN]
    echo(Safe("\nWhich number is to improve?"))
    width = max((len(one.metric.name) for one in shown), default=0)
    _list(
        [
            (f"{one.metric.name:<{width}} {format_number(one.value):>10}", one.reason)
            for one in shown
        ]
    )
    first = None
    while first is None:
        first = _metric("A number of the list, or a name", "1" if shown else None, shown)
    echo(Safe("\nDoes a second one matter too, such as time or size? `decide` then weighs them."))
    while (second := _metric("Number or name", "none", shown)) and second.name == first.name:
        say(f"  {second.name} is the first already")
    return (first, second) if second else (first,)


def _metric(question: str, default: str | None, shown: Sequence[Figure]) -> Metric | None:
    """The metric that is picked or named; None where the default "none" is taken."""
    while True:
        answer = _ask(question, default)
        if default == "none" and answer == default:
            return None
        try:
            number = _number(answer, len(shown))
            if number is not None:
                return _directed(shown[number].metric, None, shown[number].sure)
            name, way = answers.metric(answer)
            known = next((one for one in shown if one.metric.name == name), None)
            guess, sure = direction_by_name(name)
            if known is not None:
                return _directed(known.metric, way, known.sure)
            return _directed(Metric(name, guess), way, sure)
        except UsageProblem as problem:
            _tell(problem)


def _directed(metric: Metric, way: Direction | None, sure: bool) -> Metric:
    """The metric with the direction that was given or is asked for; its own is the guess."""
    question = f"Which {metric.name} is better, lower or higher"
    while way is None:
        way = answers.direction(_ask(question, metric.direction if sure else None))
        if way is None:
            say("  write lower or higher")
    return msgspec.structs.replace(metric, direction=way)


def _number(answer: str, length: int) -> int | None:
    """The index that was meant; None for other words. Raises UsageProblem."""
    if not answer.isdecimal():
        return None
    if not 1 <= int(answer) <= min(length, SHOWN):
        raise UsageProblem(f"there is no {answer} in the list")
    return int(answer) - 1


def _list(rows: Sequence[tuple[str, str]]) -> None:
    width = min(max((len(text) for text, _ in rows[:SHOWN]), default=0), _WIDEST)
    for number, (text, reason) in enumerate(rows[:SHOWN], 1):
        if len(text) <= width:
            say(f"  {number}  {text:<{width}}  {reason}")
        else:
            say(f"  {number}  {text}")
            say(f"     {'':<{width}}  {reason}")


def _ask(question: str, default: str | None) -> str:
    answer: str = click.prompt(clean_line(question), default=default)
    return answer.strip()


def _tell(problem: UsageProblem) -> None:
    say(f"  {problem.message}")


def agree(question: Safe) -> bool:
    """Whether the answer is yes; no where nothing is typed."""
    return click.confirm(question, default=False)
