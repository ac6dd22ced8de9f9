"""Text targets: lines are dropped, moved, repeated, inserted and swapped, and the rest stays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.ideas import read_ideas
from autoexp_tui.model.proposal import Exhausted, Proposal, Situation, Trial, Unable
from autoexp_tui.proposers.tuner.lines import choice
from autoexp_tui.proposers.tuner.lines.choice import Lessons
from autoexp_tui.proposers.tuner.lines.line_edits import LineEdit, apply, edits
from autoexp_tui.proposers.tuner.lines.passages import bare, key, same, take_apart
from autoexp_tui.proposers.tuner.tuner import Tuner

CONTRACT = Contract("prompt.txt", "true", (Metric("score", "higher"),))
PROMPT = """\
You sort messages.
Think step by step.

fees: money
rooms: space
Answer with one word.
"""
IDEAS = ("fees: paying a fine", "Read everything first.", "rooms: a place to sit")
DOCUMENT = """\
---
title: a guide
---
# Guide

You answer the questions of the guests of a small hotel, kindly and
never at length.

## Facts
- Breakfast: 7 to 10
- Dogs are welcome
  when they are small

## Rules
1. Never invent.
2. Ask back.

```
example
```
"""

Score = Callable[[str], float | None]


def quiet(part: str, text: str) -> None:
    """Nobody is watching."""


def situation(
    text: str = PROMPT,
    history: Sequence[Trial] = (),
    ideas: Sequence[str] = (),
    answers: Sequence[str] = (),
    hints: Sequence[str] = (),
    target: str = "prompt.txt",
    baseline: str | None = None,
    seed: int = 1,
) -> Situation:
    history = history or [Trial(1, 0, "keep", {"score": 1.0}, "baseline", "", {})]
    return Situation(
        n=len(history) + 1,
        contract=Contract(target, "true", CONTRACT.metrics),
        text=text,
        incumbent=1,
        baseline=text if baseline is None else baseline,
        history=history,
        answers=answers,
        hints=hints,
        ideas=ideas,
        seed=seed,
    )


def climb(
    score: Score, evaluations: int, *, start: str = PROMPT, ideas: Sequence[str] = IDEAS
) -> tuple[str, list[Proposal], list[Trial]]:
    """The loop's own steps without git, each with a tuner that remembers nothing."""
    first = score(start)
    assert first is not None
    text, incumbent, best = start, 1, first
    history = [Trial(1, 0, "keep", {"score": best}, "baseline", "", {})]
    proposals = []
    for n in range(2, evaluations + 1):
        now = Situation(n, CONTRACT, text, incumbent, start, history, ideas=ideas, seed=3)
        proposal = Tuner().propose(now, quiet)
        proposals.append(proposal)
        value = score(proposal.text)
        status: Status = "crash" if value is None else "keep" if value > best else "discard"
        metrics = {} if value is None else {"score": value}
        memo = json.loads(json.dumps(proposal.memo))
        history = [*history, Trial(n, incumbent, status, metrics, proposal.description, "", memo)]
        if status == "keep" and value is not None:
            text, incumbent, best = proposal.text, n, value
    return text, proposals, history


def wants_ideas(text: str) -> float | None:
    """Two ideas help, one line does harm, and the last line must stay the last."""
    if not text.rstrip().endswith("Answer with one word."):
        return None
    found = sum(idea in text for idea in (IDEAS[0], IDEAS[2]))
    return found + ("Think" not in text)


def of_kind(kind: str, text: str, ideas: Sequence[str] = (), baseline: str = "") -> list[LineEdit]:
    found = edits(take_apart(text), baseline, ideas)
    return [edit for edit in found if edit.kind == kind]


def results(kind: str, text: str, ideas: Sequence[str] = (), baseline: str = "") -> list[str]:
    document = take_apart(text)
    return [apply(document, edit) for edit in of_kind(kind, text, ideas, baseline)]


def test_it_finds_what_helps_and_never_repeats_itself() -> None:
    text, proposals, _ = climb(wants_ideas, 40)

    assert wants_ideas(text) == 3
    assert len({proposal.text for proposal in proposals} | {PROMPT}) == 40


def test_the_same_situation_gives_the_same_proposal_and_an_answer_another() -> None:
    tuner = Tuner()
    first = tuner.propose(situation(ideas=IDEAS), quiet)

    assert Tuner().propose(situation(ideas=IDEAS), quiet) == first
    again = situation(ideas=IDEAS, answers=["it repeats experiment 3 byte for byte"])
    assert tuner.propose(again, quiet).text != first.text


