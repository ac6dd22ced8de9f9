"""What each slot of a machine has, as `parallel` and `slots` say."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import msgspec
import pytest
from support.fakes import contract
from support.real_rig import RealRig
from support.waiting import until

from autoexp_tui.evaluation.local import LocalEvaluator
from autoexp_tui.evaluation.sandbox import NoSandbox
from autoexp_tui.evaluation.slots import Slot, choose_slots, crowded, usable_gpus
from autoexp_tui.loop.ports import Job
from autoexp_tui.model.contract import Contract
from autoexp_tui.repository.repository import Repository
from autoexp_tui.text.safe import Safe

CORES = tuple(range(8))


def made(parallel: object = 1, *slots: str) -> Contract:
    return msgspec.structs.replace(contract(), parallel=parallel, slots=slots)


def told(slots: tuple[Slot, ...]) -> list[tuple[str, str, tuple[int, ...], int]]:
    return [(slot.name, slot.gpu, slot.cores, slot.threads) for slot in slots]


def test_one_at_a_time_needs_no_slot() -> None:
    assert choose_slots(made(), ("0", "1"), CORES, 0) == ()


def test_one_named_slot_is_used_alone_and_with_all_threads() -> None:
    assert told(choose_slots(made(1, "gpu:1"), (), CORES, 0)) == [("gpu:1", "1", (), 0)]


def test_cores_are_shared_equally() -> None:
    assert told(choose_slots(made(3), (), CORES, 0)) == [
        ("cores:0-1", "", (0, 1), 2),
        ("cores:2-3", "", (2, 3), 2),
        ("cores:4-5", "", (4, 5), 2),
    ]


def test_cores_with_gaps_are_named_as_they_are() -> None:
    (first, second) = choose_slots(made(2), (), (1, 3, 6, 7), 0)
    assert (first.name, second.name) == ("cores:1,3", "cores:6-7")


def test_more_lanes_than_cores_share_them_under_names_of_their_own() -> None:
    names = [slot.name for slot in choose_slots(made(5), (), (0, 1), 0)]
    assert names == ["cores:0", "cores:1", "cores:0 (2)", "cores:1 (2)", "cores:0 (3)"]


def test_auto_is_one_for_each_gpu() -> None:
    assert told(choose_slots(made("auto"), ("0", "3"), CORES, 0)) == [
        ("gpu:0", "0", (), 4),
        ("gpu:3", "3", (), 4),
    ]


def test_several_experiments_may_share_a_gpu() -> None:
    found = choose_slots(made(4, "gpu:0", "gpu:1"), (), CORES, 0)
    assert [(slot.name, slot.gpu) for slot in found] == [
        ("gpu:0", "0"),
        ("gpu:1", "1"),
        ("gpu:0 (2)", "0"),
        ("gpu:1 (2)", "1"),
    ]


@pytest.mark.parametrize(
    ("used", "count"), [(0.0, 0), (0.4, 8), (1.05, 8), (1.6, 4), (2.0, 4), (3.0, 2), (7.9, 0)]
)
def test_auto_without_gpus_leaves_the_baseline_what_it_used(used: float, count: int) -> None:
    assert len(choose_slots(made("auto"), (), CORES, used)) == count


def test_ranges_and_lists_of_cores_are_understood() -> None:
    (slot,) = choose_slots(made(1, "cores:0-2,7"), (), CORES, 0)
    assert slot.cores == (0, 1, 2, 7)


def test_what_the_user_has_set_stays_but_for_the_gpu() -> None:
    slot = Slot(Safe("gpu:2"), gpu="2", threads=4)
    given = {"OMP_NUM_THREADS": "9", "CUDA_VISIBLE_DEVICES": "0,1,2"}
    found = slot.environment(given)
    assert found["OMP_NUM_THREADS"] == "9"
    assert found["MKL_NUM_THREADS"] == "4"
    assert found["CUDA_VISIBLE_DEVICES"] == "2"
    assert found["AUTOEXP_SLOT"] == "gpu:2"


def test_gpus_are_those_that_are_visible(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA A (UUID: x)'\necho 'GPU 1: NVIDIA A'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert usable_gpus({"PATH": str(tmp_path)}) == ("0", "1")
    assert usable_gpus({"PATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": "3, 5"}) == ("3", "5")
    assert usable_gpus({"PATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": "-1"}) == ()


def test_without_the_drivers_program_there_are_none(tmp_path: Path) -> None:
    assert usable_gpus({"PATH": str(tmp_path)}) == ()
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert usable_gpus({"PATH": str(tmp_path)}) == ()


def test_too_many_lanes_for_the_cores_are_told() -> None:
    slots = choose_slots(made(4), (), CORES, 0)
    assert crowded(slots, 8, 2.0) == ""
    assert "kept 3.5 cores busy, and 4 at once have 8 in all" in crowded(slots, 8, 3.5)


_KILL_ITS_SERVER = """\
p=$PPID
while read -r _ _ _ up _ </proc/$p/stat
    ! { grep -aq forkserver /proc/$p/cmdline && ! grep -aq forkserver /proc/$up/cmdline; }
do p=$up; done
kill -9 $p
sleep 60
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it finds its parents in /proc")
def test_what_kills_its_own_fork_server_costs_no_other_lane_its_measurement(
    tmp_path: Path,
) -> None:
    rig = RealRig(tmp_path, [])
    with contextlib.ExitStack() as stack:
        first, second = (
            LocalEvaluator(
                rig.run_directory,
                stack.enter_context(contextlib.closing(Repository.open(rig.root))),
                rig.started,
                sandbox=NoSandbox(),
                place=place,
            )
            for place in (1, 2)
        )
        for each in (first, second):
            stack.callback(each.workspace.remove)
            stack.callback(each.close)
        steady = first.submit(
            Job(2, "echo began\nwhile ! test -e go; do sleep 0.05; done\necho loss: 1\n", 60.0)
        )
        until(lambda: steady.output.exists() and b"began" in steady.output.read_bytes(), "it began")
        lost = second.submit(Job(3, _KILL_ITS_SERVER, 60.0)).result()
        assert lost.failure == "the harness was lost: its fork server was killed"
        assert not steady.future.done()
        (first.workspace.project_dir / "go").write_text("on\n")
        assert steady.result().metrics == {"loss": 1.0}
        assert second.submit(Job(4, "echo loss: 2\n", 60.0)).result().metrics == {"loss": 2.0}
