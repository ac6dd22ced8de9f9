# ruff: noqa: E501 - word by word
"""What real agent programs say when they can't work, and what is made of it."""

from __future__ import annotations

import datetime as dt

import pytest

from autoexp_tui.proposers.command.failures import Kind, could_not_work, judge, named_wait

NOW = dt.datetime(2026, 3, 8, 22, 30, tzinfo=dt.UTC)  # a Sunday
EPOCH = int(NOW.timestamp())
HOUR = 3600.0

SAID: list[tuple[str, Kind, float | None]] = [
    (f"Claude AI usage limit reached|{EPOCH + 90}", "passes", 90.0),
    ("Claude usage limit reached. Your limit will reset at 3am", "passes", 16200.0),
    ("You've hit your session limit · resets 3am (Europe/Berlin)", "passes", 12600.0),
    ("You've hit your weekly limit · resets Mar 12 at 5pm (America/New_York)", "passes", 21600.0),
    ("5-hour limit reached ∙ resets 11pm", "passes", 1800.0),
    ("Opus weekly limit reached ∙ resets Mar 9, 1:30am", "passes", 10800.0),
    ("You're out of extra usage · resets 3am (UTC)", "passes", 16200.0),
    (
        'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
        "passes",
        None,
    ),
    (
        'API Error: 429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization\'s rate limit"}}',
        "passes",
        None,
    ),
    ("Credit balance is too low", "lasts", None),
    ("Invalid API key · Please run /login", "lasts", None),
    ("Not logged in · Please run /login", "lasts", None),
    (
        'API Error: 401 {"type":"error","error":{"type":"authentication_error","message":"OAuth token has expired. Please obtain a new token"}} · Please run /login',
        "lasts",
        None,
    ),
    ("API Error: Connection error.", "passes", None),
    ("API Error: Request timed out.", "passes", None),
    (
        "There's an issue with the selected model (foo). It may not exist or you may not have access to it. Run --model to pick a different model.",
        "lasts",
        None,
    ),
    (
        "You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing) or try again in 3 days 4 hours 5 minutes.",
        "passes",
        21600.0,
    ),
    (
        "You've hit your usage limit. To get more access now, send a request to your admin or try again at Mar 9th, 2026 1:07 AM.",
        "passes",
        9420.0,
    ),
    ("You've hit your usage limit. Try again at 11:07 PM.", "passes", 2220.0),
    (
        "stream disconnected before completion: Rate limit reached for gpt-5 in organization org-x on tokens per min (TPM): Limit 30000, Used 22999, Requested 12528. Please try again in 11.054s. Visit https://x",
        "passes",
        11.054,
    ),
    ("exceeded retry limit, last status: 429 Too Many Requests, request id: 5f", "passes", None),
    ("Quota exceeded. Check your plan and billing details.", "lasts", None),
    (
        "unexpected status 401 Unauthorized: Missing bearer or basic authentication in header",
        "lasts",
        None,
    ),
    ("The 'gpt-9' model is not supported when using Codex with a ChatGPT account.", "lasts", None),
    (
        "unexpected status 404 Not Found: The model `gpt-9` does not exist or you do not have access to it.",
        "lasts",
        None,
    ),
    (
        '{"error":{"type":"usage_limit_reached","message":"The usage limit has been reached","plan_type":"plus","resets_in_seconds":1804}}',
        "passes",
        1804.0,
    ),
    (f'"resetsAt":{EPOCH + 600}', "passes", 600.0),
    (
        "[API Error: You have exhausted your capacity on this model. Your quota will reset after 7h12m40s.]",
        "passes",
        21600.0,
    ),
    (
        '[API Error: {"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}]',
        "passes",
        None,
    ),
    (
        "You exceeded your current quota, please check your plan and billing details. Quota exceeded for metric: x, limit: 250\nPlease retry in 34.074824224s.",
        "passes",
        34.074824224,
    ),
    ('You exceeded your current quota "retryDelay": "34s"', "passes", 34.0),
    (
        "When using Gemini API, you must specify the GEMINI_API_KEY environment variable.",
        "lasts",
        None,
    ),
    (
        "Please set an Auth method in your ~/.gemini/settings.json or specify one of the following environment variables before running: GEMINI_API_KEY",
        "lasts",
        None,
    ),
    (
        "models/gemini-9 is not found for API version v1beta, or is not supported for generateContent",
        "lasts",
        None,
    ),
    ("API key not valid. Please pass a valid API key.", "lasts", None),
    ("API key expired. Please renew the API key.", "lasts", None),
    ("Error: Rate limit exceeded. Please try again later.", "passes", None),
    ("ProviderModelNotFoundError: ProviderModelNotFoundError", "lasts", None),
    ("Model not found: anthropic/claude-9.", "lasts", None),
    (
        "Insufficient balance. Manage your billing here: https://opencode.ai/workspace/x",
        "lasts",
        None,
    ),
    (
        "AI_LoadAPIKeyError: OpenAI API key is missing. Pass it using the 'apiKey' parameter or the OPENAI_API_KEY environment variable.",
        "lasts",
        None,
    ),
    (
        'litellm.RateLimitError: AnthropicException - b\'{"type":"error"}\'\nThe API provider has rate limited you. Try again later or check your quotas.\nRetrying in 32.0 seconds...',
        "passes",
        None,
    ),
    (
        "litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided: sk-x.",
        "lasts",
        None,
    ),
    (
        "litellm.BadRequestError: LLM Provider NOT provided. Pass in the LLM provider you are trying to call. You passed model=foo",
        "lasts",
        None,
    ),
    (
        "litellm.ServiceUnavailableError: OpenAIException - The server is overloaded or not ready yet.",
        "passes",
        None,
    ),
    ("litellm.InternalServerError: AnthropicException - Overloaded", "passes", None),
    ("getaddrinfo ENOTFOUND api.anthropic.com", "passes", None),
    ("TypeError: fetch failed", "passes", None),
    ("Rate limited until 2026-03-08T23:00:00Z", "passes", 1800.0),
    ("Qwen OAuth quota exceeded: Your free daily quota has been reached.", "passes", None),
    (
        "Authentication required. Please run 'agent login' first, or set CURSOR_API_KEY environment variable.",
        "lasts",
        None,
    ),
    ("No authentication information found.", "lasts", None),
    ("error: unknown option '--outptu'", "lasts", None),
    ("prompt is too long: 210000 tokens > 200000 maximum", "lasts", None),
    ("Your limit resets Monday at 9:00 AM", "passes", 21600.0),
    ("retry_after_ms: 1500", "passes", 1.5),
    ("Traceback (most recent call last):\nKeyError: 'x'", "unknown", None),
    ("Segmentation fault", "unknown", None),
    ("It will be available again tomorrow at 3:15 am", "passes", 17100.0),
    ("limit reached; try again at 23:00 UTC", "passes", 1800.0),
    ("limit reached; resets at 6pm EST", "passes", 1800.0),
    (
        '{"type":"error","message":"Weekly usage limit reached (resets in 2 days)"}',
        "passes",
        21600.0,
    ),
    ("request id 5001 in the limit of 5 experiments", "unknown", None),
    ("", "unknown", None),
]


