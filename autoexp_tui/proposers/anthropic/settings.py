"""How Claude is asked: the settings with their defaults, and the credentials, which never show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import msgspec

from autoexp_tui.model.contract import Claude, Contract
from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.conversing.credentials import (
    PLACEHOLDER,
    Secrets,
    checked,
    is_here,
    is_of,
)

_CLOUDS = {
    "bedrock": ("ANTHROPIC_BEDROCK_BASE_URL", "AWS_ACCESS_KEY_ID"),
    "vertex": ("ANTHROPIC_VERTEX_BASE_URL", "the account that Google Cloud knows you by"),
}
"""Which variable names another address, and what a person has signed in with."""
_CLOUD_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")


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


class Credentials(Secrets):
    """Whom the requests are billed to. Neither `repr` nor any message shows it."""

    __slots__ = ("api_key", "auth_token", "base_url", "key_name")

    def __init__(
        self,
        *,
        api_key: str | None = None,
        auth_token: str | None = None,
        base_url: str | None = None,
        key_name: str = "ANTHROPIC_API_KEY",
        also_hide: tuple[str, ...] = (),
    ) -> None:
        """Raises Unable when a credential can't be one, with the remedy."""
        self.api_key = checked("ANTHROPIC_API_KEY", api_key)
        self.auth_token = checked("ANTHROPIC_AUTH_TOKEN", auth_token)
        self.base_url = base_url
        self.key_name = key_name
        super().__init__(api_key, auth_token, *also_hide)

    def __repr__(self) -> str:
        return f"Credentials(base_url={self.base_url!r})"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], settings: Settings) -> Self:
        """The key from ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN; a server of one's own needs none.

        A cloud's own client finds its credentials by itself.

        Raises Unable when there is none, or when a project's file would send it to a stranger.
        """
        headers = environ.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines()
        hidden = tuple(line.partition(":")[2].strip() for line in headers)
        if settings.through != "anthropic":
            return cls._of_a_cloud(environ, settings, hidden)
        key = environ.get("ANTHROPIC_API_KEY", "").strip() or None
        token = None if key else environ.get("ANTHROPIC_AUTH_TOKEN", "").strip() or None
        own = environ.get("ANTHROPIC_BASE_URL", "").strip() or None
        base_url = settings.base_url or own
        if base_url is None and not (key or token):
            raise Unable(
                "Claude needs a key: set ANTHROPIC_API_KEY (or ANTHROPIC_BASE_URL for a server of "
                "your own), or run with `--proposer tuner`, which needs none"
            )
        trusted = is_here(base_url or "") or is_of(base_url or "", "anthropic.com")
        if (key or token) and base_url not in {None, own} and not trusted:
            raise Unable(
                f"autoexp.yaml would have your key sent to {base_url}: if that is what you want, "
                "set ANTHROPIC_BASE_URL to it yourself"
            )
        return cls(
            api_key=key or (None if token else PLACEHOLDER),
            auth_token=token,
            base_url=base_url,
            also_hide=hidden,
        )

    @classmethod
    def _of_a_cloud(
        cls, environ: Mapping[str, str], settings: Settings, hidden: tuple[str, ...]
    ) -> Self:
        variable, key_name = _CLOUDS[settings.through]
        own = environ.get(variable, "").strip() or None
        base_url = settings.base_url
        if base_url not in {None, own} and not is_here(base_url or ""):
            raise Unable(
                f"autoexp.yaml would have requests signed in your name sent to {base_url}: if "
                f"that is what you want, set {variable} to it yourself"
            )
        secrets = tuple(environ.get(name, "") for name in _CLOUD_SECRETS)
        return cls(base_url=base_url or own, key_name=key_name, also_hide=(*hidden, *secrets))
