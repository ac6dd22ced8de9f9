"""Proposers by name; each is imported only when it is asked for."""

from __future__ import annotations

from autoexp_tui.core.problem import UsageProblem
from autoexp_tui.core.proposal import Proposer

NAMES = ("tuner",)


class UnknownProposer(UsageProblem):
    """The message lists the known ones."""


def resolve(name: str) -> str:
    """The proposer that a contract's word stands for: `auto` is the built-in tuner.

    Raises UnknownProposer.
    """
    if name == "auto":
        return "tuner"
    if name not in NAMES:
        raise UnknownProposer(f"proposer {name!r} is not known: use {' or '.join(NAMES)}")
    return name


def make_proposer(name: str) -> Proposer:
    """The proposer of that name, ready to work. Raises UnknownProposer."""
    resolve(name)
    from autoexp_tui.proposers.tuner import Tuner  # noqa: PLC0415 - Optuna takes 400 ms to import

    return Tuner()
