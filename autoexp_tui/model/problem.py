"""What goes wrong outside the program, told to a person in one line."""

from __future__ import annotations

INTERRUPTED = 130
"""The exit code of a command that a person interrupted: 128 and SIGINT's number."""


class Problem(Exception):
    """The message is one line: what happened, where, and what to do next."""

    exit_code = 1


class UsageProblem(Problem):
    """It was asked for in a way that can't be done: mend the command, the file or the project."""

    exit_code = 2
