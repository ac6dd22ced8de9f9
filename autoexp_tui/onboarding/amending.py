"""The same command once more, written so that it may work, where its failure tells how."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import replace
from pathlib import Path

from autoexp_tui.onboarding.guess import Guess
from autoexp_tui.onboarding.survey import Survey

_SOURCES = ("src", "lib", "python")


def amended(survey: Survey, guess: Guess, failure: str, output: str) -> Guess | None:
    """`guess` in a form that may do, by its failure and last output; None for no idea.

    Without a failure it has printed no figure that can be read.
    """
    command, why = guess.text, ""
    told = f"{failure}\n{output}"
    if missing := re.search(r"No module named '?(\w+)", told):
        folder = next((top for top in _SOURCES if _has_package(survey, top, missing[1])), None)
        if folder is None and _has_package(survey, ".", missing[1]):
            folder = "."
        if folder is None and survey.inner and _is_package(survey.root / missing[1]):
            folder = os.path.relpath(survey.root, survey.folder)
        if folder and "PYTHONPATH" not in command:
            moved = re.match(r"cd [\w./-]+ && ", command)
            start = moved.end() if moved else 0
            command = f"{command[:start]}PYTHONPATH={folder} {command[start:]}"
            why = f"{missing[1]} is in {folder}"
    elif "Permission denied" in told and (script := re.match(r"\./([\w./-]+)", command)):
        shell = "bash" if "bash" in survey.text(script[1]).partition("\n")[0] else "sh"
        command, why = f"{shell} {command[2:]}", "it is not executable"
    elif re.search(r"\bpython: (?:command )?not found", told):
        command, why = re.sub(r"\bpython(?=\s)", "python3", command), "there is no `python` here"
    elif re.search(r"source: not found|\[\[: not found|Bad substitution", told):
        command, why = f"bash -c {shlex.quote(command)}", "it is written for bash"
    elif not failure and re.search(r"\d,\d{3}", told) and "| tr -d ," not in command:
        # Not a plain pipe: that would hide how the command ended.
        command = f"out=$({command}) && printf '%s\\n' \"$out\" | tr -d ,"
        why = "without the separators of thousands"
    if command == guess.text:
        return None
    return replace(guess, text=command, reason=f"{guess.reason}; {why}")


def _has_package(survey: Survey, folder: str, name: str) -> bool:
    prefix = "" if folder == "." else f"{folder}/"
    return any(
        survey.has(f"{prefix}{path}") for path in (f"{name}.py", f"{name}/__init__.py")
    ) or any(file.startswith(f"{prefix}{name}/") and file.endswith(".py") for file in survey.files)


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()
