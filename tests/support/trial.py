"""One project under trial: runners are started on it, hurt, resumed, and everything is compared.

`Trial.check` is the promise of the program in code. No row is lost or doubled; journal, tables,
branch and refs tell the same story; nothing of the user's has changed.
"""

from __future__ import annotations

import os
from multiprocessing.process import BaseProcess
from pathlib import Path

from support.effects import MENDED, NO_INJURY, Injury
from support.faulty import OK, Job, start
from support.gitrepos import git, make_repo
from support.projects import fingerprint

from autoexp_tui.loop import results
from autoexp_tui.loop.journal import JournalReader
from autoexp_tui.model.events import Decided
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.sources.journals import read_state

TAG = "t"
HARNESS = """\
read value rest <value
case $value in
    bad) echo "no good" >&2; exit 3 ;;
    *) echo "loss: $value" ;;
esac
"""
LINES = """\
sleep 0.03
total=0
while read value rest; do
    case $value in bad) echo "no good" >&2; exit 3 ;; esac
    total=$((total + value))
done <value
echo "loss: $total"
"""
"""Of a target of several lines, whose changes can be put together."""
UNASKED = 'proposer: command\ncommand: {run: "true"}\n'
"""A proposer that never refuses a target; in a trial another one stands in for it."""
CONFIG = f"""\
target: value
harness: sh evaluate.sh
metrics:
  - name: loss
    direction: lower
time_limit: 20s
min_free_mb: 0
pause_after_failures: 0
budget:
  max_experiments: 1000000
  max_wall_clock_hours: 1000
{UNASKED}"""
FILES = {
    "README": "hello\n",
    "lab/value": "2000 to begin with\n",
    "lab/evaluate.sh": HARNESS,
    "lab/autoexp.yaml": CONFIG,
    "lab/data/table.csv": "1,2,3\n" * 50,
}
PATIENCE = 100.0


