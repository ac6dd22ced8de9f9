"""Whoever tells a run, whatever its rule: the same row is the best, and better means better."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from support.gitrepos import git
from support.realistic_run import commit_of, opening, recorded

from autoexp_tui import plain
from autoexp_tui.cli import run_command
from autoexp_tui.loop import results
from autoexp_tui.loop.journal import encode
from autoexp_tui.loop.situation import extend
from autoexp_tui.model import events
from autoexp_tui.model.contract import Contract, Decide, Metric, Notify
from autoexp_tui.model.events import Status
from autoexp_tui.model.proposal import Situation, Trial
from autoexp_tui.model.state import RunState
from autoexp_tui.proposers.briefing import Briefing
from autoexp_tui.proposers.context import Context
from autoexp_tui.runner.notifier import Notifier
from autoexp_tui.summary.brief import brief
from autoexp_tui.ui import status
from autoexp_tui.ui.widgets.columns import TableRows


class Case(NamedTuple):
    """A run, and what is true of it."""

    contract: Contract
    rows: tuple[tuple[float, float, Status], ...]
    best: int
    size: str
    """By how much the best one is better than the baseline, in the rule's own figure."""
    headline: str
    table: tuple[str, ...]
    """Titles of the columns of figures."""
    verdicts: tuple[str, ...]
    """Each row against the best one before it."""


def contract(names: str, ways: str, decide: Decide) -> Contract:
    metrics = (Metric(n, w) for n, w in zip(names.split(), ways.split(), strict=True))  # type: ignore[arg-type]
    return Contract("train.py", "python evaluate.py", tuple(metrics), decide)


_WORDS = ("", "as it is", "a wider net", "a smaller step", "another seed")
LOSS_MS = ("loss ms", "lower lower")
CASES = {
    "primary": Case(
        contract(*LOSS_MS, Decide()),
        ((1, 10, "keep"), (0.9, 12, "keep"), (0.95, 5, "discard"), (0.8, 15, "keep")),
        best=4,
        size="20.0 %",
        headline="best loss 0.8, 20.0 % better than the baseline 1",
        table=("loss ↓", "ms ↓"),
        verdicts=("", "better", "worse", "better"),
    ),
    "weighted": Case(
        contract(*LOSS_MS, Decide("weighted", weights=(1.0, 1.0))),
        ((1, 10, "keep"), (0.9, 9.9, "keep"), (1.5, 5, "keep"), (0.8, 9, "discard")),
        best=3,
        size="40.9 %",
        headline="best score 6.5, 40.9 % better than the baseline 11 (loss 1 → 1.5, ms 10 → 5)",
        table=("score ↓", "loss ↓", "ms ↓"),
        verdicts=("", "better", "better", "worse"),
    ),
    "weighted upwards": Case(
        contract("hits ms", "higher lower", Decide("weighted", None, (1.0, -0.1), "higher")),
        ((0.5, 1, "keep"), (0.9, 2, "keep"), (0.4, 0.5, "discard")),
        best=2,
        size="75.0 %",
        headline="best score 0.7, 75.0 % better than the baseline 0.4 (hits 0.5 → 0.9, ms 1 → 2)",
        table=("score ↑", "hits ↑", "ms ↓"),
        verdicts=("", "better", "worse"),
    ),
    "pareto": Case(
        contract(*LOSS_MS, Decide("pareto")),
        ((1, 10, "keep"), (1, 5, "keep"), (1, 4, "keep"), (1, 9, "discard")),
        best=3,
        size="60.0 %",
        headline="best: 60.0 % more dominated area than the baseline (loss 1 unchanged, ms 10 → 4)",
        table=("area ↑", "loss ↓", "ms ↓"),
        verdicts=("", "better", "better", "worse"),
    ),
}


class Run:
    """The run of a case: its records, its state at their end, and its folder in a repository."""

    def __init__(self, case: Case, folder: Path) -> None:
        first, second = (metric.name for metric in case.contract.metrics)
        made = opening(case.contract)
        for n, (one, two, kept) in enumerate(case.rows, 1):
            figures = {first: float(one), second: float(two)}
            made += [
                events.ExperimentStarted(n, commit_of(n - 1)),
                events.Proposed(n, "It may help.", _WORDS[n], 1, 1, f"digest {n}", {}),
                events.Committed(n, commit_of(n)),
                events.Decided(
                    n, kept, commit_of(n), commit_of(n - 1), _WORDS[n], "so", figures, 1.0
                ),
            ]
        self.case = case
        self.folder = folder
        self.records = recorded([*made, events.RunFinished("all done", ok=True)])
        self.state, self.lines = RunState(), dict[int, str]()
        for record in self.records:
            self.state.apply(record)
            if isinstance(record.event, events.Decided):
                self.lines[record.event.n] = " ".join(plain.as_lines(record, self.state))

    def stored(self) -> None:
        """Put it where the commands find it."""
        place = self.folder / ".git" / "autoexp" / "t"
        place.mkdir(parents=True)
        (place / "journal.jsonl").write_bytes(b"".join(map(encode, self.records)))
        table = results.table(self.state.rows, self.case.contract.metrics)
        (place / "results.tsv").write_text(table)


