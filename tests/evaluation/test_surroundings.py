"""What an evaluation does outside of the workspace is told, and nothing is measured with it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from support.real_rig import RealRig

from autoexp_tui.evaluation.surroundings import Surroundings
from autoexp_tui.loop.ports import Job
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.state import RunState
from autoexp_tui.testing.evaluators import CONTRACT
from autoexp_tui.text.safe import Safe

_OPEN = msgspec.structs.replace(CONTRACT, sandbox="none", link={"data": "read-only"})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    (home / ".local" / "bin").mkdir(parents=True)
    (home / ".local" / "bin" / "tool").write_text("old")
    (home / ".bashrc").write_text("mine")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))
    return home


def test_what_comes_to_where_programs_look_is_told(home: Path, tmp_path: Path) -> None:
    path = f"{tmp_path}/venv/bin:{tmp_path}/work/bin:{os.defpath}"
    for name in ("venv/bin", "venv/lib/python3.11/site-packages", "work/bin"):
        (home / name).mkdir(parents=True)
    environment = {"HOME": str(home), "PATH": path.replace(str(tmp_path), str(home))}
    around = Surroundings(environment, home / "work")
    around.look()
    assert around.changes() == {}
    packages = home / ".local/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    made = (packages / "x.pth", home / "venv/lib/python3.11/site-packages/usercustomize.py")
    for each in (*made, home / ".zshenv", home / "work/bin/python", home / "notes"):
        each.write_text("x")
    (home / ".local/bin/tool").write_text("new")
    (home / ".bashrc").unlink()
    told = {around.told(path): how for path, how in around.changes().items()}
    assert told == {
        "~/.bashrc": "removed",
        "~/.local/bin/tool": "changed",
        "~/.local/lib/python3.11/site-packages": "made",
        "~/.local/lib/python3.11/site-packages/x.pth": "made",
        "~/.zshenv": "made",
        "~/venv/lib/python3.11/site-packages/usercustomize.py": "made",
    }


@pytest.mark.parametrize("place", ["~/.local/bin/tool", "data/held"])
def test_nothing_is_measured_with_what_an_experiment_damaged(
    home: Path, tmp_path: Path, place: str
) -> None:
    rig = RealRig(tmp_path, [], _OPEN)
    data = rig.root / "data"
    data.mkdir()
    (data / "held").write_text("true")
    (rig.root / ".git/info/exclude").write_text("data/\n")
    source = home / place[2:] if place[0] == "~" else rig.root / place
    with rig.evaluator() as evaluator:
        job = Job(2, f"echo false > {place}; echo loss: 0.5\n", 20.0)
        result = evaluator.submit(job).result()
        assert result.tampered
        assert result.failure.startswith(f"tampered with {place} (")
        assert list(result.damaged) == [place]
    state = rig.state
    state.damaged = result.damaged
    with rig.evaluator() as evaluator:  # another runner's
        honest = evaluator.submit(Job(3, "echo loss: 0.5\n", 20.0))
        with pytest.raises(Problem, match="put it back"):
            honest.result()
        source.write_text("true")
        honest = evaluator.submit(Job(3, "echo loss: 0.5\n", 20.0))
        assert honest.result().metrics == {"loss": 0.5}


def test_a_person_who_resumes_has_seen_the_damage() -> None:
    state = RunState()

    def tell(event: events.AnyEvent) -> None:
        state.apply(Record(1, 0.0, 0.0, event))

    tell(events.Damaged(2, {"data/held": 12}))
    tell(events.Resumed(Safe("trying again")))
    assert state.damaged == {"data/held": 12}
    tell(events.Resumed(Safe("ann@pts/1")))
    assert state.damaged == {}
