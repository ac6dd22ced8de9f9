"""Whom requests are billed to: read from the environment, and never shown."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from autoexp_tui.model.proposal import Unable

PLACEHOLDER = "not-needed"
"""Sent to a server of one's own when there is no key: the SDKs insist on one."""
_SECRET = 6
"""Characters from which on a credential is long enough to be looked for in other texts."""


class Secrets:
    """What no text may quote. Neither `repr` nor any message shows it."""

    __slots__ = ("_hidden",)

    def __init__(self, *secrets: str | None) -> None:
        hidden = {secret for secret in secrets if secret and secret != PLACEHOLDER}
        found = (secret for secret in hidden if len(secret) >= _SECRET)
        self._hidden = sorted(found, key=len, reverse=True)

    def __repr__(self) -> str:
        return "Secrets()"

    def scrub(self, text: str) -> str:
        """The text without any credential that it may quote."""
        for secret in self._hidden:
            text = text.replace(secret, "[hidden]")
        return text


def checked(name: str, value: str | None) -> str | None:
    """A credential as it can be sent in a header. Raises Unable when it can't be one."""
    if value and not (value.isascii() and value.isprintable() and " " not in value):
        raise Unable(f"{name} holds characters that no key has: copy it once more")
    return value


def is_of(url: str, domain: str) -> bool:
    """Whether a URL leads to that domain or a part of it, and nobody can listen."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == domain or host.endswith(f".{domain}"))


def is_here(url: str) -> bool:
    """Whether a URL leads to this very machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