@pytest.mark.parametrize(("said", "kind", "seconds"), SAID)
def test_whether_a_failure_passes_and_when(said: str, kind: Kind, seconds: float | None) -> None:
    failure = judge(said, NOW)
    assert failure.kind == kind
    if kind != "lasts":
        assert failure.after == (pytest.approx(seconds) if seconds else None)
    assert bool(failure.remedy) == (kind == "lasts")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Credit balance is too low", "top up"),
        ("Invalid API key · Please run /login", "log in"),
        ("Model not found: anthropic/claude-9.", "name a model"),
        ("error: unexpected argument '--full-auto' found", "mend the command"),
        ("prompt is too long: 210000 tokens > 200000 maximum", "reads more at once"),
    ],
)
def test_what_lasts_has_a_remedy(said: str, words: str) -> None:
    assert words in judge(said, NOW).remedy


def test_a_limit_that_passes_is_no_matter_of_the_key() -> None:
    assert judge("429 Too Many Requests: unauthorized burst", NOW).kind == "passes"


def test_only_the_end_of_what_was_printed_counts() -> None:
    assert judge("unknown option\n" + "work\n" * 40 + "connection reset", NOW).kind == "passes"


def test_an_agents_own_words_come_first() -> None:
    own = {"": "the tide is out", "ask the harbour master": "no berth"}
    assert judge("the tide is out", NOW, own).kind == "passes"
    assert judge("no berth, try again", NOW, own).remedy == "ask the harbour master"
    assert could_not_work("the tide is out", own)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("litellm.RateLimitError: AnthropicException", True),
        ("You've hit your usage limit. Try again at 11:07 PM.", True),
        ("Error: connect ECONNREFUSED", True),
        ("I left it: the time limit of the harness leaves no room, and the error grows", False),
        ("The learning rate limit was considered; nothing is better. Try again?", False),
    ],
)
def test_who_ends_well_is_asked_whether_it_worked(said: str, says: bool) -> None:
    assert could_not_work(said) == says


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("limit reached, resets at 10:15 pm", None),  # a moment ago: over
        ("try again in 5 days 3 hours", 6 * HOUR),  # looked at again before
        ("try again in 0 s", None),
        ("exit 1: could not reach the server at port 443", None),
        ("meet at 99:99, in the limit of 5 experiments", None),
        ("the release of 2026-03-09T03:00:00Z is broken", None),
    ],
)
def test_a_time_is_believed_as_far_as_it_can_be(said: str, seconds: float | None) -> None:
    assert named_wait(said, NOW) == seconds
