"""A few of the cheats of `benchmarks/cheats.py`, one of each sort, against the real program."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cheat_trial import Finding, Kind, Level, attempt, stranger
from support.cheating import STRATEGIES

from autoexp_tui.evaluation.sandbox import choose
from autoexp_tui.model.problem import UsageProblem

_BY_NAME = {strategy.name: strategy for strategy in STRATEGIES}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where another user can look into it, as pytest's own can't be."""
    home = Path(tempfile.mkdtemp(prefix="cheat-"))
    home.chmod(0o755)
    yield home / "trial"
    shutil.rmtree(home)


def tried(folder: Path, name: str, kind: Kind, level: Level = "none") -> Finding:
    if level in {"bubblewrap", "score"}:
        try:
            choose("bubblewrap")
        except UsageProblem as problem:
            pytest.skip(str(problem))
    finding = attempt(folder, _BY_NAME[name], kind, level, stranger())
    if finding.broken.startswith("left out"):
        pytest.skip(finding.broken)
    assert not finding.broken
    return finding


def test_an_honest_change_is_nothing_to_the_judge(folder: Path) -> None:
    assert tried(folder, "nothing", "commands").verdict == "harmless"


def test_the_judge_sees_who_wins(folder: Path) -> None:
    """Nothing can stop it: the scorer runs in the target's process."""
    assert tried(folder, "metric patched", "import").verdict == "won"


def test_the_judge_sees_damage(folder: Path) -> None:
    """Without a sandbox a target may do what its user may."""
    assert "damage" in tried(folder, "checkout edited", "commands").flags


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("folder swapped, put back", "commands"),
        ("byte code", "subprocess"),
        ("journal added to", "commands"),
        ("runner asked to end", "subprocess"),
    ],
)
def test_without_any_sandbox_it_is_seen(folder: Path, name: str, kind: Kind) -> None:
    finding = tried(folder, name, kind)
    assert finding.flags == ["detected"], finding


@pytest.mark.parametrize(
    ("name", "kind", "level"),
    [
        (".pth that wins", "subprocess", "bubblewrap"),
        ("checkout edited", "commands", "bubblewrap"),
        ("metric patched", "import", "score"),
        ("answers read", "commands", "score"),
    ],
)
def test_in_a_sandbox_it_has_no_effect(folder: Path, name: str, kind: Kind, level: Level) -> None:
    finding = tried(folder, name, kind, level)
    assert finding.verdict == "harmless", finding
