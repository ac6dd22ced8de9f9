"""Between a run and whoever proposes for it: what the run gives, and what it asks beforehand.

A proposer of one's own is a subclass of `Factory`, named in the entry points of its package:

    [project.entry-points."autoexp_tui.proposers"]
    mine = "my_package:MyFactory"
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.proposal import Proposer, Situation
from autoexp_tui.model.state import RunState
from autoexp_tui.proposers.context import Context, GatherContext
from autoexp_tui.proposers.waiting import Waiter
from autoexp_tui.text.safe import Safe

if TYPE_CHECKING:
    from autoexp_tui.proposers.command.supervised import RunHarness


@dataclass(frozen=True, slots=True)
class Hosting:
    """What a run gives to its proposer."""

    state: RunState
    """As it is now, at any time; to be read only."""
    environ: Mapping[str, str]
    """Of the runner, credentials included."""
    workspace: Path
    """The root of a copy of the base commit, in which nothing runs while a proposal is made."""
    gather_context: GatherContext
    """What is known beside the situation: the harness' text, the latest diffs, the last crash."""
    ledger: SpendLedger
    """Reserves and settles money; what was not reserved may not be spent."""
    waiter: Waiter
    """Waits that a person, or the end of a budget, ends at once."""
    run: RunHarness
    """Runs a program until it and all that it started have gone."""
    notice: Callable[[str], None]
    """Tells a person something, in one line."""
    refresh: Callable[[], None]
    """Makes the workspace exact again, whatever the last experiment has left of it.

    Raises `repository.RepositoryError`.
    """
    acted: Callable[[Safe, Safe], None] = lambda _tool, _about: None
    """Tells whoever watches which tool is used, and what for."""
    confined: bool = False
    """Whether what `run` runs is in a sandbox."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a proposer sees in a target before anything is run."""

    problems: Sequence[str] = ()
    """Why it could not work on it: a line each, with a remedy."""
    notes: Sequence[tuple[str, str]] = ()
    """What `autoexp check` is to say: a word or two of at most ten letters, and a line."""


class Factory(abc.ABC):
    """Makes one kind of proposer. An instance holds nothing, and its module imports nothing heavy.

    Only `make` may import an SDK or read what is large: the others are asked by light commands.
    """

    @abc.abstractmethod
    def make(self, hosting: Hosting) -> Proposer:
        """The proposer of a run, ready to work; its `close`, where it has one, ends it.

        Raises:
            Unable: it can't work: no key, a wrong one, say.
            UsageProblem: its settings can't be used.
        """

    def problems(self, contract: Contract, environ: Mapping[str, str]) -> Sequence[str]:
        """Why it could not work, as far as can be told for free: a line each, with a remedy."""
        return ()

    def notes(self, contract: Contract) -> Sequence[tuple[str, str]]:
        """What `autoexp check` is to say of it: a word of at most ten letters, and a line."""
        return ()

    def look(self, contract: Contract, text: str) -> Look:
        """What it finds in `text`, the target as it is committed; in a moment, for free."""
        return Look()

    def prompt(
        self, situation: Situation, context: Context, environ: Mapping[str, str]
    ) -> str | None:
        """What is said to a model in that situation, to the letter; None where none is asked."""
        return None

    def offers(self, environ: Mapping[str, str]) -> Sequence[str]:
        """What is here that it could use if it were asked to: a line each, with how to ask."""
        return ()

    def is_automatic(self, environ: Mapping[str, str]) -> bool:
        """Whether `proposer: auto` means this one here."""
        return False
