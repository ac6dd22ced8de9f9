"""How Claude is asked: the settings with their defaults, and the credentials, which never show."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from autoexp_tui.model.contract import Claude, Contract
from autoexp_tui.model.proposal import Unable

_PLACEHOLDER = "not-needed"
"""Sent to a server of one's own when there is no key: the SDK insists on one."""
_SECRET = 6
"""Characters from which on a credential is long enough to be looked for in other texts."""


class Settings(Claude, frozen=True):
    """The `anthropic:` section of `autoexp.yaml`, as requests need it."""

    @classmethod
    def of(cls, contract: Contract) -> Self:
        return cls(**msgspec.structs.asdict(contract.anthropic))

    def parameters(self) -> dict[str, Any]:
        """What of it goes into every request."""
        sent: dict[str, Any] = {"model": self.model, "max_tokens": self.max_tokens}
        if self.effort != "default":
            sent["output_config"] = {"effort": self.effort}
        if self.thinking == "adaptive":
            # Summaries are news: without them long thought can't be told from a dead stream.
            sent["thinking"] = {"type": "adaptive", "display": "summarized"}
        elif self.thinking != "default":
            sent["thinking"] = {"type": self.thinking}
        return sent


class Credentials:
    """Whom the requests are billed to. Neither `repr` nor any message shows it."""

    __slots__ = ("_hidden", "api_key", "auth_token", "base_url")

    def __init__(
        self,
        *,
        api_key: str | None = None,
        auth_token: str | None = None,
        base_url: str | None = None,
        also_hide: tuple[str, ...] = (),
    ) -> None:
        """Raises Unable when a credential can't be one, with the remedy."""
        for name, value in (("ANTHROPIC_API_KEY", api_key), ("ANTHROPIC_AUTH_TOKEN", auth_token)):
            if value and not (value.isascii() and value.isprintable() and " " not in value):
                raise Unable(f"{name} holds characters that no key has: copy it once more")
        self.api_key = api_key
        self.auth_token = auth_token
        self.base_url = base_url
        hidden = {value for value in (api_key, auth_token, *also_hide) if value}
        self._hidden = sorted(
            (value for value in hidden if len(value) >= _SECRET and value != _PLACEHOLDER),
            key=len,
            reverse=True,
        )

    def __repr__(self) -> str:
        return f"Credentials(base_url={self.base_url!r})"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], settings: Settings) -> Self:
        """The key from ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN; a server of one's own needs none.

        Raises Unable when there is none, or when a project's file would send it to a stranger.
        """
        key = environ.get("ANTHROPIC_API_KEY", "").strip() or None
        token = None if key else environ.get("ANTHROPIC_AUTH_TOKEN", "").strip() or None
        own = environ.get("ANTHROPIC_BASE_URL", "").strip() or None
        base_url = settings.base_url or own
        if base_url is None and not (key or token):
            raise Unable(
                "Claude needs a key: set ANTHROPIC_API_KEY (or ANTHROPIC_BASE_URL for a server of "
                "your own), or run with `--proposer tuner`, which needs none"
            )
        if (key or token) and base_url not in {None, own} and not _trusted(base_url or ""):
            raise Unable(
                f"autoexp.yaml would have your key sent to {base_url}: if that is what you want, "
                "set ANTHROPIC_BASE_URL to it yourself"
            )
        headers = environ.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines()
        return cls(
            api_key=key or (None if token else _PLACEHOLDER),
            auth_token=token,
            base_url=base_url,
            also_hide=tuple(line.partition(":")[2].strip() for line in headers),
        )

    def scrub(self, text: str) -> str:
        """The text without any credential that it may quote."""
        for secret in self._hidden:
            text = text.replace(secret, "[hidden]")
        return text


def _trusted(url: str) -> bool:
    """Whether a key may go there on the word of a project's file: Anthropic, or this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == "localhost":
        return True
    if parts.scheme == "https" and (host == "anthropic.com" or host.endswith(".anthropic.com")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
