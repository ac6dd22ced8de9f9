"""Command lines of known agent programs, and what a command line may name.

Each runs without a person to answer, may edit files, and is given no more leave than that.
"""

from __future__ import annotations

import re
import shlex
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


def filled(line: str, prompt_file: Path, target: str) -> str:
    """The command line for `sh -c`: the prompt on its stdin, unless it names the file."""
    values = {"prompt_file": shlex.quote(str(prompt_file)), "target": shlex.quote(target)}
    command = _PLACEHOLDER.sub(lambda found: values[found[1]], line)
    source = "/dev/null" if "{prompt_file}" in line else values["prompt_file"]
    return f"{{ {command}\n}} < {source}"
