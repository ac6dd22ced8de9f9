"""`autoexp.yaml`, read into a Contract: every mistake has its line and a remedy."""

from __future__ import annotations

import math
import re
import stat
import warnings
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar, get_args

from autoexp_tui.config.writer import render
from autoexp_tui.config.yaml_nodes import ConfigError, Node, compose, show
from autoexp_tui.model.contract import (
    Agent,
    Budget,
    Claude,
    Contract,
    Decide,
    Direction,
    Effort,
    Environment,
    Limit,
    Metric,
    Notify,
    Rule,
    Thinking,
)
from autoexp_tui.text.durations import duration

__all__ = ["ConfigError", "duration", "load", "parse", "render"]

_MOST_BYTES = 64 * 1024
_WEEK = 7 * 86400.0

_CONTRACT = Contract.__struct_fields__
_METRIC = Metric.__struct_fields__
_DECIDE = Decide.__struct_fields__
_BUDGET = Budget.__struct_fields__
_ENVIRONMENT = Environment.__struct_fields__
_CLAUDE = Claude.__struct_fields__
_AGENT = Agent.__struct_fields__
_NOTIFY = Notify.__struct_fields__
_PRICES = ("input", "output", "cache_write", "cache_read")

_Word = TypeVar("_Word", bound=str)

_DIRECTIONS: tuple[Direction, ...] = ("lower", "higher")
_RULES: tuple[Rule, ...] = ("primary", "pareto", "weighted")
_OTHER_WORDS: dict[str, str] = {
    **dict.fromkeys(("min", "minimize", "minimise", "minimum", "down", "less", "smaller"), "lower"),
    **dict.fromkeys(("max", "maximize", "maximise", "maximum", "up", "more", "larger"), "higher"),
}
_MISPLACED: dict[str, str] = {
    **dict.fromkeys(_DECIDE, "move it below 'decide:'"),
    **dict.fromkeys(_METRIC, "move it below 'metrics:'"),
    **dict.fromkeys(_BUDGET, "move it below 'budget:'"),
    **dict.fromkeys(_ENVIRONMENT, "move it below 'env:'"),
    **dict.fromkeys(("timeout", "time"), "did you mean 'time_limit'?"),
    **dict.fromkeys(("command", "run", "eval", "evaluate"), "did you mean 'harness'?"),
    **dict.fromkeys(("file", "path"), "did you mean 'target'?"),
    **dict.fromkeys(("agent", "model"), "did you mean 'proposer'?"),
}
"""Remedies for top-level keys that stand elsewhere, or that we call otherwise."""

_METRIC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.@/-]*")
_COLUMNS = frozenset({"commit", "status", "description"})
_OURS = frozenset({"autoexp.yaml", "results.tsv", "budget.log"})
_PROPOSER = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_MULTIPLE = re.compile(
    r"((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*x(?:\s+baseline)?"
)


def load(path: Path) -> Contract:
    """The contract in the file at `path`.

    Raises:
        ConfigError: it can't be read, or something in it is wrong.
    """
    name = path.name
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(name, 0, "not a regular file", "put the settings into a file")
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        needed = "write one with target, harness and metrics"
        raise ConfigError(name, 0, f"there is no such file in {path.parent}", needed) from None
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "its name is not a path"
        raise ConfigError(name, 0, f"can't be read: {reason}", "check the path") from None
    if len(content) > _MOST_BYTES:
        raise ConfigError(name, 0, "larger than 64 KiB", "a settings file is a page long at most")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise ConfigError(name, line, problem, "save the file as UTF-8") from None
    return parse(text, name)


