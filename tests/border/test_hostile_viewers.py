"""A run, a table or an archive that somebody sent steers no terminal and no page, whoever shows it.

Every text of every event is hostile, found by reflection: a field that is added is covered.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import zipfile
from pathlib import Path
from typing import Any, get_args

import msgspec
import pexpect
import pytest
from support.gitrepos import git, make_repo
from support.lanes import four_lanes
from support.moments import picture_of
from support.projects import FILES
from support.realistic_run import recorded, request, whole_run
from support.sources import FinishedSource

from autoexp_tui import plain
from autoexp_tui.cli import run_command
from autoexp_tui.commands.watch import Teller
from autoexp_tui.loop import control, results
from autoexp_tui.loop.lines import decode, encode
from autoexp_tui.loop.proposal_log import ProposalLog
from autoexp_tui.model import events
from autoexp_tui.model.contract import Budget, Contract, Metric, Notify
from autoexp_tui.model.events import AnyEvent, Record
from autoexp_tui.model.measurement import Sample
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.runner.notifier import Notifier
from autoexp_tui.sources.tables import TableSource
from autoexp_tui.sources.watching import TableWatch
from autoexp_tui.summary.brief import brief
from autoexp_tui.summary.lanes import busy_words, in_flight_words
from autoexp_tui.tables import read_table
from autoexp_tui.text.intake import cleaned
from autoexp_tui.ui import status
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.clipping import experiment_as_text
from autoexp_tui.ui.screens.run import RunScreen

POISON = (
    "\x1b]0;OWNED\x07\x1b]52;c;UFdORUQ=\x1b\\\x1b[2J\x1b[31m\x9b31m\x9d0;OWNED\x9c\x07\x08\x7f"
    "\u202e\u2066\u200b[@click=app.quit]quit[/] [/foo] <script>alert(1)</script> "
    "![x](javascript:alert) \r\n9 keep"
)
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
MARKUP = {
    "html": re.compile(r"<(?:script|img|a)\b"),
    "md": re.compile(r"<(?:script|img|a)\b|(?<!\\)\]\("),
}
"""Of ours neither page has any such thing."""
FENCED = re.compile(r"^(`{3,})[a-z]*\n.*?\n\1$", re.MULTILINE | re.DOTALL)


def poisoned(value: Any) -> Any:
    """`value` with poison in every text, in the keys too; equal texts stay equal."""
    match value:
        case str():
            return value if value in _CHOICES else value + POISON
        case dict():
            return {poisoned(key): poisoned(item) for key, item in value.items()}
        case tuple() | list():
            return type(value)(map(poisoned, value))
        case msgspec.Struct():
            fields = {name: poisoned(getattr(value, name)) for name in value.__struct_fields__}
            return type(value)(**fields)
        case _:
            return value


_CHOICES = {
    "", "lower", "higher", "keep", "discard", "crash", "run", "table", "primary", "only", "info",
    "climb", "warning", "alarm", "confirm", "incumbent", "medium", "default", "adaptive", "auto",
    "off", "median", "mean", "whole", "step", "without", "holds", "unclear", "gone", "failed",
    "anthropic", "lines",
}  # fmt: skip
"""What a decoder takes only as it is."""

EVENTS: list[AnyEvent] = [
    *whole_run(["keep", "keep", "discard", "crash"])[:-1],
    *request(5, 0.1),
    events.InstructionsRead(5, "digest", 3),
    events.Damaged(5, {"data/held.json": 12}),
    events.ProductsAllowed(5, ("made.so", "cache/")),
    events.WaitBegan(5, 3.0, "overloaded"),
    events.AgentActed(5, "Read", "train.py"),
    events.RepairBegan(5, 2, "exit code 1"),
    events.EvaluationLost(5, "the node went away"),
    events.Rebased(5, "b" * 40, 3),
    events.Remeasured(5, 1, Sample({"val_loss": 0.5})),
    events.Retried(5, 2, "exit code 1"),
    events.NotebookWritten(5, "claude", "what helped\nwhat did not"),
    events.Abandoned(5, "skipped"),
    events.PauseRequested("ann"),
    events.Paused("paused by ann"),
    events.Resumed("ann"),
    events.SkipRequested("ann", 5),
    events.StopRequested("ann", now=False),
    events.HintGiven("ann", "smaller"),
    events.NoteGiven(2, "ann", "it overfits", never=True),
    events.VerificationStarted(1, (2,), (), 5, 7),
    events.Verified(1, events.Variant(2), 0.1, {"val_loss": 0.5}, "exit code 1"),
    events.VerificationFinished(
        "measured",
        True,
        5,
        None,
        (events.Effect("whole", 2, "holds", 0.1), events.Effect("step", 2, "holds", 0.1)),
    ),
    events.Noticed("warning", "edited"),
    events.Noticed("alarm", "tampered"),
    events.BudgetChanged(Budget()),
    events.RunFinished("stopped", ok=False),
]


def hostile_lines() -> list[bytes]:
    return [encode(record) for record in map(poisoned, recorded(EVENTS))]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return [decode(line) for line in hostile_lines()]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the hostile run, whose output and diff are hostile too."""
    path = tmp_path / "project"
    folder = path / ".git" / "autoexp" / "t1"
    path.mkdir()
    git(path, "init", "--quiet")
    for n in (1, 2, 3, 4):
        experiment = folder / "experiments" / f"{n:04}"
        experiment.mkdir(parents=True)
        for name in ("output.log", "diff.patch", "target", "proposal.jsonl"):
            (experiment / name).write_text(f"+{POISON} {n}\n")
    (folder / "journal.jsonl").write_bytes(b"".join(hostile_lines()))
    (folder / "results.tsv").write_text(f"commit\tval_loss{POISON.strip()}\tstatus\n")
    monkeypatch.chdir(path)
    monkeypatch.setenv("COLUMNS", "100")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table whose name, header and cells are hostile."""
    path = tmp_path / f"t{POISON.replace('/', '')[:60]}.jsonl"
    rows = [
        {
            "commit": f"a{n}{POISON}",
            f"val_loss{POISON}": 1 / n,
            "status": "keep" if n < 3 else f"odd{POISON}",
            f"note{POISON}": POISON,
            "description": f"row {n}{POISON}",
        }
        for n in (1, 2, 3, 4)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def assert_harmless(text: str, what: str) -> None:
    found = STEERS.search(text)
    assert found is None, (
        f"{what}: {found.group()!r} in {text[max(0, found.start() - 60) :][:120]!r}"
    )


def test_every_event_is_among_the_hostile() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(AnyEvent))


def test_what_a_journal_holds_is_cleaned_as_its_types_say(records: list[Record]) -> None:
    raw = [poisoned(record) for record in recorded(EVENTS)]
    assert len(records) == len(raw)
    assert records != raw
    for record in records:
        assert cleaned(record) is record
    state = folded(records)
    assert state.started is not None
    metric = state.contract.primary.name
    assert metric.startswith("val_loss")
    assert metric in state.rows[0].metrics
    assert state.started.contract.target == raw[0].event.contract.target  # a path stays itself


@pytest.mark.parametrize(
    "command",
    ["show 2", "ls", "summary", "summary --json", "compare t1", "report --md", "report --html -o -",
     "attach --plain", "attach --json", "show 99", "hint x", "replay"],
)  # fmt: skip
def test_commands_print_nothing_that_steers(
    command: str, project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_command(command.split())
    out, err = capfd.readouterr()
    assert out + err
    assert_harmless(out + err, command)
    if command.startswith("report"):
        form = "md" if "--md" in command else "html"
        assert MARKUP[form].search(FENCED.sub("", out)) is None


@pytest.mark.parametrize(
    "command", ["summary", "summary --json", "compare", "report --md", "report --html -o -",
                "report --html", "export"]
)  # fmt: skip
def test_commands_tell_a_table_without_harm(
    command: str,
    table: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    run_command([*command.split(), str(table)])
    run_command([*command.split(), str(table) + "not there"])
    out, err = capfd.readouterr()
    assert_harmless(out + err, command)
    if command.startswith("report"):
        form = "md" if "--md" in command else "html"
        assert MARKUP[form].search(FENCED.sub("", out)) is None


def test_an_archive_is_told_without_harm(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"z{POISON.replace('/', '')[:60]}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (project / ".git" / "autoexp").rglob("*"):
            if file.is_file():
                name = str(file.relative_to(project / ".git" / "autoexp"))
                archive.writestr(name, file.read_bytes())
        member = re.sub(r"[/:\\\\]", "", POISON)
        archive.writestr(f"t1/{member}", b"")
    for command in ("summary", "summary --json", "compare", "report --md", "report --html -o -"):
        run_command([*command.split(), str(path)])
        out, err = capfd.readouterr()
        assert out, err
        assert_harmless(out + err, command)


def test_lines_and_projections_hold_nothing_that_steers(records: list[Record]) -> None:
    state = RunState()
    for record in records:
        state.apply(record)
        for line in [*plain.as_lines(record, state), plain.as_json(record)]:
            assert_harmless(line, str(type(record.event)))
            assert "\n" not in line
    now = status.Now(state.time, alive=True)
    for line in brief(state, 0, 0.0):
        assert_harmless(line, "brief")
    for piece in [*status.first_line(state, now), *status.second_line(state, now)]:
        assert_harmless(piece.text, "status")
    for text in (status.title(state, now), status.alert(state, now)):
        assert_harmless(text, "status")
    made = results.table(state.rows, state.contract.metrics)
    assert_harmless(made, "results.tsv")
    assert made.count("\n") == 1 + len(state.rows)
    budget = results.budget_lines(state.settled)
    assert_harmless(budget, "budget.log")
    assert budget.count("\n") == len(state.settled)
    assert_harmless(experiment_as_text(state.rows[1], POISON), "clipboard")


def test_a_watched_table_is_told_without_harm(table: Path) -> None:
    teller, watch = Teller(table.name), TableWatch(table)
    records = [*watch.read(), *watch.read()]
    lines = [*teller.lines(records), *map(plain.as_json, records)]
    assert len(lines) > len(records)
    for line in lines:
        assert_harmless(line, "watch")


@pytest.mark.parametrize("kind", [control.Command, control.Reply])
def test_the_control_socket_hands_on_clean_text(kind: type[msgspec.Struct]) -> None:
    made: Any = (
        control.Command("hint", POISON, POISON) if kind is control.Command  # type: ignore[arg-type]
        else control.Reply(ok=True, text=POISON)  # type: ignore[arg-type]
    )  # fmt: skip
    for name in kind.__struct_fields__:
        assert_harmless(str(getattr(cleaned(made), name)), name)


def test_a_problem_says_nothing_that_steers() -> None:
    assert_harmless(str(Problem(POISON)), "problem")


def folded(records: list[Record]) -> RunState:
    state = RunState()
    for record in records:
        state.apply(record)
    return state


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
@pytest.mark.parametrize("what", ["run", "table"])
async def test_the_screen_shows_nothing_that_steers(
    what: str, size: tuple[int, int], records: list[Record], table: Path
) -> None:
    source = FinishedSource(records) if what == "run" else TableSource(read_table(table))
    screen = RunScreen(source, None, table=source if isinstance(source, TableSource) else None)
    app = AutoexpApp(screen)
    async with app.run_test(size=size) as pilot:
        while not screen.state.rows or screen.state.finished is None:
            await pilot.pause()
        for key in ("1", "2", "3", "4", "5", "up", "enter", "escape", "z", "question_mark"):
            await pilot.press(key)
            await pilot.pause()
            shown = picture_of(app)
            for line in shown.split("\n"):
                assert_harmless(line, f"{what} after {key}")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (200, 50)])
async def test_lanes_show_nothing_that_steers(size: tuple[int, int], project: Path) -> None:
    run = RunDirectory(project / ".git" / "autoexp" / "t1")
    flight = [*four_lanes(), events.WaitBegan(6, 60.0, "overloaded")]
    for n in (3, 4, 5, 6):
        run.experiment(n).mkdir(exist_ok=True)
        run.output(n).write_text(f"wide 全角 {POISON} {n}")
    source = FinishedSource([decode(encode(poisoned(each))) for each in recorded(flight)])
    screen = RunScreen(source, run)
    app = AutoexpApp(screen)
    async with app.run_test(size=size) as pilot:
        while len(screen.state.in_flight) < 4:
            await pilot.pause()
        for key in ("0", "J", "J", "J", "enter", "0", "K", "enter"):
            await pilot.press(key)
            await pilot.pause()
            for line in picture_of(app).split("\n"):
                assert_harmless(line, f"lanes after {key}")
        if size[0] >= 120:  # what each prints stands in its line
            while "9 keep" not in picture_of(app).split("1 Hypothesis")[0]:
                await pilot.pause()
            for line in picture_of(app).split("\n"):
                assert_harmless(line, "lanes with their output")
    for told in (busy_words(screen.state), in_flight_words(screen.state)):
        assert_harmless(told, "lanes in words")


async def test_files_beside_the_journal_steer_no_screen(
    records: list[Record], project: Path
) -> None:
    run = RunDirectory(project / ".git" / "autoexp" / "t1")
    screen = RunScreen(FinishedSource(records), run)
    app = AutoexpApp(screen)
    async with app.run_test(size=(160, 50)) as pilot:
        while screen.state.finished is None:
            await pilot.pause()
        screen.look.selected = 2
        await pilot.press("enter")
        # Of the file's first line "9 keep" is what a terminal would show after the line break.
        while "9 keep" not in (shown := picture_of(app)):
            await pilot.pause()
        for line in shown.split("\n"):
            assert_harmless(line, "the opened experiment")


async def test_a_proposal_that_is_being_written_steers_no_screen(project: Path) -> None:
    run = RunDirectory(project / ".git" / "autoexp" / "t1")
    flight = [*whole_run(["keep"])[:-1], events.ExperimentStarted(2, "0" * 40)]
    with ProposalLog(run.proposal(2)) as log:
        log.write("hypothesis", f"because{POISON}")
        log.write("target", f"RATE = 2{POISON}\n")
    screen = RunScreen(
        FinishedSource([decode(encode(poisoned(each))) for each in recorded(flight)]), run
    )
    app = AutoexpApp(screen)
    async with app.run_test(size=(160, 50)) as pilot:
        while "because[@click" not in (shown := picture_of(app)) or "RATE = 2[@click" not in shown:
            await pilot.pause()
        for line in shown.split("\n"):
            assert_harmless(line, "a proposal in flight")


def test_who_is_told_of_news_gets_clean_text(records: list[Record], tmp_path: Path) -> None:
    to, warned = tmp_path / "told", list[str]()
    line = f'printf "%s|" "$AUTOEXP_EVENT" "$AUTOEXP_RUN" "$AUTOEXP_TEXT" >> {to}; echo >> {to}'
    notifier, state = Notifier(Notify(run=line), warned.append), RunState()
    for record in records:
        state.apply(record)
        notifier.take(record, state)
    notifier.close()
    told = to.read_text()
    assert {"best", "waiting", "alarm", "end"} <= {each.split("|")[0] for each in told.split("\n")}
    assert "quit[/]" in told
    assert_harmless(told, "news")
    assert warned == []


def test_the_prompt_command_prints_nothing_that_steers(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run in a real repository: its names and commits are true, every other word is hostile."""
    text = f"{FILES['target.py']}# {POISON}\n"
    path = make_repo(tmp_path / "real", {**FILES, "target.py": text, "evaluate.sh": f"# {POISON}"})
    head = git(path, "rev-parse", "HEAD").strip()
    true: dict[str, Any] = {
        "base": head, "parent": head, "commit": head, "folder": "", "root": str(path),
        "contract": Contract("target.py", "sh evaluate.sh", (Metric("val_loss", "lower"),)),
        "metrics": {"val_loss": 0.5}, "proposer": "command",
    }  # fmt: skip
    lines = []
    for record in map(poisoned, recorded(EVENTS[:-1])):
        fields = {name: true[name] for name in record.event.__struct_fields__ if name in true}
        event = msgspec.structs.replace(record.event, **fields)
        lines.append(encode(msgspec.structs.replace(record, event=event)))
    folder = path / ".git" / "autoexp" / "t1"
    (folder / "experiments" / "0004").mkdir(parents=True)
    (folder / "experiments" / "0004" / "output.log").write_text(POISON)
    (folder / "journal.jsonl").write_bytes(b"".join(lines))
    monkeypatch.chdir(path)
    assert run_command(["prompt", "t1"]) == 0
    out, err = capfd.readouterr()
    assert "smaller[@click=app.quit]" in out
    assert_harmless(out + err, "prompt")


