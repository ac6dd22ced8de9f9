"""What goes wrong outside the program, told to a person in one line."""

from __future__ import annotations

from autoexp_tui.text.safe import clean

INTERRUPTED = 130
"""The exit code of a command that a person interrupted: 128 and SIGINT's number."""


class Problem(Exception):
    """The message is one line: what happened, where, and what to do next; it is cleaned here."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        self.message = clean(message)
        super().__init__(self.message)


class UsageProblem(Problem):
    """It was asked for in a way that can't be done: mend the command, the file or the project."""

    exit_code = 2
