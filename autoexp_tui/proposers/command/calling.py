"""What is run for `command: {run: …}`: a preset's command line, or the one that is given."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.model.contract import Agent
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.proposers.command import presets
from autoexp_tui.proposers.command.presets import Preset

_OF_THE_SHELL = frozenset("cd command eval exec export for if set umask while".split())
_PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z_]+)\}")
_KNOWN = ("prompt_file", "target", "model", "budget", "sandbox")
_SETS = re.compile(r"\w+=")
_MODEL = re.compile(r"(?:^|\s)(?:-m|--model)(?:\s+|=)(\S+)")
_PLAIN = Preset(title="", run="")
"""What is known of a program that no preset is for: it prints text."""


class BadCommand(UsageProblem):
    """The command line can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Called:
    """An agent program as a contract calls it."""

    name: str
    """The preset's name; `command` for what no preset is for."""
    line: str
    """Its command line, with placeholders."""
    preset: Preset
    model: str
    """The model that it is to use, where the contract or the line names one."""

    @classmethod
    def of(cls, agent: Agent, environ: Mapping[str, str] = os.environ) -> Called:
        """What `agent` calls. Raises BadCommand, BadPreset."""
        word = agent.run.strip()
        if not word:
            known = ", ".join(presets.names(environ))
            raise BadCommand(f"the command is empty: give a command line or one of {known}")
        name, preset = presets.of_command(word, environ)
        line = preset.run if preset is not None and name == word else word
        for found in _PLACEHOLDER.findall(line):
            if found not in _KNOWN:
                raise BadCommand(
                    f"{{{found}}} in the command means nothing: there are "
                    "{prompt_file}, {target}, {model} and {budget}"
                )
        if agent.model and "{model}" not in line:
            raise BadCommand(
                f"`command: {{model: {agent.model}}}` has no place in the command line: "
                "write {model} where it belongs"
            )
        in_line = _MODEL.search(line)
        spelt = in_line[1] if in_line and "{" not in in_line[1] else ""
        return cls(name or "command", line, preset or _PLAIN, agent.model or spelt)

    def filled(
        self,
        prompt_file: Path,
        target: str,
        budget: float | None = None,
        *,
        confined: bool = False,
    ) -> str:
        """The command line for `sh -c`: the prompt on its stdin, unless it names the file.

        `budget`: USD that it may spend; None where that isn't known. `confined`: whether the run's
        sandbox is around it.
        """
        of_model = (self.preset.model or "{}").replace("{}", shlex.quote(self.model))
        of_budget = self.preset.budget.replace("{}", f"{budget or 0.0:.2f}")
        values = {
            "prompt_file": shlex.quote(str(prompt_file)),
            "target": shlex.quote(target),
            "model": of_model if self.model else "",
            "budget": of_budget if budget is not None else "",
            "sandbox": self.preset.confined if confined else self.preset.alone,
        }
        command = _PLACEHOLDER.sub(lambda found: values[found[1]], self.line)
        source = "/dev/null" if "{prompt_file}" in self.line else values["prompt_file"]
        return f"{{ {command}\n}} < {source}"

    def missing_program(self, environ: Mapping[str, str]) -> str:
        """The program that the line begins with, where it isn't to be found; empty where it is.

        What the shell makes of its first word (a variable, a keyword, a builtin) is left to it.
        """
        try:
            words = shlex.split(self.line)
        except ValueError:
            return ""  # told when it is used
        word = next((word for word in words if not _SETS.match(word)), "")
        if not re.fullmatch(r"[\w./+-]+", word) or word in _OF_THE_SHELL or "/" in word:
            return ""
        return "" if shutil.which(word, path=environ.get("PATH", os.defpath)) else word


def installed(environ: Mapping[str, str]) -> list[str]:
    """Names of the presets whose program is on the PATH. Raises BadPreset."""
    path = environ.get("PATH", os.defpath)
    found = ((name, presets.named(name, environ)) for name in presets.names(environ))
    return [name for name, one in found if one and shutil.which(one.program, path=path)]
