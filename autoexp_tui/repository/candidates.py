"""The texts of one run, as commits of the user's repository."""

from __future__ import annotations

from pathlib import PurePosixPath

from autoexp_tui.model.events import RunStarted
from autoexp_tui.repository.plumbing import RepositoryError
from autoexp_tui.repository.repository import Repository
from autoexp_tui.text.safe import decode


class Candidates:
    """Implements `loop.ports.CandidateStore` for one run."""

    def __init__(self, repository: Repository, started: RunStarted) -> None:
        self._repository = repository
        self._started = started
        self._folder = PurePosixPath(started.folder)
        self._target = str(self._folder / started.contract.target)

    def text_of(self, commit: str) -> str:
        return self._repository.read(commit, self._target).decode("utf-8", "surrogateescape")

    def commit(self, n: int, parent: str, text: str, message: str, attempt: int) -> str:
        tag = self._started.tag
        if attempt > 1 and (earlier := self._repository.refs(tag).get(n)):
            self._repository.keep_ref(tag, f"{n}.{attempt - 1}", earlier)
        content = text.encode("utf-8", "surrogateescape")
        return self._repository.record(tag, n, parent, {self._target: content}, message)

    def graft(self, n: int, own: str, tip: str, text: str, message: str) -> str:
        tag, content = self._started.tag, text.encode("utf-8", "surrogateescape")
        self._repository.keep_ref(tag, f"{n}.made", own)
        return self._repository.record(tag, n, tip, {self._target: content}, message)

    def advance(self, to: str) -> str:
        return self._repository.advance(self._started.tag, to)

    def harness_text(self) -> str:
        """The files that the harness' command names, as they are judged with."""
        texts = []
        contract = self._started.contract
        for word in dict.fromkeys(contract.harness.split()):
            name = word.removeprefix("./")
            if name.startswith(("-", "/")) or name == contract.target:
                continue
            try:
                content = self._repository.read(self._started.base, str(self._folder / name))
            except RepositoryError:
                continue  # a word that names no file
            texts.append(f"# {name}\n{decode(content)}")
        return "\n".join(texts)
