from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

import pytest
import yaml

from autoexp_tui.loop.control import Interrupted
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.proposal import Exhausted, Proposal, Proposer, Situation, Trial, Unable
from autoexp_tui.proposers.tuner.tuner import Tuner

TARGET = """\
rate: 0.002
hidden: 32
epochs: 20   # tune: 5 .. 80 log
mode: slow   # slow | fast | odd
seed: 7
"""
CONTRACT = Contract("config.yaml", "true", (Metric("loss", "lower"),))

Objective = Callable[[str], float | None]


def bowl(text: str) -> float | None:
    x = yaml.safe_load(text)
    if x["mode"] == "odd":
        return None
    extra = 0.0 if x["mode"] == "fast" else 1.0
    rate, hidden, epochs = x["rate"] / 0.01, x["hidden"] / 100, x["epochs"] / 40
    return sum(math.log(ratio) ** 2 for ratio in (rate, hidden, epochs)) + extra


def quiet(part: str, text: str) -> None:
    """Nobody is watching."""


def situation(
    text: str = TARGET,
    history: Sequence[Trial] = (),
    answers: Sequence[str] = (),
    hints: Sequence[str] = (),
    contract: Contract = CONTRACT,
    seed: int = 1,
) -> Situation:
    history = history or [Trial(1, 0, "keep", {"loss": 9.0}, "baseline", "", {})]
    return Situation(
        n=len(history) + 1,
        contract=contract,
        text=text,
        incumbent=1,
        baseline=text,
        history=history,
        answers=answers,
        hints=hints,
        seed=seed,
    )


def climb(
    make: Callable[[int], Proposer], objective: Objective, evaluations: int, seed: int = 1
) -> tuple[list[Proposal], list[Trial]]:
    """The loop's own steps without git; `make` is given each experiment's number."""
    text, incumbent, best = TARGET, 1, objective(TARGET)
    assert best is not None
    history = [Trial(1, 0, "keep", {"loss": best}, "baseline", "", {})]
    proposals = []
    for n in range(2, evaluations + 1):
        now = Situation(n, CONTRACT, text, incumbent, TARGET, history, seed=seed)
        proposal = make(n).propose(now, quiet)
        proposals.append(proposal)
        memo = json.loads(json.dumps(proposal.memo))
        loss = objective(proposal.text)
        status: Status = "crash" if loss is None else "keep" if loss < best else "discard"
        metrics = {} if loss is None else {"loss": loss}
        history = [*history, Trial(n, incumbent, status, metrics, proposal.description, "", memo)]
        if status == "keep" and loss is not None:
            text, incumbent, best = proposal.text, n, loss
    return proposals, history


def test_it_climbs_and_never_repeats_itself() -> None:
    tuner = Tuner()
    proposals, history = climb(lambda _: tuner, bowl, 40)
    best = min(trial.metrics["loss"] for trial in history if trial.metrics)

    assert best < 0.15 * history[0].metrics["loss"]
    assert len({proposal.text for proposal in proposals} | {TARGET}) == 40


def test_only_the_values_of_slots_are_changed() -> None:
    proposals, _ = climb(lambda _: Tuner(), bowl, 12)
    for proposal in proposals:
        lines = zip(TARGET.splitlines(), proposal.text.splitlines(), strict=True)
        for before, after in lines:
            assert before.split(":")[0] == after.split(":")[0]
            assert before.partition("#")[2] == after.partition("#")[2]
        assert yaml.safe_load(proposal.text)["seed"] == 7


def test_a_resumed_run_goes_on_as_if_it_had_never_been_cut() -> None:
    lasting = Tuner()
    uninterrupted, _ = climb(lambda _: lasting, bowl, 30)
    resumed, _ = climb(lambda _: Tuner(), bowl, 30)

    assert resumed == uninterrupted


def test_another_seed_goes_another_way() -> None:
    one, _ = climb(lambda _: Tuner(), bowl, 8, seed=1)
    two, _ = climb(lambda _: Tuner(), bowl, 8, seed=2)
    assert [p.text for p in one] != [p.text for p in two]


def test_the_same_situation_gives_the_same_proposal_and_an_answer_another() -> None:
    tuner = Tuner()
    first = tuner.propose(situation(), quiet)
    assert Tuner().propose(situation(), quiet) == first
    assert tuner.propose(situation(answers=["it repeats experiment 3"]), quiet).text != first.text
    assert tuner.propose(situation(), quiet) == first


