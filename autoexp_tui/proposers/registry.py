"""Proposers by name."""

from __future__ import annotations

from collections.abc import Mapping

from autoexp_tui.model.problem import UsageProblem

NAMES = ("tuner", "anthropic", "command")
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")


class UnknownProposer(UsageProblem):
    """The message lists the known ones."""


def resolve(name: str, environ: Mapping[str, str]) -> str:
    """The proposer that a contract's word stands for.

    `auto` is Claude where there is a key or a server of one's own, else the built-in tuner.

    Raises UnknownProposer.
    """
    if name == "auto":
        return "anthropic" if any(environ.get(key, "").strip() for key in _KEYS) else "tuner"
    if name not in NAMES:
        raise UnknownProposer(f"proposer {name!r} is not known: use {', '.join(NAMES)}")
    return name