class Trial:
    """A repository with a person's unfinished work in it, and one run."""

    def __init__(self, folder: Path, parallel: int = 1, **changed: str) -> None:
        """In `folder`; `changed` replaces files of the lab, `evaluate_sh` standing for its name."""
        self.parallel = parallel
        if parallel > 1:
            changed = {
                "value": "2000 to begin with\n" * (parallel + 1),
                "evaluate_sh": LINES,
                "autoexp_yaml": f"{CONFIG}parallel: {parallel}\n",
                **changed,
            }
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            f"lab/{name.replace('_sh', '.sh').replace('_yaml', '.yaml')}": text
            for name, text in changed.items()
        }
        self.folder = folder
        self.repository = make_repo(folder / "repository", {**FILES, **files})
        self.project = self.repository / "lab"
        self.run = RunDirectory(self.repository / ".git" / "autoexp" / TAG)
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "AUTOEXP_CACHE": str(folder / "cache"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
        }
        self._leave_work_unfinished()
        self.base = git(self.repository, "rev-parse", "HEAD")
        self._before = fingerprint(self.repository)
        self._status = git(self.repository, "status", "--porcelain")
        self._rows: list[tuple[str, str]] = []

    def _leave_work_unfinished(self) -> None:
        """Something staged, changed, untracked and stashed, as in a person's checkout."""
        readme = self.repository / "README"
        (self.repository / "mine").write_text("stashed\n")
        git(self.repository, "stash", "--quiet", "--include-untracked")
        readme.write_text("staged\n")
        git(self.repository, "add", "README")
        readme.write_text("changed again\n")
        (self.project / "notes").write_text("untracked\n")

    # Running.

    def start(
        self,
        more: int,
        injury: Injury = NO_INJURY,
        *,
        trace: bool = False,
        known_rows: int | None = None,
    ) -> BaseProcess:
        """A process that prepares the run and adds at most `more` rows; the caller joins it.

        `known_rows` stands for a count of the rows that can't be made.
        """
        rows = len(self.state().rows) if known_rows is None else known_rows
        return start(
            Job(
                project=self.project,
                tag=TAG,
                experiments=rows + more,
                notes=self.folder,
                injury=injury,
                environment=self.environment,
                trace=trace,
            )
        )

    def hurt(self, more: int, injury: Injury) -> int:
        """Let a runner be hurt; its exit status, negative for a signal."""
        process = self.start(more, injury)
        return end_of(process)

    def mend(self, *, done: bool = True) -> None:
        """Let nothing go wrong any more in any process; not `done`: as it was."""
        path = self.folder / MENDED
        path.touch() if done else path.unlink(missing_ok=True)

    def resume(self, more: int = 1) -> None:
        """Take the run up again as a person would, and see that all is well."""
        before = self.state()
        process = self.start(more)
        status = end_of(process)
        assert status == OK, f"the resumed run ended with {status}:\n{self.said()}"
        after = self.state()
        cut = sorted(n for n, each in before.in_flight.items() if each.commit)
        for n in cut[:more] if before.rows else ():
            row = after.row(n)
            assert row is not None, "what was committed has no row"
            was = before.in_flight[n].commit
            again = row.commit == was or row.status == "keep" or row.mark == "superseded"
            assert again if self.parallel > 1 else row.commit == was, "another was measured"
        assert len(after.rows) == len(before.rows) + more, "rows are missing"
        self.check()

    # Looking.

    def state(self) -> RunState:
        return read_state(self.run)

    def said(self) -> str:
        """The last words of all processes so far."""
        path = self.folder / "said"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def hurt_at(self) -> str:
        """The name of the effect that was hurt last; empty when none was. Forgets it."""
        path = self.folder / "hurt"
        if not path.exists():
            return ""
        name = path.read_text().strip()
        path.unlink()
        return name

    def check(self, *, branch: bool = True, fsck: bool = False) -> None:
        """Raise AssertionError when anything is not as promised; the run must be at rest.

        `branch` off: it is the user's now, and the result is at `refs/autoexp/<tag>/tip`.
        """
        self.check_rows()
        self._check_tables()
        self._check_refs(branch=branch)
        self.check_tree()
        if fsck:
            git(self.repository, "fsck", "--strict", "--no-dangling")

    def check_rows(self) -> None:
        """No row that was ever promised is gone, changed, or there twice; at any moment."""
        records = JournalReader(self.run.journal).read() if self.run.journal.exists() else []
        decided = [record.event for record in records if isinstance(record.event, Decided)]
        rows = [(each.commit, each.status) for each in decided]
        order = [each.n for each in decided]
        assert len(order) == len(set(order)), "a number twice"
        if self.parallel == 1:
            assert order == list(range(1, len(rows) + 1)), "numbers of rows"
        assert rows[: len(self._rows)] == self._rows, "a row of before is gone or changed"
        self._rows = [(commit, str(status)) for commit, status in rows]
        kept = self.folder / "kept"
        promised = [line.split() for line in kept.read_text().splitlines()] if kept.exists() else []
        numbers = [int(number) for number, _, _ in promised]
        assert len(numbers) == len(set(numbers)), "a row was decided twice"
        for number, commit, status in promised:
            row = self._rows[order.index(int(number))]
            assert row == (commit, status), f"row {number} was lost"

    def _check_tables(self) -> None:
        state = self.state()
        metrics = state.contract.metrics
        table = results.table(state.rows, metrics)
        for path in (self.run.results, self.project / "results.tsv"):
            assert path.read_text() == table, f"{path} is not what the journal says"
        ours, theirs = self.run.budget_log.read_text(), (self.project / "budget.log").read_text()
        assert ours == theirs, "the two copies of budget.log differ"
        numbers = [int(line.split("\t")[1]) for line in ours.splitlines()[1:]]
        assert self.parallel > 1 or numbers == sorted(numbers), "budget.log is out of order"

    def _check_refs(self, *, branch: bool) -> None:
        rows = self.state().rows
        prefix = f"refs/autoexp/{TAG}/"
        listing = git(self.repository, "for-each-ref", "--format=%(refname) %(objectname)", prefix)
        refs = dict(line.removeprefix(prefix).split(" ") for line in listing.splitlines())
        assert refs["base"] == self.base
        for row in rows:
            if row.commit != row.parent:
                assert refs.get(str(row.n)) == row.commit, f"refs/autoexp/{TAG}/{row.n}"
        numbers = [int(name) for name in refs if name.isdecimal()]
        most = len(rows) + self.parallel
        assert all(number <= most for number in numbers), "a ref without a row"
        kept = [row.commit for row in rows if row.status == "keep"]
        tip = f"refs/heads/autoexp/{TAG}" if branch else f"{prefix}tip"
        chain = git(self.repository, "rev-list", "--reverse", tip, f"^{self.base}").splitlines()
        assert [self.base, *chain] == kept, "the branch is not the kept commits"
        for commit in {row.commit for row in rows[-3:]}:
            git(self.repository, "cat-file", "-e", f"{commit}:lab/value")

    def check_tree(self) -> None:
        """Nothing of the user's has changed, and no crumbs lie about; at any moment at rest."""
        assert fingerprint(self.repository) == self._before, "the user's files have changed"
        assert git(self.repository, "status", "--porcelain") == self._status, "git status"
        crumbs = [
            str(path.relative_to(self.repository))
            for pattern in (".git/**/*.lock", ".git/autoexp/**/.*.tmp", ".git/info/.*.tmp")
            for path in self.repository.glob(pattern)
        ]
        assert not crumbs, f"left behind: {crumbs}"


def end_of(process: BaseProcess) -> int:
    """Wait for it; its exit status, negative for a signal."""
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"still running after {PATIENCE:g} s")
    return process.exitcode
