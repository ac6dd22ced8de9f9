"""One experiment's talk with the model: a proposal is read, and sent back when it won't do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from autoexp_tui.model.proposal import Stream, Unusable
from autoexp_tui.proposers.briefing.tool import NAME as TOOL
from autoexp_tui.proposers.conversing.client import Client
from autoexp_tui.proposers.conversing.edits import (
    Edit,
    EditError,
    GrowingText,
    apply_edits,
    whole_file,
)
from autoexp_tui.proposers.conversing.partial_json import PartialArguments
from autoexp_tui.proposers.conversing.prompt import Prompt
from autoexp_tui.text.safe import clean_line

if TYPE_CHECKING:
    from autoexp_tui.proposers.conversing.exchange import Call, ModelReply

_DESCRIPTION = 200


class Answer(msgspec.Struct, frozen=True):
    """The arguments of the tool."""

    hypothesis: str
    description: str
    edits: list[Edit] | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """A proposal that can be tried."""

    hypothesis: str
    description: str
    """One line."""
    text: str
    """The whole new text of the target."""


class _Unfit(Exception):
    """The reply holds no proposal; the message says why to the one who wrote it."""

    def __init__(
        self,
        reason: str,
        description: str = "",
        *,
        hopeless: bool = False,
        declined: bool = False,
    ) -> None:
        super().__init__(reason)
        self.description = description
        self.hopeless = hopeless
        """Whether there is no use in telling the model."""
        self.declined = declined
        """Whether it chose to propose nothing."""


class Conversation:
    """Keeps what was said about one experiment, so that a reply can be sent back."""

    def __init__(self, client: Client, prompt: Prompt, n: int, text: str) -> None:
        """`text` is the target as the prompt shows it."""
        self._client = client
        self._prompt = prompt
        self._n = n
        self._text = text
        self._messages: list[dict[str, Any]] = list(prompt.messages)
        self._open_calls: list[str] = []
        """Calls of the last reply that the next message has to answer."""
        self._begun = False
        self.rounds = 0
        """How often the model was asked."""

    def ask(self, stream: Stream, *, may_decline: bool = False) -> Drafted:
        """The model's proposal; one that won't do is sent back once, with the reason.

        With `may_decline` the model was told that it need not propose anything.

        Raises:
            Unusable: the second one would not do either, or nothing can be done about the first.
            Unable: see `Client.send`.
        """
        try:
            return self._ask_once(stream)
        except _Unfit as unfit:
            if unfit.hopeless or (may_decline and unfit.declined):
                raise Unusable(str(unfit), unfit.description) from None
            self.object(f"This can't be tried: {unfit}. Call `{TOOL}` again, with that put right.")
        try:
            return self._ask_once(stream)
        except _Unfit as unfit:
            raise Unusable(str(unfit), unfit.description) from None

    def object(self, words: str) -> None:
        """Say to the model why its last proposal won't do; the next `ask` brings another one."""
        content: list[dict[str, Any]] = [
            {"type": "tool_result", "tool_use_id": call, "is_error": True, "content": words}
            for call in self._open_calls
        ]
        self._open_calls = []
        self._messages.append(
            {"role": "user", "content": content or [{"type": "text", "text": words}]}
        )

    def went_on(self, text: str) -> None:
        """From here on the edits apply to `text`: the proposal was tried."""
        self._text = text

    def _ask_once(self, stream: Stream) -> Drafted:
        self.rounds += 1
        watch = _Watch(self._text, stream)

        def start() -> None:
            if self._begun:
                stream("again", "")
            self._begun = True
            watch.restart()

        reply = self._client.send(
            self._n,
            {**self._prompt.body(), "messages": self._messages},
            long_cache=self._prompt.long_cache,
            on_start=start,
            on_arguments=watch.take,
        )
        drafted = self._read(reply)
        watch.finish()
        return drafted

    def _read(self, reply: ModelReply) -> Drafted:
        """The proposal in a reply; the conversation remembers the reply as far as it may.

        Only a reply that ended where it meant to is believed: anything else may be half an edit.
        """
        match reply.stop_reason:
            case "tool_use" if reply.calls:
                self._remember(reply)
                return self._draft(reply)
            case "tool_use" | "end_turn" | "stop_sequence":
                self._remember(reply)
                said = clean_line(reply.text, 200)
                raise _Unfit(
                    f"it calls no tool but says: {said}" if said else "it is empty",
                    declined=bool(said),
                )
            case "max_tokens" | "model_context_window_exceeded" as reason:
                # Not remembered: half a call can't be answered.
                raise _Unfit(
                    f"it was cut off ({reason.replace('_', ' ')}) before it was complete: "
                    "think less, and change less at once"
                )
            case "refusal":
                why = f": {reply.refusal}" if reply.refusal else ""
                raise _Unfit(f"the model refuses{why}", hopeless=True)
            case other:
                raise _Unfit(f"it ended with {clean_line(other, 60)!r}", hopeless=True)

    def _remember(self, reply: ModelReply) -> None:
        if reply.content:
            self._messages.append({"role": "assistant", "content": reply.content})
            self._open_calls = [call.id for call in reply.calls]

    def _draft(self, reply: ModelReply) -> Drafted:
        if len(reply.calls) > 1:
            raise _Unfit(f"it holds {len(reply.calls)} calls instead of one")
        answer = _decode(reply.calls[0])
        description = clean_line(answer.description, _DESCRIPTION)
        if not description or not answer.hypothesis.strip():
            raise _Unfit("`hypothesis` and `description` must not be empty", description)
        if answer.edits and answer.content is not None:
            raise _Unfit("it gives both `edits` and `content`: give one of them", description)
        try:
            if answer.content is not None:
                text = whole_file(self._text, answer.content)
            else:
                text = apply_edits(self._text, answer.edits or ())
        except EditError as error:
            raise _Unfit(str(error), description) from None
        return Drafted(answer.hypothesis.strip(), description, text)


class _Watch:
    """Shows a proposal while it is being written."""

    def __init__(self, old: str, stream: Stream) -> None:
        self._old = old
        self._stream = stream
        self.restart()

    def restart(self) -> None:
        """What came so far is void."""
        self._arguments = PartialArguments()
        self._hypothesis = ""
        self._text = GrowingText(self._old)

    def take(self, arguments: str) -> None:
        """Some more of the tool call's JSON."""
        self._arguments.feed(arguments)
        match self._arguments.values.get("hypothesis"):
            case str(text) if new := text[len(self._hypothesis) :]:
                self._hypothesis = text
                self._stream("hypothesis", new)
        if target := self._text.take(self._arguments):
            self._stream("target", _showable(target))

    def finish(self) -> None:
        """The proposal is complete and good: show the rest of the text."""
        if rest := self._text.finish():
            self._stream("target", _showable(rest))


def _showable(text: str) -> str:
    """Half a surrogate pair can't be written down; the real parser refuses it later."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decode(call: Call) -> Answer:
    if call.name != TOOL:
        raise _Unfit(f"there is no tool {clean_line(call.name, 60)!r}, only `{TOOL}`")
    try:
        return msgspec.json.decode(call.arguments, type=Answer)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError) as error:
        raise _Unfit(f"its arguments don't fit: {clean_line(str(error), 200)}") from None