def parse(text: str, name: str) -> Contract:
    """The contract in `text`; `name` is what messages call the file.

    Raises:
        ConfigError: something in it is wrong.
    """
    if len(text) > _MOST_BYTES:
        raise ConfigError(name, 0, "larger than 64 KiB", "a settings file is a page long at most")
    root = compose(text, name)
    if root.is_null:
        raise root.error("there is nothing in this file", "it needs target, harness and metrics")
    if not root.is_mapping:
        raise root.wrong("keys with values", "begin with a line such as 'target: train.py'")
    given = root.fields(_CONTRACT, ("target", "harness", "metrics"), _MISPLACED)
    usual = Contract("", "", ())
    metrics = _metrics(given["metrics"])
    return Contract(
        target=_target(given["target"]),
        harness=_harness(given["harness"]),
        metrics=metrics,
        decide=_decide(given["decide"], metrics) if "decide" in given else usual.decide,
        time_limit=_time_limit(given["time_limit"]) if "time_limit" in given else usual.time_limit,
        repeats=given["repeats"].count(100) if "repeats" in given else usual.repeats,
        confirm=given["confirm"].count(100) if "confirm" in given else usual.confirm,
        budget=_budget(given["budget"]) if "budget" in given else usual.budget,
        proposer=_proposer(given["proposer"]) if "proposer" in given else usual.proposer,
        fix_attempts=_count_or_0(given["fix_attempts"], 20)
        if "fix_attempts" in given
        else usual.fix_attempts,
        anthropic=_claude(given["anthropic"]) if "anthropic" in given else usual.anthropic,
        command=_agent(given["command"]) if "command" in given else usual.command,
        instructions=_path(given["instructions"]) if "instructions" in given else None,
        link=_paths(given["link"]) if "link" in given else None,
        keep=_paths(given["keep"]) if "keep" in given else (),
        notify=_notify(given["notify"]) if "notify" in given else usual.notify,
        pause_after_failures=_count_or_0(given["pause_after_failures"], 1000)
        if "pause_after_failures" in given
        else usual.pause_after_failures,
        min_free_mb=_count_or_0(given["min_free_mb"], 10**6)
        if "min_free_mb" in given
        else usual.min_free_mb,
        env=_environment(given["env"]) if "env" in given else usual.env,
    )


# What each key means, from the top of the file down.


def _path(node: Node) -> str:
    """A path inside the project, in the one way to write it."""
    path = node.text()
    label = node.label
    if not path.strip():
        raise node.error(f"{label} is empty", "name a file of the project")
    if path.startswith("/"):
        raise node.error(f"{label} is an absolute path", "write it relative to this file's folder")
    if path.startswith("~"):
        raise node.error(f"{label} begins with '~'", "write it relative to this file's folder")
    if "\\" in path:
        raise node.error(f"{label} has a backslash", "separate folders with '/'")
    parts = path.split("/")
    if ".." in parts:
        raise node.error(f"{label} leaves the project ('..')", "name something inside its folder")
    if any(part.casefold() == ".git" for part in parts):
        raise node.error(f"{label} is inside .git", "name something that git tracks or ignores")
    if path.endswith("/"):
        raise node.error(f"{label} ends with '/'", f"write {show(path.rstrip('/'))}")
    plainly = str(PurePosixPath(path))
    if plainly == ".":
        raise node.error(f"{label} is the project itself", "name something inside its folder")
    if plainly != path:
        raise node.error(f"{label} is {show(path)}", f"write {show(plainly)}")
    return path


def _paths(node: Node) -> tuple[str, ...]:
    return tuple(_path(item) for item in node.items())


def _target(node: Node) -> str:
    path = _path(node)
    if path in _OURS:
        raise node.error(f"target is autoexp's own {path}", "name the file to be improved")
    return path


def _harness(node: Node) -> str:
    command = node.text("put the lines into a script, and name that here", most=4_000)
    if not command.strip():
        raise node.error("harness is empty", "write the command that prints the metrics")
    return command


def _metrics(node: Node) -> tuple[Metric, ...]:
    entries = node.value
    if isinstance(entries, dict):
        metrics = _metrics_in_short(node, entries)
    else:
        if not isinstance(entries, tuple):
            raise node.wrong(
                "one or two metrics", "write one as '- {name: loss, direction: lower}'"
            )
        metrics = tuple(_metric(item) for item in node.items())
    if not 1 <= len(metrics) <= 2:
        problem = f"there are {len(metrics)} metrics" if metrics else "there is no metric"
        raise node.error(problem, "name one, or two with a rule in 'decide'")
    if len({metric.name for metric in metrics}) < len(metrics):
        raise node.error(f"two metrics are called '{metrics[0].name}'", "give them distinct names")
    return metrics


def _metrics_in_short(node: Node, entries: dict[str, Node]) -> tuple[Metric, ...]:
    """`{val_loss: lower}`."""
    if "name" in entries and entries["name"].value not in _DIRECTIONS:
        raise node.error("metrics is a list", "put '- ' before 'name', and indent what follows")
    return tuple(
        Metric(_metric_name(name, item, item.key_line), item.choice(_DIRECTIONS, _OTHER_WORDS))
        for name, item in node.entries().items()
    )


