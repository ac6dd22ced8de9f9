"""A scripted model is the researcher for a night of 30, through the real SDK and the real app."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
from support import messages_server as api
from support.gitrepos import git
from support.messages_server import MessagesServer, Step
from support.projects import autoexp, make_project
from support.researcher import CANARY
from support.waiting import until

from autoexp_tui.cli import run_command
from autoexp_tui.loop.journal import read_all
from autoexp_tui.model import events
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import read_state

EXPERIMENTS = 12
TOKENS = {"input_tokens": 1000, "cache_read_input_tokens": 2000, "output_tokens": 1}


class Researcher:
    """Rewrites the sample's constants; makes every kind of mistake once."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.asked = 0
        self.proposed = 0

    def text(self) -> str:
        rate = 0.002 * 1.2**self.proposed
        return re.sub(
            r"^LEARNING_RATE = .*",
            f"LEARNING_RATE = {rate:.6f}",
            self._target,
            flags=re.MULTILINE,
        )

    def whole(self, text: str, words: str) -> api.Event:
        return api.call({"hypothesis": words, "description": words, "content": text})

    def __call__(self, body: dict[str, Any]) -> Step:
        self.asked += 1
        match self.asked:
            case 2:
                return api.refusal_of(529, "overloaded_error", retry_after="1")
            case 4:
                whole = api.events_of([self.whole(self.text(), "cut short")], usage=TOKENS)
                return api.cut(whole, 6, clean=False)
            case 6:
                ambiguous = api.proposal(("\n", "\n\n"), description="an ambiguous edit")
                return api.answer(api.call(ambiguous), usage=TOKENS)
            case 8:
                self.proposed += 1
                broken = self.text().replace("import numpy as np", "import numpyy as np")
                return api.answer(self.whole(broken, "a slip"), usage=TOKENS)
        self.proposed += 1
        words = f"rate {self.proposed}: a larger step learns faster"
        return api.answer(api.thought(), self.whole(self.text(), words), usage=TOKENS)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    project = tmp_path / "digits"
    assert run_command(["new", "ml_training", str(project)]) == 0
    return project


def files_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.timeout(240)
def test_a_night_agrees_to_the_cent(sample: Path) -> None:
    with MessagesServer(player=Researcher((sample / "train.py").read_text())) as server:
        child = pexpect.spawn(
            sys.executable,
            ["-m", "autoexp_tui", "run", "--tag", "t", "--max-experiments", str(EXPERIMENTS)],
            cwd=str(sample),
            env={
                **os.environ,
                "TERM": "xterm-256color",
                "ANTHROPIC_BASE_URL": server.url,
                "ANTHROPIC_API_KEY": CANARY,
            },
            dimensions=(40, 120),
            encoding="utf-8",
            timeout=90,
        )
        shown: list[str] = []
        for words in ("waiting", "larger step", "finished"):
            child.expect_exact(words)
            shown.append(str(child.before))
        child.send("q")
        child.expect(pexpect.EOF)
        shown.append(str(child.before))
    run = RunDirectory(sample / ".git" / "autoexp" / "t")
    records = list(read_all(run.journal))
    state = read_state(run)

    # Every row is there, and table, branch and journal agree.
    table = [line.split("\t") for line in (sample / "results.tsv").read_text().splitlines()[1:]]
    assert [row[0] for row in table] == [row.commit[:7] for row in state.rows]
    assert len(table) == EXPERIMENTS
    kept = [row.commit for row in state.rows if row.status == "keep"]
    assert git(sample, "rev-list", "--reverse", "autoexp/t").splitlines() == kept
    assert len(kept) > 2

    # Every mistake was made, and came to no harm.
    kinds = [type(record.event).__name__ for record in records]
    assert kinds.count("RepairBegan") == 1
    assert kinds.count("WaitBegan") >= 2
    assert any("(after 1 repair)" in row[-1] for row in table)
    repaired = next(row for row in state.rows if "1 repair)" in row.description)
    assert repaired.status != "crash"
    assert git(sample, "cat-file", "-t", f"refs/autoexp/t/{repaired.n}.1") == "commit"
    assert "numpyy" not in state_text(run, repaired.n)

    # To the cent.
    settled = [r.event for r in records if isinstance(r.event, events.CostSettled)]
    reserved = {r.event.id: r.event for r in records if isinstance(r.event, events.CostReserved)}
    log = [line.split("\t") for line in (sample / "budget.log").read_text().splitlines()[1:]]
    assert [float(line[8]) for line in log] == [round(event.usd, 6) for event in settled]
    assert float(log[-1][9]) == pytest.approx(sum(event.usd for event in settled), abs=1e-6)
    assert state.spent_usd == pytest.approx(sum(event.usd for event in settled))
    assert sum(row.cost_usd for row in state.rows) == pytest.approx(state.spent_usd, abs=1e-4)
    assert all(event.usd <= reserved[event.id].usd for event in settled)
    assert state.reserved == {}

    # The key is nowhere.
    objects = subprocess.run(
        ["git", "cat-file", "--batch", "--batch-all-objects"],
        cwd=sample,
        capture_output=True,
        check=True,
    ).stdout
    left = files_of(sample) + objects + "".join(shown).encode()
    assert CANARY.encode() not in left
    assert CANARY.encode() not in files_of(Path(os.environ["AUTOEXP_CACHE"]))


def state_text(run: RunDirectory, n: int) -> str:
    return run.text(n).read_text()


def claude(url: str) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": CANARY}


def small_steps(count: int) -> list[Step]:
    """RATE from 3.0 down, a tenth at a time; each is better."""
    return [
        api.answer(
            api.call(
                api.proposal(
                    (f"RATE = {3.1 - 0.1 * n:.1f}", f"RATE = {3 - 0.1 * n:.1f}"),
                    description=f"rate {n}",
                )
            ),
            usage=TOKENS,
        )
        for n in range(1, count + 1)
    ]


