"""Who the commits of a repository are by."""

from __future__ import annotations

import os
from typing import Literal

from autoexp_tui.repository.plumbing import Plumbing

_NOBODY = {
    "GIT_AUTHOR_NAME": "autoexp",
    "GIT_AUTHOR_EMAIL": "autoexp@localhost",
    "GIT_COMMITTER_NAME": "autoexp",
    "GIT_COMMITTER_EMAIL": "autoexp@localhost",
}


class Identity:
    """The user, as git is configured; asked once."""

    def __init__(self, git: Plumbing) -> None:
        self._git = git
        self._lent: dict[str, str] | None = None
        self._known: dict[str, str] = {}

    def who(self, role: Literal["AUTHOR", "COMMITTER"]) -> str:
        """Name and address as git would write them. Raises RepositoryError."""
        if role not in self._known:
            ident = self._git.line("var", f"GIT_{role}_IDENT", env=self.lent)
            self._known[role] = ident.rpartition(">")[0] + ">"
        return self._known[role]

    @property
    def lent(self) -> dict[str, str]:
        """Nothing where git knows who the user is; else a name, as a commit can't do without."""
        if self._lent is None:
            said = self._git.ask("config", "-z", "--get-regexp", r"^user\.(name|email)$")[1]
            pairs = (pair.partition(b"\n") for pair in said.split(b"\0"))
            last = {key: value.strip() for key, _, value in pairs}
            known = last.get(b"user.name") and last.get(b"user.email")
            lent = {name: value for name, value in _NOBODY.items() if name not in os.environ}
            self._lent = {} if known else lent
        return self._lent
