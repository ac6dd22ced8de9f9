"""How a chat-completions server is asked: the settings, and the key, which never shows."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from autoexp_tui.model.contract import Chat, Contract
from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.conversing.credentials import PLACEHOLDER, Secrets, checked, is_here

OPENAI = "https://api.openai.com/v1"
_KEY = "OPENAI_API_KEY"
_KEYS = {
    "api.openai.com": _KEY,
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.fireworks.ai": "FIREWORKS_API_KEY",
    "api.x.ai": "XAI_API_KEY",
    "api.cerebras.ai": "CEREBRAS_API_KEY",
    "generativelanguage.googleapis.com": "GEMINI_API_KEY",
}
"""Which variable holds the key of a host that everybody knows, and may have it without a word."""


def lacking() -> str:
    """Which package is missing, with the remedy; empty where none is."""
    if importlib.util.find_spec("openai") is not None:
        return ""
    return "proposer: openai needs a package more: `pip install 'autoexp-tui[openai]'`"


class Settings(Chat, frozen=True):
    """The `openai:` section of `autoexp.yaml`, as requests need it."""

    @classmethod
    def of(cls, contract: Contract) -> Self:
        """Raises Unable where no model is named: every server has others."""
        if not contract.openai.model:
            raise Unable(
                "proposer: openai needs `openai: {model: …}` in autoexp.yaml, as the server "
                "spells it"
            )
        return cls(**msgspec.structs.asdict(contract.openai))

    def parameters(self) -> dict[str, Any]:
        """What of it goes into every request."""
        sent: dict[str, Any] = {"model": self.model, "max_tokens": self.max_tokens}
        if self.effort != "default":
            sent["reasoning_effort"] = self.effort
        return sent


class Credentials(Secrets):
    """Whom the requests are billed to. Neither `repr` nor any message shows it."""

    __slots__ = ("api_key", "base_url", "key_name")

    def __init__(self, api_key: str | None, base_url: str, key_name: str = _KEY) -> None:
        """Raises Unable when the key can't be one, with the remedy."""
        self.api_key = checked(key_name, api_key) or PLACEHOLDER
        self.base_url = base_url
        self.key_name = key_name
        super().__init__(api_key)

    def __repr__(self) -> str:
        return f"Credentials(base_url={self.base_url!r})"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], settings: Settings) -> Self:
        """The key from the variable that is named, or that the host is known by.

        A server of one's own needs none.

        Raises Unable when there is none, or when a project's file would send it to a stranger.
        """
        own = environ.get("OPENAI_BASE_URL", "").strip() or None
        base_url = settings.base_url or own or OPENAI
        known = _KEYS.get(urlsplit(base_url).hostname or "")
        name = settings.api_key_env or known or _KEY
        key = environ.get(name, "").strip() or None
        if key is None and known:
            raise Unable(
                f"{urlsplit(base_url).hostname} needs a key: set {name} (or openai.base_url for a "
                "server of your own), or run with `--proposer tuner`, which needs none"
            )
        if key is None and settings.api_key_env:
            raise Unable(f"openai.api_key_env names {name}, which is not set here: export it")
        if settings.api_key_env is None and base_url not in {own, OPENAI} and not known:
            key = key if is_here(base_url) else None  # OpenAI's key is no business of others
        https = urlsplit(base_url).scheme == "https"
        trusted = base_url == own or is_here(base_url) or (https and known == name)
        if key and not trusted:
            raise Unable(
                f"autoexp.yaml would have {name} sent to {base_url}: if that is what you want, "
                "set OPENAI_BASE_URL to it yourself"
            )
        return cls(key, base_url, name)