def test_the_memo_and_the_description_say_what_was_changed() -> None:
    proposal = Tuner().propose(situation(), quiet)
    changed = proposal.memo["changed"]
    before, after = yaml.safe_load(TARGET), yaml.safe_load(proposal.text)

    assert set(changed) == {name for name in before if before[name] != after[name]}
    for name, (old, new) in changed.items():
        assert f"{name} {old} → {new}" in proposal.description
        assert yaml.safe_load(new) == after[name]
    assert "\n" not in proposal.description


def test_a_viewer_sees_the_hypothesis_and_then_the_text_grow() -> None:
    seen: list[tuple[str, str]] = []
    proposal = Tuner().propose(situation(), lambda part, text: seen.append((part, text)))

    assert [part for part, _ in seen] == ["hypothesis"] + ["target"] * 5
    assert "".join(text for part, text in seen if part == "target") == proposal.text
    assert seen[0][1] == proposal.hypothesis


def test_an_interruption_while_streaming_is_let_through() -> None:
    def skip(part: str, text: str) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        Tuner().propose(situation(), skip)


def test_a_small_space_is_searched_to_its_end() -> None:
    text = "a = 1  # tune: 1 .. 3\nb = x  # x | y\n"
    contract = Contract("a.txt", "true", (Metric("loss", "lower"),))
    tuner = Tuner()
    history = [Trial(1, 0, "keep", {"loss": 9.0}, "baseline", "", {})]
    texts = {text}
    for n in range(2, 7):
        proposal = tuner.propose(situation(text, history, contract=contract), quiet)
        texts.add(proposal.text)
        history.append(Trial(n, 1, "discard", {"loss": 10.0}, "", "", proposal.memo))

    assert len(texts) == 6
    with pytest.raises(Exhausted, match="all 6 combinations"):
        tuner.propose(situation(text, history, contract=contract), quiet)


@pytest.mark.parametrize(
    ("target", "text"),
    [("flags.conf", "-O2\n"), ("train.py", "import numpy\n"), ("c.yaml", "seed: 3\n")],
)
def test_a_target_without_slots_is_told_how_to_get_some(target: str, text: str) -> None:
    contract = Contract(target, "true", (Metric("loss", "lower"),))
    with pytest.raises(
        Unable, match=r"nothing in .* `# tune: 0\.1 \.\. 10 log` or `# a \| b \| c`"
    ):
        Tuner().propose(situation(text, contract=contract), quiet)


def test_a_target_with_a_syntax_error_names_the_line() -> None:
    contract = Contract("train.py", "true", (Metric("loss", "lower"),))
    with pytest.raises(Unable, match=r"train\.py is not valid: line 2"):
        Tuner().propose(situation("a = 1\nb = (\n", contract=contract), quiet)


def test_slots_that_the_past_did_not_have_are_no_obstacle() -> None:
    memo = {"arm": "steps", "values": {"gone": "3"}, "changed": {"gone": ["1", "3"]}}
    history = [
        Trial(1, 0, "keep", {"loss": 9.0}, "baseline", "", {}),
        *(Trial(n, 1, "discard", {"loss": 10.0}, "", "", memo) for n in range(2, 14)),
    ]
    assert Tuner().propose(situation(history=history), quiet).text != TARGET


def test_what_a_hint_names_is_moved_more_often() -> None:
    def share(hints: list[str]) -> int:
        found = (Tuner().propose(situation(hints=hints, seed=s), quiet) for s in range(60))
        steps = [p for p in found if p.memo["arm"] == "steps"]
        return sum("hidden" in p.memo["changed"] for p in steps)

    assert share(["a larger hidden layer, please"]) > share([])


def test_a_hypothesis_tells_only_what_happened() -> None:
    proposals, history = climb(lambda _: Tuner(), bowl, 40)
    for number, proposal in enumerate(proposals, 2):
        known = history[: number - 1]
        changed = proposal.memo["changed"]
        if "not moved before" in proposal.hypothesis and len(changed) == 1:
            (name,) = changed
            assert not any(name in trial.memo.get("changed", {}) for trial in known)
        if "both helped" in proposal.hypothesis and len(changed) == 1:
            (name,) = changed
            last = [trial for trial in known if name in trial.memo.get("changed", {})][-2:]
            assert [trial.status for trial in last] == ["keep", "keep"]
