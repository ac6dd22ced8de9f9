"""The border between the loop and whoever forms the hypotheses: state in, one proposal out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.events import Mark, Status
from autoexp_tui.text.value_changes import ValueChange


class Trial(msgspec.Struct, frozen=True):
    """One finished experiment as a proposer sees it; the baseline is the first."""

    n: int
    parent: int
    """Number of the experiment whose text it was made from; 0 for the baseline."""
    status: Status
    metrics: dict[str, float]
    """Empty for a crash."""
    description: str
    reason: str
    memo: dict[str, Any]
    """As the proposer left it in its proposal; empty for the baseline."""
    near: str = ""
    """Of a near miss, how near it was, in words."""
    seconds: float = 0.0
    """How long one run of the harness took; of a crash, until it ended or was ended."""
    hypothesis: str = ""
    changes: Sequence[ValueChange] = ()
    """The values that it changed, where those are all that it changed."""
    extras: dict[str, float] = {}
    """Other numbers that the harness printed, never judged; without the hold-out."""
    evidence: str = ""
    """Of a keep or a near miss that was measured afresh: effect, interval and runs, in words."""
    note: str = ""
    """What a person has said of it since."""
    never: bool = False
    """Whether a person wants its idea never tried again."""
    mark: Mark = ""
    sigmas: float | None = None
    """How much better it was, in standard deviations of one evaluation; None where unknown."""


class Left(msgspec.Struct, frozen=True):
    """What is left of the budget."""

    experiments: int
    hours: float
    usd: float


Strategy: TypeAlias = Literal["", "small steps", "afresh", "mend the best"]
"""What a streak of crashes asks for: `small steps` from the best, one line at a time; then to begin
`afresh` from the best, which was measured again and works; or to `mend the best`, which does not.
"""


class Inspiration(msgspec.Struct, frozen=True):
    """Another text that is worth a look: a proposal may take something over from it."""

    n: int
    description: str
    text: str


class Pending(msgspec.Struct, frozen=True):
    """An experiment that is tried now, in another slot: nobody knows yet what comes of it."""

    n: int
    parent: int
    """Number of the experiment whose text it was made from."""
    description: str
    digest: str
    """Of its text."""
    memo: dict[str, Any] = {}
    """As its proposer left it."""
    changes: Sequence[ValueChange] = ()
    """The values that it changes, where those are all that it changes."""


class Situation(msgspec.Struct, frozen=True):
    """Step 1 of the loop: all that a proposer may know."""

    n: int
    """Number of the experiment to propose."""
    contract: Contract
    text: str
    """The target as the proposal changes it: of the best so far, or see `parent`."""
    incumbent: int
    """Number of the best experiment so far."""
    baseline: str
    """The target as the run found it."""
    history: Sequence[Trial]
    answers: Sequence[str] = ()
    """Why earlier proposals for this same experiment were sent back, oldest first."""
    hints: Sequence[str] = ()
    instructions: str = ""
    ideas: Sequence[str] = ()
    """Lines that a person offers for the target, as `model.ideas` reads them."""
    seed: int = 0
    noise: str = ""
    """How much the harness varies, in words; empty while it is not known."""
    sigma: float | None = None
    """The standard deviation of one evaluation's figure; 0 where it repeats itself exactly."""
    affordable: int | None = None
    """Experiments that the budget still pays for at the present pace; None while that is open."""
    parent: int = 0
    """Number of the experiment that `text` comes from: the incumbent, but where the search starts
    elsewhere."""
    inspirations: Sequence[Inspiration] = ()
    left: Left | None = None
    """None: nobody says."""
    crashes: int = 0
    """In a row, up to now."""
    strategy: Strategy = ""
    notebook: str = ""
    """What the run has taught so far, as it was last written; empty where nobody has."""
    notebook_n: int = 0
    """The experiment from which on that counts."""
    pending: Sequence[Pending] = ()
    """What is tried now, by number."""


class Proposal(msgspec.Struct, frozen=True):
    """Steps 2 and 3: a hypothesis, and the whole new text of the target."""

    hypothesis: str
    description: str
    """One line."""
    text: str
    memo: dict[str, Any] = {}
    """JSON values that come back in `Trial.memo`, also after a resume."""


Part: TypeAlias = Literal["hypothesis", "target", "afresh", "again"]
"""What a piece of text belongs to; `again`: what was written so far is void; `afresh`: what was
written of the target is.
"""

Stream: TypeAlias = Callable[[Part, str], None]
"""Takes each piece of text as it is written, for whoever is watching.

Raises `loop.control.Interrupted` when a person has asked to skip or stop: let it pass.
"""


def digest(text: str) -> str:
    """A name for one exact text of the target: 16 hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class Exhausted(Exception):
    """The proposer has nothing left to try; the message says so to a person."""


class Unable(Exception):
    """The proposer cannot work on this project at all; the message names the remedy."""


class Unusable(Exception):
    """A proposal that can't be tried, after it was sent back once: no row comes of it.

    The message is the reason in words; `description` is what it was to try, if it said so.
    """

    def __init__(self, reason: str, description: str = "") -> None:
        super().__init__(reason)
        self.description = description


class Crash(msgspec.Struct, frozen=True):
    """A run of the harness that gave no measurement."""

    n: int
    failure: str
    """Why, in words."""
    tail: str
    """The end of its output."""


class Proposer(Protocol):
    """Forms one hypothesis at a time. Anything to remember goes into `Proposal.memo`."""

    @property
    def name(self) -> str: ...

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        """Return the next proposal.

        Raises:
            Exhausted: there is nothing left to try.
            Unable: this target offers nothing to work on.
            Unusable: what came can't be tried.
        """
        ...


@runtime_checkable
class NotebookWriter(Proposer, Protocol):
    """A proposer that can put into words what a run has taught."""

    def write_notebook(self, situation: Situation) -> str:
        """The notebook afresh, from the one before and what came since; its price is booked.

        Raises:
            Exhausted: it could cost more than is left.
            Unable, Unusable: none came, and why.
        """
        ...


@runtime_checkable
class Quick(Proposer, Protocol):
    """A proposer that takes no time to speak of, and learns most from what is tried at once.

    Where several experiments run, its proposals are made one after the other: each is told of all
    before it, see `Situation.pending`.
    """

    def memo_of(
        self, memo: dict[str, Any], contract: Contract, before: str, text: str
    ) -> dict[str, Any]:
        """`Proposal.memo` for `text`, which came of putting a proposal with `memo` on `before`."""
        ...


@runtime_checkable
class Repairer(Proposer, Protocol):
    """A proposer that can mend a slip of its own."""

    def repair(self, crash: Crash, text: str, stream: Stream) -> Proposal | None:
        """Mend `text`, which crashed; None when the idea is given up."""
        ...
