"""The event loop that a client lives in, and the faults that all clients share.

An SDK's asynchronous client is used because a task can be cancelled at any moment, while a name
is looked up as well as in mid-stream; a thread that waits for a socket can't be.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import email.utils
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, TypeVar

import httpx2

from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.conversing.exchange import Body, Fault, ModelReply, Progress, Refusal
from autoexp_tui.text.safe import clean_line

T = TypeVar("T")
Scrub = Callable[[str], str]

QUOTE = 300
"""Characters of a server's own words."""
_POLL_S = 0.1
"""Seconds between looks at a person's wishes."""
_CLOSE_TIMEOUT_S = 2.0
"""Seconds that a cancelled request may take to close its connection."""
FREE_TIMEOUT_S = 20.0
"""Seconds that a request may take which is a courtesy, not a need."""
_PAGE = 64 << 10
"""Bytes of an answer that is no stream."""


class Transport(abc.ABC):
    """A client of one server and the event loop it lives in. Used by one thread."""

    def __init__(self, stall_seconds: float, scrub: Scrub) -> None:
        """`scrub` takes credentials out of what a server says."""
        self._stall = stall_seconds
        self._scrub = scrub
        self._runner = asyncio.Runner()
        self.told: list[str] = []
        """What a person is to hear of what it has adapted itself to; the client takes it."""

    def close(self) -> None:
        """Let go of connections; a request that was given up may hold one."""
        with contextlib.suppress(RuntimeError):
            self._runner.run(self._close())
        self._runner.close()

    def exchange(
        self,
        body: Body,
        progress: Progress,
        on_arguments: Callable[[str], None],
        check: Callable[[], None],
    ) -> ModelReply:
        """Make the request; `on_arguments` takes the first tool call's JSON as it is written.

        Raises:
            Fault: it may work another time.
            Unable: it never will, and why; `Refusal` where another wording may.
            Exception: whatever `check` and `on_arguments` raise; the request is cancelled.
        """
        progress.news = time.monotonic()
        return self._runner.run(
            self._attend(self._stream(body, progress, on_arguments), progress, check)
        )

    def count(self, body: Body, check: Callable[[], None]) -> int | None:
        """Input tokens of a request, by the provider's own count; None where it can't be had.

        Raises Unable when the provider refuses the credentials or the request as such.
        """
        try:
            return self._briefly(self._count(body), check)
        except Fault:
            return None

    def verify(self, body: Body, check: Callable[[], None]) -> None:
        """Find out for free whether key and request are accepted; raises Unable where not."""
        self.count(body, check)

    def greet(self, check: Callable[[], None]) -> None:
        """Find out for free whether the server answers at all, be it with an error.

        Raises Fault when it doesn't.
        """
        self._briefly(self._greet(), check)

    @abc.abstractmethod
    def adapt(self, said: str) -> str:
        """Leave out of all further requests what the server refused in these words.

        Returns what is left out, in words for a person; empty where nothing of it can be.
        """

    @abc.abstractmethod
    async def _stream(
        self, body: Body, progress: Progress, on_arguments: Callable[[str], None]
    ) -> ModelReply: ...

    @abc.abstractmethod
    async def _count(self, body: Body) -> int | None: ...

    @abc.abstractmethod
    async def _greet(self) -> None: ...

    @abc.abstractmethod
    async def _close(self) -> None: ...

    def _briefly(self, request: Coroutine[Any, Any, T], check: Callable[[], None]) -> T:
        progress = Progress(news=time.monotonic() - max(0.0, self._stall - FREE_TIMEOUT_S))
        return self._runner.run(self._attend(request, progress, check))

    async def _attend(
        self, request: Coroutine[Any, Any, T], progress: Progress, check: Callable[[], None]
    ) -> T:
        """Wait for the request, but not longer than a person or a stalled stream lets us."""
        task = asyncio.create_task(request)
        try:
            while not (await asyncio.wait({task}, timeout=_POLL_S))[0]:
                check()
                quiet = time.monotonic() - progress.news
                if quiet > self._stall:
                    words = f"the stream has stalled: no news for {quiet:.0f} s"
                    raise Fault(words, free=False, stalled=True)
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=_CLOSE_TIMEOUT_S)
            if task.done() and not task.cancelled():
                task.exception()


