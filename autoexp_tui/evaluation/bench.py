"""The loop's laboratory: the repository, the workspace and the harness of one run, together."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from autoexp_tui.evaluation.environment import harness_environment
from autoexp_tui.evaluation.harness import Outcome, run_harness
from autoexp_tui.evaluation.workspace import Workspace
from autoexp_tui.loop.laboratory import Result
from autoexp_tui.model.events import RunStarted
from autoexp_tui.model.ideas import NAME, read_ideas
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.repository.plumbing import RepositoryError
from autoexp_tui.repository.repository import Repository
from autoexp_tui.text.safe import decode


class Bench:
    """Implements `loop.laboratory.Laboratory` for one run."""

    def __init__(self, run: RunDirectory, repository: Repository, started: RunStarted) -> None:
        self._run = run
        self._repository = repository
        self._started = started
        self._contract = contract = started.contract
        self._target = str(PurePosixPath(started.folder) / contract.target)
        self.workspace = Workspace(
            repository,
            started.base,
            started.folder,
            tag=started.tag,
            link=contract.link,
            keep=contract.keep,
            target=contract.target,
        )
        environment, self.withheld = harness_environment(os.environ, contract.env)
        self._environment = with_project_python(environment, self.workspace.project_dir)

    def text_of(self, commit: str) -> str:
        return self._repository.read(commit, self._target).decode("utf-8", "surrogateescape")

    def commit(self, n: int, parent: str, text: str, message: str, attempt: int) -> str:
        tag = self._started.tag
        if attempt > 1 and (earlier := self._repository.refs(tag).get(n)):
            self._repository.keep_ref(tag, f"{n}.{attempt - 1}", earlier)
        content = text.encode("utf-8", "surrogateescape")
        return self._repository.record(tag, n, parent, {self._target: content}, message)

    def advance(self, to: str) -> str:
        return self._repository.advance(self._started.tag, to)

    def instructions(self) -> str:
        """From the user's checkout, so that an edit counts from the next proposal on."""
        return self._as_it_reads_now(self._contract.instructions or "")

    def ideas(self) -> Sequence[str]:
        """From `ideas.txt` beside the target, likewise."""
        beside = PurePosixPath(self._contract.target).with_name(NAME)
        return read_ideas(self._as_it_reads_now(str(beside)))

    def _as_it_reads_now(self, name: str) -> str:
        """A file of the user's checkout; empty when there is none."""
        path = self._repository.root / self._started.folder / name
        try:
            return path.read_text(encoding="utf-8", errors="replace") if name else ""
        except OSError:
            return ""

    def free_mb(self) -> int:
        places = (self._repository.common_dir, self.workspace.root)
        return min(shutil.disk_usage(place).free for place in places) >> 20

    def harness_text(self) -> str:
        """The files that the harness' command names, as they are judged with."""
        texts = []
        for word in dict.fromkeys(self._contract.harness.split()):
            name = word.removeprefix("./")
            path = str(PurePosixPath(self._started.folder) / name)
            if name.startswith(("-", "/")) or name == self._contract.target:
                continue
            try:
                content = self._repository.read(self._started.base, path)
            except RepositoryError:
                continue  # a word that names no file
            texts.append(f"# {name}\n{decode(content)}")
        return "\n".join(texts)

    def evaluate(
        self, n: int, text: str, *, time_limit: float, interrupt: threading.Event
    ) -> Result:
        self.workspace.prepare(text.encode("utf-8", "surrogateescape"))
        outcome = run_harness(
            self._contract.harness,
            cwd=self.workspace.project_dir,
            env=self._environment,
            time_limit=time_limit,
            log=self._run.output(n),
            metrics=self._contract.metrics,
            interrupt=interrupt,
        )
        tampered = self.workspace.verify()
        failure = outcome.failure
        if tampered:
            failure = f"tampered with {', '.join(tampered[:3])}"
        return Result(
            seconds=outcome.seconds,
            metrics=outcome.reading.metrics,
            extras=outcome.reading.extras,
            failure=failure,
            cut_short=outcome.ended in {"interrupted", "time limit"},
            tail=outcome.tail,
            tampered=bool(tampered),
            notes=tuple(_notes(outcome)),
        )


def _notes(outcome: Outcome) -> Iterator[str]:
    if outcome.survivors:
        yield f"{outcome.survivors} processes of the harness could not be killed"
    if outcome.log_error:
        yield f"its output could not be kept: {outcome.log_error}"


def with_project_python(environment: dict[str, str], project: Path) -> dict[str, str]:
    """Let `python` mean the project's own `.venv` where it has one, as in a person's shell."""
    programs = project / ".venv" / "bin"
    if not programs.is_dir():
        return environment
    path = environment.get("PATH", os.defpath)
    return {
        **environment,
        "PATH": f"{programs}{os.pathsep}{path}",
        "VIRTUAL_ENV": str(programs.parent),
    }
