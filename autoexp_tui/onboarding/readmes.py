"""What a README tells: the commands that it shows, and which files are meant to be changed."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterator

from autoexp_tui.onboarding.survey import Survey

_NAMES = ("readme*", "program.md", "claude.md", "agents.md", "contributing.md", "benchmark*.md")
_FENCE = re.compile(
    r"^ {0,3}(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)^ {0,3}\1", re.MULTILINE | re.DOTALL
)
_SHELLS = {"", "sh", "bash", "shell", "zsh", "console", "text", "shell-session", "terminal"}
_PROMPT = re.compile(r"^\s*(?:[$%>]|\([\w.-]+\) \$)\s+")
_PLACEHOLDER = re.compile(r"<[\w -]+>|\.\.\.|…|\[[A-Za-z-]+\]|\bYOUR_|path/to")
_COMMENT = re.compile(r"\s+#\s.*$")
_PROGRAM = re.compile(r"(?:\./)?[A-Za-z][\w./+-]*(?: |$)")
_MAY_CHANGE = re.compile(
    r"\b(?:edits?|edited|modif(?:y|ies|ied)|changes?|tunes?|improves?|optimi[sz]es?|evolves?)\b",
    re.IGNORECASE,
)
_MAY_NOT = re.compile(
    r"\b(?:not|never|n't|cannot|fixed|read-?only|untouched|as it is)\b|n't\b", re.IGNORECASE
)


def texts(survey: Survey) -> Iterator[tuple[str, str]]:
    """The name and the text of everything that tells what the project is, the README first."""
    for pattern in _NAMES:
        for name in survey.named(pattern):
            if name.count("/") == 0 and name.lower().endswith((".md", ".rst", ".txt", "readme")):
                yield name, survey.text(name)


def commands(text: str, folders: Collection[str] = ()) -> Iterator[str]:
    """The command lines in a text's fenced blocks, in order, each on a line of its own.

    A `cd` into one of `folders` before them goes with them, any other is the one into the clone;
    what has places to be filled in, or is no command line, is left out.
    """
    for block in _FENCE.finditer(text):
        if block[2].lower() not in _SHELLS:
            continue
        folder = ""
        lines = re.sub(r"\\\n\s*", " ", block[3]).split("\n")
        prompted = any(_PROMPT.match(line) for line in lines)
        for line in lines:
            if prompted and not _PROMPT.match(line):
                continue  # what the command printed
            command = _COMMENT.sub("", _PROMPT.sub("", line)).strip()
            if not command or command.startswith("#") or _PLACEHOLDER.search(command):
                continue
            if moved := re.fullmatch(r"cd ([\w./-]+)", command):
                inner = os.path.normpath(f"{folder}/{moved[1]}").strip("/")
                folder = inner if inner in folders else folder
            elif _PROGRAM.match(re.sub(r"^(?:\w+=\S* )+", "", command)) and _is_whole(command):
                yield f"cd {folder} && {command}" if folder else command


def _is_whole(command: str) -> bool:
    try:
        return bool(shlex.split(command))
    except ValueError:
        return False


def wishes(survey: Survey) -> dict[str, bool]:
    """For the files that a README says so of: whether they are meant to be changed.

    A sentence, or else an item of a list, counts that names one file of the project and what is
    done to it.
    """
    found: dict[str, bool] = {}
    bases = {name.rpartition("/")[2]: name for name in reversed(survey.files)}
    for _, text in texts(survey):
        items = re.split(r"\n\s*(?:[-*\n])|\n(?=[\w./-]+\.\w+ )", text)
        sentences = [part for item in items for part in re.split(r"(?<=[.!?])\s+(?=[A-Z*])", item)]
        for told in (*sentences, *items):
            words = set(re.findall(r"[\w./-]*\w\.\w+", told))
            named = {bases[base] for word in words if (base := word.rpartition("/")[2]) in bases}
            if len(named) == 1 and _MAY_CHANGE.search(told):
                found.setdefault(named.pop(), not _MAY_NOT.search(told))
    return found


def about(survey: Survey) -> str:
    """The README's first paragraph of prose, on one line of at most 400 characters; or nothing."""
    for _, text in texts(survey):
        for paragraph in re.split(r"\n\s*\n", _FENCE.sub("", text)):
            words = " ".join(paragraph.split())
            plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"<[^>]+>", "", words)).strip()
            if len(plain) > 40 and not words.startswith(("#", "[", "!", "<", "|", "=", "-", "*")):
                return plain if len(plain) <= 400 else f"{plain[:399].rstrip()}…"
        break
    return ""
