"""`autoexp.yaml`, read into a Contract: all mistakes are told, each with a line and a remedy."""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from autoexp_tui.config.declared import (
    Setting,
    Shape,
    ValueKind,
    bounds,
    describe,
    settings,
    within,
)
from autoexp_tui.config.yaml_nodes import ConfigError, Mistake, Node, compose, suggestion
from autoexp_tui.model.contract import Contract, Decide, HoldOut, Limit
from autoexp_tui.model.keys import METRIC, Form, Key, Refused, show

_MOST_BYTES = 64 * 1024

_OTHER_WORDS: dict[str, str] = {
    **dict.fromkeys(("min", "minimize", "minimise", "minimum", "down", "less", "smaller"), "lower"),
    **dict.fromkeys(("max", "maximize", "maximise", "maximum", "up", "more", "larger"), "higher"),
    **dict.fromkeys(("yes", "on", "True"), "true"),
    **dict.fromkeys(("no", "off", "False"), "false"),
}
_MULTIPLE = re.compile(
    r"((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*x(?:\s+baseline)?"
)
_Section = TypeVar("_Section", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Given:
    """A settings file, read."""

    contract: Contract
    lines: dict[str, int]
    """Where each path that the file has (`budget.max_cost_usd`) stands."""


def load(path: Path) -> Contract:
    """The contract in the file at `path`.

    Raises:
        ConfigError: it can't be read, or something in it is wrong.
    """
    return load_given(path).contract


def parse(text: str, name: str) -> Contract:
    """The contract in `text`; `name` is what messages call the file.

    Raises:
        ConfigError: something in it is wrong.
    """
    return parse_section(text, name, Contract)[0]


def load_given(path: Path) -> Given:
    """As `load`, with the lines."""
    name = path.name
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError.at(name, 0, "not a regular file", "put the settings into a file")
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        needed = "write one with target, harness and metrics"
        raise ConfigError.at(name, 0, f"there is no such file in {path.parent}", needed) from None
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "its name is not a path"
        raise ConfigError.at(name, 0, f"can't be read: {reason}", "check the path") from None
    _check_size(name, content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise ConfigError.at(name, line, problem, "save the file as UTF-8") from None
    return Given(*parse_section(text, name, Contract))


def parse_section(text: str, name: str, section: type[_Section]) -> tuple[_Section, dict[str, int]]:
    """What `text` says, as that struct, and the line of each path that it has.

    Raises:
        ConfigError: with all that is wrong in it.
    """
    _check_size(name, text)
    root = compose(text, name)
    if root.is_null:
        needed = [setting.name for setting in settings(section) if setting.must]
        if not needed:
            return section(), {}
        raise root.error("there is nothing in this file", f"it needs {', '.join(needed)}")
    if not root.is_mapping:
        raise root.wrong("keys with values", "begin with a line such as 'target: train.py'")
    reader = _Reader()
    return reader.section(root, section), reader.lines


def _check_size(name: str, content: str | bytes) -> None:
    if len(content) > _MOST_BYTES:
        remedy = "a settings file is a page long at most"
        raise ConfigError.at(name, 0, "larger than 64 KiB", remedy)


class _Problems:
    """Collects mistakes, so that one doesn't hide the next."""

    def __init__(self) -> None:
        self._found: list[Mistake] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Go on after the mistakes of the block."""
        try:
            yield
        except ConfigError as error:
            self._found += error.mistakes

    def tell(self) -> None:
        """Raise one ConfigError with all of them, if there are any."""
        if self._found:
            raise ConfigError(self._found)


class _Reader:
    """Reads nodes by the declarations of the settings."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self._metrics: tuple[str, ...] | None = None
        """Their names, once they are read."""

    def section(self, node: Node, section: type[_Section]) -> _Section:
        declared = {setting.name: setting for setting in settings(section)}
        given = node.entries(2_000)
        values: dict[str, Any] = {}
        problems = _Problems()
        with problems.collected():
            needed = [name for name, setting in declared.items() if setting.must]
            node.fields(tuple(declared), needed, _remedies(declared.values()))
        # In the order of the declarations: the weights ask for the names of the metrics.
        for name, setting in declared.items():
            if name in given:
                self.lines[given[name].label] = given[name].key_line
                with problems.collected():
                    values[name] = self._setting(given[name], setting)
            with problems.collected():
                _check_condition(node, given, values, declared, setting)
        if rule := _RULES.get(section):
            with problems.collected():
                rule(node, given, self._metrics)
        problems.tell()
        return section(**values)

    def _setting(self, node: Node, setting: Setting) -> Any:
        key = setting.key
        if len(key.short) == 1:
            node = _in_short(node, key.short[0])
        value = self._value(node, setting.shapes, key)
        if key.check is not None:
            _accepted(key.check, value, node)
        if setting.path == "metrics":
            self._metrics = tuple(metric.name for metric in value)
        return value

    def _value(self, node: Node, shapes: Sequence[Shape], key: Key) -> Any:
        """What `node` says, by the alternative that it looks like."""
        words = [word for shape in shapes for word in shape.words]
        if len(shapes) == 1 or node.is_null:
            return self._shaped(node, shapes[0], key)
        if node.value in words:
            return node.value
        kinds = _KINDS[type(node.value)]
        for shape in [shape for shape in shapes if shape.kind in kinds][:1]:
            try:
                return self._shaped(node, shape, key)
            except ConfigError:
                # Of a scalar the words are told too, which it may have been meant for.
                if not words or not isinstance(node.value, str):
                    raise
        if not words:
            listed = next((shape for shape in shapes if shape.kind == "list"), shapes[0])
            return self._shaped(node, listed, key)  # which tells how to write it
        text = node.value if isinstance(node.value, str) else ""
        raise node.wrong(describe(shapes, key), suggestion(text, words))

    def _shaped(self, node: Node, shape: Shape, key: Key) -> Any:  # noqa: PLR0911 - one a kind
        match shape.kind:
            case "section":
                return self.section(node, shape.section)
            case "list":
                return self._list(node, shape.inner, key)
            case "mapping":
                return self._mapping(node, shape.inner[0], shape.inner[1:], key)
            case "limit":
                return _limit(node)
            case "word":
                return node.choice(shape.words, _OTHER_WORDS)
            case "flag":
                return node.choice(("true", "false"), _OTHER_WORDS) == "true"
            case "whole" | "number":
                number = node.number() if shape.kind == "number" else node.whole()
                if not within(number, key):
                    raise node.wrong(bounds(key), key.remedy)
                return number
            case "text":
                return _accepted(shape.form.read, node.text(shape.form.lines), node, shape.form)

    def _list(self, node: Node, item: Sequence[Shape], key: Key) -> tuple[Any, ...]:
        if len(key.short) == 1:
            items = (node,) if node.is_mapping else node.items()
            entries = tuple(_in_short(entry, key.short[0]) for entry in items)
        elif key.short and node.is_mapping:
            entries = _written_out(node, key.short)
        elif key.per_metric and node.is_mapping:
            names = self._metrics if self._metrics is not None else tuple(node.entries())
            given = node.fields(names, names)
            entries = tuple(given[name] for name in names)
        elif key.short and not isinstance(node.value, tuple):
            raise node.wrong("a list, or a mapping in short", f"write it like {key.example}")
        else:
            entries = node.items()
        if key.per_metric and self._metrics is not None and len(entries) != len(self._metrics):
            problem = f"{node.label} has {len(entries)} entries for {len(self._metrics)} metrics"
            raise node.error(problem, "give one for each, in the same order")
        values, problems = [], _Problems()
        for entry in entries:
            with problems.collected():
                values.append(self._value(entry, item, key))
        problems.tell()
        return tuple(values)

    def _mapping(self, node: Node, name: Shape, item: Sequence[Shape], key: Key) -> dict[str, Any]:
        known = name.words or (self._metrics if name.form is METRIC else None)
        values: dict[str, Any] = {}
        problems = _Problems()
        if known is not None:
            with problems.collected():
                node.fields(known)
        for text, entry in node.entries().items():
            with problems.collected():
                if known is None:
                    _accepted(name.form.read, text, replace(entry, line=entry.key_line), name.form)
                values[text] = self._value(entry, item, key)
        problems.tell()
        return values


_KINDS: dict[type, tuple[ValueKind, ...]] = {
    str: ("whole", "number", "flag", "text"),
    tuple: ("list",),
    dict: ("section", "mapping", "limit"),
}


def _in_short(node: Node, name: str) -> Node:
    """The section that a text alone is short for."""
    if not isinstance(node.value, str) or node.is_null:
        return node
    return replace(node, value={name: replace(node, label=f"{node.label}.{name}")})


def _written_out(node: Node, short: Sequence[str]) -> tuple[Node, ...]:
    """The sections that `{loss: lower}` is short for."""
    entries, (first, second) = node.entries(), short
    if first in entries and second in entries:
        raise node.error(
            f"{node.label} is a list", f"put '- ' before '{first}', and indent what follows"
        )
    return tuple(
        replace(
            entry,
            value={first: replace(entry, value=name, line=entry.key_line), second: entry},
        )
        for name, entry in entries.items()
    )


def _accepted(read: Callable[[Any], Any], value: Any, node: Node, form: Form | None = None) -> Any:
    """What `read` makes of the value, in which `node` is meant when it refuses."""
    if form is not None and len(value) > form.most:
        problem = f"{node.label} has {len(value)} characters"
        raise node.error(problem, f"at most {form.most} will do")
    try:
        return read(value)
    except Refused as refused:
        if refused.wanted:
            raise node.wrong(refused.problem, refused.remedy) from None
        subject = show(value) if form is not None and form.is_name else node.label
        raise node.error(f"{subject} {refused.problem}", refused.remedy) from None


def _remedies(declared: Iterable[Setting]) -> dict[str, str]:
    """For keys that stand elsewhere, or that we call otherwise."""
    found: dict[str, str] = {}
    for setting in declared:
        found |= dict.fromkeys(setting.key.also, f"did you mean '{setting.name}'?")
    for setting in declared:
        for below in settings(setting.section) if setting.section else ():
            found.setdefault(below.name, f"move it below '{setting.name}:'")
    return found


# What hangs together.


def _check_condition(
    node: Node,
    given: Mapping[str, Node],
    values: Mapping[str, Any],
    declared: Mapping[str, Setting],
    setting: Setting,
) -> None:
    """A key with `when` stands where it has a meaning, and is there where it must be."""
    if setting.key.when is None:
        return
    other, wanted = setting.key.when
    if other in given and other not in values:
        return
    word = values.get(other, declared[other].default)
    if setting.name in given and word != wanted:
        at = given[setting.name]
        problem = f"{at.label} has no meaning for the {other} {word}"
        raise at.error(problem, f"remove it, or write '{other}: {wanted}'")
    if setting.name not in given and setting.key.needed and word == wanted:
        remedy = f"add '{setting.name}: {setting.key.example}' to {node.label}"
        raise node.error(f"the {other} {word} needs {setting.name}", remedy)


def _check_decide(node: Node, given: Mapping[str, Node], metrics: tuple[str, ...] | None) -> None:
    rule = given.get("rule", node)
    if metrics is not None and len(metrics) < 2:
        if rule.value in ("pareto", "weighted"):
            problem = f"the rule {rule.value} needs two metrics"
            raise rule.error(problem, "add a second one, or use primary")
        if "limit" in given:
            problem = "decide.limit has no second metric to limit"
            raise given["limit"].error(problem, "add one, or remove it")


def _check_holdout(_: Node, given: Mapping[str, Node], metrics: tuple[str, ...] | None) -> None:
    metric = given.get("metric")
    if metric is not None and metric.value in (metrics or ()):
        problem = f"holdout is {metric.value}, by which is judged"
        raise metric.error(problem, "name a figure of other data")


def _check_contract(_: Node, given: Mapping[str, Node], __: tuple[str, ...] | None) -> None:
    if "evaluator" not in given:
        return
    if "parallel" in given and given["parallel"].value == "auto":
        problem = "parallel: auto counts the GPUs and cores of this machine"
        raise given["parallel"].error(problem, "with evaluator, write how many run at once")
    if "slots" in given:
        problem = "slots are parts of this machine"
        raise given["slots"].error(problem, "with evaluator, remove them and write parallel: 4")
    if "sandbox" in given and given["sandbox"].value != "auto":
        problem = "there is no sandbox of autoexp's on other machines"
        raise given["sandbox"].error(problem, "with evaluator, leave it out")


_RULES: dict[type, Callable[[Node, Mapping[str, Node], tuple[str, ...] | None], None]] = {
    Decide: _check_decide,
    HoldOut: _check_holdout,
    Contract: _check_contract,
}
"""What no single key can tell: by section, from its node, its entries, and the metrics' names."""


def _limit(node: Node) -> Limit:
    if not node.is_mapping:
        raise node.wrong("a mapping", "write '{at_most: 2x baseline}' or '{at_least: 0.9x}'")
    given = node.fields(("at_most", "at_least"))
    if len(given) != 1:
        raise node.error(f"{node.label} needs one bound", "write either at_most or at_least")
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
