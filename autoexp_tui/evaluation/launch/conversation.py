"""The talk with a worker elsewhere: what it says of a job's commands, taken to where it belongs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from autoexp_tui.evaluation.harness import Output, last_words
from autoexp_tui.evaluation.launch.channel import Channel
from autoexp_tui.evaluation.launch.frames import Frames, Torn
from autoexp_tui.evaluation.local import LocalHandle
from autoexp_tui.model.contract import Metric
from autoexp_tui.text.safe import decode

_POLL_S = 0.1
"""Seconds between looks at the interrupt."""
_SILENCE_S = 90.0
"""Without any sign of life from a worker that has begun, which gives one every 5 seconds."""
_END_S = 15.0
"""For a worker that was told to end everything."""
_DROPPED = "what the harness prints to was full, and set not to wait"


@dataclass
class Step:
    """One command of a job, and what has come of it."""

    command: str
    metrics: Sequence[Metric]
    output: Output
    files: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """By when and path: what was told of a file with figures."""
    end: dict[str, Any] | None = None
    printed: Any = field(default_factory=hashlib.sha256)


class Conversation:
    """What a worker says of one job, taken to where it belongs."""

    def __init__(
        self, channel: Channel, mark: str, steps: Sequence[Step], handle: LocalHandle
    ) -> None:
        self._channel = channel
        self._frames = Frames(mark)
        self._steps = steps
        self._at = 0
        self._handle = handle
        self.heard = False
        """Whether a worker has begun."""
        self._setup = b""
        self.done = False
        self.cut = False
        """Whether it was ended on purpose before all was told."""
        self._silent = False

    def frames(self) -> Iterator[tuple[str, bytes]]:
        """Frames that want an answer, until the job is over or the way has broken. Raises Torn."""
        heard, let_go = time.monotonic(), 0.0
        while not self.done:
            step = self._steps[min(self._at, len(self._steps) - 1)]
            now = time.monotonic()
            if not let_go and (self._handle.cancelled.is_set() or step.output.is_enough()):
                self._channel.let_go()
                let_go, self.cut = now, True
            self._silent = self.heard and now - heard > _SILENCE_S
            patience = _END_S if self.heard else 0.0
            if self._silent or (let_go and now - let_go >= patience):
                return
            data = self._channel.receive(_POLL_S)
            if data is None:
                continue
            if not data:
                self._frames.end()
                return
            heard = time.monotonic()
            for kind, body in self._frames.feed(data):
                if kind == "hello":
                    self.heard = True
                if not self._take(step, kind, body):
                    yield kind, body
                step = self._steps[min(self._at, len(self._steps) - 1)]

    def _take(self, step: Step, kind: str, body: bytes) -> bool:
        """Whether it is dealt with. Raises Torn."""
        match kind:
            case "out":
                step.printed.update(body)
                step.output.take(body)
            case "ended":
                step.output.ended()
            case "dropped":
                step.output.lost(_DROPPED)
            case "setup":
                self._setup = (self._setup + body)[-4096:]
                step.output.log.write(body)
            case "file":
                found = json.loads(body)
                step.files[found["when"], found["path"]] = found
            case "end":
                end = json.loads(body)
                if end["bytes"] != step.output.size or end["digest"] != step.printed.hexdigest():
                    raise Torn(f"{end['bytes']} bytes were printed, {step.output.size} came")
                step.end = end
                self._at += 1
            case "done":
                self.done = True
            case "beat" | "phase":
                return True
            case _:
                return False
        return True

    def setup_words(self) -> str:
        """What `setup` said last, after a colon; empty where it said nothing."""
        words = last_words(decode(self._setup))
        return f": {words}" if words else ""

    def end_words(self, name: str, ended: str) -> str:
        """Why it was lost, where nobody there has told."""
        if self._silent:
            return f"{name}: nothing was heard from there for {_SILENCE_S:g} s"
        strange = last_words(decode(self._frames.strange))
        said = ended if ":" in ended or not strange else f"{ended}: {strange}"
        if not self.heard and not self._channel.one_way:
            return f"{name} did not get there ({said}): {_remedy(said)}"
        return f"{name} ended before the evaluation did ({said})"


def _remedy(said: str) -> str:
    """What to do where no worker has begun."""
    if "python" in said.casefold() and ("not found" in said or "No such file" in said):
        return "install Python 3.8 or newer there, or name it by `python:` below `evaluator:`"
    return "try the same words before `python3 --version` in a shell"
