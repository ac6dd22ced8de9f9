"""The run directory: one folder per run, `<git common dir>/autoexp/<tag>/`."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Names of the files of one run; creates nothing by itself."""

    path: Path

    @property
    def tag(self) -> str:
        return self.path.name

    @property
    def home(self) -> Path:
        """The folder that has `.git` in it; for other layouts, the one where git keeps its own."""
        common = self.path.parent.parent
        return common.parent if common.name == ".git" else common

    def told(self, path: Path) -> str:
        """A path as events have it: relative to `home` where it is inside, so that a journal which
        is given away doesn't tell whose it was.
        """
        return str(path.relative_to(self.home) if path.is_relative_to(self.home) else path)

    def place(self, told: str) -> Path:
        """Where a path of an event is; earlier versions wrote it whole."""
        return self.home / told

    @property
    def is_there(self) -> bool:
        """Whether a run of that name has begun."""
        return self.journal.is_file()

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def contract(self) -> Path:
        return self.path / "run.yaml"

    @property
    def results(self) -> Path:
        return self.path / "results.tsv"

    @property
    def budget_log(self) -> Path:
        return self.path / "budget.log"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def seen(self) -> Path:
        return self.path / "seen.json"

    @property
    def runner_log(self) -> Path:
        return self.path / "runner.log"

    @property
    def verification_log(self) -> Path:
        """What the harness printed in the last evaluation of a verification."""
        return self.path / "verification.log"

    def experiment(self, n: int) -> Path:
        """Folder of experiment `n`: `proposal.jsonl`, `output.log`, `target`, `diff.patch`."""
        return self.path / "experiments" / f"{n:04d}"

    def text(self, n: int) -> Path:
        """The whole text of the target that experiment `n` measured."""
        return self.experiment(n) / "target"

    def output(self, n: int) -> Path:
        return self.experiment(n) / "output.log"

    def progress(self, n: int) -> Path:
        """The intermediate figures of experiment `n`, where the contract names `progress`."""
        return self.experiment(n) / "progress.json"

    def diff(self, n: int) -> Path:
        return self.experiment(n) / "diff.patch"

    def proposal(self, n: int) -> Path:
        return self.experiment(n) / "proposal.jsonl"


def runs_in(common_dir: Path) -> Iterator[RunDirectory]:
    """Every run of a repository, the one written to last first.

    What has only the name of a journal is none: a folder, a link, a pipe.
    """
    times = []
    for path in common_dir.glob("autoexp/*/journal.jsonl"):
        try:
            found = path.lstat()
        except OSError:
            continue  # gone meanwhile
        if stat.S_ISREG(found.st_mode):
            times.append((found.st_mtime_ns, path.parent))
    yield from (RunDirectory(path) for _, path in sorted(times, reverse=True))