def test_the_cap_ends_the_run_before_the_request_that_could_break_it(tmp_path: Path) -> None:
    settings = "anthropic: {max_tokens: 1000, prices: {input: 10, output: 50}}\n"
    budget = "budget: {max_cost_usd: 0.2}\n"
    project = make_project(tmp_path / "p")
    config = project / "autoexp.yaml"
    config.write_text(config.read_text() + settings + budget)
    with MessagesServer().play(*small_steps(20)) as server:
        done = autoexp("run", "--tag", "t", cwd=project, **claude(server.url))
        assert len(server.seen) < 20
        server.script.clear()
    state = read_state(RunDirectory(project / ".git" / "autoexp" / "t"))
    assert "max_cost_usd" in done.stdout
    assert 0.1 < state.spent_usd <= 0.2
    assert state.finished is not None
    assert state.finished.ok


def test_an_open_reservation_of_a_dead_runner_counts_as_spent(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    reached = api.threading.Event()
    silent = api.silent(reached)
    with MessagesServer().play(silent) as server:
        autoexp("run", "--tag", "t", "--detach", cwd=project, **claude(server.url))
        assert reached.wait(60)
        run = RunDirectory(project / ".git" / "autoexp" / "t")
        runner = read_state(run).runner
        assert runner is not None
        os.kill(runner.pid, 9)
    reserved = read_state(run).spent_usd
    assert reserved > 0
    with MessagesServer().play(*small_steps(1)) as server:
        autoexp("run", "--tag", "t", "--max-experiments", "2", cwd=project, **claude(server.url))
    state = read_state(run)
    assert state.settled[0][1].outcome.startswith("cut off with the runner")
    assert state.spent_usd > reserved


def test_a_wrong_key_is_told_at_the_start(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    with MessagesServer() as server:
        server.count_refusal = (
            401,
            {"type": "authentication_error", "message": "invalid x-api-key"},
        )
        done = autoexp("run", "--tag", "t", cwd=project, check=False, **claude(server.url))
    assert done.returncode == 1
    assert "key" in done.stderr
    assert CANARY not in done.stderr + done.stdout


def test_an_unknown_price_under_a_cap_is_told_at_the_start(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    config = project / "autoexp.yaml"
    config.write_text(config.read_text() + "anthropic: {model: llama-of-my-own}\n")
    with MessagesServer() as server:
        done = autoexp("run", "--tag", "t", cwd=project, check=False, **claude(server.url))
        assert server.seen == []
    assert done.returncode != 0
    assert "prices" in done.stderr


def test_hints_and_instructions_reach_the_next_request(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", **{"program.md": "Be bold.\n"})
    reached, told = api.threading.Event(), api.threading.Event()
    first_step, second_step = small_steps(2)
    with MessagesServer().play(api.after(told, first_step, reached), second_step) as server:
        autoexp(
            "run",
            "--tag",
            "t",
            "--detach",
            "--max-experiments",
            "3",
            cwd=project,
            **claude(server.url),
        )
        assert reached.wait(60)  # the first request is built: what comes now is for the second
        autoexp("hint", "try", "a cosine schedule", cwd=project)
        (project / "program.md").write_text("Be careful.\n")
        told.set()
        autoexp("attach", "t", "--plain", cwd=project)
        first, second = (json.dumps(seen.body) for seen in server.seen)
    assert "Be bold." in first
    assert "cosine" not in first
    assert "Be careful." in second
    assert "try a cosine schedule" in second
    kinds = [
        type(record.event).__name__
        for record in read_all(project / ".git" / "autoexp" / "t" / "journal.jsonl")
    ]
    assert kinds.count("InstructionsRead") == 2
    shown = autoexp("prompt", "t", cwd=project).stdout
    assert "try a cosine schedule" in shown
    assert "measuring" in shown  # the harness' own text


def is_waiting(run: RunDirectory) -> bool:
    current = read_state(run).current
    return current is not None and current.waiting is not None


def test_a_stop_ends_an_outage_at_once(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    down = [api.refusal_of(529, "overloaded_error", retry_after="600")]
    with MessagesServer().play(*down) as server:
        autoexp("run", "--tag", "t", "--detach", cwd=project, **claude(server.url))
        run = RunDirectory(project / ".git" / "autoexp" / "t")
        until(lambda: is_waiting(run), "the runner waits for the server")
        autoexp("stop", "t", cwd=project)
        done = autoexp("attach", "t", "--plain", cwd=project)
    assert "stopped by" in done.stdout


def test_an_agent_program_edits_a_copy_and_only_the_target_counts(tmp_path: Path) -> None:
    agent = tmp_path / "agent.sh"
    agent.write_text(
        "read -r first; sed 's/RATE = .*/RATE = 1.5/' target.py > t && mv t target.py\n"
        "echo cheat > evaluate.sh\necho 'HYPOTHESIS: halfway is better'\n"
        "echo 'DESCRIPTION: rate 1.5'\n"
    )
    project = make_project(tmp_path / "p")
    config = project / "autoexp.yaml"
    config.write_text(config.read_text() + f"proposer: command\ncommand: {{run: 'sh {agent}'}}\n")
    done = autoexp("run", "--tag", "t", "--max-experiments", "2", cwd=project)
    rows = (project / "results.tsv").read_text().splitlines()
    assert rows[2].split("\t")[2:] == ["keep", "rate 1.5"]
    assert "dropped: evaluate.sh" in done.stdout
    assert "cheat" not in (project / "evaluate.sh").read_text()
