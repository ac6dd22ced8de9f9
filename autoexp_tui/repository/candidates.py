"""The texts of one run, as commits of the user's repository."""

from __future__ import annotations

import threading
from pathlib import PurePosixPath

from autoexp_tui.model.events import RunStarted
from autoexp_tui.repository.latest import Latest
from autoexp_tui.repository.plumbing import RepositoryError
from autoexp_tui.repository.repository import Repository
from autoexp_tui.text.safe import decode


class Candidates:
    """Implements `loop.ports.CandidateStore` for one run; for several threads, in turn."""

    def __init__(self, repository: Repository, started: RunStarted) -> None:
        self._repository = repository
        self._started = started
        self._folder = PurePosixPath(started.folder)
        self._target = str(self._folder / started.contract.target)
        self._texts: Latest[str] = Latest()
        self._harness: str | None = None
        self._alone = threading.RLock()
        """The repository is for one thread at a time."""

    def text_of(self, commit: str) -> str:
        with self._alone:
            if commit not in self._texts:
                content = self._repository.read(commit, self._target)
                self._texts[commit] = content.decode("utf-8", "surrogateescape")
            return self._texts[commit]

    def commit(self, n: int, parent: str, text: str, message: str, attempt: int) -> str:
        tag = self._started.tag
        with self._alone:
            if attempt > 1 and (earlier := self._repository.refs(tag).get(n)):
                self._repository.keep_ref(tag, f"{n}.{attempt - 1}", earlier)
            return self._record(n, parent, text, message)

    def graft(self, n: int, own: str, tip: str, text: str, message: str) -> str:
        with self._alone:
            self._repository.keep_ref(self._started.tag, f"{n}.made", own)
            return self._record(n, tip, text, message)

    def _record(self, n: int, parent: str, text: str, message: str) -> str:
        files = {self._target: text.encode("utf-8", "surrogateescape")}
        commit = self._repository.record(self._started.tag, n, parent, files, message)
        self._texts[commit] = text
        return commit

    def advance(self, to: str) -> str:
        with self._alone:
            return self._repository.advance(self._started.tag, to)

    def harness_text(self) -> str:
        """The files that the harness' command names, as they are judged with."""
        with self._alone:
            if self._harness is None:
                self._harness = self._read_harness()
            return self._harness

    def _read_harness(self) -> str:
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
