"""Reads YAML that a person wrote, node by node: nothing is constructed, every value has its line.

One document of mappings, lists and scalars is all there is: anchors, aliases, tags, merge keys and
repeated keys are errors. Scalars stay text until somebody asks for a number, so that none of
YAML 1.1's guesses happens (`no` a boolean, `1:30` ninety, `010` eight).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import yaml

from autoexp_tui.model.keys import show
from autoexp_tui.model.problem import UsageProblem

_Word = TypeVar("_Word", bound=str)

_DEPTH = 8
_NODES = 2_000
_MESSAGE = 300
_MISTAKES = 20
_SHOWN = 48

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,14})")
_BREAK = re.compile(r"\r\n|\r|\n")
_NOT_TEXT = "\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
_NOT_IN_FILE = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f{_NOT_TEXT}]")
_NOT_IN_VALUE = re.compile(
    rf"[\x00-\x09\x0b-\x1f{_NOT_TEXT}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""Control characters, what can't be stored, and what turns the text around it about."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a settings file."""

    line: int
    """0 where the whole file is meant."""
    text: str
    """One line, `file:line: problem; remedy`."""


class ConfigError(UsageProblem):
    """Mistakes in a settings file, in the order of their lines; its text has a line for each."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(dict.fromkeys(mistakes), key=lambda one: one.line))
        told = [mistake.text for mistake in self.mistakes[:_MISTAKES]]
        if more := len(self.mistakes) - len(told):
            told.append(f"and {more:,} more like these")
        super().__init__("\n".join(told))

    @classmethod
    def at(cls, file: str, line: int, problem: str, remedy: str) -> Self:
        """One mistake."""
        where = _printable(file)[-_SHOWN * 2 :] + (f":{line}" if line else "")
        text = _clip(f"{where}: {_printable(f'{problem}; {remedy}')}", _MESSAGE)
        return cls([Mistake(line, text)])


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _clip(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def suggestion(word: str, known: Collection[str], also: Mapping[str, str] | None = None) -> str:
    """A remedy: the known word that was probably meant, else all of them."""
    word = word[:_SHOWN].lower()
    near = (also or {}).get(word) or next(iter(difflib.get_close_matches(word, known, 1)), "")
    return f"did you mean '{near}'?" if near else f"use one of: {', '.join(known)}"


@dataclass(frozen=True, slots=True)
class Node:
    """One value: where it stands, what messages call it, and what is written there."""

    file: str
    line: int
    label: str
    value: str | tuple[Node, ...] | dict[str, Node]
    plain: bool = False
    """A scalar without quotes."""
    key_line: int = 0
    """Line of its key, when it is an entry of a mapping."""

    @property
    def is_null(self) -> bool:
        return self.plain and self.value in _NULL

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    def error(self, problem: str, remedy: str) -> ConfigError:
        """To be raised: `problem` stands where this value does."""
        return ConfigError.at(self.file, self.line, problem, remedy)

    def wrong(self, wanted: str, remedy: str) -> ConfigError:
        """To be raised: this value is of another kind than `wanted`."""
        match self.value:
            case tuple():
                found = "a list"
            case dict():
                found = "a mapping"
            case text:
                found = ("text " * (not self.plain)) + show(text)
        if self.is_null:
            return self.error(f"{self.label} has no value", "write one after the colon")
        return self.error(f"{self.label} must be {wanted}, not {found}", remedy)

    def text(self, remedy: str = "write it on one line") -> str:
        """A scalar on one line, exactly as written."""
        if not isinstance(self.value, str) or self.is_null:
            raise self.wrong("text", "write one value after the colon")
        if _BREAK.search(self.value):
            raise self.error(f"{self.label} has several lines", remedy)
        return self.value

    def choice(self, choices: tuple[_Word, ...], also: Mapping[str, str] | None = None) -> _Word:
        """One of `choices`; `also` has other words for them, for the suggestion."""
        word = self.text()
        for choice in choices:
            if choice == word:
                return choice
        wanted = " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))
        raise self.wrong(wanted, suggestion(word, choices, also))

    def number(self) -> float:
        """A finite decimal number without quotes."""
        if isinstance(self.value, str) and self.plain:
            if _NUMBER.fullmatch(self.value) and math.isfinite(number := float(self.value)):
                return number
            if re.fullmatch(r"[-+]?0[0-9]+", self.value):
                raise self.wrong("a decimal number", "drop the leading zero")
        elif isinstance(self.value, str) and _NUMBER.fullmatch(self.value):
            raise self.wrong("a number", "take the quotes away")
        raise self.wrong("a number", "write a finite decimal number such as 0.5")

    def whole(self) -> int:
        """A whole number, written as one."""
        number = self.number()
        if not (isinstance(self.value, str) and _WHOLE.fullmatch(self.value)):
            raise self.wrong("a whole number", "write it without a fraction")
        return int(number)

    def items(self, most: int = 100) -> tuple[Node, ...]:
        """The entries of a list."""
        if not isinstance(self.value, tuple):
            example = f"[{self.value}]" if isinstance(self.value, str) else "[first, second]"
            raise self.wrong("a list", f"write {_clip(example, _SHOWN)}")
        if len(self.value) > most:
            raise self.error(
                f"{self.label} has {len(self.value)} entries", f"at most {most} will do"
            )
        return self.value

    def entries(self, most: int = 100) -> dict[str, Node]:
        """A mapping whose keys are the user's own."""
        if not isinstance(self.value, dict):
            raise self.wrong("a mapping", "write its keys below it, each with a colon")
        if len(self.value) > most:
            raise self.error(
                f"{self.label} has {len(self.value)} entries", f"at most {most} will do"
            )
        return self.value

    def fields(
        self,
        known: tuple[str, ...],
        required: Collection[str] = (),
        remedies: Mapping[str, str] | None = None,
    ) -> dict[str, Node]:
        """A mapping whose keys are ours; `remedies` for unknown ones that we can place."""
        entries = self.entries(most=_NODES)
        wrong: list[Mistake] = []
        meant = set()
        for key, node in entries.items():
            if key not in known:
                remedy = (remedies or {}).get(key) or suggestion(key, known)
                meant.add(remedy)
                error = ConfigError.at(self.file, node.key_line, f"unknown key {show(key)}", remedy)
                wrong += error.mistakes
        for key in required:
            # A key that was misspelt is not missing too.
            if key not in entries and f"did you mean '{key}'?" not in meant:
                error = self.error(f"{self.label} lacks the key '{key}'", f"add a line '{key}: …'")
                wrong += error.mistakes
        if wrong:
            raise ConfigError(wrong)
        return entries


