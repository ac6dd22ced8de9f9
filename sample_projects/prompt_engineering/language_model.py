"""A language model behind the Anthropic Messages API, for those who have a key; only `urllib`.

autoexp never hands its own key to a harness. A key for the evaluation stands in a file of yours,
outside of the project, and `env: {define: {EVAL_KEY_FILE: ...}}` in autoexp.yaml names the file.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOST = "https://api.anthropic.com"
MODEL = "claude-haiku-4-5"
AT_ONCE = 6
TRIES = 4
BUSY = (408, 429, 500, 502, 503, 504, 529)


class Unreachable(Exception):
    """No answer could be had; the message says why."""


class Model:
    """One model at one address."""

    def __init__(self, key: str, host: str = HOST, model: str = MODEL, pause: float = 2.0) -> None:
        self.name = f"the language model {model}"
        self._key, self._host, self._model, self._pause = key, host.rstrip("/"), model, pause

    def ask(self, system: str, questions: Sequence[str], *, longest: int) -> list[str]:
        """An answer to each question by itself, of at most `longest` tokens. Raises Unreachable."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(
                pool.map(lambda question: self._answer(system, question, longest), questions)
            )

    def _answer(self, system: str, question: str, longest: int) -> str:
        body = {
            "model": self._model,
            "max_tokens": longest,
            "system": system,
            "messages": [{"role": "user", "content": question}],
        }
        request = urllib.request.Request(
            f"{self._host}/v1/messages",
            json.dumps(body).encode(),
            {
                "content-type": "application/json",
                "x-api-key": self._key,
                "anthropic-version": "2023-06-01",
            },
        )
        for attempt in range(TRIES):
            try:
                with urllib.request.urlopen(request, timeout=60) as reply:
                    parts = json.load(reply)["content"]
                return "".join(part.get("text", "") for part in parts)
            except urllib.error.HTTPError as error:
                if error.code not in BUSY or attempt + 1 == TRIES:
                    raise Unreachable(f"{self._host} answered {error.code}") from error
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                if attempt + 1 == TRIES:
                    raise Unreachable(f"{self._host}: {type(error).__name__}: {error}") from error
            time.sleep(self._pause * 2**attempt)
        raise Unreachable(f"{self._host} was not asked")


def configured() -> Model | None:
    """The model that the environment names; None without a key file. Raises Unreachable."""
    named = os.environ.get("EVAL_KEY_FILE")
    if not named:
        return None
    path = Path(named).expanduser()
    try:
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unreachable(f"the key file {path} can't be read: {error.strerror}") from error
    host = os.environ.get("EVAL_BASE_URL", HOST)
    return Model(key, host, os.environ.get("EVAL_MODEL", MODEL))
