"""The texts of a table's experiments, from the repository that has their commits."""

from __future__ import annotations

from pathlib import Path

from autoexp_tui.repository import gitdir
from autoexp_tui.repository.repository import Repository
from autoexp_tui.sources.subject import Base, Subject, Texts


class CommitTexts(Texts):
    """Before and after of the file that each row's commit changed; nothing where it is not here."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(None)
        self._repository = repository
        self._changes: dict[str, tuple[str, bytes, bytes] | None] = {}

    def before(self, subject: Subject, base: Base) -> str | None:
        change = self._change(subject)
        return change and _text(change[1])

    def after(self, subject: Subject) -> str | None:
        change = self._change(subject)
        return change and _text(change[2])

    def path(self, subject: Subject) -> str | None:
        change = self._change(subject)
        return change and change[0]

    def _change(self, subject: Subject) -> tuple[str, bytes, bytes] | None:
        commit = subject.row.commit if subject.row else ""
        if commit not in self._changes:
            self._changes[commit] = self._repository.change_of(commit)
        return self._changes[commit]


def texts_beside(table: Path) -> CommitTexts | None:
    """For a table that lies in a repository; None elsewhere."""
    place = gitdir.find(table.resolve().parent)
    return None if place is None else CommitTexts(Repository(place))


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