def test_a_viewer_sees_the_hypothesis_and_then_the_text() -> None:
    seen: list[tuple[str, str]] = []
    proposal = Tuner().propose(situation(), lambda part, text: seen.append((part, text)))

    assert seen[0] == ("hypothesis", proposal.hypothesis)
    assert "".join(text for part, text in seen if part == "target") == proposal.text


def test_a_dropped_line_is_named_by_its_number_and_its_words() -> None:
    found = (Tuner().propose(situation(seed=s), quiet).hypothesis for s in range(80))
    assert "drop line 2 `Think step by step.`: no drop was tried before." in set(found)


def test_a_text_with_a_marked_value_is_left_to_the_slots() -> None:
    text = "Use 3 examples. <!-- tune: 1 .. 9 -->\nBe kind.\n"
    proposal = Tuner().propose(situation(text, target="system.md", ideas=IDEAS), quiet)
    assert set(proposal.memo["changed"]) == {"Use"}


def test_only_texts_are_taken_apart_into_lines() -> None:
    with pytest.raises(Unable, match=r"nothing in query\.sql can be moved"):
        Tuner().propose(situation("SELECT 1\nFROM a\n", target="query.sql", ideas=IDEAS), quiet)


def test_a_small_text_is_searched_to_its_end() -> None:
    text = "Be kind.\nBe short.\n"
    history = [Trial(1, 0, "keep", {"score": 1.0}, "baseline", "", {})]
    texts: list[str] = []

    def try_everything() -> None:
        while True:
            proposal = Tuner().propose(situation(text, history), quiet)
            texts.append(proposal.text)
            n = len(history) + 1
            history.append(Trial(n, 1, "discard", {"score": 0.5}, "", "", proposal.memo))

    with pytest.raises(Exhausted, match=r"prompt\.txt has been tried: put more .* ideas\.txt"):
        try_everything()
    assert len(texts) == len(set(texts))
    assert {"Be kind.\n", "Be short.\n", "Be short.\nBe kind.\n"} <= set(texts)
    assert text not in texts


@pytest.mark.parametrize("text", ["", "\n\n", "# Only a heading\n"])
def test_a_text_without_lines_is_told_how_to_get_some(text: str) -> None:
    with pytest.raises(Unable, match=r"no line in prompt\.txt .* into ideas\.txt beside it"):
        Tuner().propose(situation(text), quiet)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", "Be kind."), ("\n\n", "Be kind.\n"), ("# Manner\n", "# Manner\nBe kind.\n")],
)
def test_a_text_without_lines_can_begin_with_an_idea(text: str, expected: str) -> None:
    assert Tuner().propose(situation(text, ideas=["Be kind."]), quiet).text == expected


def test_what_a_hint_names_is_tried_more_often() -> None:
    def share(hints: list[str]) -> int:
        found = (
            Tuner().propose(situation(ideas=IDEAS, hints=hints, seed=s), quiet) for s in range(80)
        )
        return sum("rooms" in proposal.description for proposal in found)

    assert share(["say more about rooms"]) > share([])


def test_an_idea_that_failed_is_tried_less_often() -> None:
    def share(status: Status) -> int:
        memo = {"edits": [{"kind": "insert", "subject": IDEAS[1], "idea": IDEAS[1]}], "digest": "x"}
        history = [
            Trial(1, 0, "keep", {"score": 1.0}, "baseline", "", {}),
            *(Trial(n, 1, status, {"score": 0.5}, "", "skipped", memo) for n in (2, 3, 4)),
        ]
        found = (
            Tuner().propose(situation(history=history, ideas=IDEAS, seed=s), quiet)
            for s in range(80)
        )
        return sum(any(e["idea"] == IDEAS[1] for e in p.memo["edits"]) for p in found)

    assert share("discard") < share("crash")  # a crash with this reason was skipped by a person


def test_a_memo_of_another_proposer_does_no_harm() -> None:
    for memo in ({"edits": 3}, {"edits": [7, {"kind": "fly"}]}, {"arm": "steps", "values": {}}):
        history = [
            Trial(1, 0, "keep", {"score": 1.0}, "baseline", "", {}),
            Trial(2, 1, "discard", {"score": 0.5}, "", "", memo),
        ]
        assert Tuner().propose(situation(history=history), quiet).text != PROMPT


def test_a_hypothesis_tells_only_what_happened() -> None:
    _, proposals, history = climb(wants_ideas, 40)
    for number, proposal in enumerate(proposals, 2):
        known = history[1 : number - 1]
        kinds = Counter(edit["kind"] for trial in known for edit in trial.memo["edits"])
        for edit in proposal.memo["edits"]:
            if f"no {edit['kind']} was tried before" in proposal.hypothesis:
                assert kinds[edit["kind"]] == 0
        for trial in known:
            if f"in #{trial.n}, helped" in proposal.hypothesis:
                assert trial.status == "keep"


