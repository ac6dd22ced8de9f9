"""Steps 2 and 3 of the loop: a proposal that is worth a run of the harness, or a repair of one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from autoexp_tui.loop.control import Desk
from autoexp_tui.loop.proposal_log import ProposalLog
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.proposal import (
    Crash,
    Exhausted,
    NotebookWriter,
    Part,
    Proposal,
    Proposer,
    Quick,
    Repairer,
    Situation,
    Stream,
    Unable,
    Unusable,
    digest,
)
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.text.likeness import likeness
from autoexp_tui.text.safe import clean, clean_line, part_of

_FORM = "white space, comments, the form of numbers or the order of what has none"
_ANSWERS = 20
"""How often one experiment's proposal is sent back before it is given up."""


@dataclass(slots=True)
class Drafts:
    """What the lanes of a run know of each other's proposals; within a transaction."""

    claims: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Digest and likeness of what is tried now, by experiment: none is tried twice at once."""
    noted: int = 0
    """The experiment before which the notebook was last asked for."""


class Drafting:
    """Talks with the proposer, and lets whoever is watching see it write."""

    def __init__(
        self,
        run: RunDirectory,
        proposer: Proposer,
        recorder: Recorder,
        desk: Desk,
        drafts: Drafts,
    ) -> None:
        self._drafts = drafts
        self._run = run
        self._proposer = proposer
        self._recorder = recorder
        self._controls = desk.controls
        self._desk = desk

    def propose(self, situation: Situation) -> Proposal:
        """Ask until the proposal changes something and is new.

        Raises:
            Exhausted: there is nothing left to try, or nothing new comes.
            Unable: the proposer can't work on this.
            Interrupted: a person ends it.
        """
        answers: list[str] = []
        with self._writing(situation.n) as stream:
            for _ in range(_ANSWERS):
                if answers:
                    stream("again", "")
                asked = msgspec.structs.replace(situation, answers=tuple(answers))
                try:
                    proposal = self._masked(self._proposer.propose(asked, stream))
                    description = proposal.description
                    with self._recorder.transaction():
                        if not (answer := self._objection(situation, proposal)):
                            self._claim(situation.n, proposal.text)
                except Unusable as unusable:
                    description, answer = unusable.description, str(unusable)
                self._controls.check(situation.n)
                if not answer:
                    return proposal
                answers.append(answer)
                description, answer = clean_line(description), clean_line(answer, 1000)
                self._recorder.record(
                    events.ProposalAnswered(
                        situation.n, clean_line(description), clean_line(answer, 1000)
                    )
                )
        raise Exhausted(f"{_ANSWERS} proposals in a row brought nothing new")

    def with_notebook(self, situation: Situation) -> Situation:
        """The situation with a notebook that is no older than the contract wants, where one comes.

        None comes of a proposer that writes none, or that can't now: the next proposal will meet
        the same, and say so. Raises Interrupted.
        """
        every = situation.contract.notebook.every
        if not isinstance(self._proposer, NotebookWriter):
            return situation
        with self._recorder.transaction():
            last = max(self._drafts.noted, situation.notebook_n)
            if not every or situation.n - last <= every:
                return situation
            self._drafts.noted = situation.n  # also where none comes: not asked for every time
        self._desk.n = situation.n
        try:
            written = self._recorder.mask.text(self._proposer.write_notebook(situation))
        except (Exhausted, Unable, Unusable):
            return situation
        finally:
            self._desk.n = 0
        self._controls.check(situation.n)
        text = part_of(clean(written.strip()), 0, 4 * situation.contract.notebook.max_tokens)
        by = clean_line(f"the {self._proposer.name} proposer")
        self._recorder.record(events.NotebookWritten(situation.n, by, text))
        return msgspec.structs.replace(situation, notebook=text, notebook_n=situation.n)

    def mend(self, crash: Crash, text: str, attempt: int) -> Proposal | None:
        """Ask the author of `text` to mend it; None when it is given up, or nothing new comes.

        `attempt` is the number that the repair would have. Raises Interrupted.
        """
        if not isinstance(self._proposer, Repairer):
            return None
        self._recorder.record(events.RepairBegan(crash.n, attempt, clean_line(crash.failure, 1000)))
        with self._writing(crash.n, more=True) as stream:
            stream("again", "")
            try:
                repair = self._proposer.repair(crash, text, stream)
            except (Exhausted, Unable):
                return None  # the row comes first; the next proposal will meet the same, and say so
        self._controls.check(crash.n)
        with self._recorder.transaction():
            if repair is None or self._repeats(repair.text):
                return None
            if self._told_secrets(text, repair.text):
                return None
            self._claim(crash.n, repair.text)
        return self._masked(repair)

    @property
    def in_turn(self) -> bool:
        """Whether proposals are made one lane after the other, see `model.proposal.Quick`."""
        return isinstance(self._proposer, Quick)

    def memo_of(self, memo: dict[str, Any], before: str, text: str) -> dict[str, Any]:
        """The memo for `text`, which came of putting a proposal with `memo` on top of `before`."""
        if not isinstance(self._proposer, Quick):
            return memo
        try:
            return self._proposer.memo_of(memo, self._recorder.state.contract, before, text)
        except Unable:  # it can't read what came of it, and will find nothing of it again
            return {}

    def _claim(self, n: int, text: str) -> None:
        target = self._recorder.state.contract.target
        self._drafts.claims[n] = digest(text), likeness(text, target)

    def _masked(self, proposal: Proposal) -> Proposal:
        """What it says goes into the commit's message, too."""
        mask = self._recorder.mask
        return msgspec.structs.replace(
            proposal,
            hypothesis=mask.text(proposal.hypothesis),
            description=mask.text(proposal.description),
        )

    def _told_secrets(self, before: str, text: str) -> str:
        """The names of the secrets that a text holds and the one before it didn't."""
        mask = self._recorder.mask
        new = set(mask.named_in(text)) - set(mask.named_in(before))
        return ", ".join(sorted(new))

    def _repeats(self, text: str) -> str:
        """Which experiment a text repeats and what came of that, in words; empty for a new one."""
        state = self._recorder.state
        exact, alike = digest(text), likeness(text, state.contract.target)
        same = state.tried.get(exact)
        n = same or state.alike.get(alike)
        if not n:
            for n, claim in self._drafts.claims.items():
                if exact == claim[0] or alike == claim[1]:
                    return f"it is what experiment {n} tries now"
            return ""
        words = f"it repeats experiment {n} " + ("byte for byte" if same else f"but for {_FORM}")
        row = state.row(n)
        if row is None:
            return words
        figures = ", ".join(f"{name} {value:.7g}" for name, value in row.metrics.items())
        return f"{words}, which came to {row.status}: {figures or row.reason}"

    def _objection(self, situation: Situation, proposal: Proposal) -> str:
        if proposal.text == situation.text:
            return "it changes nothing"
        target = situation.contract.target
        if likeness(proposal.text, target) == likeness(situation.text, target):
            return f"it changes nothing but {_FORM}"
        if repeated := self._repeats(proposal.text):
            return repeated
        if names := self._told_secrets(situation.text, proposal.text):
            return f"it holds the value of {names}, and what is tried is committed"
        return ""

    @contextlib.contextmanager
    def _writing(self, n: int, *, more: bool = False) -> Iterator[Stream]:
        """Where the proposer writes for experiment `n`, for as long as it works for it."""
        with ProposalLog(self._run.proposal(n), more=more, mask=self._recorder.mask) as log:

            def stream(part: Part, text: str) -> None:
                self._controls.check(n)
                log.write(part, text)

            self._desk.n = n
            try:
                yield stream
            finally:
                self._desk.n = 0
