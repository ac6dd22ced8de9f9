"""An agent program in a whole run, as the command line has it: a small one of our own."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

from support.projects import CONFIG, autoexp, make_project

from autoexp_tui.loop.journal import read_all
from autoexp_tui.model import events
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import read_state

PRESET = """\
title: Small agent
run: small-agent
version: echo 1.0
tested: "1.0"
lines:
  - {when: {kind: said}, text: words}
  - {when: {kind: used}, tool: tool, about: [path]}
  - {when: {kind: paid}, usd: usd, whole: true}
  - {when: {kind: failed}, error: why}
"""
SAID = {"kind": "said", "words": "HYPOTHESIS: nearer to 1\nDESCRIPTION: a smaller rate"}


def say(**line: object) -> str:
    return f"printf '%s\\n' {shlex.quote(json.dumps(line))}\n"


def project_with(folder: Path, script: str) -> tuple[Path, dict[str, str]]:
    """A project whose researcher is this script, and its environment."""
    home, programs = folder / "person", folder / "programs"
    presets = home / ".config" / "autoexp" / "agents"
    presets.mkdir(parents=True)
    programs.mkdir()
    (presets / "small-agent.yaml").write_text(PRESET)
    program = programs / "small-agent"
    program.write_text(f"#!/bin/sh\nprompt=$(cat)\n{script}")
    program.chmod(0o755)
    agent = "proposer: command\ncommand: {run: small-agent}\nconfirm: off\n"
    project = make_project(folder / "project", autoexp_yaml=CONFIG + agent)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return project, {"HOME": str(home), "PATH": path}


def test_a_crash_is_repaired_the_cost_is_booked_and_all_of_it_is_told(tmp_path: Path) -> None:
    script = (
        say(kind="used", tool="edit", path="target.py")
        + 'case "$prompt" in\n'
        + "*'Your change crashed'*) sed -i 's/^RATE = .*/RATE = 2.0/' target.py;;\n"
        + "*) sed -i 's/^RATE = .*/RATE = )/' target.py;;\nesac\n"
        + say(**SAID)
        + say(kind="paid", usd=0.125)
    )
    harness = (
        '#!/bin/sh\nrate=$(sed -n "s/^RATE = //p" target.py)\necho "loss: $((${rate%.*} * 2))"\n'
    )
    project, environ = project_with(tmp_path, script)
    (project / "evaluate.sh").write_text(harness)
    autoexp(
        "run", "--tag", "t", "--include-dirty", "--max-experiments", "2", cwd=project, **environ
    )
    run = RunDirectory(project / ".git" / "autoexp" / "t")
    state = read_state(run)
    happened = [record.event for record in read_all(run.journal)]
    assert any(isinstance(event, events.RepairBegan) for event in happened)
    assert events.AgentActed(2, "edit", "target.py") in happened
    assert state.rows[1].status == "keep"
    assert "(after 1 repair)" in state.rows[1].description
    assert state.rows[1].hypothesis == "nearer to 1"
    assert state.rows[1].cost_usd == state.spent_usd == 0.25
    assert (project / "budget.log").read_text().count("answered") == 2
    prompt = autoexp("prompt", "t", cwd=project, **environ).stdout
    assert "DESCRIPTION: what is changed" in prompt
    assert "propose_experiment" not in prompt


def test_what_a_person_must_mend_ends_the_run_as_failed(tmp_path: Path) -> None:
    script = say(kind="failed", why="Credit balance is too low") + "exit 1\n"
    project, environ = project_with(tmp_path, script)
    done = autoexp("run", "--tag", "t", cwd=project, check=False, **environ)
    assert done.returncode == 1
    assert "Credit balance is too low; top up the account" in done.stdout
    told = autoexp("check", cwd=project, **environ).stdout
    assert "Small agent: 1.0, as tried" in told
