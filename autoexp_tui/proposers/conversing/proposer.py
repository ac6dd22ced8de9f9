"""A model as a proposer: a situation becomes a prompt, and the talk about it a proposal."""

from __future__ import annotations

from collections.abc import Callable

from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model.proposal import Crash, Proposal, Situation, Stream, Unusable
from autoexp_tui.proposers.briefing import crash_report
from autoexp_tui.proposers.briefing.notebook import notebook_request
from autoexp_tui.proposers.context import GatherContext, no_context
from autoexp_tui.proposers.conversing.client import Client, Server
from autoexp_tui.proposers.conversing.conversation import Conversation, Drafted
from autoexp_tui.proposers.conversing.prompt import Prompt, build
from autoexp_tui.proposers.waiting import Waiter

_ROUNDS = 6
"""After so many requests a conversation is begun afresh: it would grow with every answer."""


def _untold(_: str) -> None:
    """For those who have nobody to tell."""


class ConversingProposer:
    """Asks a model for one experiment at a time. Used by one thread; close it at the end.

    Between the proposals it remembers one conversation, so that an answer or a crash goes back to
    the one who caused it. Nothing depends on it: a resumed run asks afresh and is told in the
    prompt.
    """

    name = ""

    def __init__(
        self,
        server: Server,
        scrub: Callable[[str], str],
        ledger: SpendLedger,
        waiter: Waiter,
        *,
        gather_context: GatherContext = no_context,
        notice: Callable[[str], None] = _untold,
    ) -> None:
        """`scrub` takes credentials out of a text; `notice` tells a person something."""
        self._model = server.model
        self._scrub = scrub
        self._client = Client(server, ledger, waiter, notice)
        self._gather_context = gather_context
        self._talk: Conversation | None = None
        self._about: tuple[int, str] = (0, "")
        """Experiment and target of the conversation."""
        self._answers = 0
        """How many of the loop's answers the conversation has heard."""

    def check_credentials(self) -> None:
        """At start: find out, for free, whether key and model are accepted. Raises Unable."""
        self._client.check_credentials()

    def prompt(self, situation: Situation) -> Prompt:
        """What the next request would say. Raises Unable."""
        return build(situation, self._gather_context(situation), self._scrub)

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        """The next proposal.

        Raises:
            Unable: the provider will not answer, and why.
            Unusable: the model's proposal can't be tried, and it was told once.
            Exception: whatever ledger, waiter and stream raise.
        """
        talk = self._conversation(situation)
        try:
            return self._proposal(talk.ask(stream))
        except Unusable:
            self._talk = None  # the prompt of the next one says why, and costs less
            raise

    def write_notebook(self, situation: Situation) -> str:
        """The notebook of the run, written anew; its price is booked as a proposal's is.

        Raises as `propose` does.
        """
        ask = notebook_request(situation)
        prompt = build(situation, self._gather_context(situation), self._scrub, ask)
        reply = self._client.send(
            situation.n,
            {**prompt.body(), "messages": prompt.messages},
            long_cache=prompt.long_cache,
            on_start=lambda: None,
            on_arguments=lambda _: None,
        )
        if not reply.text.strip():
            raise Unusable("the model wrote no notebook")
        return reply.text.strip()

    def repair(self, crash: Crash, text: str, stream: Stream) -> Proposal | None:
        """A repair of the last proposal, which was `text` and crashed; None when it is given up.

        Raises as `propose` does, but not Unusable.
        """
        talk = self._talk
        if talk is None or self._about[0] != crash.n or talk.rounds >= _ROUNDS:
            return None
        talk.went_on(text)
        talk.object(self._scrub(crash_report(crash)))
        try:
            return self._proposal(talk.ask(stream, may_decline=True))
        except Unusable:
            self._talk = None
            return None

    def close(self) -> None:
        """Let go of the conversation and of connections."""
        self._talk = None
        self._client.close()

    def _conversation(self, situation: Situation) -> Conversation:
        """The one that goes on with the loop's answer, or a new one."""
        about = situation.n, situation.text
        talk = self._talk
        fresh = len(situation.answers) - self._answers
        if talk is not None and about == self._about and fresh == 1 and talk.rounds < _ROUNDS:
            talk.object(
                f"This was not tried: {self._scrub(situation.answers[-1])}. Propose something else."
            )
        else:
            prompt = self.prompt(situation)
            talk = Conversation(self._client, prompt, situation.n, situation.text)
        self._talk, self._about, self._answers = talk, about, len(situation.answers)
        return talk

    def _proposal(self, drafted: Drafted) -> Proposal:
        return Proposal(
            hypothesis=drafted.hypothesis,
            description=drafted.description,
            text=drafted.text,
            memo={"model": self._model},
        )