def _metric(node: Node) -> Metric:
    if not node.is_mapping:
        raise node.wrong("a mapping", "write '{name: loss, direction: lower}'")
    given = node.fields(_METRIC, ("name", "direction"))
    return Metric(
        name=_metric_name(given["name"].text(), given["name"], given["name"].line),
        direction=given["direction"].choice(_DIRECTIONS, _OTHER_WORDS),
        pattern=_pattern(given["pattern"]) if "pattern" in given else None,
        take=given["take"].choice(("only", "last")) if "take" in given else "only",
        min_delta=_min_delta(given["min_delta"]) if "min_delta" in given else 0.0,
    )


def _metric_name(name: str, node: Node, line: int) -> str:
    if not _METRIC_NAME.fullmatch(name):
        problem = f"{show(name)} can't be a metric's name"
        raise ConfigError(node.file, line, problem, "use letters, digits and _, a letter first")
    if len(name) > 40:
        problem = f"the metric's name has {len(name)} characters"
        raise ConfigError(node.file, line, problem, "at most 40 will do")
    if name.casefold() in _COLUMNS:
        problem = f"'{name}' is another column of results.tsv"
        raise ConfigError(node.file, line, problem, "choose another name for the metric")
    return name


def _pattern(node: Node) -> str:
    pattern = node.text(most=200)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        problem = f"{node.label} is not a regular expression: {error}"
        raise node.error(problem, "try it with python's re module") from None
    if groups != 1:
        remedy = "put (…) around the number, and (?:…) elsewhere"
        raise node.error(f"{node.label} has {groups} groups, not one", remedy)
    return pattern


def _min_delta(node: Node) -> float:
    number = node.number()
    if number < 0:
        raise node.wrong("0 or more", "a positive one means better in either direction")
    return number


def _decide(node: Node, metrics: Sequence[Metric]) -> Decide:
    if not node.is_mapping:
        rule, given = node.choice(_RULES), {}
    else:
        given = node.fields(_DECIDE)
        rule = given["rule"].choice(_RULES) if "rule" in given else "primary"
    if rule != "primary" and len(metrics) < 2:
        at = given.get("rule", node)
        raise at.error(f"the rule {rule} needs two metrics", "add a second one, or use primary")
    belongs = {"limit": "primary", "weights": "weighted", "direction": "weighted"}
    for key, owner in belongs.items():
        if key in given and rule != owner:
            problem = f"decide.{key} has no meaning for the rule {rule}"
            raise given[key].error(problem, f"remove it, or write 'rule: {owner}'")
    if rule == "primary":
        return Decide(rule, limit=_limit(given["limit"], metrics) if "limit" in given else None)
    if rule == "pareto":
        return Decide(rule)
    for key, example in (("weights", "[1.0, 0.5]"), ("direction", "lower")):
        if key not in given:
            raise node.error(f"the rule weighted needs {key}", f"add '{key}: {example}' to decide")
    return Decide(
        rule,
        weights=_weights(given["weights"], metrics),
        direction=given["direction"].choice(_DIRECTIONS, _OTHER_WORDS),
    )


def _limit(node: Node, metrics: Sequence[Metric]) -> Limit:
    if len(metrics) < 2:
        raise node.error("decide.limit has no second metric to limit", "add one, or remove it")
    if not node.is_mapping:
        raise node.wrong("a mapping", "write '{at_most: 2x baseline}' or '{at_least: 0.9x}'")
    given = node.fields(("at_most", "at_least"))
    if len(given) != 1:
        raise node.error("decide.limit needs one bound", "write either at_most or at_least")
    kind: Literal["at_most", "at_least"] = "at_most" if "at_most" in given else "at_least"
    bound = given[kind]
    match = _MULTIPLE.fullmatch(bound.text())
    if match is None:
        if bound.text().endswith(("x", "baseline")):
            raise bound.wrong("a multiple of the baseline", "write it like '2x baseline'")
        return Limit(kind, bound.number())
    factor = float(match[1])
    if not 0 < factor < math.inf:
        raise bound.wrong("a multiple above 0", "write it like '2x baseline'")
    return Limit(kind, factor, relative=True)


def _weights(node: Node, metrics: Sequence[Metric]) -> tuple[float, ...]:
    if node.is_mapping:
        names = tuple(metric.name for metric in metrics)
        given = node.fields(names, required=names)
        nodes = [given[name] for name in names]
    else:
        nodes = list(node.items())
    if len(nodes) != len(metrics):
        problem = f"decide.weights has {len(nodes)} entries for {len(metrics)} metrics"
        raise node.error(problem, "give one for each, in the same order")
    weights = []
    for weight in nodes:
        weights.append(weight.number())
        if weights[-1] == 0:
            raise weight.wrong("other than 0", "a metric without weight is none: remove it")
    return tuple(weights)