def test_passages_are_lines_items_paragraphs_and_blocks() -> None:
    assert [passage.text.split("\n")[0] for passage in take_apart(DOCUMENT).passages] == [
        "You answer the questions of the guests of a small hotel, kindly and",
        "- Breakfast: 7 to 10",
        "- Dogs are welcome",
        "1. Never invent.",
        "2. Ask back.",
        "```",
    ]
    assert [section.title for section in take_apart(DOCUMENT).sections] == ["Facts", "Rules"]


def test_short_lines_that_begin_small_are_lines_of_their_own() -> None:
    text = "fees: what it costs, and how it can be paid by those who owe us\nrooms: space\n"
    assert len(take_apart(text).passages) == 2


def test_a_dropped_section_takes_its_heading_and_leaves_one_blank_line() -> None:
    without = next(text for text in results("drop", DOCUMENT) if "## Facts" not in text)
    assert "never at length.\n\n## Rules\n" in without
    assert "Breakfast" not in without


def test_a_section_moves_up_as_a_whole() -> None:
    moved = next(
        text
        for text in results("move", DOCUMENT)
        if text.index("## Rules") < text.index("## Facts")
    )
    assert sorted(moved.split()) == sorted(DOCUMENT.split())
    assert moved.endswith("  when they are small\n")


def test_a_list_item_stays_in_its_section_when_it_moves() -> None:
    for edit in of_kind("move", DOCUMENT):
        if edit.subject.startswith("- Dogs"):
            text = apply(take_apart(DOCUMENT), edit)
            facts = text[text.index("## Facts") : text.index("## Rules")]
            assert "- Dogs are welcome\n  when they are small\n" in facts


def test_a_repeated_line_is_emphasised_unless_that_breaks_its_form() -> None:
    assert [text.split("\n")[-2] for text in results("repeat", PROMPT)] == [
        "Important: You sort messages.",
        "Important: Think step by step.",
        "fees: money",
        "rooms: space",
        "Important: Answer with one word.",
    ]


def test_an_idea_takes_the_place_of_the_line_about_the_same_thing() -> None:
    (swapped,) = results("swap", PROMPT, ["fees: paying a fine"])
    assert swapped == PROMPT.replace("fees: money", "fees: paying a fine")
    (inserted,) = results("insert", PROMPT, ["fees: paying a fine"])
    assert "fees: money\nfees: paying a fine\nrooms" in inserted


def test_an_idea_becomes_an_item_of_the_list_it_joins() -> None:
    assert "- Breakfast: from 6\n- Dogs" in results("swap", DOCUMENT, ["Breakfast: from 6"])[0]
    assert any(
        "small\n- Parking: free\n" in text
        for text in results("insert", DOCUMENT, ["Parking: free"])
    )


def test_an_idea_that_the_text_has_already_is_not_offered() -> None:
    assert not results("insert", PROMPT, ["  think STEP by  step. "])


def test_what_the_baseline_said_can_come_back() -> None:
    text = PROMPT.replace("rooms: space\n", "")
    (back,) = of_kind("insert", text, baseline=PROMPT)
    assert (back.idea, back.source) == ("rooms: space", "baseline")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_stay_as_they_are(mark: str, end: str) -> None:
    text = mark + PROMPT.replace("\n", end)
    for edit in edits(take_apart(text), text, IDEAS):
        changed = apply(take_apart(text), edit)
        assert changed.startswith(mark)
        assert changed.count("\n") == changed.count(end)
        assert changed.endswith(end)


lines = st.text(st.sampled_from("ab: #-*`|1.>\t\ud800é"), max_size=12)
texts = st.lists(lines, max_size=12).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(texts)
def test_any_text_taken_apart_and_put_together_is_the_same(text: str) -> None:
    document = take_apart(text)
    assert document.joined(document.lines) == text
    ends = [0]
    for passage in document.passages:
        assert ends[-1] <= passage.start < passage.end <= len(document.lines)
        ends.append(passage.end)


@settings(max_examples=100, deadline=None)
@given(texts, st.lists(lines.filter(str.strip), max_size=3))
def test_a_change_adds_and_takes_away_only_what_it_says(text: str, ideas: list[str]) -> None:
    document = take_apart(text)
    before = Counter(line for line in document.lines if line.strip())
    for edit in edits(document, text, ideas):
        after = Counter(line for line in take_apart(apply(document, edit)).lines if line.strip())
        cut = Counter(document.lines[slice(*edit.cut)])
        put = Counter(line for line in edit.put if line.strip())
        assert after == before - cut + put
        if edit.kind == "move":
            assert after == before


