"""A run that has ended, told by its journal and its commits: nothing is measured."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from support.projects import CONFIG, FILES

from autoexp_tui.config import load_given
from autoexp_tui.loop.journal import Journal
from autoexp_tui.model import events
from autoexp_tui.model.events import Status
from autoexp_tui.model.evidence import Evidence
from autoexp_tui.model.proposal import digest
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.repository.repository import Repository

__all__ = ["CONFIG", "FILES", "Told", "tell_run"]


class Told(NamedTuple):
    """One experiment of it."""

    text: str
    loss: float | None
    status: Status
    description: str = "a change"
    hypothesis: str = "It may help."
    made_from: int = 0
    """0: the last that was kept."""


def tell_run(project: Path, tag: str, told: list[Told], *, ended: bool = True) -> RunDirectory:
    """Write that run of `project`, whose target is `target.py`; the baseline comes of itself."""
    run = RunDirectory(project / ".git" / "autoexp" / tag)
    contract = load_given(project / "autoexp.yaml").contract
    with Repository.open(project) as repository, Journal(run.journal) as journal:
        base = repository.head()
        repository.keep_ref(tag, "base", base)
        journal.append(
            events.RunStarted(tag, project.name, "", base, contract, "tuner", 0, "none", "0")
        )
        results = run.told(project / "results.tsv")
        journal.append(events.RunnerStarted(1, "host", run.told(project), results, False))
        tip, commits = base, {}
        text = repository.read(base, contract.target).decode()
        for n, one in enumerate([Told(text, 9.0, "keep", "baseline"), *told], start=1):
            parent = commits.get(one.made_from, tip)
            commit = parent
            if n > 1:
                content = {contract.target: one.text.encode()}
                commit = repository.record(tag, n, parent, content, f"{one.description}\n")
            commits[n] = commit
            path = run.text(n)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(one.text)
            metrics = {} if one.loss is None else {"loss": one.loss}
            evidence = Evidence(0.5, 0.4, 0.6, 3, 2, 0.99, 0.05) if one.status == "keep" else None
            for event in (
                events.ExperimentStarted(n, parent),
                events.Proposed(n, one.hypothesis, one.description, 1, 1, digest(one.text)),
                events.Committed(n, commit),
                events.EvaluationStarted(n),
                events.Evaluated(n, 0.1, metrics, {}, "" if metrics else "exit 1"),
                events.Decided(
                    n, one.status, commit, parent, one.description, "so it is", metrics, 0.1,
                    evidence=evidence if n > 1 else None,
                ),
            ):  # fmt: skip
                journal.append(event)
            if one.status == "keep":
                tip = commit
        repository.advance(tag, tip)
        if ended:
            journal.append(events.RunFinished("all done (max_experiments)", True))
    return run
