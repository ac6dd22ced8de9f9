"""What an evaluation may write to the disk."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.real_rig import RealRig

from autoexp_tui.evaluation import disk
from autoexp_tui.evaluation.disk import DiskUse, size_of
from autoexp_tui.loop.ports import Job
from autoexp_tui.model.contract import Limits
from autoexp_tui.testing.evaluators import CONTRACT


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))


def test_who_writes_more_than_allowed_is_a_crash_and_the_next_is_measured(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(Limits(), disk=20)
    contract = msgspec.structs.replace(CONTRACT, limits=limits)
    rig = RealRig(tmp_path, [], contract)
    text = (
        "trap 'exit 0' TERM; echo loss: 0.1; mkdir a; "
        "for n in 1 2 3 4 5 6; do head -c 8000000 /dev/urandom > a/$n; done; "
        "sleep 60 & wait\n"
    )
    with rig.evaluator() as evaluator:
        greedy = evaluator.submit(Job(2, text, 30.0)).result()
        honest = evaluator.submit(Job(3, "echo loss: 0.5\n", 20.0)).result()
    assert greedy.failure.startswith("limits.disk: it wrote more than 20 MB: ")
    assert (greedy.metrics, greedy.cut_short) == ({}, False)
    assert honest.metrics == {"loss": 0.5}


def test_the_disk_is_not_filled_and_others_may_write_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 900_000_000
    monkeypatch.setattr(disk, "_free", lambda _: free)
    monkeypatch.setattr(disk, "_EVERY_S", 0.0)
    mine = tmp_path / "mine"
    mine.mkdir()
    use = DiskUse(mine, before=size_of(mine), most_mb=None, spare_mb=899)
    free = 895_000_000
    assert use.exceeded() == ""  # somebody else
    (mine / "large").write_bytes(bytes(4_000_000))
    (mine / "sparse").touch()
    with (mine / "sparse").open("ab") as file:
        file.truncate(1 << 40)
    assert use.exceeded() == ("it filled the disk: less than 899 MB (min_free_mb) are left: 4 MB")


def test_where_too_little_is_left_from_the_start_nobody_is_blamed(tmp_path: Path) -> None:
    assert DiskUse(tmp_path, before=0, most_mb=None, spare_mb=1 << 40).exceeded() == ""
