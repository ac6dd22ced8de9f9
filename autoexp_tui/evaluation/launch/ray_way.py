"""By a Ray cluster, with the help of a process that speaks with it; implements `Way`."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from autoexp_tui.evaluation.launch import ray_helper
from autoexp_tui.evaluation.launch.bundle import bootstrap
from autoexp_tui.evaluation.launch.channel import Tail, pipe
from autoexp_tui.model.contract import Elsewhere, Resources

_CONNECT_S = 90.0
"""For Ray to come up, or to be reached."""
_PATIENCE_S = 15.0
"""For a job that was cancelled, or a helper, to end."""
_MARK = "autoexp-ray-worker"
"""Of a worker between jobs; each job has one of its own."""


class RayWay:
    """The cluster that a run's evaluations go to."""

    def __init__(self, wanted: Elsewhere, environ: Mapping[str, str]) -> None:
        self._address = wanted.ray or "auto"
        self._python = wanted.python or sys.executable
        self._resources: Resources = wanted.resources
        self._environ = environ
        self._helper: _Helper | None = None
        self._lock = threading.Lock()
        self.name = f"Ray ({self._address})"

    def open(self, mark: str, tree: str) -> RayChannel:
        with self._lock:
            if self._helper is None or self._helper.ended.is_set():
                self.close()
                self._helper = _Helper(self._python, self._environ)
                self._helper.connect(self._address, self._resources)
            return self._helper.channel(mark, tree)

    def close(self) -> None:
        """Let the helper end, and with it a cluster that it has started."""
        if self._helper is not None:
            self._helper.close()


class _Helper:
    """The process."""

    def __init__(self, python: str, environ: Mapping[str, str]) -> None:
        """Raises OSError."""
        self._process = subprocess.Popen(
            [python, str(Path(str(ray_helper.__file__)))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environ, "PYTHONPATH": ""},
            start_new_session=True,
            bufsize=0,
        )
        self._stdin, self._stdout = pipe(self._process.stdin), pipe(self._process.stdout)
        self._tail = Tail(pipe(self._process.stderr))
        self._writing = threading.Lock()
        self._channels: dict[int, RayChannel] = {}
        self._count = 0
        self._trees: set[str] = set()
        self._connected: queue.Queue[dict[str, Any]] = queue.Queue()
        self.ended = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def connect(self, address: str, resources: Resources) -> None:
        """Raises OSError."""
        wanted = msgspec.to_builtins(resources)
        self.say({"do": "connect", "address": address, "namespace": "autoexp", "resources": wanted})
        try:
            answer = self._connected.get(timeout=_CONNECT_S)
        except queue.Empty:
            answer = {"failed": f"no answer within {_CONNECT_S:g} s"}
        if "failed" in answer:
            self.close()
            raise OSError(answer["failed"])

    def channel(self, mark: str, tree: str) -> RayChannel:
        with self._writing:
            self._count += 1
            made = self._channels[self._count] = RayChannel(self, self._count, mark, tree)
            return made

    def needs(self, digest: str) -> bool:
        """Whether it must be given files; from now on it has them."""
        with self._writing:
            new = digest not in self._trees
            self._trees.add(digest)
            return new

    def say(self, words: Mapping[str, Any], content: bytes = b"") -> None:
        """What can't be said any more is dropped: its end is seen where answers are awaited."""
        view = memoryview(json.dumps(words).encode() + b"\n" + content)
        with self._writing, contextlib.suppress(BrokenPipeError, ValueError):
            while view:
                view = view[self._stdin.write(view) or 0 :]

    def _listen(self) -> None:
        with os.fdopen(os.dup(self._stdout.fileno()), "rb") as answers:
            for line in answers:
                told = json.loads(line)
                if "id" not in told:
                    self._connected.put(told)
                elif (channel := self._channels.get(told["id"])) is not None:
                    channel.take(told)
        self.ended.set()
        why = f"its helper has ended: {self._tail.last() or 'nothing was said'}"
        self._connected.put({"failed": why})
        for channel in [*self._channels.values()]:
            channel.take({"end": why})

    def forget(self, number: int) -> None:
        """No more of it is awaited."""
        self._channels.pop(number, None)

    def close(self) -> None:
        with self._writing, contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()


class RayChannel:
    """One job; implements `Channel`."""

    one_way = True

    def __init__(self, helper: _Helper, number: int, mark: str, tree: str) -> None:
        self._helper = helper
        self._number = number
        self._mark = mark
        self._tree = tree
        self._came: queue.Queue[bytes] = queue.Queue()
        self._ended = threading.Event()
        self._why = ""

    def take(self, told: Mapping[str, Any]) -> None:
        """What the helper says of this job."""
        if "data" in told:
            self._came.put(base64.b64decode(told["data"]))
        elif not self._ended.is_set():
            self._why = told["end"]
            self._ended.set()
            self._came.put(b"")

    def send(self, message: bytes, parts: Mapping[str, bytes]) -> None:
        if self._helper.needs(self._tree):
            tree = parts["tree"]
            self._helper.say({"do": "put", "digest": self._tree, "size": len(tree)}, tree)
        self._helper.say(
            {
                "do": "start",
                "id": self._number,
                "tree": self._tree,
                "mark": self._mark,
                "program": bootstrap(_MARK, "").decode(),
                "message": json.loads(message),
                "hidden": base64.b64encode(parts.get("hidden", b"")).decode(),
            }
        )

    def receive(self, seconds: float) -> bytes | None:
        try:
            return self._came.get(timeout=seconds)
        except queue.Empty:
            return None

    def let_go(self) -> None:
        if not self._ended.is_set():
            self._helper.say({"do": "cancel", "id": self._number})

    def close(self, *, at_once: bool) -> str:
        self.let_go()
        self._ended.wait(_PATIENCE_S)
        self._helper.forget(self._number)
        return self._why or "it has ended"
