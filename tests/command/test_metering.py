"""What an agent costs is reserved, followed and settled; the cap binds."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest
from support.fakes import contract, started
from support.researcher import TARGET, Patience, situation

from autoexp_tui.evaluation.harness import run_harness
from autoexp_tui.loop.control import Interrupted
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import events
from autoexp_tui.model.contract import Agent, Budget
from autoexp_tui.model.proposal import Exhausted, Proposal
from autoexp_tui.proposers.command import Called, CommandProposer, Meter, Supervised
from autoexp_tui.proposers.command.metering import priced

EDIT = "sed -i 's/lr = 0.1/lr = 0.2/' train.py\n"
GENERIC = """\
title: Mine
run: mine
usd: 0.5
budget: --most {}
lines:
  - {when: {kind: step}, key: id, usd: usd, model: model, tokens: {input: in, output: out}}
  - {when: {kind: sum}, whole: true, usd: usd}
"""


class Books:
    """A run's real books, and an agent that is a script."""

    def __init__(self, folder: Path, cap: float) -> None:
        self.folder = folder
        self.journal = Journal(folder / "run" / "journal.jsonl")
        self.recorder = Recorder(self.journal)
        made = contract()
        self.recorder.record(started(made))
        self.recorder.record(events.BudgetChanged(Budget(max_cost_usd=cap)))
        self.notices: list[str] = []
        (folder / "workspace").mkdir()
        (folder / "agents").mkdir()
        (folder / "agents" / "mine.yaml").write_text(GENERIC)

    def ask(self, *lines: dict[str, object], then: str = EDIT, **agent: object) -> Proposal:
        """A proposal of an agent that prints these lines, edits, and does what comes `then`."""
        script = self.folder / "mine"
        told = "".join(f"echo {shlex.quote(json.dumps(line))}\n" for line in lines)
        script.write_text(f'#!/bin/sh\necho "$@" > {self.folder}/arguments\n{told}{then}')
        script.chmod(0o755)
        home = self.folder / "home" / ".config" / "autoexp"
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "agents").exists():
            (home / "agents").symlink_to(self.folder / "agents")
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home")}
        called = Called.of(Agent(f"{script} {{budget}}", **agent), environ)  # type: ignore[arg-type]
        prices = agent.get("prices")
        meter = Meter(
            called,
            prices,  # type: ignore[arg-type]
            SpendLedger(self.recorder),
            self.recorder.state,
            self.notices.append,
        )
        proposer = CommandProposer(
            called,
            root=self.folder / "workspace",
            folder="",
            home=self.folder / "scratch",
            run=Supervised(run_harness, environ, 60.0, lambda: None),
            waiter=Patience(),
            meter=meter,
        )
        return proposer.propose(situation(), lambda part, text: None)

    @property
    def settled(self) -> list[events.CostSettled]:
        return [event for _, event in self.recorder.state.settled]

    @property
    def arguments(self) -> str:
        return (self.folder / "arguments").read_text().strip()


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path, 2.0)


def step(identity: str, usd: float | None = None, **tokens: int) -> dict[str, object]:
    return {"kind": "step", "id": identity, "usd": usd, **tokens}


def test_what_the_agent_says_is_settled_exactly(books: Books) -> None:
    proposal = books.ask(step("a", 0.1), step("b", 0.2), {"kind": "sum", "usd": 0.25})
    assert proposal.text != TARGET
    (settled,) = books.settled
    assert (settled.usd, settled.exact, settled.outcome) == (0.25, True, "answered")
    assert books.recorder.state.spent_usd == 0.25
    assert books.recorder.state.reserved == {}


def test_the_agent_is_told_what_is_left(books: Books) -> None:
    books.ask({"kind": "sum", "usd": 0.75})
    assert books.arguments == "--most 2.00"
    books.ask({"kind": "sum", "usd": 0.1})
    assert books.arguments == "--most 1.25"


def test_tokens_are_priced_where_the_model_is_known(books: Books) -> None:
    line = {**step("a", **{"in": 1000, "out": 50}), "model": "gpt-5.1"}
    books.ask(line)
    (settled,) = books.settled
    assert settled.usd == pytest.approx(priced("gpt-5.1", {"input": 1000, "output": 50}))
    assert settled.usd > 0
    assert settled.tokens == {"input": 1000, "output": 50}
    assert settled.exact


def test_prices_that_are_given_come_first(books: Books) -> None:
    line = {**step("a", **{"in": 1000, "out": 50}), "model": "nobody-knows"}
    books.ask(line, prices={"input": 100.0, "output": 1000.0})
    assert books.settled[0].usd == pytest.approx(0.15)


def test_an_unknown_price_is_told_once(books: Books) -> None:
    line = {**step("a", **{"in": 1000, "out": 50}), "model": "nobody-knows"}
    books.ask(line)
    assert [settled.exact for settled in books.settled] == [False]
    assert len(books.notices) == 1
    assert "what nobody-knows costs is not known" in books.notices[0]
    assert "command: {prices:" in books.notices[0]


def test_no_run_of_the_agent_is_begun_that_could_break_the_cap(books: Books) -> None:
    books.ask({"kind": "sum", "usd": 0.9})
    with pytest.raises(Exhausted, match=r"\$0.90 of \$2.00 spent, .* could cost \$1.12"):
        books.ask({"kind": "sum", "usd": 0.9})
    assert len(books.settled) == 1


def test_an_agent_that_reaches_the_cap_is_ended_at_once(books: Books, tmp_path: Path) -> None:
    gone_on = tmp_path / "gone-on"
    then = f"trap 'exit 0' TERM; sleep 600; touch {gone_on}\n"
    with pytest.raises(Exhausted, match=r"spent \$2.50 of the \$2.00 that were left"):
        books.ask(step("a", 1.0), step("b", 1.5), then=then)
    assert not gone_on.exists()
    (settled,) = books.settled
    assert (settled.usd, settled.exact, settled.outcome) == (2.5, False, "ended at the cap")


def test_what_was_cut_before_it_said_anything_is_possibly_billed(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, **__: object) -> None:
        raise Interrupted

    monkeypatch.setattr(Supervised, "__call__", run)
    with pytest.raises(Interrupted):
        books.ask()
    (settled,) = books.settled
    assert (settled.usd, settled.possible_usd, settled.exact) == (0.0, 0.5, False)


def test_a_failure_that_cost_nothing_books_nothing(books: Books) -> None:
    failures = books.folder / "failures"
    then = f"test -e {failures} || {{ touch {failures}; echo 'usage limit reached'; exit 1; }}\n"
    books.ask(then=then + EDIT)
    first, second = books.settled
    assert (first.usd, first.outcome) == (0.0, "exit 1: usage limit reached")
    assert second.usd == 0.0


def test_list_prices_know_providers() -> None:
    tokens = {"input": 1000, "output": 50}
    assert priced("openai/gpt-4o", tokens) == priced("gpt-4o", tokens)
    assert priced("openrouter/nobody/nothing", tokens) is None
