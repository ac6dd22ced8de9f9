"""Settings that stand on lines of their own: `key = value` files, and what shell scripts set."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autoexp_tui.proposers.tuner import structural
from autoexp_tui.proposers.tuner.found import Literal

_NUMBER = r"(?P<value>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)"
_SECTION = re.compile(r"^[ \t]*\[(?P<section>[^\]\n]+)\]", re.MULTILINE)
_PAIR = re.compile(
    rf"^[ \t]*(?:export[ \t]+)?(?P<key>[\w.\-]+)[ \t]*[=:][ \t]*"
    rf"(?:{_NUMBER}|(?P<switch>true|false|yes|no|on|off))[ \t]*(?=$|\r|[;#])",
    re.MULTILINE | re.IGNORECASE,
)
_SHELL = re.compile(
    rf"(?:(?<![\w$.\-/])(?P<variable>[A-Za-z_]\w*)="
    rf"|(?<![\w\-])(?P<option>--?[A-Za-z][\w\-]*)(?:=|[ \t]+)"
    rf"|\$\{{(?P<default>[A-Za-z_]\w*):?[-=])(?P<quote>[\"']?){_NUMBER}(?P=quote)"
    rf"(?=$|[\s;&|)}}\"'])",
    re.MULTILINE,
)
_COMMENT = re.compile(r"(?:^|(?<=[\s;]))#[^\n]*")
_HERE = re.compile(r"<<-?[ \t]*[\"']?(\w+)")
_COMMAND = re.compile(r"([\w.\-]+)(?:[ \t]|$)")


def pairs(text: str) -> list[Literal]:
    """The numbers and switches of INI files and their like, called by section and key."""
    sections = [(match.start(), match["section"].strip()) for match in _SECTION.finditer(text)]
    found = []
    for match in _PAIR.finditer(text):
        section = next((name for at, name in reversed(sections) if at < match.start()), "")
        name = f"{section}.{match['key']}" if section else match["key"]
        group = "value" if match["value"] else "switch"
        found.append(Literal(name, *match.span(group), low=-float("inf")))
    return found


def shell(text: str) -> list[Literal]:
    """The numbers that a shell script sets: variables, their defaults, and programs' options."""
    return list(_shell(_without_documents(_COMMENT.sub(_blank, text))))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _without_documents(code: str) -> str:
    """With the lines of `<<EOF` blanked out, up to where they end."""
    lines, end = [], ""
    for line in code.split("\n"):
        is_inside = bool(end)
        if is_inside:
            end = "" if line.strip() == end else end
        elif match := _HERE.search(line):
            end = match[1]
        lines.append(" " * len(line) if is_inside else line)
    return "\n".join(lines)


def _shell(code: str) -> Iterator[Literal]:
    for match in _SHELL.finditer(code):
        given = match["variable"] or match["default"]
        name = given or f"{_command(code, match.start())}{match['option']}"
        why = structural.by_name((given or match["option"]).lstrip("-").replace("-", "_"))
        value = match["value"]
        if not why and match["variable"] and structural.is_start(value):
            why = structural.START
        yield Literal(name, *match.span("value"), -float("inf"), standing="named", why=why)


def _command(code: str, at: int) -> str:
    """The program whose option it is, with a blank behind it."""
    start = max(code.rfind(mark, 0, at) for mark in "\n;|&(`") + 1
    words = code[start:at].split()
    plain = [word for word in words if "=" not in word and not word.startswith(("-", "$", "\\"))]
    match = _COMMAND.match(plain[0].rpartition("/")[2]) if plain else None
    return f"{match[1]} " if match else ""