def test_ideas_are_lines_without_comments_and_repetitions() -> None:
    text = "\ufeff# for people\n\n  Be kind.\r\nfees: money\nBe kind.\n#x\n"
    assert read_ideas(text) == ("Be kind.", "fees: money")


@pytest.mark.parametrize(
    ("line", "about", "said"),
    [
        ("- **Fees:** money", "fees", "**fees:** money"),
        ("2. Opening hours: late", "opening hours", "opening hours: late"),
        ("See https://example.org", "", "see https://example.org"),
        ("  Be   kind ", "", "be kind"),
    ],
)
def test_a_line_is_known_by_its_key_and_its_words(line: str, about: str, said: str) -> None:
    assert key(line) == about
    assert same(line) == said
    assert bare(bare(line)) == bare(line)


def test_a_long_text_and_many_ideas_leave_a_list_of_changes_that_can_be_weighed() -> None:
    text = "".join(f"- rule {n}\n" for n in range(1000))
    ideas = [f"idea {n}" for n in range(100)]
    found = edits(take_apart(text), text, ideas)
    assert len(found) < 15_000
    assert {edit.idea for edit in found} == {"", *ideas}


def test_two_changes_at_once_are_of_two_different_lines() -> None:
    ideas = ["Parking: free", "Breakfast: from 6", "Breakfast: from 8"]
    found = (
        Tuner().propose(situation(DOCUMENT, ideas=ideas, target="system.md", seed=s), quiet)
        for s in range(150)
    )
    pairs = [p.memo["edits"] for p in found if len(p.memo["edits"]) == 2]
    assert pairs
    for first, second in pairs:
        assert same(first["subject"]) != same(second["subject"])
        assert same(first["idea"]) != same(second["subject"])


# What was tried, folded.


def changed_lines(n: int, status: Status, kind: str, subject: str, idea: str = "") -> Trial:
    memo = {"edits": [{"kind": kind, "subject": subject, "idea": idea}], "digest": f"{n}"}
    metrics = {} if status == "crash" else {"score": float(n % 5)}
    return Trial(n, 1, status, metrics, "", "", memo)


def long_past(trials: int) -> list[Trial]:
    history = [Trial(1, 0, "keep", {"score": 0.0}, "", "", {})]
    for n in range(2, trials + 1):
        status: Status = "keep" if n % 9 == 0 else "crash" if n % 7 == 0 else "discard"
        kind = ("drop", "move", "repeat", "insert", "swap")[n % 5]
        line = PROMPT.splitlines()[n % 3]
        history.append(changed_lines(n, status, kind, line, IDEAS[n % 3] if n % 5 > 2 else ""))
    return history


@pytest.mark.parametrize("cut", [1, 20, 59])
def test_a_tuner_that_was_there_all_along_says_what_a_new_one_says(cut: int) -> None:
    history, lasting = long_past(60), Tuner()

    def asked(tuner: Tuner, until: int) -> list[Proposal]:
        now = history[:until]
        return [
            tuner.propose(
                Situation(until + 1, CONTRACT, PROMPT, 1, PROMPT, now, seed=seed, ideas=IDEAS),
                quiet,
            )
            for seed in range(12)
        ]

    asked(lasting, cut)
    assert asked(lasting, 60) == asked(Tuner(), 60)


def test_a_line_is_chosen_by_what_came_of_it() -> None:
    start = Trial(1, 0, "keep", {"score": 0.0}, "", "", {})
    made = [
        changed_lines(2, "discard", "drop", "fees: money"),
        changed_lines(6, "keep", "insert", "rooms: space", "Read everything first."),
        changed_lines(8, "discard", "insert", "You sort messages.", "fees: paying a fine"),
    ]
    past = Lessons(CONTRACT)
    past.learn([start, *made])

    def weight(kind: str, subject: str, idea: str = "") -> float:
        edit = LineEdit(kind, subject, idea, "", "", False, (0, 0), 0, ())
        return past.weight(edit)

    assert weight("drop", "rooms: space") == 1.0
    assert weight("drop", "fees: money") < 1.0  # dropped without success
    assert weight("drop", "Read everything first.") < 1.0  # it was put in with success
    assert (
        weight("insert", "rooms: space", "fees: paying a fine") < 1.0
    )  # the idea failed elsewhere


def test_a_long_past_is_not_read_again_for_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    named = choice.same
    monkeypatch.setattr(choice, "same", lambda text: asked.append(text) or named(text))
    counts = []
    for trials in (60, 600):
        tuner, history = Tuner(), long_past(trials)
        for seed in range(3):
            asked.clear()
            now = Situation(trials + 1, CONTRACT, PROMPT, 1, PROMPT, history, seed=seed)
            tuner.propose(now, quiet)
        counts.append(len(asked))
    assert counts[1] < 2 * counts[0] + 50
