"""Proposers by name: ours, and those of packages that name one in their entry points.

The one place where a name becomes a proposer; what each needs is in its own package.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.proposers.builtin import (
    ClaudeFactory,
    CommandFactory,
    OpenAIFactory,
    TunerFactory,
)
from autoexp_tui.proposers.hosting import Factory
from autoexp_tui.text.safe import clean_line

GROUP = "autoexp_tui.proposers"

_OURS: dict[str, Factory] = {
    "anthropic": ClaudeFactory(),
    "openai": OpenAIFactory(),
    "command": CommandFactory(),
    "tuner": TunerFactory(),
}
"""`auto` is the first of these that says so."""


class UnknownProposer(UsageProblem):
    """The message lists the known ones."""


class BrokenPlugin(UsageProblem):
    """What a package offers under this name can't be used; the message says why."""


def names() -> list[str]:
    """Every name that `factory` knows, ours first; no plug-in is imported."""
    found = {point.name for point in entry_points(group=GROUP)}
    return [*_OURS, *sorted(found - _OURS.keys())]


def factory(name: str) -> Factory:
    """The factory of that name; ours can't be replaced by a plug-in.

    Raises UnknownProposer, BrokenPlugin.
    """
    if name in _OURS:
        return _OURS[name]
    for point in entry_points(group=GROUP, name=name):
        plugin = f"proposer {name!r} ({point.value})"
        try:
            made = point.load()()
        except Exception as error:
            why = clean_line(f"{type(error).__name__}: {error}", 200)
            raise BrokenPlugin(f"{plugin} can't be loaded: {why}") from error
        if not isinstance(made, Factory):
            raise BrokenPlugin(f"{plugin} is no autoexp_tui.proposers.hosting.Factory")
        return made
    raise UnknownProposer(f"proposer {name!r} is not known: use auto, {', '.join(names())}")


def resolve(name: str, environ: Mapping[str, str]) -> str:
    """The proposer that a contract's word stands for.

    `auto` is Claude where there is a key or a server of one's own, else the built-in tuner.

    Raises UnknownProposer, BrokenPlugin.
    """
    if name == "auto":
        return next(ours for ours, made in _OURS.items() if made.is_automatic(environ))
    factory(name)
    return name


def passed_over(named: str, chosen: str, environ: Mapping[str, str]) -> list[str]:
    """What could propose where `auto` has chosen the tuner: a line each, with how it is asked to.

    `named` is the contract's word, `chosen` what it stands for. A program or a key that was not
    meant for this is not used unasked, and not passed over without a word either.
    """
    if named != "auto" or chosen != "tuner":
        return []
    found = [line for made in _OURS.values() for line in made.offers(environ)]
    return [f"the tuner proposes; {line}" for line in found]