def timeouts(stall_seconds: float) -> httpx2.Timeout:
    """Of a client: pings keep the connection alive; whether there is news, `_attend` judges."""
    return httpx2.Timeout(60.0, connect=15.0, read=2 * stall_seconds)


async def page(response: httpx2.Response) -> str:
    """The beginning of an answer that is no stream, as text."""
    found = b""
    async for piece in response.aiter_bytes():
        found += piece
        if len(found) > _PAGE:
            break
    return found[:_PAGE].decode("utf-8", "replace")


def strange(kind: str, text: str, scrub: Scrub) -> Fault:
    """The fault of an answer that is no stream: a login page of a proxy, an error in JSON."""
    said = clean_line(scrub(text), 120)
    what = "a web page" if "html" in kind else clean_line(kind.partition(";")[0], 60) or "a text"
    words = f"the server answers with {what} instead of a stream{f': {said}' if said else ''}"
    return Fault(words, free=True, strange=True)


class Wording(NamedTuple):
    """What a person who is to mend something has to look at."""

    key: str
    """The environment variable that holds the credential."""
    section: str
    """Of `autoexp.yaml`."""


class Told(NamedTuple):
    """An error that a server tells."""

    status: int
    kind: str
    """Its own word for it; may be empty."""
    said: str
    """Its message: one clean line."""
    passing: bool
    spent: bool
    """Whether there is no money left."""
    headers: Mapping[str, str]


def status_trouble(told: Told, wording: Wording, *, after: float | None) -> Exception:
    """What an error that a server tells means: a Fault where it passes, else Unable."""
    status, kind = told.status, told.kind
    words = f": {told.said}" if told.said else ""
    if told.spent:
        return Unable(
            f"the provider's spend limit is reached{words}; when there is money again, "
            "`autoexp run` goes on from here"
        )
    if told.passing:
        name = kind.removesuffix("_error").replace("_", " ") if kind else "error"
        what = f"{name} in mid-stream" if status < 400 else f"{name} ({status})"
        return Fault(f"the provider answers {what}{words}", retry_after=after, free=True)
    if status == 401 or kind == "authentication_error":
        return Unable(f"the provider does not accept the key{words}; check {wording.key}")
    if status == 404 or kind == "not_found_error":
        section = wording.section
        return Unable(
            f"the provider does not know what is asked for{words}; check {section}.model"
            f" and {section}.base_url"
        )
    reason = (
        f"the provider refuses the request ({status}){words}; "
        f"check the settings under `{wording.section}:` (model, effort, max_tokens)"
    )
    return Refusal(reason, told.said) if status in {400, 422} else Unable(reason)


def connection_trouble(error: Exception, scrub: Scrub) -> Exception:
    """What an SDK's error of the connection means, by what httpx says has caused it."""
    cause = error.__cause__
    if isinstance(cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return Unable(f"the base URL can't be used: {clean_line(scrub(str(cause)), QUOTE)}")
    if isinstance(cause, httpx2.LocalProtocolError):
        return Unable("the request can't be sent: a header holds what no header may hold")
    never_sent = isinstance(
        cause,
        httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.ProxyError,
    )
    why = clean_line(scrub(str(cause or "")), QUOTE) or type(cause or error).__name__
    what = "can't be reached" if never_sent else "did not answer"
    return Fault(f"the provider {what}: {why}", free=never_sent)


def broken_stream(error: httpx2.HTTPError, scrub: Scrub) -> Fault:
    """The fault of a line that was dropped while the answer came."""
    why = clean_line(scrub(str(error)), QUOTE) or type(error).__name__
    return Fault(f"the connection broke in mid-stream: {why}", free=False)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from `retry-after-ms` or `retry-after`, which may be a date; None without either."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "")
        try:
            seconds = float(value) / unit
        except ValueError:
            continue
        if 0 <= seconds < 1e7:
            return seconds
    parsed = email.utils.parsedate_tz(headers.get("retry-after", ""))
    if parsed is None:
        return None
    return max(0.0, email.utils.mktime_tz(parsed) - time.time())
