"""Writes a Contract as `autoexp.yaml`, with a word on what each key is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from autoexp_tui.model.contract import (
    Agent,
    Budget,
    Claude,
    Contract,
    Decide,
    Environment,
    Metric,
    Notify,
)
from autoexp_tui.text.durations import written


def render(contract: Contract, comments: bool = True) -> str:
    """YAML that a person likes to read, and that `config.parse` reads back as the same contract.

    With `comments` it says what each key is for, and shows how those not in use would look.
    """
    blocks = [_block(note, example, lines, comments) for note, example, lines in _blocks(contract)]
    return ("\n" if comments else "").join(block for block in blocks if block)


def _block(note: str, example: str, lines: list[str], comments: bool) -> str:
    if comments:
        lines = [f"# {note}", *(lines or [f"# {example}"])]
    return "".join(f"{line}\n" for line in lines)


def _blocks(contract: Contract) -> Iterator[tuple[str, str, list[str]]]:
    """For each key: what it is for, an example, and its lines (none when it has its default)."""
    yield (
        "The one file that may change.",
        "",
        [f"target: {_quoted(contract.target)}"],
    )
    yield (
        "The command that measures it, run by sh in this folder. It never changes.",
        "",
        [f"harness: {_quoted(contract.harness)}"],
    )
    yield (
        "One or two numbers that it prints; the first is the one to improve.",
        "",
        ["metrics:", *(line for metric in contract.metrics for line in _metric_lines(metric))],
    )
    yield (
        "With two metrics, what counts as better: primary, pareto or weighted.",
        "decide: {rule: primary, limit: {at_most: 2x baseline}}",
        _decide_lines(contract.decide, contract.metrics),
    )
    yield (
        "For one run of the harness.",
        "",
        [f"time_limit: {written(contract.time_limit)}"],
    )
    yield (
        "For noisy harnesses: runs of each candidate, of which the median counts.",
        "repeats: 3",
        [f"repeats: {contract.repeats}"] if contract.repeats != 1 else [],
    )
    yield (
        "Fresh runs of what looks better, in turns with the best so far, before it is kept.",
        "confirm: 3",
        [f"confirm: {contract.confirm}"] if contract.confirm else [],
    )
    yield (
        "For the whole run: each is a hard stop.",
        "",
        _budget_lines(contract.budget),
    )
    yield (
        "Who forms the hypotheses: auto, tuner, anthropic or command.",
        "",
        [f"proposer: {_quoted(contract.proposer)}"],
    )
    yield (
        "How often it may repair what crashed, under the same hypothesis.",
        "fix_attempts: 2",
        [f"fix_attempts: {contract.fix_attempts}"] if contract.fix_attempts != 2 else [],
    )
    yield (
        "How Claude is asked.",
        "anthropic: {model: claude-sonnet-5-5, max_tokens: 16000, effort: medium}",
        _claude_lines(contract.anthropic),
    )
    yield (
        "An agent program for proposer: command; claude-code, codex, aider and gemini are known.",
        "command: {run: claude-code, time_limit: 15m}",
        _agent_lines(contract.command),
    )
    yield (
        "A text for the proposer: what is known, what to try.",
        "instructions: program.md",
        [f"instructions: {_quoted(contract.instructions)}"] if contract.instructions else [],
    )
    yield (
        "What git ignores and the harness needs. By default: all of it in this folder.",
        "link: [data, .venv]",
        [] if contract.link is None else [f"link: {_flow(contract.link)}"],
    )
    yield (
        "What the harness may leave behind or change.",
        "keep: ['cache/*']",
        [f"keep: {_flow(contract.keep)}"] if contract.keep else [],
    )
    yield (
        "What the harness sees of the environment. By default: all but what looks secret.",
        "env: {allow: [SOME_TOKEN], define: {THREADS: '1'}}",
        _environment_lines(contract.env),
    )
    yield (
        "Who is told of a new best, a pause, the budget's last tenth and the end.",
        "notify: {run: 'notify-send \"$AUTOEXP_TEXT\"'}",
        _notify_lines(contract.notify),
    )
    yield (
        "Crashes in a row that pause the run.",
        "pause_after_failures: 10",
        [f"pause_after_failures: {contract.pause_after_failures}"]
        if contract.pause_after_failures != 10
        else [],
    )
    yield (
        "Megabytes of free disk below which it pauses until there is room.",
        "min_free_mb: 200",
        [f"min_free_mb: {contract.min_free_mb}"] if contract.min_free_mb != 200 else [],
    )


def _metric_lines(metric: Metric) -> Iterator[str]:
    yield f"  - name: {_quoted(metric.name)}"
    yield f"    direction: {metric.direction}"
    if metric.pattern is not None:
        yield f"    pattern: {_quoted(metric.pattern)}"
    if metric.take != "only":
        yield f"    take: {metric.take}"
    if metric.min_delta:
        yield f"    min_delta: {_figure(metric.min_delta)}"


def _decide_lines(decide: Decide, metrics: Sequence[Metric]) -> list[str]:
    if len(metrics) < 2:
        return []
    lines = ["decide:", f"  rule: {decide.rule}"]
    if decide.limit is not None:
        baseline = "x baseline" if decide.limit.relative else ""
        lines.append(f"  limit: {{{decide.limit.kind}: {_figure(decide.limit.value)}{baseline}}}")
    if decide.rule == "weighted":
        weights = zip(metrics, decide.weights, strict=True)
        pairs = (f"{_quoted(metric.name)}: {_figure(weight)}" for metric, weight in weights)
        lines += [f"  weights: {{{', '.join(pairs)}}}", f"  direction: {decide.direction}"]
    return lines


def _budget_lines(budget: Budget) -> list[str]:
    cents = f"{budget.max_cost_usd:.2f}"
    usd = cents if float(cents) == budget.max_cost_usd else _figure(budget.max_cost_usd)
    return [
        "budget:",
        f"  max_experiments: {budget.max_experiments}",
        f"  max_cost_usd: {usd}",
        f"  max_wall_clock_hours: {_figure(budget.max_wall_clock_hours)}",
    ]


def _environment_lines(env: Environment) -> list[str]:
    lines = []
    if env.allow:
        lines.append(f"  allow: {_flow(env.allow)}")
    if env.define:
        lines.append("  define:")
        lines += [f"    {_quoted(name)}: {_quoted(value)}" for name, value in env.define.items()]
    if env.only is not None:
        lines.append(f"  only: {_flow(env.only)}")
    return ["env:", *lines] if lines else []


def _figure(number: float) -> str:
    return repr(float(number)).removesuffix(".0")


def _flow(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


_PLAIN = re.compile(r"(?:[A-Za-z_/]|\.[A-Za-z])(?:[A-Za-z0-9_./= -]*[A-Za-z0-9_./=-])?")
_NOT_WORDS = frozenset(
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", ".inf", ".nan"]
)
"""What other readers of YAML take for something else than text."""


def _quoted(text: str) -> str:
    """A scalar: as it is where every reader of YAML takes it for text, else in quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_WORDS:
        return text
    if not text.isprintable():
        return json.dumps(text, ensure_ascii=False)
    return "'{}'".format(text.replace("'", "''"))


def _claude_lines(claude: Claude) -> list[str]:
    """Only what is not as usual."""
    usual = Claude()
    lines = [
        f"  {name}: {value if isinstance(value, int) else _quoted(value)}"
        for name in ("model", "max_tokens", "effort", "thinking", "base_url")
        if (value := getattr(claude, name)) != getattr(usual, name)
    ]
    if claude.stall_seconds != usual.stall_seconds:
        lines.append(f"  stall_seconds: {written(claude.stall_seconds)}")
    if claude.prices is not None:
        prices = ", ".join(f"{kind}: {_figure(usd)}" for kind, usd in claude.prices.items())
        lines.append(f"  prices: {{{prices}}}")
    return ["anthropic:", *lines] if lines else []


def _agent_lines(agent: Agent) -> list[str]:
    if not agent.run:
        return []
    limit = written(agent.time_limit)
    return ["command:", f"  run: {_quoted(agent.run)}", f"  time_limit: {limit}"]


def _notify_lines(notify: Notify) -> list[str]:
    lines = [f"  run: {_quoted(notify.run)}"] if notify.run else []
    lines += [f"  url: {_quoted(notify.url)}"] if notify.url else []
    return ["notify:", *lines] if lines else []
