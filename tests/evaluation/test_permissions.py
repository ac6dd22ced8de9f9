"""A baseline that works outside the sandbox alone: the permission that it lacks is named."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec
import pytest
from support.real_rig import RealRig
from support.sandboxes import SANDBOXES, describe, skip_unless_it_works

from autoexp_tui.evaluation.sandbox import Sandbox
from autoexp_tui.loop.ports import Job
from autoexp_tui.model.contract import LinkMode
from autoexp_tui.testing.evaluators import CONTRACT

ONE_OF_EACH = (SANDBOXES[0], SANDBOXES[-1])


def remedy(
    folder: Path, sandbox: Sandbox, text: str, link: dict[str, LinkMode] | None = None
) -> str:
    """What is told of a baseline that fails in the sandbox."""
    rig = RealRig(folder, [], msgspec.structs.replace(CONTRACT, link=link))
    (rig.root / "data").mkdir(exist_ok=True)
    with rig.evaluator() as evaluator:
        evaluator.sandbox = sandbox
        return evaluator.submit(Job(1, text, 30.0)).result().remedy


@pytest.fixture(params=ONE_OF_EACH, ids=describe)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    skip_unless_it_works(request.param)
    found: Sandbox = request.param
    return found


def test_the_network(tmp_path: Path, sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        said = remedy(tmp_path, sandbox, f'python3 -c "{connect}" && echo loss: 1\n')
    assert said == "it needs the network: write `network: true`"


def test_a_write_into_a_linked_folder(tmp_path: Path, sandbox: Sandbox) -> None:
    said = remedy(tmp_path, sandbox, "echo x > data/new && echo loss: 1\n", {"data": "read-only"})
    assert said.startswith("it writes into data: `link: {data: copy}`")


def test_a_place_of_secrets(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (".aws", ".kube"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config").write_text("loss: 1\n")
    said = remedy(tmp_path, sandbox, "cat ~/.kube/config\n")
    assert said == "it reads ~/.kube: `link: {~/.kube: read-only}` shows it"
    assert remedy(tmp_path / "b", sandbox, "exit 3\n") == ""


def test_what_is_not_the_sandboxs_doing_is_not_blamed_on_it(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    assert "sandbox" not in remedy(tmp_path, sandbox, "echo nothing\n")


def test_a_path_in_tmp(tmp_path: Path, sandbox: Sandbox) -> None:
    given = tmp_path / "elsewhere"
    given.mkdir()
    said = remedy(tmp_path, sandbox, f"echo x > {given}/y && echo loss: 1\n")
    assert f"`link: {{{given}/y: write}}`" in said
