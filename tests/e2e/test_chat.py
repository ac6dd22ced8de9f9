"""A model of one's own, behind a chat-completions server with every fault, is the researcher."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support import chat_server as api
from support.chat_server import ChatServer
from support.gitrepos import git
from support.messages_server import Step
from support.projects import autoexp, make_project

from autoexp_tui.loop.journal import read_all
from autoexp_tui.model import events
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import read_state

pytestmark = pytest.mark.skipif(find_spec("openai") is None, reason="the extra is not installed")

EXPERIMENTS = 6
FREE = "openai: {{model: qwen, base_url: '{url}', effort: low, prices: {{input: 0, output: 0}}}}\n"


class Model:
    """RATE from 3.0 down, a tenth at a time; each is better. Before each, something goes wrong."""

    def __init__(self) -> None:
        self.asked = 0
        self.proposed = 0

    def __call__(self, body: dict[str, Any]) -> Step:
        self.asked += 1
        faults: dict[int, Step] = {
            1: api.refuses(400, "Unknown parameter: reasoning_effort"),
            2: api.refuses(429, "slow down", retry_after="0.2"),
            4: api.page("<html>Sign in</html>"),
            6: api.cut(api.called(self.proposal()), 5),
            8: api.cut([], 0),
            10: api.refuses(400, "qwen does not support tools"),
        }
        if (fault := faults.get(self.asked)) is not None:
            return fault
        arguments = self.proposal()
        self.proposed += 1
        if "tools" in body:
            return api.streams(*api.called(arguments), api.usage(1000, 50))
        return api.streams(*api.said(f"```json\n{json.dumps(arguments)}\n```"))

    def proposal(self) -> dict[str, Any]:
        n = self.proposed
        edit = (f"RATE = {3 - 0.1 * n:.1f}", f"RATE = {2.9 - 0.1 * n:.1f}")
        return api.proposal(edit, description=f"rate {n + 1}")


def test_a_night_with_a_model_of_one_s_own_is_free(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    config = project / "autoexp.yaml"
    with ChatServer(player=Model()) as server:
        settings = FREE.format(url=server.base_url)
        config.write_text(config.read_text() + "proposer: openai\n" + settings)
        git(project, "commit", "-qam", "a model of my own")
        checked = autoexp("check", cwd=project)
        done = autoexp("run", "--tag", "t", "--max-experiments", str(EXPERIMENTS), cwd=project)
    assert "free: its prices are 0" in checked.stdout
    assert "ready: `autoexp run` starts" in checked.stdout
    run = RunDirectory(project / ".git" / "autoexp" / "t")
    state = read_state(run)
    assert [row.status for row in state.rows] == ["keep"] * EXPERIMENTS
    assert (state.spent_usd, state.possible_usd, state.reserved) == (0.0, 0.0, {})
    told = [r.event for r in read_all(run.journal)]
    waits = [event.reason for event in told if isinstance(event, events.WaitBegan)]
    for words in ("slow down", "a web page", "broke in mid-stream", "did not answer"):
        assert any(words in reason for reason in waits), words
    notices = " ".join(event.text for event in told if isinstance(event, events.Noticed))
    assert "`effort` is not sent" in notices
    assert "asked for as text" in notices
    log = (project / "budget.log").read_text().splitlines()
    assert len(log) == 1 + len(state.settled)
    assert "finished" in done.stdout


def test_a_model_without_a_price_is_refused_by_check_as_by_run(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    config = project / "autoexp.yaml"
    chat = "openai: {model: qwen, base_url: 'http://127.0.0.1:9/v1'}\n"
    config.write_text(config.read_text() + "proposer: openai\n" + chat)
    git(project, "commit", "-qam", "no price")
    checked = autoexp("check", cwd=project, check=False)
    run = autoexp("run", "--tag", "t", cwd=project, check=False)
    for done in (checked, run):
        assert done.returncode != 0
        assert "add `prices: {input: 0, output: 0}` under `openai:`" in done.stdout + done.stderr
    assert "not ready: no price" in checked.stdout


def test_the_log_of_costs_is_whole_when_a_run_ends_without_a_row(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    config = project / "autoexp.yaml"
    priced = "openai: {{model: m, base_url: '{url}', prices: {{input: 2, output: 10}}}}\n"
    with ChatServer().play(
        api.cut([], 0), api.refuses(429, "no", code="insufficient_quota")
    ) as server:
        settings = priced.format(url=server.base_url)
        config.write_text(config.read_text() + "proposer: openai\n" + settings)
        done = autoexp("run", "--tag", "t", cwd=project, check=False)
    assert done.returncode != 0
    lines = [line.split("\t") for line in (project / "budget.log").read_text().splitlines()]
    assert lines[0][-1] == "possible_usd"
    assert [line[8] for line in lines[1:]] == ["0.000000", "0.000000"]
    assert float(lines[1][-1]) > 0
    assert "spend limit" in lines[2][10]
    assert "possibly billed besides" in done.stdout
