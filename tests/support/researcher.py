"""A project, a ledger and a waiter for a proposer that talks to a server of our own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from autoexp_tui.loop.control import Interrupted
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import CostReserved
from autoexp_tui.model.proposal import Exhausted, Situation, Trial
from autoexp_tui.proposers import openai
from autoexp_tui.proposers.anthropic import (
    AnthropicProposer,
    Context,
    Credentials,
    Settings,
    Tokens,
)
from autoexp_tui.proposers.conversing.proposer import ConversingProposer
from autoexp_tui.proposers.waiting import Waiter

CANARY = "sk-ant-canary-0123456789abcdef"
TARGET = "lr = 0.1\nsteps = 100\nseed = 1\n"


def situation(n: int = 2, text: str = TARGET, **more: Any) -> Situation:
    """The baseline has been measured; nothing else."""
    baseline = Trial(1, 0, "keep", {"loss": 1.5}, "baseline", "", {})
    contract = more.pop("contract", None) or Contract("train.py", "python eval.py", (LOSS,))
    return Situation(
        n=n,
        contract=contract,
        text=text,
        incumbent=1,
        baseline=text,
        history=more.pop("history", (baseline,)),
        **more,
    )


LOSS = Metric("loss", "lower")


class Settlement(NamedTuple):
    """What a request did cost."""

    tokens: Tokens
    usd: float
    exact: bool
    outcome: str
    possible_usd: float = 0.0


@dataclass
class SpendLedger:
    """A ledger in memory, with a cap."""

    cap: float = 10.0
    reserved: list[CostReserved] = field(default_factory=list)
    settled: dict[int, Settlement] = field(default_factory=dict)

    @property
    def spent(self) -> float:
        """What is settled, and at its worst what is not."""
        return sum(
            self.settled[at].usd if at in self.settled else reservation.usd
            for at, reservation in enumerate(self.reserved)
        )

    @property
    def outcomes(self) -> list[str]:
        return [self.settled[at].outcome for at in range(len(self.reserved))]

    def reserve(self, reservation: CostReserved) -> int:
        if self.spent + reservation.usd > self.cap:
            raise Exhausted(f"${self.spent:.2f} of ${self.cap:.2f} spent (max_cost_usd)")
        self.reserved.append(reservation)
        return len(self.reserved) - 1

    def settle(
        self,
        number: int,
        tokens: dict[str, int],
        usd: float,
        outcome: str,
        *,
        exact: bool = True,
        possible_usd: float = 0.0,
    ) -> None:
        assert number not in self.settled
        self.settled[number] = Settlement(Tokens(**tokens), usd, exact, outcome, possible_usd)


@dataclass
class Patience(Waiter):
    """Waits for nothing, and remembers what it was asked to wait for."""

    waits: list[tuple[float, str]] = field(default_factory=list)
    interrupt: threading.Event = field(default_factory=threading.Event)
    on_wait: Callable[[float, str], None] = lambda seconds, reason: None

    def check(self) -> None:
        if self.interrupt.is_set():
            raise Interrupted

    def wait(self, seconds: float, reason: str) -> None:
        self.waits.append((seconds, reason))
        self.on_wait(seconds, reason)
        self.check()


@dataclass
class Screen:
    """What a person would have seen, draft by draft."""

    drafts: list[dict[str, str]] = field(default_factory=list)
    on_text: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        self.drafts.append({"hypothesis": "", "target": ""})

    def stream(self, part: str, text: str) -> None:
        if part == "again":
            self.again()
            return
        self.drafts[-1][part] += text
        self.on_text()


class Desk:
    """A proposer with all that it needs; close it."""

    def __init__(
        self,
        url: str,
        *,
        cap: float = 10.0,
        context: Context | None = None,
        ledger: Any = None,
        **settings: Any,
    ) -> None:
        """`ledger` is a real one, in place of `books`."""
        self.books = SpendLedger(cap)
        self._ledger = ledger or self.books
        self.patience = Patience()
        self.screen = Screen()
        self.notices: list[str] = []
        self._context = context
        self.proposer = self._proposer(url, {"max_tokens": 1000, **settings})

    def _proposer(self, url: str, settings: dict[str, Any]) -> ConversingProposer:
        made = Settings(base_url=url, **settings)
        credentials = Credentials.from_environment({"ANTHROPIC_API_KEY": CANARY}, made)
        return AnthropicProposer(made, credentials, self._ledger, self.patience, **self._more())

    def _more(self) -> dict[str, Any]:
        return {
            "gather_context": lambda _: self._context or Context(),
            "notice": self.notices.append,
        }

    def propose(self, about: Situation | None = None) -> str:
        """The new text."""
        return self.proposer.propose(about or situation(), self.screen.stream).text

    def close(self) -> None:
        self.proposer.close()


class ChatDesk(Desk):
    """The same at a server that knows chat completions."""

    def _proposer(self, url: str, settings: dict[str, Any]) -> ConversingProposer:
        priced = {"model": "m", "prices": {"input": 2.0, "output": 10.0}, **settings}
        made = openai.Settings(base_url=url, **priced)
        credentials = openai.Credentials.from_environment({"OPENAI_API_KEY": CANARY}, made)
        return openai.OpenAIProposer(made, credentials, self._ledger, self.patience, **self._more())
