from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from support import messages_server as api
from support.messages_server import MessagesServer
from support.researcher import TARGET, Desk, situation

from autoexp_tui.model.proposal import Crash, Proposer, Unusable
from autoexp_tui.proposers.anthropic import Context, UnknownPrice
from autoexp_tui.testing import check_proposer

EDIT = ("lr = 0.1", "lr = 0.2")
AFTER = TARGET.replace(*EDIT)


def test_it_is_a_proposer(desk: Desk) -> None:
    proposer: Proposer = desk.proposer
    assert proposer.name == "anthropic"


def test_it_keeps_the_promises_of_a_proposer(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    edits = [("lr = 0.1", f"lr = 0.{digit}") for digit in range(2, 9)]
    server.play(*(api.proposes(edit) for edit in edits))
    check_proposer(lambda: make_desk(server.url).proposer, situation())


def test_the_settings_are_sent(server: MessagesServer, desk: Desk) -> None:
    server.play(api.proposes(EDIT))
    desk.propose()
    body = server.seen[0].body
    assert body["model"] == "claude-sonnet-5-5"
    assert body["max_tokens"] == 1000
    assert body["output_config"] == {"effort": "medium"}
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["stream"] is True
    assert [tool["name"] for tool in body["tools"]] == [api.TOOL]


def test_what_a_model_does_not_know_is_left_out(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    desk = make_desk(server.url, effort="default", thinking="default")
    server.play(api.proposes(EDIT))
    desk.propose()
    assert not {"thinking", "output_config", "temperature"} & server.seen[0].body.keys()


def test_the_notebook_is_one_request_more_and_is_booked(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    desk = make_desk(server.url)
    about = situation(11, notebook="Patterns: none yet", notebook_n=3)
    server.play(api.answer(api.words("Patterns: a smaller lr"), stop_reason="end_turn"))
    assert desk.proposer.write_notebook(about) == "Patterns: a smaller lr"
    body = server.seen[0].body
    shown = desk.proposer.prompt(about)
    assert (body["system"], body["tools"]) == (shown.system, shown.tools)
    assert body["messages"][0]["content"][0] == shown.messages[0]["content"][0]
    asked = body["messages"][0]["content"][-1]["text"]
    assert "Patterns: none yet" in asked
    assert "call no tool" in asked
    assert desk.books.outcomes == ["answered"]
    assert desk.books.spent > 0


def test_a_notebook_that_is_empty_is_none(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    server.play(api.proposes(EDIT))
    with pytest.raises(Unusable):
        make_desk(server.url).proposer.write_notebook(situation(11))


def test_the_prompt_that_is_shown_is_the_prompt_that_is_sent(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    desk = make_desk(server.url, context=Context(harness="def evaluate(): ..."))
    about = situation(hints=("try a cosine schedule",))
    shown = desk.proposer.prompt(about)
    server.play(api.proposes(EDIT))
    desk.propose(about)
    sent = server.seen[0].body
    assert {name: sent[name] for name in shown.body()} == shown.body()
    assert server.counted[0].body["messages"] == sent["messages"]


def test_a_whole_file_may_be_proposed(server: MessagesServer, desk: Desk) -> None:
    arguments = {"hypothesis": "h", "description": "d", "content": "lr = 5"}
    server.play(api.answer(api.call(arguments)))
    assert desk.propose() == "lr = 5\n"
    assert desk.screen.drafts[-1]["target"] == "lr = 5\n"


def test_arguments_that_come_whole_are_taken(server: MessagesServer, desk: Desk) -> None:
    events = list(api.events_of([api.call("")]))
    for event in events:
        if event["type"] == "content_block_start":
            event["content_block"]["input"] = api.proposal(EDIT)
    server.play(api.cut(events, len(events), clean=True))
    assert desk.propose() == AFTER


def test_a_description_is_one_line(server: MessagesServer, desk: Desk) -> None:
    server.play(api.proposes(EDIT, description="one\ntwo\tthree"))
    proposal = desk.proposer.propose(situation(), desk.screen.stream)
    assert proposal.description == "one two three"


def test_a_draft_that_is_sent_back_begins_a_new_one(server: MessagesServer, desk: Desk) -> None:
    server.play(api.proposes(("steps", "s"), ("lr = 9", "x")), api.proposes(EDIT))
    desk.propose()
    first, second = desk.screen.drafts
    assert first["target"] == "lr = 0.1\ns"
    assert second["target"] == AFTER


def test_a_crash_is_repaired_in_the_same_conversation(server: MessagesServer, desk: Desk) -> None:
    server.play(api.proposes(("lr = 0.1", "lr = lr0")), api.proposes(("lr0", "0.3")))
    broken = desk.propose()
    crash = Crash(2, "exit 1: NameError", "NameError: name 'lr0' is not defined")
    repaired = desk.proposer.repair(crash, broken, desk.screen.stream)
    assert repaired is not None
    assert repaired.text == TARGET.replace("0.1", "0.3")
    assert desk.screen.drafts[-1]["target"] == repaired.text
    told = server.seen[1].body["messages"][-1]["content"][0]
    assert told["type"] == "tool_result"
    assert "NameError: name 'lr0'" in told["content"]


def test_a_repair_that_is_given_up_is_none(server: MessagesServer, desk: Desk) -> None:
    given_up = api.answer(api.words("The idea itself fails."), stop_reason="end_turn")
    server.play(api.proposes(EDIT), given_up)
    text = desk.propose()
    assert desk.proposer.repair(Crash(2, "exit 1", ""), text, desk.screen.stream) is None
    assert len(server.seen) == 2


def test_what_another_runner_proposed_is_not_repaired(desk: Desk) -> None:
    assert desk.proposer.repair(Crash(2, "exit 1", ""), TARGET, desk.screen.stream) is None


def test_a_new_experiment_is_a_new_conversation(server: MessagesServer, desk: Desk) -> None:
    server.play(api.proposes(EDIT), api.proposes(EDIT))
    desk.propose()
    desk.propose(situation(3))
    assert len(server.seen[1].body["messages"]) == 1


def test_an_unknown_price_is_found_before_anything_is_asked(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    with pytest.raises(UnknownPrice):
        make_desk(server.url, model="my-own")
    desk = make_desk(server.url, model="my-own", prices={"input": 0.0, "output": 0.0})
    server.play(api.proposes(EDIT))
    assert desk.propose() == AFTER
    assert desk.books.spent == 0


def test_a_night_of_experiments_adds_up(server: MessagesServer, desk: Desk) -> None:
    def play(body: dict[str, object]) -> api.Step:
        value = 1 + len(server.seen)
        return api.answer(
            api.call(api.proposal(("lr = 0.1", f"lr = {value}"))),
            usage={"cache_read_input_tokens": 3000},
            output_tokens=len(json.dumps(body)) % 400,
        )

    server.player = play
    for n in range(2, 14):
        desk.propose(situation(n))
    assert len(desk.books.settled) == 12
    assert all(settled.exact for settled in desk.books.settled.values())
    tokens = [settled.tokens for settled in desk.books.settled.values()]
    expected = sum(100 * 2 + 3000 * 0.1 + each.output * 10 for each in tokens) / 1e6
    assert desk.books.spent == pytest.approx(expected)


def test_it_can_be_closed_before_it_was_used(make_desk: Callable[..., Desk]) -> None:
    make_desk("http://127.0.0.1:1").close()
