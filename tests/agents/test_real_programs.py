"""The real agent programs, each in a real run against a model on this machine: `make agents`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from agents.install import search_path
from support.model_server import SAID, Edit, ModelServer
from support.projects import CONFIG, make_project

from autoexp_tui.loop.journal import read_all
from autoexp_tui.model import events
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.proposers.command import presets
from autoexp_tui.proposers.command.telling import version_words

FOLDER = os.environ.get("AUTOEXP_AGENTS", "")
pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="`make agents` installs the programs and runs these"),
    pytest.mark.timeout(180),
]
HYPOTHESIS = SAID.partition("\n")[0].removeprefix("HYPOTHESIS: ")

MODELS = {
    "codex": "gpt-5.1",
    "qwen-code": "gpt-5.1",
    "aider": "openai/gpt-4o",
    "opencode": "mock/gpt-5.1",
    "pi": "mock/gpt-5.1",
    "copilot": "gpt-5.1",
}
NEED_AN_ACCOUNT = {"amp", "cursor-agent"}
UNPRICED = {"copilot"}
SILENT = {"aider"}
"""Edits without a tool, so only the edit is told."""


@pytest.fixture
def home() -> Iterator[Path]:
    """Beside the programs: one of them refuses to keep its helpers below /tmp."""
    home = Path(FOLDER).resolve() / f"home-{os.getpid()}"
    home.mkdir(parents=True)
    yield home
    shutil.rmtree(home, ignore_errors=True)


def settings(home: Path, url: str) -> dict[str, str]:
    """What has each program talk to the model at `url`; its environment."""
    priced = {"input": 1, "output": 10, "cacheRead": 0, "cacheWrite": 0}
    files: dict[str, str] = {
        ".codex/config.toml": (
            'model_provider = "mock"\n[model_providers.mock]\nname = "mock"\n'
            f'base_url = "{url}/v1"\nwire_api = "responses"\nenv_key = "OPENAI_API_KEY"\n'
        ),
        ".gemini/settings.json": json.dumps(
            {
                "security": {"auth": {"selectedType": "gemini-api-key"}},
                "privacy": {"usageStatisticsEnabled": False},
            }
        ),
        ".config/opencode/opencode.json": json.dumps(
            {
                "autoupdate": False,
                "small_model": "mock/gpt-5.1",
                "provider": {
                    "mock": {
                        "npm": "@ai-sdk/openai-compatible",
                        "options": {"baseURL": f"{url}/v1", "apiKey": "x"},
                        "models": {"gpt-5.1": {"cost": {"input": 1, "output": 10}}},
                    }
                },
            }
        ),
        ".pi/agent/models.json": json.dumps(
            {
                "providers": {
                    "mock": {
                        "baseUrl": f"{url}/v1",
                        "api": "openai-completions",
                        "apiKey": "x",
                        "models": [{"id": "gpt-5.1", "cost": priced}],
                    }
                }
            }
        ),
        ".qwen/settings.json": json.dumps({"security": {"auth": {"selectedType": "openai"}}}),
    }
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {
        "HOME": str(home),
        "PATH": f"{search_path(Path(FOLDER).resolve())}{os.pathsep}{os.environ['PATH']}",
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-ant-not-a-key",
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_BASE": f"{url}/v1",
        "OPENAI_API_KEY": "not-a-key",
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_API_KEY": "not-a-key",
        "COPILOT_OFFLINE": "true",
        "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
        "COPILOT_PROVIDER_API_KEY": "not-a-key",
    }


@pytest.mark.parametrize("name", presets.names({}))
def test_a_real_program_proposes_is_seen_and_is_priced(
    name: str, home: Path, tmp_path: Path
) -> None:
    preset = presets.named(name, {})
    assert preset is not None
    if not shutil.which(preset.program, path=search_path(Path(FOLDER).resolve())):
        pytest.skip(f"{preset.program} could not be installed here")
    if name in NEED_AN_ACCOUNT:
        pytest.skip(f"{preset.title} talks to its maker's own server alone")
    model = f", model: {MODELS[name]}" if name in MODELS else ""
    agent = f"proposer: command\ncommand: {{run: {name}, time_limit: 60s{model}}}\n"
    project = make_project(tmp_path / "project", autoexp_yaml=f"{CONFIG}confirm: off\n{agent}")
    with ModelServer(Edit("target.py", "RATE = 3.0", "RATE = 2.0")) as server:
        environment = {**os.environ, **settings(home, server.url)}
        done = subprocess.run(
            [sys.executable, "-m", "autoexp_tui", "run", "--tag", "t", "--max-experiments", "2"],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
    told = f"{done.stdout}\n{done.stderr}\n{server.errors}\n{server.paths}"
    assert done.returncode == 0, told
    run = RunDirectory(project / ".git" / "autoexp" / "t")
    happened = [record.event for record in read_all(run.journal)]

    (proposed,) = [one for one in happened if isinstance(one, events.Proposed) and one.n == 2]
    assert "RATE = 2.0" in run.text(2).read_text(), told
    assert proposed.hypothesis == HYPOTHESIS, told
    assert proposed.description == "double the rate", told
    acts = [one for one in happened if isinstance(one, events.AgentActed)]
    assert acts, told
    if name not in UNPRICED:
        settled = [one for one in happened if isinstance(one, events.CostSettled)]
        assert settled, told
        assert all(one.exact for one in settled), settled
        assert sum(one.usd for one in settled) > 0, settled
        assert sum(one.tokens.get("output", 0) for one in settled) >= 50, settled
    if preset.tested:
        assert "as tried" in version_words(preset, environment)
