"""Who is let in by a server on this machine: whoever has the address, from a page of our own.

A port on loopback can be reached by every user and every web page of the machine: by other users
directly, by pages through the browser. The first is kept out by a token in the path, the others by
the token, by the Host that they name (a name of theirs that leads here) and by their Origin.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer."""


def new_token() -> str:
    """256 random bits, as they may stand in an address."""
    return secrets.token_urlsafe(32)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Gate:
    """Judges requests."""

    host: str
    """What the server was asked to listen on."""
    token: str = field(default_factory=new_token, repr=False)

    def address(self, port: int) -> str:
        """What is opened in a browser; whoever has it is let in."""
        host = self.host if self.host not in {"", "0.0.0.0", "::"} else "localhost"  # noqa: S104 - compared
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/{self.token}/"

    def refusal(self, path: str, host: str, origin: str | None, *, socket: bool = False) -> str:
        """Why a request isn't let in; empty where it is.

        Args:
            path: as it was asked for, the query left out.
            host, origin: the headers; an origin of None was not sent.
            socket: a websocket is asked for, which a browser opens for any page: the page's origin
                is needed.
        """
        if not self._is_ours(host):
            return "the Host is another machine's name"
        given = path.removeprefix("/").partition("/")[0]
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode()):
            return "no token, or an old one: use the address that was printed last"
        if origin is None:
            return "no Origin was sent" if socket else ""
        scheme, _, where = origin.partition("://")
        if scheme not in {"http", "https"} or where.lower() != host.lower():
            return "the Origin is another page"
        return ""

    def _is_ours(self, host: str) -> bool:
        """Whether a Host is an address or a name of ours: no other name can have been led here."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in {"localhost", self.host.lower()} and name:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
