"""What goes wrong outside the program, told to a person in one line."""

from __future__ import annotations


class Problem(Exception):
    """The message is one line: what happened, where, and what to do next."""

    exit_code = 1


class UsageProblem(Problem):
    """It was asked for in a way that can't be done: mend the command, the file or the project."""

    exit_code = 2
