"""The first `program.md`: what the goal is and what the rules are, from what was found."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.onboarding import readmes
from autoexp_tui.onboarding.scripts import reads
from autoexp_tui.onboarding.settling import Settled
from autoexp_tui.onboarding.survey import Survey
from autoexp_tui.text.numbers import format_duration, format_number
from autoexp_tui.text.safe import Safe, clean, clean_line

_WIDTH = 98
_MOST_NAMED = 8


def instructions(survey: Survey, settled: Settled) -> Safe:
    """A Markdown text for whoever forms the hypotheses, to be gone on with by a person."""
    contract = settled.contract()
    goal = contract.primary
    parts = [f"# {clean_line(survey.folder.name, 80)}"]
    if about := readmes.about(survey):
        parts.append(_filled(clean_line(about, 400)))
    parts.append("## The goal")
    parts.append(_filled(" ".join(_goal(contract, settled))))
    parts.append("## What may change")
    parts.append(_filled(" ".join(_target(survey, contract, settled))))
    parts.append("## Rules")
    parts.append(_list(_rules(survey, contract, settled)))
    parts.append("## What not to do")
    parts.append(_list(_mistakes(goal)))
    parts.append("## What is known")
    parts.append(
        _filled(
            "Write here what you know and the proposer can't: what was tried and how it went, what "
            "must not break, where you would look first. It is read again before every proposal."
        )
    )
    return clean("\n\n".join(parts) + "\n")


def _goal(contract: Contract, settled: Settled) -> Iterator[str]:
    values = {figure.metric.name: figure.value for figure in settled.figures}
    for at, metric in enumerate(contract.metrics):
        verb = "Make" if at == 0 else "and, where the rule in autoexp.yaml asks for it, make"
        now = values.get(metric.name)
        start = f" (it is {format_number(now)} now)" if now is not None else ""
        yield f"{verb} `{metric.name}` {metric.direction}{start}"
    trial = settled.trial
    took = f", which takes {format_duration(trial.seconds)}" if trial and not trial.failure else ""
    yield f"as `{contract.harness}` measures it{took}."
    yield "A change is kept when the figure is better, and dropped when it is the same or worse."


def _target(survey: Survey, contract: Contract, settled: Settled) -> Iterator[str]:
    text = survey.text(contract.target)
    yield f"`{contract.target}` alone, of {text.count(chr(10))} lines."
    if summary := _first_words(text):
        yield f"It says of itself: “{summary}”"
    if settled.harness.script and settled.harness.script != contract.target:
        yield f"`{settled.harness.script}` measures it and stays as it is."


def _first_words(text: str) -> str:
    """The first sentence of a file's own description, if it begins with one."""
    found = re.match(r"\s*(?:#!.*\n)?\s*(?:[rR]?\"\"\"|'''|/\*+)\s*([^\n\"*]{12,160})", text)
    return clean_line(found[1].strip(), 160) if found else ""


def _rules(survey: Survey, contract: Contract, settled: Settled) -> Iterator[str]:
    script = settled.harness.script
    read = reads(survey, script) if script else ()
    others = [name for name in (script, *read) if name and name != contract.target]
    if others:
        named = ", ".join(f"`{name}`" for name in others[:_MOST_NAMED])
        yield f"Everything else stays as it is, above all {named}: a run that changes it is void."
    else:
        yield "Every other file of the project stays as it is: a run that changes one is void."
    yield f"What others call in `{contract.target}` keeps its name, its arguments and its meaning."
    limit = format_duration(contract.time_limit)
    yield f"One run must end within {limit}; a longer one is a crash."
    yield "Only what is installed already can be used, without the network."
    judged = {metric.name for metric in contract.metrics}
    beside = [figure.metric.name for figure in settled.figures if figure.metric.name not in judged]
    if beside:
        named = ", ".join(f"`{name}`" for name in dict.fromkeys(beside[:_MOST_NAMED]))
        yield f"Printed too, not judged, but not to get much worse: {named}."
    yield "One idea at a time, so that a figure tells what it was worth."


def _mistakes(goal: Metric) -> Iterator[str]:
    yield f"Print `{goal.name}`, or write it anywhere, instead of earning it."
    yield "Read the expected answers, or tell a measurement from real use."
    yield "Keep results from one run for the next, or choose a lucky seed."
    yield "Do less of the work that is measured: less data, fewer cases, a looser check."


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _list(items: Iterator[str]) -> str:
    lines = (
        textwrap.fill(item, _WIDTH, initial_indent="- ", subsequent_indent="  ",
                      break_long_words=False, break_on_hyphens=False)
        for item in items
    )  # fmt: skip
    return "\n".join(lines)