@pytest.fixture(params=CASES)
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    git(tmp_path, "init", "--quiet")
    monkeypatch.chdir(tmp_path)
    made = Run(CASES[request.param], tmp_path)
    made.stored()
    return made


Output = Callable[..., str]


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    def of(*arguments: str) -> str:
        assert run_command(list(arguments)) == 0
        return html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", capsys.readouterr().out))

    return of


def agrees(text: str, case: Case) -> None:
    """It says by how much the run got better, in the rule's figure, and calls that better."""
    better = "more dominated area" if case.contract.decide.rule == "pareto" else "better"
    assert f"{case.size} {better}" in text
    assert f"{case.size} worse" not in text
    assert not re.search(r"\b0\.0 %", text)
    assert "othing beat the baseline" not in text


def test_lines_of_text_agree(run: Run) -> None:
    case, state = run.case, run.state
    assert run.lines[case.best].count(case.size) == 1
    agrees(run.lines[case.best], case)
    for n, (_, _, kept) in enumerate(case.rows, 1):
        assert ("better" in run.lines[n] or "more" in run.lines[n]) is (kept == "keep" and n > 1)
    assert case.headline in brief(state, 1, 0.0)
    assert state.best is state.rows[case.best - 1]
    assert state.objective.best(state.rows) is state.best


def test_the_status_line_and_the_title_agree(run: Run) -> None:
    now = status.Now(run.state.time, alive=False)
    best = next(p for p in status.first_line(run.state, now) if p.text.startswith("best"))
    assert case_figure(run.case) in best.text
    assert run.case.size in best.text
    assert best.role == "better"
    assert best.text in status.title(run.state, now)


def case_figure(case: Case) -> str:
    """The best row's figure as it stands in the headline; of a front, its metrics."""
    if case.contract.decide.rule == "pareto":
        return "loss 1, ms 4"
    return case.headline.removeprefix("best ").removeprefix("loss ").partition(",")[0]


def test_the_columns_of_the_table_agree(run: Run) -> None:
    sheet = TableRows(run.state.objective)
    sheet.show(run.state.rows)
    columns = {column.title: column for column in sheet.columns(160)}
    assert tuple(title for title in columns if title[-1] in "↑↓") == run.case.table
    assert tuple(map(sheet.verdict, range(len(run.case.rows)))) == run.case.verdicts


def test_the_commands_agree(run: Run, output: Output) -> None:
    case = run.case
    assert case.headline in output("ls")
    agrees(output("report", "t", "--md").replace("\\", ""), case)
    agrees(output("report", "t"), case)
    compared = output("compare", "t")
    assert f"{case.size} better" in compared
    gained = [line for line in compared.splitlines() if re.match(r"  #\d", line)]
    assert gained[-1].split()[0] == f"#{case.best}"
    assert not any("↓" in line for line in gained)


def test_the_summary_agrees(run: Run, output: Output) -> None:
    case, best = run.case, run.state.rows[run.case.best - 1]
    objective = run.state.objective
    assert f"({case.size} better)" in output("summary", "t")
    told = json.loads(output("summary", "t", "--json"))
    assert told["objective"]["change"] == "better"
    assert told["objective"]["best"] == told["best"] == objective.figure(best.metrics)
    assert told["metric"] == told["objective"]["name"] == objective.title
    assert not any("best kept" in note for note in told["notes"])
    assert [metric["best"] for metric in told["metrics"]] == list(best.metrics.values())
    assert [step["n"] for step in told["improvements"]][-1] == case.best


def test_a_metric_is_told_by_its_own_direction(run: Run, output: Output) -> None:
    changes = {
        "primary": "ms 50.0 % worse",
        "weighted": "loss 50.0 % worse · ms 50.0 % better",
        "weighted upwards": "hits 80.0 % better · ms 100.0 % worse",
        "pareto": "ms 60.0 % better",
    }
    name = next(name for name, case in CASES.items() if case is run.case)
    assert changes[name] in output("report", "t")


def test_who_is_notified_reads_the_same(run: Run) -> None:
    log = run.folder / "log"
    notifier = Notifier(Notify(f'echo "$AUTOEXP_EVENT $AUTOEXP_TEXT" >> {log}'), [].append)
    state = RunState()
    for record in run.records:
        state.apply(record)
        notifier.take(record, state)
    notifier.close()
    best = [line for line in log.read_text().splitlines() if line.startswith("best")]
    assert best[-1] == f"best #{run.case.best}: {run.case.headline}"


def test_the_prompt_agrees(run: Run) -> None:
    case, state = run.case, run.state
    trials: list[Trial] = []
    extend(trials, state)
    situation = Situation(9, case.contract, "", case.best, "", trials)
    text = Briefing.of(situation, Context(), shows_target=False).news
    best = state.rows[case.best - 1]
    figure = f"{state.objective.title} {state.objective.figure(best.metrics):.7g}"
    assert f"Best so far, #{case.best}: {figure}" in text
    refused = [_WORDS[row.n] for row in state.rows if row.status == "discard"]
    tried = text.partition("# What was tried")[2]
    assert len(refused) == tried.count(" worse (#")
    for words in refused:
        assert re.search(rf"- {words}: \S+ % worse \(#\d+\)", tried)
