"""Every way in which the network, the provider or the model can fail a proposal."""

from __future__ import annotations

import email.utils
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support import messages_server as api
from support.messages_server import MessagesServer, Step
from support.researcher import TARGET, Desk, situation

from autoexp_tui.loop.control import Interrupted
from autoexp_tui.model.proposal import Exhausted, Unable, Unusable
from autoexp_tui.proposers.anthropic import Tokens
from autoexp_tui.proposers.waiting import delays

EDIT = ("lr = 0.1", "lr = 0.2")
AFTER = TARGET.replace(*EDIT)
GOOD = api.proposes(EDIT)
EVENTS = list(api.events_of([api.thought(), api.call(api.proposal(EDIT))]))
HALF = len(EVENTS) // 2


def test_a_proposal_is_streamed_as_it_is_written(server: MessagesServer, desk: Desk) -> None:
    server.play(GOOD)
    pieces: list[str] = []
    proposal = desk.proposer.propose(situation(), lambda part, text: pieces.append(part))
    assert proposal.text == AFTER
    assert proposal.hypothesis == "It helps."
    assert proposal.description == "an edit"
    assert pieces.count("hypothesis") > 1
    assert pieces[-1] == "target"


def test_the_streamed_text_is_the_proposed_one(server: MessagesServer, desk: Desk) -> None:
    server.play(GOOD)
    assert desk.propose() == AFTER
    assert desk.screen.drafts == [{"hypothesis": "It helps.", "target": AFTER}]


