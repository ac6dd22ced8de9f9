"""One module per language: where its numbers and switches stand, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from autoexp_tui.proposers.tuner.found import Literal
from autoexp_tui.proposers.tuner.syntaxes import css, json, python, toml, yaml


@dataclass(frozen=True, slots=True)
class Syntax:
    """How one language is read."""

    literals: Callable[[str], list[Literal]]
    """Every number and switch, in order. Raises found.Unreadable."""
    comments: Callable[[str], list[int]] | None = None
    """Where comments begin; without it they are looked for in the form of any language."""
    is_settled: bool = True
    """Whether declared constants move beside what is marked; where not, the marks alone do."""


_BY_SUFFIX = {
    ".py": Syntax(python.literals, python.comments),
    ".yaml": Syntax(yaml.literals),
    ".yml": Syntax(yaml.literals),
    ".toml": Syntax(toml.literals),
    ".json": Syntax(json.literals),
    ".css": Syntax(css.literals),
}

_INTERPRETER = re.compile(r"#!(?:[^\n]*[/ ])?([a-z]+)[\d.]*(?:[ \t][^\n]*)?\r?(?:\n|$)")
_INTERPRETERS = {"python": ".py"}


def of(target: str, text: str) -> Syntax | None:
    """The syntax of a file, by its name or its first line; None where none is known."""
    suffix = PurePosixPath(target).suffix.lower()
    if not suffix and (match := _INTERPRETER.match(text)):
        suffix = _INTERPRETERS.get(match[1], "")
    return _BY_SUFFIX.get(suffix)


_PROSE = (".txt", ".md", ".markdown", ".rst", ".text", ".prompt")


def is_prose(target: str) -> bool:
    """Whether the target's name promises a text whose lines stand for themselves."""
    return PurePosixPath(target).suffix.lower() in _PROSE