def _time_limit(node: Node) -> float:
    text = node.text()
    if re.fullmatch(r"[0-9]+(:[0-9]+)+", text):
        raise node.wrong("a length of time", "a colon is ambiguous: write 1m30s, or 1h30m")
    try:
        seconds = duration(text)
    except ValueError:
        raise node.wrong("a length of time", "write it like 90s, 5m or 1h30m") from None
    if seconds <= 0:
        raise node.wrong("more than 0", "write it like 90s, 5m or 1h30m")
    if seconds > _WEEK:
        raise node.wrong("7 days at most", "autoexp is for feedback within minutes")
    return seconds


def _budget(node: Node) -> Budget:
    given = node.fields(_BUDGET)
    usual = Budget()
    experiments, usd, hours = map(given.get, _BUDGET)
    if usd and usd.number() == 0:
        raise usd.error("budget.max_cost_usd is 0", "write 'proposer: tuner': it costs nothing")
    return Budget(
        max_experiments=experiments.count(1_000_000) if experiments else usual.max_experiments,
        max_cost_usd=usd.positive(1e6) if usd else usual.max_cost_usd,
        max_wall_clock_hours=hours.positive(1e5) if hours else usual.max_wall_clock_hours,
    )


def _proposer(node: Node) -> str:
    word = node.text()
    if not _PROPOSER.fullmatch(word):
        raise node.wrong("one word in small letters", "write auto, tuner, anthropic or command")
    return word


def _count_or_0(node: Node, most: int) -> int:
    return 0 if node.text() == "0" else node.count(most)


def _notify(node: Node) -> Notify:
    given = node.fields(_NOTIFY)
    run = _harness(given["run"]) if "run" in given else ""
    return Notify(run, _url(given["url"]) if "url" in given else None)


def _claude(node: Node) -> Claude:
    given = node.fields(_CLAUDE)
    usual = Claude()
    efforts, thoughts = get_args(Effort), get_args(Thinking)
    return Claude(
        model=_word_of(given["model"]) if "model" in given else usual.model,
        max_tokens=given["max_tokens"].count(1_000_000) if "max_tokens" in given else 16_000,
        effort=_one_of(given["effort"], efforts) if "effort" in given else usual.effort,
        thinking=_one_of(given["thinking"], thoughts) if "thinking" in given else usual.thinking,
        base_url=_url(given["base_url"]) if "base_url" in given else None,
        prices=_prices(given["prices"]) if "prices" in given else None,
        stall_seconds=_time_limit(given["stall_seconds"])
        if "stall_seconds" in given
        else usual.stall_seconds,
    )


def _agent(node: Node) -> Agent:
    given = node.fields(_AGENT, ("run",))
    limit = _time_limit(given["time_limit"]) if "time_limit" in given else Agent().time_limit
    return Agent(_harness(given["run"]), limit)


def _word_of(node: Node) -> str:
    text = node.text()
    if not text or not text.isprintable() or " " in text:
        raise node.wrong("a model's id", "write it as the provider spells it")
    return text


def _one_of(node: Node, words: Sequence[_Word]) -> _Word:
    text = node.text()
    for word in words:
        if word == text:
            return word
    raise node.wrong(f"one of {', '.join(words)}", "choose one of them")


def _url(node: Node) -> str:
    text = node.text()
    if not re.fullmatch(r"https?://[^\s@]+", text):
        raise node.wrong("an address", "write it like http://localhost:8080")
    return text


def _prices(node: Node) -> dict[str, float]:
    given = node.fields(_PRICES, ("input", "output"))
    return {kind: price.positive(1e6) for kind, price in given.items()}


def _environment(node: Node) -> Environment:
    given = node.fields(_ENVIRONMENT, remedies={"set": "did you mean 'define'?"})
    return Environment(
        allow=_variables(given["allow"]) if "allow" in given else (),
        define=_definitions(given["define"]) if "define" in given else {},
        only=_variables(given["only"]) if "only" in given else None,
    )


def _variables(node: Node) -> tuple[str, ...]:
    return tuple(_variable(item.text(), item, item.line) for item in node.items())


def _definitions(node: Node) -> dict[str, str]:
    return {
        _variable(name, item, item.key_line): item.text(most=4_000)
        for name, item in node.entries().items()
    }


def _variable(name: str, node: Node, line: int) -> str:
    if not _VARIABLE.fullmatch(name):
        problem = f"{show(name)} can't be an environment variable's name"
        remedy = "write whole names of letters, digits and _"
        raise ConfigError(node.file, line, problem, remedy)
    return name