def compose(text: str, file: str) -> Node:
    """The one document in `text`. An empty file is a value that `is_null`.

    Raises:
        ConfigError: it isn't YAML, or has more to it than plain values.
    """
    text = text.removeprefix("\ufeff")
    if found := _NOT_IN_FILE.search(text):
        line = len(_BREAK.findall(text, 0, found.start())) + 1
        problem = f"the character U+{ord(found[0]):04X} can't stand in this file"
        raise ConfigError.at(file, line, problem, "remove it")
    composer = _Composer(text, file)
    try:
        return composer.document()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, file) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The scanner lets chr() and int() fail on absurd escapes and version numbers.
        problem = f"this is not YAML ({type(error).__name__})"
        raise ConfigError.at(file, composer.line, problem, "check escapes and directives") from None


class _Composer:
    """Builds nodes from the parser's events, refusing what a settings file has no use for."""

    def __init__(self, text: str, file: str) -> None:
        # The pure Python loader: the same words for the same mistake on every machine.
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._file = file
        self._nodes = 0
        self.line = 1
        """Of the last event."""

    def document(self) -> Node:
        self._next()
        root = Node(self._file, 1, "the file", "", plain=True)
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return root
        if event.version or event.tags:
            raise self._error("directives are not read here", "remove the lines that begin with %")
        root = self._node(self._next(), "the file", 0, 1)
        self._next()
        if not isinstance(self._next(), yaml.StreamEndEvent):
            raise self._error("a second document starts here", "keep one, and remove this '---'")
        return root

    def _next(self) -> Any:
        event = next(self._events)
        self.line = event.start_mark.line + 1
        return event

    def _error(self, problem: str, remedy: str) -> ConfigError:
        return ConfigError.at(self._file, self.line, problem, remedy)

    def _node(self, event: Any, label: str, key_line: int, depth: int) -> Node:
        self._nodes += 1
        if depth > _DEPTH:
            raise self._error("this is nested too deep", f"{_DEPTH} levels are more than enough")
        if self._nodes > _NODES:
            raise self._error("the file has too many entries", f"{_NODES:,} values will do")
        if isinstance(event, yaml.AliasEvent):
            raise self._error("aliases (*name) are not read here", "write the value out, or quote")
        if event.anchor:
            raise self._error("anchors (&name) are not read here", "remove it, or quote the text")
        if event.tag:
            raise self._error("tags (!name) are not read here", "remove it, or quote the text")
        line = self.line
        if isinstance(event, yaml.MappingStartEvent):
            return Node(self._file, line, label, self._mapping(label, depth), key_line=key_line)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._file, line, label, self._list(label, depth), key_line=key_line)
        return Node(self._file, line, label, self._scalar(event), not event.style, key_line)

    def _scalar(self, event: yaml.ScalarEvent) -> str:
        value: str = event.value
        if found := _NOT_IN_VALUE.search(value):
            problem = f"the character U+{ord(found[0]):04X} can't stand in a value"
            raise self._error(problem, "remove it")
        return value.rstrip("\n") if event.style in {"|", ">"} else value

    def _list(self, label: str, depth: int) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            nodes.append(self._node(event, f"{label}[{len(nodes)}]", 0, depth + 1))
        return tuple(nodes)

    def _mapping(self, label: str, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        prefix = "" if depth == 1 else f"{label}."
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, key_line = self._key(event, depth), self.line
            if key in entries:
                first = entries[key].key_line
                raise self._error(f"{show(key)} is given twice", f"line {first} has it too")
            name = key if key.isidentifier() and len(key) <= _SHOWN else show(key)
            entries[key] = self._node(self._next(), f"{prefix}{name}", key_line, depth + 1)
        return entries

    def _key(self, event: Any, depth: int) -> str:
        if not isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            raise self._error("a list or mapping can't be a key", "use a plain word, then a colon")
        node = self._node(event, "a key", 0, depth)
        if not isinstance(node.value, str) or node.is_null:
            raise self._error("there is a value without a key", "write the key before the colon")
        if node.plain and node.value == "<<":
            raise self._error("merge keys (<<) are not read here", "write the keys out")
        return node.value


_SYNTAX_REMEDIES = (
    ("'\\t'", "indent with spaces, not tabs"),
    ("scanning an alias", "put quotes around text that begins with *"),
    ("scanning an anchor", "put quotes around text that begins with &"),
    ("mapping values are not allowed", "quote a value that has a colon in it"),
    ("found unexpected end of stream", "close the quotes"),
    ("cannot start any token", "put quotes around the value"),
    ("could not find expected ':'", "write 'key: value'"),
)


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> ConfigError:
    problem = (error.problem or "this is not YAML").replace("'\\x00'", "the end of the file")
    mark = error.problem_mark or error.context_mark
    beyond = mark is None or mark.index >= len(text.rstrip())
    # What was never closed is reported at the end of the file; where it began says more.
    if error.context_mark and (beyond or "simple key" in (error.context or "")):
        mark = error.context_mark
    said = f"{error.context}: {problem}"
    remedy = next((r for part, r in _SYNTAX_REMEDIES if part in said), "check the indentation")
    return ConfigError.at(file, mark.line + 1 if mark else 1, problem, remedy)