PASSING: dict[str, tuple[Step, float | None, str]] = {
    "429 with retry-after": (
        api.refusal_of(429, "rate_limit_error", retry_after="7"),
        7.0,
        "rate limit (429)",
    ),
    "429 without": (api.refusal_of(429, "rate_limit_error"), None, "rate limit (429)"),
    "529 with retry-after-ms": (
        api.refusal_of(529, "overloaded_error", retry_after_ms="2500"),
        2.5,
        "overloaded (529)",
    ),
    "529 without": (api.refusal_of(529, "overloaded_error"), None, "overloaded (529)"),
    "429 that says at once": (
        api.refusal_of(429, "rate_limit_error", retry_after="0"),
        None,
        "rate limit (429)",
    ),
    "500": (api.refusal_of(500, "api_error"), None, "api (500)"),
    "502 of a proxy": (api.refusal_of(502, ""), None, "(502)"),
    "overloaded in mid-stream": (
        api.then(
            EVENTS,
            HALF,
            'event: error\ndata: {"type":"error","error":'
            '{"type":"overloaded_error","message":"busy"}}\n\n',
        ),
        None,
        "overloaded in mid-stream: busy",
    ),
    "drop before the message": (api.cut(EVENTS, 0, clean=False), None, "did not answer"),
    "drop in mid-stream": (api.cut(EVENTS, HALF, clean=False), None, "broke in mid-stream"),
    "clean end without a message": (api.cut(EVENTS, 0, clean=True), None, "before it began"),
    "clean end without message_stop": (
        api.cut(EVENTS, len(EVENTS) - 1, clean=True),
        None,
        "before the message did",
    ),
    "clean end in mid-edit": (api.cut(EVENTS, HALF, clean=True), None, "before the message did"),
    "an event that is no JSON": (
        api.then(EVENTS, HALF, 'event: content_block_delta\ndata: {"type": \n\n'),
        None,
        "no event",
    ),
    "an event without its parts": (
        api.then(
            EVENTS, HALF, 'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n'
        ),
        None,
        "not as it should be",
    ),
    "a delta for no block": (
        api.then(
            EVENTS,
            HALF,
            'event: content_block_delta\ndata: {"type":"content_block_delta","index":9,'
            '"delta":{"type":"input_json_delta","partial_json":"x"}}\n\n',
        ),
        None,
        "out of order",
    ),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_is_waited_out(name: str, server: MessagesServer, desk: Desk) -> None:
    step, seconds, words = PASSING[name]
    server.play(step, GOOD)
    assert desk.propose() == AFTER
    ((waited, reason),) = desk.patience.waits
    assert words in reason
    if seconds is None:
        assert 0 < waited <= 1
    else:
        assert waited == seconds
    assert desk.screen.drafts[-1] == {"hypothesis": "It helps.", "target": AFTER}
    assert len(server.seen) == 2


def test_a_date_is_understood_as_retry_after(server: MessagesServer, desk: Desk) -> None:
    when = email.utils.formatdate(time.time() + 3600, usegmt=True)
    server.play(api.refusal_of(503, "api_error", retry_after=when), GOOD)
    desk.propose()
    assert 3500 < desk.patience.waits[0][0] <= 3600


def test_a_refused_connection_is_waited_out(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(api.closed_port())
    tries = 0

    def enough(_: float, __: str) -> None:
        nonlocal tries
        tries += 1
        if tries == 5:
            desk.patience.interrupt.set()

    desk.patience.on_wait = enough
    with pytest.raises(Interrupted):
        desk.propose()
    assert all("can't be reached" in reason for _, reason in desk.patience.waits)
    assert desk.books.spent == 0


def test_the_pauses_grow_to_a_minute_and_never_end() -> None:
    pauses = delays(60.0, lambda: 1.0)
    first = [next(pauses) for _ in range(9)]
    assert first == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert next(delays(60.0, lambda: 0.0)) == 0.75


def test_a_stream_of_nothing_but_pings_is_given_up(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    desk = make_desk(server.url, stall_seconds=0.3)
    server.play(api.stalls(EVENTS, HALF), GOOD)
    assert desk.propose() == AFTER
    assert "stalled" in desk.patience.waits[0][1]


def test_a_slow_start_is_no_fault(server: MessagesServer, desk: Desk) -> None:
    moment = threading.Event()
    looks = 0

    def check() -> None:
        nonlocal looks
        looks += 1
        if looks > 4:
            moment.set()

    desk.patience.check = check  # type: ignore[method-assign]
    server.play(api.after(moment, GOOD))
    assert desk.propose() == AFTER
    assert desk.patience.waits == []


@pytest.mark.parametrize("when", ["before the headers", "in mid-stream"])
def test_an_interrupt_ends_a_silent_request(when: str, server: MessagesServer, desk: Desk) -> None:
    reached = threading.Event()
    server.play(
        api.silent(reached) if when == "before the headers" else api.stalls(EVENTS, HALF, reached)
    )
    watcher = threading.Thread(target=lambda: (reached.wait(), desk.patience.interrupt.set()))
    watcher.start()
    with pytest.raises(Interrupted):
        desk.propose()
    watcher.join()
    assert desk.books.outcomes == ["interrupted"]
    assert not desk.books.settled[0].exact


def test_an_interrupt_while_text_comes_is_passed_on(server: MessagesServer, desk: Desk) -> None:
    server.play(GOOD)

    def interrupt() -> None:
        raise Interrupted

    desk.screen.on_text = interrupt
    with pytest.raises(Interrupted):
        desk.propose()
    assert desk.books.outcomes == ["interrupted"]


def test_an_interrupt_ends_a_wait(server: MessagesServer, desk: Desk) -> None:
    server.play(api.refusal_of(429, "rate_limit_error", retry_after="36000"))
    desk.patience.on_wait = lambda seconds, reason: desk.patience.interrupt.set()
    with pytest.raises(Interrupted):
        desk.propose()
    assert len(server.seen) == 1


def test_an_outage_of_a_night_is_outlasted(server: MessagesServer, desk: Desk) -> None:
    server.play(*[api.refusal_of(529, "overloaded_error") for _ in range(20)], GOOD)
    assert desk.propose() == AFTER
    assert len(desk.patience.waits) == 20
    assert desk.books.spent == desk.books.settled[20].usd


REFUSALS = {
    "wrong key": (
        api.refusal_of(401, "authentication_error", "invalid x-api-key"),
        "ANTHROPIC_API_KEY",
    ),
    "no permission": (api.refusal_of(403, "permission_error"), "refuses the request (403)"),
    "unknown model": (api.refusal_of(404, "not_found_error", "model: x"), "anthropic.model"),
    "bad setting": (api.refusal_of(400, "invalid_request_error", "top_k"), "top_k"),
    "no money left": (api.refusal_of(402, "billing_error"), "spend limit"),
    "monthly limit": (
        api.refusal_of(429, "rate_limit_error", "monthly", "enforced_spend_limit_reached"),
        "spend limit is reached: monthly",
    ),
    "wrong key told in the stream": (
        api.then(
            [],
            0,
            'event: error\ndata: {"type":"error","error":{"type":"authentication_error"}}\n\n',
        ),
        "ANTHROPIC_API_KEY",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_never_passes_ends_the_run_at_once(
    name: str, server: MessagesServer, desk: Desk
) -> None:
    step, words = REFUSALS[name]
    server.play(step)
    with pytest.raises(Unable) as caught:
        desk.propose()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.seen) == 1
    assert desk.patience.waits == []
    assert desk.books.spent == 0


def test_a_wrong_key_is_found_at_the_start(server: MessagesServer, desk: Desk) -> None:
    server.count_refusal = 401, {"type": "authentication_error", "message": "invalid key"}
    with pytest.raises(Unable, match="does not accept the key"):
        desk.proposer.check_credentials()
    assert server.seen == []


def test_a_good_key_is_greeted_for_free(server: MessagesServer, desk: Desk) -> None:
    desk.proposer.check_credentials()
    assert len(server.counted) == 1
    assert desk.books.reserved == []


def test_nobody_there_at_the_start_is_no_error(make_desk: Callable[..., Desk]) -> None:
    make_desk(api.closed_port()).proposer.check_credentials()


SENT_BACK: dict[str, tuple[Step, str]] = {
    "no match": (api.proposes(("lr = 9", "lr = 1")), "does not occur"),
    "ambiguous": (api.proposes(("1", "2")), "occurs more than once"),
    "empty search": (api.proposes(("", "x")), "empty search text"),
    "changes nothing": (api.proposes(("lr = 0.1", "lr = 0.1")), "changes nothing"),
    "no edits": (api.answer(api.call(api.proposal())), "no edit"),
    "empty file": (
        api.answer(api.call({"hypothesis": "h", "description": "d", "content": " "})),
        "would be empty",
    ),
    "both ways": (
        api.answer(api.call({**api.proposal(EDIT), "content": "x"})),
        "both `edits` and `content`",
    ),
    "no hypothesis": (api.proposes(EDIT, hypothesis=" "), "must not be empty"),
    "schema misfit": (
        api.answer(api.call({"hypothesis": 3, "description": "d"})),
        "arguments don't fit",
    ),
    "missing field": (api.answer(api.call({"hypothesis": "h"})), "arguments don't fit"),
    "not JSON": (api.answer(api.call('{"hypothesis": "h')), "arguments don't fit"),
    "not even text": (
        api.answer(api.call('{"hypothesis": "\\ud800", "description": "d", "content": "x"}')),
        "arguments don't fit",
    ),
    "an array": (api.answer(api.call("[1]")), "arguments don't fit"),
    "another tool": (api.answer(api.call({}, "bash")), "no tool 'bash'"),
    "two calls": (
        api.answer(api.call(api.proposal(EDIT)), api.call(api.proposal(EDIT), id="toolu_2")),
        "2 calls instead of one",
    ),
    "only talk": (api.answer(api.words("I would try…"), stop_reason="end_turn"), "calls no tool"),
    "empty content": (api.answer(stop_reason="end_turn"), "it is empty"),
    "cut at max_tokens": (
        api.answer(api.call(json.dumps(api.proposal(EDIT))[:60]), stop_reason="max_tokens"),
        "cut off (max tokens)",
    ),
    "whole edit, but max_tokens": (
        api.answer(api.call(api.proposal(EDIT)), stop_reason="max_tokens"),
        "cut off (max tokens)",
    ),
    "context overrun": (
        api.answer(api.thought(), stop_reason="model_context_window_exceeded"),
        "cut off",
    ),
}


@pytest.mark.parametrize("name", SENT_BACK)
def test_what_can_t_be_tried_is_sent_back_once(
    name: str, server: MessagesServer, desk: Desk
) -> None:
    step, words = SENT_BACK[name]
    server.play(step, GOOD)
    assert desk.propose() == AFTER
    assert desk.patience.waits == []
    first, second = server.seen
    assert second.body["messages"][: len(first.body["messages"])] == first.body["messages"]
    last = second.body["messages"][-1]
    assert last["role"] == "user"
    assert words in json.dumps(last, ensure_ascii=False)


@pytest.mark.parametrize("name", SENT_BACK)
def test_the_second_time_it_is_a_failed_attempt(
    name: str, server: MessagesServer, desk: Desk
) -> None:
    step, words = SENT_BACK[name]
    server.play(step, step)
    with pytest.raises(Unusable) as caught:
        desk.propose()
    assert words in str(caught.value)
    assert len(server.seen) == 2
    assert desk.books.outcomes == ["answered", "answered"]


def test_every_call_that_is_sent_back_is_answered(server: MessagesServer, desk: Desk) -> None:
    server.play(SENT_BACK["two calls"][0], GOOD)
    desk.propose()
    said, heard = server.seen[1].body["messages"][-2:]
    asked = [block["id"] for block in said["content"] if block["type"] == "tool_use"]
    assert asked == [block["tool_use_id"] for block in heard["content"]] == ["toolu_1", "toolu_2"]
    assert all(block["is_error"] for block in heard["content"])


def test_thought_goes_back_as_it_came(server: MessagesServer, desk: Desk) -> None:
    server.play(api.proposes(("lr = 9", "x")), GOOD)
    desk.propose()
    assert server.seen[1].body["messages"][-2]["content"][0] == {
        "type": "thinking",
        "thinking": "Let me see.",
        "signature": "signed",
    }


def test_a_refusal_is_not_argued_with(server: MessagesServer, desk: Desk) -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "too risky"}
    server.play(api.answer(api.words("I can't"), stop_reason="refusal", stop_details=details))
    with pytest.raises(Unusable, match="the model refuses: too risky"):
        desk.propose()
    assert len(server.seen) == 1


def test_an_unknown_way_to_stop_is_not_believed(server: MessagesServer, desk: Desk) -> None:
    server.play(api.answer(api.call(api.proposal(EDIT)), stop_reason="pause_turn"))
    with pytest.raises(Unusable, match="pause_turn"):
        desk.propose()


def test_a_failed_proposal_is_told_in_the_next_prompt(server: MessagesServer, desk: Desk) -> None:
    refused = SENT_BACK["no match"][0]
    server.play(refused, refused, GOOD)
    with pytest.raises(Unusable) as caught:
        desk.propose()
    assert desk.propose(situation(answers=(str(caught.value),))) == AFTER
    assert len(server.seen[2].body["messages"]) == 1
    assert "does not occur" in server.seen[2].body["messages"][0]["content"][1]["text"]


def test_the_loop_s_answer_goes_on_in_the_same_conversation(
    server: MessagesServer, desk: Desk
) -> None:
    server.play(GOOD, api.proposes(("steps = 100", "steps = 200")))
    desk.propose()
    text = desk.propose(situation(answers=("it repeats experiment 4 byte for byte",)))
    assert text == TARGET.replace("steps = 100", "steps = 200")
    assert "repeats experiment 4" in json.dumps(server.seen[1].body["messages"][-1])
    assert len(desk.screen.drafts) == 2


def test_a_conversation_does_not_grow_for_ever(server: MessagesServer, desk: Desk) -> None:
    answers: list[str] = []
    lengths = []
    for _ in range(12):
        server.play(GOOD)
        desk.propose(situation(answers=tuple(answers)))
        answers.append("it repeats experiment 4 byte for byte")
        lengths.append(len(server.seen[-1].body["messages"]))
    assert max(lengths) < 14


def test_usage_is_settled_as_reported(server: MessagesServer, desk: Desk) -> None:
    usage = {
        "input_tokens": 1000,
        "cache_creation_input_tokens": 2000,
        "cache_creation": {"ephemeral_5m_input_tokens": 2000, "ephemeral_1h_input_tokens": 0},
        "cache_read_input_tokens": 10000,
    }
    server.play(
        api.answer(api.call(api.proposal(EDIT)), usage=usage, output_tokens=100)  # type: ignore[arg-type]
    )
    desk.propose()
    settled = desk.books.settled[0]
    assert settled.exact
    assert settled.tokens == Tokens(1000, 2000, 0, 10000, 100)
    assert settled.usd == pytest.approx((1000 * 2 + 2000 * 2.5 + 10000 * 0.1 + 100 * 10) / 1e6)


def test_a_stream_that_was_cut_costs_what_came_of_it(server: MessagesServer, desk: Desk) -> None:
    server.play(api.cut(EVENTS, HALF, clean=False), GOOD)
    desk.propose()
    cut = desk.books.settled[0]
    assert not cut.exact
    came = sum(len(_written(event)) for event in EVENTS[:HALF])
    assert cut.tokens == Tokens(input=100, output=-(-came // 3))
    assert cut.usd == pytest.approx((100 * 2 + cut.tokens.output * 10) / 1e6)
    assert cut.possible_usd == pytest.approx(500 * 10 / 1e6)
    assert cut.usd + cut.possible_usd <= desk.books.reserved[0].usd


def _written(event: api.Event) -> str:
    delta = event.get("delta", {})
    return str(delta.get("thinking") or delta.get("partial_json") or "")


def test_a_stalled_stream_may_have_gone_on_unseen(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    desk = make_desk(server.url, stall_seconds=0.3)
    server.play(api.stalls(EVENTS, HALF), GOOD)
    desk.propose()
    stalled = desk.books.settled[0]
    assert stalled.usd + stalled.possible_usd == pytest.approx((100 * 2 + 1000 * 10) / 1e6)


def test_a_request_that_no_byte_answered_is_possibly_billed(
    server: MessagesServer, desk: Desk
) -> None:
    server.count = lambda body: 2000
    server.play(api.cut(EVENTS, 0, clean=False), GOOD)
    desk.propose()
    dropped = desk.books.settled[0]
    assert (dropped.usd, dropped.exact, dropped.tokens) == (0, False, Tokens())
    assert dropped.possible_usd == pytest.approx(2000 * 2.5 / 1e6)


def test_a_server_that_drops_requests_is_asked_for_free_until_it_answers(
    server: MessagesServer, desk: Desk
) -> None:
    down = api.cut(EVENTS, 0, clean=False)
    server.play(down, GOOD)
    counts = server.count
    greetings = 0

    def back(seconds: float, reason: str) -> None:
        nonlocal greetings
        greetings += 1
        server.hang_up_counts = greetings < 6
        server.count = counts

    desk.patience.on_wait = back
    assert desk.propose() == AFTER
    assert len(server.seen) == 2
    assert greetings == 6


def test_a_request_that_was_refused_costs_nothing(server: MessagesServer, desk: Desk) -> None:
    server.play(api.refusal_of(529, "overloaded_error"), GOOD)
    desk.propose()
    assert desk.books.settled[0].usd == 0
    assert desk.books.settled[0].exact


def test_no_request_is_made_that_could_break_the_cap(
    server: MessagesServer, make_desk: Callable[..., Desk]
) -> None:
    desk = make_desk(server.url, cap=0.03)
    long = list(api.events_of([api.call(json.dumps({"hypothesis": "x" * 1500}))]))
    server.play(*[api.cut(long, len(long) - 2, clean=False)] * 9)
    with pytest.raises(Exhausted, match="max_cost_usd"):
        desk.propose()
    assert 0 < len(server.seen) < 9
    assert desk.books.spent <= 0.03


@pytest.mark.parametrize("broken", ["no path", "error"])
def test_without_the_provider_s_count_the_bytes_are_the_bound(
    broken: str, server: MessagesServer, desk: Desk
) -> None:
    if broken == "error":
        server.count_refusal = 529, {"type": "overloaded_error", "message": "busy"}
    server.count = None
    server.play(GOOD)
    assert desk.propose() == AFTER
    assert desk.books.reserved[0].input_tokens > len(json.dumps(server.seen[0].body))


def test_a_reservation_covers_what_was_counted(server: MessagesServer, desk: Desk) -> None:
    server.count = lambda body: 2000
    server.play(GOOD)
    desk.propose()
    reserved = desk.books.reserved[0]
    assert (reserved.n, reserved.model) == (2, "claude-sonnet-5-5")
    assert reserved.input_tokens == 2101
    assert reserved.usd == pytest.approx((2101 * 2.5 + 1000 * 10) / 1e6, abs=1e-6)


UNKNOWN: dict[str, tuple[str, Callable[[dict[str, Any]], bool]]] = {
    "effort": ("output_config: Extra inputs are not permitted", lambda b: "output_config" in b),
    "thinking": ("thinking is not supported by this model", lambda b: "thinking" in b),
    "cache": (
        "system.0.cache_control: Extra inputs are not permitted",
        lambda b: "cache_control" in json.dumps(b),
    ),
    "tool_choice": ("tool_choice.disable_parallel_tool_use: extra", lambda b: "tool_choice" in b),
    "eager": (
        "tools.0.eager_input_streaming: Extra inputs are not permitted",
        lambda b: "eager_input_streaming" in json.dumps(b),
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_a_server_does_not_know_is_left_out_from_then_on(
    name: str, server: MessagesServer, desk: Desk
) -> None:
    said, has_it = UNKNOWN[name]
    server.play(api.refusal_of(400, "invalid_request_error", said), GOOD, GOOD)
    assert desk.propose() == AFTER
    assert desk.propose(situation(3)) == AFTER
    assert [has_it(seen.body) for seen in server.seen] == [True, False, False]
    assert len(desk.notices) == 1
    assert said in desk.notices[0]
    assert desk.patience.waits == []
    assert desk.books.spent == desk.books.settled[1].usd + desk.books.settled[2].usd


def test_a_server_that_refuses_it_still_is_given_up(server: MessagesServer, desk: Desk) -> None:
    no = api.refusal_of(400, "invalid_request_error", "thinking: no")
    server.play(no, no)
    with pytest.raises(Unable, match="thinking: no"):
        desk.propose()
    assert len(server.seen) == 2


def test_it_is_left_out_of_what_is_counted_too(server: MessagesServer, desk: Desk) -> None:
    server.count_refusal = 400, {"type": "invalid_request_error", "message": "effort: unknown"}
    with pytest.raises(Unable):
        desk.propose()
    assert ["output_config" in seen.body for seen in server.counted] == [True, False]


def page(text: str, kind: str) -> Step:
    return lambda exchange: exchange.reply(200, text.encode(), kind, {})


STRANGE = {
    "a login page": page("<html><title>Sign in</title></html>", "text/html; charset=utf-8"),
    "an error in JSON": page('{"error": {"message": "no such route"}}', "application/json"),
    "no JSON": page("{", "application/json"),
    "an empty stream": api.cut([], 0, clean=True),
    "another protocol": lambda exchange: (
        exchange.write('data: {"choices": []}\n\n'),
        exchange.finish(),
    )[0],
}


@pytest.mark.parametrize("name", STRANGE)
def test_answers_of_another_kind_end_the_run_after_three(
    name: str, server: MessagesServer, desk: Desk
) -> None:
    server.play(*[STRANGE[name]] * 3)
    with pytest.raises(Unable, match=r"anthropic\.base_url"):
        desk.propose()
    assert len(desk.patience.waits) == 2
    assert desk.books.spent == 0


def test_who_has_answered_before_is_given_more_time(server: MessagesServer, desk: Desk) -> None:
    server.play(GOOD, *[STRANGE["a login page"]] * 10, GOOD)
    desk.propose()
    assert desk.propose(situation(3)) == AFTER
    assert len(desk.patience.waits) == 10


def test_a_message_that_is_not_streamed_is_a_message(server: MessagesServer, desk: Desk) -> None:
    whole = {
        "type": "message",
        "content": [api.call(api.proposal(EDIT))],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 100, "output_tokens": 50},
    }
    server.play(page(json.dumps(whole), "application/json"))
    assert desk.propose() == AFTER
    assert desk.books.settled[0].tokens == Tokens(input=100, output=50)
    assert desk.books.settled[0].exact
