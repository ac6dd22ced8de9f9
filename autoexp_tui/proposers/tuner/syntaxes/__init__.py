"""One module per language: where its numbers and switches stand, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from autoexp_tui.proposers.tuner.found import Literal
from autoexp_tui.proposers.tuner.syntaxes import css, json, lines, python, tokens, toml, yaml
from autoexp_tui.proposers.tuner.syntaxes.tokens import Habits


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
_SHELL = Syntax(lines.shell, is_settled=False)
_PAIRS = Syntax(lines.pairs, is_settled=False)
_BY_SUFFIX |= dict.fromkeys((".sh", ".bash", ".zsh", ".ksh"), _SHELL)
_BY_SUFFIX |= dict.fromkeys((".ini", ".cfg", ".conf", ".properties", ".env"), _PAIRS)
_TOKENS = {
    Habits("c"): ".c .h",
    Habits("cpp"): ".cc .cpp .cxx .c++ .hh .hpp .hxx .ino .metal",
    Habits("cuda"): ".cu .cuh",
    Habits("glsl"): ".glsl .vert .frag .comp",
    Habits("javascript", by_line=True): ".js .mjs .cjs .jsx",
    Habits("typescript", by_line=True): ".ts .mts .cts .tsx",
    Habits("rust"): ".rs",
    Habits("go", by_line=True): ".go",
    Habits("java"): ".java",
    Habits("csharp"): ".cs",
    Habits("kotlin", by_line=True): ".kt .kts",
    Habits("scala", by_line=True): ".scala",
    Habits("swift", by_line=True): ".swift",
    Habits("dart"): ".dart",
    Habits("zig"): ".zig",
    Habits("php"): ".php",
    Habits("ruby", by_line=True, flat=True): ".rb",
    Habits("lua", by_line=True, flat=True): ".lua",
    Habits("julia", by_line=True, flat=True): ".jl",
    Habits("r", by_line=True): ".r",
    Habits("sql"): ".sql",
}


def _of_tokens(habits: Habits) -> Syntax:
    return Syntax(lambda text: tokens.literals(text, habits), is_settled=False)


_BY_SUFFIX |= {s: _of_tokens(habits) for habits, names in _TOKENS.items() for s in names.split()}

_INTERPRETER = re.compile(r"#!(?:[^\n]*[/ ])?([a-z]+)[\d.]*(?:[ \t][^\n]*)?\r?(?:\n|$)")
_INTERPRETERS = {
    "python": ".py",
    "sh": ".sh",
    "bash": ".sh",
    "dash": ".sh",
    "zsh": ".sh",
    "node": ".js",
    "ruby": ".rb",
    "lua": ".lua",
    "julia": ".jl",
}
_LONGEST = 2_000_000
"""Characters of a target that is read for literals that nobody marked."""
_LONGEST_LINE = 5_000
"""Longer lines were written by a program."""
_LONG = 200_000
"""Characters of a language that is told apart by many expressions."""


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


def unread(target: str, text: str) -> str:
    """Why a text is not looked through for literals, in words; empty where it is."""
    syntax = of(target, text)
    if target.lower().endswith(".ipynb"):
        return "a notebook (`jupyter nbconvert --to script` makes a script of it)"
    if syntax is None:
        return "in no language that is known"
    if not syntax.is_settled and "\0" in text:
        return "not text"
    if len(text) > (_LONGEST if syntax.is_settled else _LONG):
        return "too long"
    if not syntax.is_settled and max(map(len, text.split("\n"))) > _LONGEST_LINE:
        return "minified, or written by a program"
    return ""
