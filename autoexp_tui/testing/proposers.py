"""What the loop relies on in a `model.proposal.Proposer`."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import msgspec

from autoexp_tui.loop.control import Interrupted
from autoexp_tui.model.proposal import (
    Crash,
    Exhausted,
    Part,
    Proposal,
    Proposer,
    Repairer,
    Situation,
    Trial,
    Unable,
)
from autoexp_tui.testing.promise import promise

_SAME = "it changes nothing"


def check_proposer(make: Callable[[], Proposer], situation: Situation) -> Proposal:
    """Try the proposers that `make` makes on a situation in which there is something to propose.

    Returns the first proposal. Raises AssertionError where a promise is broken.
    """
    before = msgspec.json.encode(situation)
    streamed: list[tuple[str, str]] = []

    def stream(part: Part, text: str) -> None:
        streamed.append((part, text))

    proposer = make()
    promise(bool(proposer.name) and proposer.name.isprintable(), "`name` is a word")
    proposal = proposer.propose(situation, stream)
    _check_proposal(proposal, situation)
    promise(bool(streamed), "a person sees it work: something is streamed")
    promise({part for part, _ in streamed} <= set(get_args(Part)), "streamed parts are known ones")
    promise(msgspec.json.encode(situation) == before, "the situation is left as it was")
    if isinstance(proposer, Repairer):
        repair = proposer.repair(Crash(situation.n, "exit 1", "oops"), proposal.text, stream)
        promise(repair is None or isinstance(repair, Proposal), "`repair` gives a proposal or None")

    # Another process, after a resume: all that is known is in the history.
    later = _after(situation, proposal)
    try:
        _check_proposal(make().propose(later, stream), later)
    except Exhausted as end:
        promise(bool(str(end)), "Exhausted says why")
    answered = msgspec.structs.replace(situation, answers=(_SAME,))
    try:
        _check_proposal(make().propose(answered, stream), answered)
    except Exhausted as end:
        promise(bool(str(end)), "Exhausted says why")
    _check_interruption(make(), situation)
    return proposal


def _check_proposal(proposal: Proposal, situation: Situation) -> None:
    promise(proposal.text != situation.text, "a proposal changes the target")
    promise(bool(proposal.hypothesis.strip()), "a proposal has a hypothesis")
    promise(
        bool(proposal.description.strip()) and "\n" not in proposal.description,
        "`description` is one line",
    )
    again = msgspec.json.decode(msgspec.json.encode(proposal.memo))
    promise(again == proposal.memo, "`memo` is the same after it was written as JSON")


def _check_interruption(proposer: Proposer, situation: Situation) -> None:
    def skip(_part: Part, _text: str) -> None:
        raise Interrupted

    try:
        proposer.propose(situation, skip)
    except Interrupted:
        return
    except (Exhausted, Unable) as error:
        raise AssertionError(f"Interrupted was turned into {type(error).__name__}") from error
    raise AssertionError("what `stream` raises ends the proposal: Interrupted was swallowed")


def _after(situation: Situation, proposal: Proposal) -> Situation:
    """The next situation, with the proposal discarded."""
    baseline = {metric.name: 1.0 for metric in situation.contract.metrics}
    tried = Trial(
        n=situation.n,
        parent=situation.incumbent,
        status="discard",
        metrics={name: value + 1 for name, value in baseline.items()},
        description=proposal.description,
        reason="no better",
        memo=msgspec.json.decode(msgspec.json.encode(proposal.memo)),
    )
    return msgspec.structs.replace(
        situation, n=situation.n + 1, history=[*situation.history, tried], answers=()
    )
