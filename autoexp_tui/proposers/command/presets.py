"""Command lines of known agent programs, and what a command line may name.

Each runs without a person to answer, may edit files, and is given no more leave than that.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from autoexp_tui.model.problem import UsageProblem

PRESETS = {
    "claude-code": (
        "claude -p --permission-mode acceptEdits --allowedTools Read,Edit,Write,Glob,Grep"
    ),
    "codex": "codex exec --sandbox workspace-write --skip-git-repo-check --ephemeral -",
    "aider": (
        "aider --yes-always --no-git --no-check-update --no-pretty --no-suggest-shell-commands "
        "--message-file {prompt_file} {target}"
    ),
    "gemini": "gemini --approval-mode auto_edit --skip-trust -p 'Do what the text above asks for.'",
}
"""By the name that `proposer: {command: …}` may give instead of a command line."""

_OF_THE_SHELL = frozenset("cd command eval exec export for if set umask while".split())
_PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z_]+)\}")


class BadCommand(UsageProblem):
    """The command line can't be used; the message says why."""


def command_line(command: str) -> str:
    """A preset's command line, or the one that was given. Raises BadCommand."""
    found = PRESETS.get(command.strip(), command).strip()
    if not found:
        raise BadCommand(
            f"the command is empty: give a command line or one of {', '.join(PRESETS)}"
        )
    for name in _PLACEHOLDER.findall(found):
        if name not in {"prompt_file", "target"}:
            raise BadCommand(
                f"{{{name}}} in the command means nothing: there are {{prompt_file}} and {{target}}"
            )
    return found


def missing_program(command: str, environ: Mapping[str, str]) -> str:
    """The program that a command begins with, where it is not to be found; empty where it is.

    What the shell makes of its first word (a variable, a keyword, a builtin) is left to the shell.
    """
    try:
        word = next(iter(shlex.split(command_line(command))), "")
    except (BadCommand, ValueError):
        return ""  # told when it is used
    if not re.fullmatch(r"[\w./+-]+", word) or word in _OF_THE_SHELL or "/" in word:
        return ""
    return "" if shutil.which(word, path=environ.get("PATH", os.defpath)) else word


def filled(line: str, prompt_file: Path, target: str) -> str:
    """The command line for `sh -c`: the prompt on its stdin, unless it names the file."""
    values = {"prompt_file": shlex.quote(str(prompt_file)), "target": shlex.quote(target)}
    command = _PLACEHOLDER.sub(lambda found: values[found[1]], line)
    source = "/dev/null" if "{prompt_file}" in line else values["prompt_file"]
    return f"{{ {command}\n}} < {source}"