CONTROL = re.compile(r"\x1b\[[0-9;:?<>=$ ]*[@-~]|\x1b[=>78()][0-9AB]?|[\n\r\t\x08\x0f]")
"""What Textual writes by itself: no string among it."""
STRING = re.compile(r"\x1b([\]P_^X])([^\x07\x1b]*)(?:\x07|\x1b\\)")


def assert_writes_only_our_own(written: str) -> list[str]:
    """The OSC strings in what a terminal was sent; nothing hostile is in them or around them."""
    assert "OWNED" not in written
    assert "UFdORUQ=" not in written
    strings = [kind + body for kind, body in STRING.findall(written)]
    assert all(string.startswith(("]2;", "]22;", "]52;", "P=")) for string in strings), strings
    assert_harmless(CONTROL.sub("", STRING.sub("", written)), "written")
    for string in strings:
        assert_harmless(string, "a string")
        if string.startswith("]52;"):
            copied = base64.b64decode(string.rpartition(";")[2]).decode()
            assert_harmless(copied, "copied")
    return strings


@pytest.mark.parametrize("what", ["run", "table", "table --plain"])
def test_a_replay_sends_a_terminal_only_its_own_sequences(
    what: str, project: Path, table: Path
) -> None:
    which = "t1" if what == "run" else str(table)
    child = pexpect.spawn(
        sys.executable,
        ["-m", "autoexp_tui", "replay", which, *what.split()[1:]],
        cwd=str(project),
        env={**os.environ, "TERM": "xterm-256color", "PYTHONUTF8": "1"},
        dimensions=(40, 140),
        encoding="utf-8",
        timeout=60,
    )
    written = ""
    if "plain" not in what:
        child.expect("against|rows|of 4|of 5")
        written += child.before + child.after
        child.send("Gy")
        child.expect_exact("copied #")
        written += child.before + child.after
        child.send("q")
    child.expect(pexpect.EOF)
    written += child.before
    strings = assert_writes_only_our_own(written)
    if "plain" not in what:
        assert any(string.startswith("]2;") for string in strings)
        assert any(string.startswith("]52;") for string in strings)
