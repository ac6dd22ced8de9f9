"""Every way in which a chat-completions server can fail a proposal, or be unlike the others."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support import chat_server as api
from support.chat_server import ChatServer
from support.messages_server import Step, closed_port, silent
from support.researcher import TARGET, ChatDesk, situation

from autoexp_tui.loop.control import Interrupted
from autoexp_tui.model.proposal import Crash, Exhausted, Unable, Unusable
from autoexp_tui.proposers.anthropic import Tokens

EDIT = ("lr = 0.1", "lr = 0.2")
AFTER = TARGET.replace(*EDIT)
GOOD = api.proposes(EDIT)
CHUNKS = list(api.called(api.proposal(EDIT)))
HALF = len(CHUNKS) // 2
WRITTEN = f"Here it is:\n```json\n{json.dumps(api.proposal(EDIT))}\n```\n"


def test_a_proposal_grows_as_it_is_written(server: ChatServer, desk: ChatDesk) -> None:
    server.play(GOOD)
    pieces: list[str] = []
    proposal = desk.proposer.propose(situation(), lambda part, text: pieces.append(part))
    assert (proposal.text, proposal.hypothesis) == (AFTER, "It helps.")
    assert pieces.count("hypothesis") > 1
    assert pieces[-1] == "target"
    assert proposal.memo == {"model": "m"}


def test_the_request_is_as_chat_completions_want_it(server: ChatServer, desk: ChatDesk) -> None:
    server.play(GOOD)
    desk.propose()
    (seen,) = server.seen
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"].startswith("Bearer sk-ant-canary")
    system, user = seen.body["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert TARGET in user["content"]
    (tool,) = seen.body["tools"]
    assert tool["function"]["name"] == "propose_experiment"
    assert tool["function"]["parameters"]["required"] == ["hypothesis", "description"]
    assert seen.body["stream_options"] == {"include_usage": True}
    assert seen.body["max_tokens"] == 1000
    assert not {"reasoning_effort", "temperature", "usage"} & seen.body.keys()


PASSING: dict[str, tuple[Step, float | None, str]] = {
    "429 with retry-after": (api.refuses(429, "slow down", retry_after="7"), 7.0, "slow down"),
    "429 with a reset of tokens": (
        api.refuses(
            429,
            "slow down",
            x_ratelimit_remaining_requests="12",
            x_ratelimit_reset_requests="9s",
            x_ratelimit_remaining_tokens="0",
            x_ratelimit_reset_tokens="6m0s",
        ),
        360.0,
        "(429)",
    ),
    "429 with milliseconds": (
        api.refuses(429, "slow", x_ratelimit_reset_requests="2500ms"),
        2.5,
        "(429)",
    ),
    "500": (api.refuses(500, "oops"), None, "(500)"),
    "503 while it loads a model": (api.refuses(503, "Loading model"), None, "Loading model"),
    "drop before a byte": (api.cut(CHUNKS, 0), None, "did not answer"),
    "drop in mid-stream": (api.cut(CHUNKS, HALF), None, "broke in mid-stream"),
    "no finish reason": (api.streams(*CHUNKS[:-1]), None, "before the message did"),
    "nothing at all": (api.streams(), None, "before it began"),
    "a proxy's page, once": (api.page("<html>Sign in</html>"), None, "a web page"),
    "an error in the stream": (
        lambda exchange: (
            exchange.write(f"data: {json.dumps(CHUNKS[0])}\n\n"),
            exchange.write('data: {"error": {"message": "busy", "code": 502}}\n\n'),
            exchange.finish(),
        )[0],
        None,
        "busy",
    ),
    "what is no JSON": (
        lambda exchange: (exchange.write("data: {\n\n"), exchange.finish())[0],
        None,
        "no event",
    ),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_is_waited_out(name: str, server: ChatServer, desk: ChatDesk) -> None:
    step, seconds, words = PASSING[name]
    server.play(step, GOOD)
    assert desk.propose() == AFTER
    ((waited, reason),) = desk.patience.waits
    assert words in reason
    assert waited == seconds if seconds else 0 < waited <= 1
    assert desk.screen.drafts[-1] == {"hypothesis": "It helps.", "target": AFTER}


def test_openrouter_s_reset_is_a_moment(server: ChatServer, desk: ChatDesk) -> None:
    when = str(int((time.time() + 3600) * 1000))
    server.play(api.refuses(429, "free tier", x_ratelimit_reset=when), GOOD)
    desk.propose()
    assert 3500 < desk.patience.waits[0][0] <= 3600


REFUSALS = {
    "wrong key": (api.refuses(401, "Incorrect API key"), "check OPENAI_API_KEY"),
    "no money": (api.refuses(429, "quota", code="insufficient_quota"), "spend limit"),
    "no credit": (api.refuses(402, "Insufficient credits"), "spend limit"),
    "unknown model": (api.refuses(404, "model 'm' not found"), "openai.model"),
    "too long": (
        api.refuses(400, "This model's maximum context length is 8192", code=None),
        "lower openai.max_tokens",
    ),
    "too much": (
        api.refuses(400, "max_tokens is too large: 1000; at most 512"),
        "max_tokens is too large",
    ),
    "no idea": (api.refuses(400, "top_k is wrong"), "top_k"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_never_passes_ends_the_run_at_once(
    name: str, server: ChatServer, desk: ChatDesk
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


UNKNOWN: dict[str, tuple[Step, Callable[[dict[str, Any]], bool]]] = {
    "stream_options": (
        api.refuses(400, "Unrecognized request argument: stream_options"),
        lambda body: "stream_options" not in body,
    ),
    "parallel_tool_calls": (
        api.refuses(422, "Extra inputs are not permitted: parallel_tool_calls"),
        lambda body: "parallel_tool_calls" not in body,
    ),
    "reasoning_effort": (
        api.refuses(400, "unsupported parameter: reasoning_effort"),
        lambda body: "reasoning_effort" not in body,
    ),
    "max_tokens": (
        api.refuses(400, "Unsupported parameter: 'max_tokens'; use 'max_completion_tokens'"),
        lambda body: body.get("max_completion_tokens") == 1000 and "max_tokens" not in body,
    ),
    "tool_choice": (
        api.refuses(400, "tool_choice is not supported"),
        lambda body: "tool_choice" not in body and "tools" in body,
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_a_server_does_not_know_is_left_out_from_then_on(
    name: str, server: ChatServer, make_desk: Callable[..., ChatDesk]
) -> None:
    desk = make_desk(server.base_url, effort="low")
    refusal, adapted = UNKNOWN[name]
    server.play(refusal, GOOD, GOOD)
    assert desk.propose() == AFTER
    assert desk.propose(situation(3)) == AFTER
    assert [adapted(seen.body) for seen in server.seen] == [False, True, True]
    assert len(desk.notices) == 1
    assert desk.patience.waits == []
    assert desk.books.outcomes[1:] == ["answered", "answered"]


NO_TOOLS = {
    "Ollama": api.refuses(400, "registry.ollama.ai/library/x does not support tools"),
    "llama.cpp": api.refuses(500, "tools param requires --jinja flag"),
}


@pytest.mark.parametrize("name", NO_TOOLS)
def test_without_tools_a_proposal_is_written_as_text(
    name: str, server: ChatServer, desk: ChatDesk
) -> None:
    server.play(NO_TOOLS[name], api.streams(*api.said(WRITTEN), api.usage()))
    assert desk.propose() == AFTER
    body = server.seen[1].body
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & body.keys()
    assert '"hypothesis"' in body["messages"][0]["content"]  # the schema
    assert desk.screen.drafts[-1] == {"hypothesis": "It helps.", "target": AFTER}
    assert "asked for as text" in desk.notices[0]


def test_a_text_that_won_t_do_is_sent_back_as_text(server: ChatServer, desk: ChatDesk) -> None:
    wrong = f"```json\n{json.dumps(api.proposal(('lr = 9', 'x')))}\n```"
    server.play(NO_TOOLS["Ollama"], api.streams(*api.said(wrong)), api.streams(*api.said(WRITTEN)))
    assert desk.propose() == AFTER
    messages = server.seen[2].body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert "lr = 9" in messages[2]["content"]
    assert "does not occur" in messages[3]["content"]


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN,
        json.dumps(api.proposal(EDIT)),
        f"<think>Perhaps {{this}}?</think>\n{WRITTEN}",
        f"I propose {json.dumps(api.proposal(EDIT))}, since it helps.",
    ],
)
def test_a_proposal_in_text_counts_though_tools_were_offered(
    text: str, server: ChatServer, desk: ChatDesk
) -> None:
    server.play(api.streams(*api.said(text)))
    assert desk.propose() == AFTER


def test_a_server_that_drops_tools_without_a_word_is_found_out(
    server: ChatServer, desk: ChatDesk
) -> None:
    talk = api.streams(*api.said("I would raise the rate."))
    server.play(talk, talk, api.streams(*api.said(WRITTEN)))
    with pytest.raises(Unusable):
        desk.propose()
    assert desk.propose(situation(3)) == AFTER
    assert "tools" not in server.seen[2].body
    assert "asked for as text" in desk.notices[0]


def test_who_can_call_may_decline(server: ChatServer, desk: ChatDesk) -> None:
    no = api.streams(*api.said("The idea does not work."))
    server.play(GOOD, no, GOOD, no, GOOD)
    for n in (2, 3):
        desk.propose(situation(n))
        crash = Crash(n, "exit code 1", "NameError")
        assert desk.proposer.repair(crash, AFTER, desk.screen.stream) is None  # type: ignore[attr-defined]
    desk.propose(situation(4))
    assert "tools" in server.seen[-1].body


@pytest.mark.parametrize(
    "kind", ["whole call in a chunk", "arguments as an object", "finish is stop", "not streamed"]
)
def test_other_ways_to_call_are_understood(kind: str, server: ChatServer, desk: ChatDesk) -> None:
    arguments = api.proposal(EDIT)
    text = json.dumps(arguments)
    function = {"name": "propose_experiment", "arguments": text}
    whole = {"role": "assistant", "content": None, "tool_calls": [{"function": function}]}
    steps = {
        "whole call in a chunk": api.streams(*api.called(arguments, size=10_000)),
        "arguments as an object": api.streams(
            api.chunk({"tool_calls": [{"function": {**function, "arguments": arguments}}]}),
            api.chunk({}, "stop"),
        ),
        "finish is stop": api.streams(*api.called(arguments, finish="stop")),
        "not streamed": api.page(
            json.dumps({"choices": [{"message": whole, "finish_reason": "tool_calls"}]}),
            "application/json",
        ),
    }
    server.play(steps[kind])
    assert desk.propose() == AFTER


SENT_BACK: dict[str, tuple[Step, str]] = {
    "no match": (api.proposes(("lr = 9", "lr = 1")), "does not occur"),
    "not JSON": (api.streams(*api.called('{"hypothesis": "h')), "arguments don't fit"),
    "another tool": (api.streams(*api.called({}, name="bash")), "no tool 'bash'"),
    "cut at max_tokens": (
        api.streams(*api.called(api.proposal(EDIT), finish="length")),
        "cut off (max tokens)",
    ),
}


@pytest.mark.parametrize("name", SENT_BACK)
def test_what_can_t_be_tried_is_sent_back_once(
    name: str, server: ChatServer, desk: ChatDesk
) -> None:
    step, words = SENT_BACK[name]
    server.play(step, GOOD)
    assert desk.propose() == AFTER
    last = server.seen[1].body["messages"][-1]
    assert words in last["content"]
    if name != "cut at max_tokens":
        call = server.seen[1].body["messages"][-2]["tool_calls"][0]
        assert (last["role"], last["tool_call_id"]) == ("tool", call["id"])


@pytest.mark.parametrize("how", ["a field", "the finish"])
def test_a_refusal_is_not_argued_with(how: str, server: ChatServer, desk: ChatDesk) -> None:
    server.play(
        api.streams(api.chunk({"refusal": "too risky"}), api.chunk({}, "stop"))
        if how == "a field"
        else api.streams(*api.said("", finish="content_filter"))
    )
    with pytest.raises(Unusable, match="the model refuses"):
        desk.propose()
    assert len(server.seen) == 1


def test_usage_is_settled_as_reported(server: ChatServer, desk: ChatDesk) -> None:
    last = api.usage(1000, 100, prompt_tokens_details={"cached_tokens": 900})
    server.play(api.streams(*CHUNKS, last))
    desk.propose()
    settled = desk.books.settled[0]
    assert settled.exact
    assert settled.tokens == Tokens(input=100, cache_read=900, output=100)
    assert settled.usd == pytest.approx((1000 * 2 + 100 * 10) / 1e6)


def test_a_cost_that_the_server_tells_is_the_cost(server: ChatServer, desk: ChatDesk) -> None:
    server.play(api.streams(*CHUNKS, api.usage(1000, 100, cost=0.000123)))
    desk.propose()
    assert desk.books.settled[0].usd == 0.000123


def test_without_a_word_of_usage_it_is_estimated(server: ChatServer, desk: ChatDesk) -> None:
    server.play(api.streams(*CHUNKS))
    desk.propose()
    settled = desk.books.settled[0]
    assert not settled.exact
    assert "estimated" in settled.outcome
    assert settled.tokens.output == -(-len(json.dumps(api.proposal(EDIT))) // 3)
    assert settled.tokens.input > len(TARGET) // 3
    assert 0 < settled.usd < desk.books.reserved[0].usd


def test_a_server_of_one_s_own_is_free(
    server: ChatServer, make_desk: Callable[..., ChatDesk]
) -> None:
    desk = make_desk(server.base_url, prices={"input": 0, "output": 0})
    server.play(api.cut(CHUNKS, HALF), GOOD)
    assert desk.propose() == AFTER
    assert desk.books.spent == 0


def test_a_page_that_comes_again_and_again_ends_the_run(server: ChatServer, desk: ChatDesk) -> None:
    server.play(*[api.page("<html><title>Sign in</title></html>")] * 3)
    with pytest.raises(Unable, match=r"a web page.*openai\.base_url"):
        desk.propose()
    assert len(desk.patience.waits) == 2
    assert desk.books.spent == 0


def test_a_wrong_key_is_found_at_the_start(server: ChatServer, desk: ChatDesk) -> None:
    server.count_refusal = 401, {"message": "Incorrect API key", "type": "invalid_request_error"}
    with pytest.raises(Unable, match="does not accept the key"):
        desk.proposer.check_credentials()
    assert server.seen == []


def test_nobody_there_at_the_start_is_no_error(make_desk: Callable[..., ChatDesk]) -> None:
    make_desk(f"{closed_port()}/v1").proposer.check_credentials()


def test_an_interrupt_ends_a_silent_request(server: ChatServer, desk: ChatDesk) -> None:
    reached = threading.Event()
    server.play(silent(reached))
    watcher = threading.Thread(target=lambda: (reached.wait(), desk.patience.interrupt.set()))
    watcher.start()
    with pytest.raises(Interrupted):
        desk.propose()
    watcher.join()
    assert desk.books.outcomes == ["interrupted"]


def test_no_request_is_made_that_could_break_the_cap(
    server: ChatServer, make_desk: Callable[..., ChatDesk]
) -> None:
    desk = make_desk(server.base_url, cap=0.001)
    with pytest.raises(Exhausted, match="max_cost_usd"):
        desk.propose()
    assert server.seen == []
