"""Real runners with lanes: real workspaces, processes and commits; whole, also when cut."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from support.faulty import OK
from support.mishaps import killed_at_random
from support.trial import LINES, Trial, end_of

from autoexp_tui.loop.journal import JournalReader
from autoexp_tui.model.state import RunState

LANES = 3
TELLING = f"""\
python3 -c 'import os; print("told", os.environ["AUTOEXP_SLOT"], os.environ["OMP_NUM_THREADS"],
    *sorted(os.sched_getaffinity(0)), sep=";")'
sleep 0.3
{LINES}"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")
def test_a_run_with_lanes_measures_as_many_at_once_each_in_its_slot(tmp_path: Path) -> None:
    trial = Trial(tmp_path, LANES, evaluate_sh=TELLING)
    assert end_of(trial.start(9)) == OK, trial.said()
    trial.check(fsck=True)
    state, most = RunState(), 0
    for record in JournalReader(trial.run.journal).read():
        state.apply(record)
        most = max(most, sum(each.measuring for each in state.in_flight.values()))
    assert most == LANES
    assert state.runner is not None
    slots = state.runner.slots
    assert len(set(slots)) == LANES
    told = {
        n: line.split(";")[1:]
        for n in range(1, 10)
        for line in trial.run.output(n).read_text().splitlines()
        if line.startswith("told;")
    }
    assert {slot for slot, *_ in told.values()} == set(slots)
    assert told[1][0] == slots[0], "the baseline has the first slot's share"
    for slot, threads, *cores in told.values():
        named = slot.partition(" ")[0].removeprefix("cores:")
        first, _, last = named.partition("-")
        assert cores == [str(k) for k in range(int(first), int(last or first) + 1)]
        assert int(threads) >= 1
    # What lanes have kept of different lines is put together, on one line of commits.
    assert len({row.made_from for row in state.rows if row.status == "keep"}) > 1


@pytest.mark.parametrize("seed", [1])
def test_a_run_with_lanes_that_is_killed_goes_on_whole(tmp_path: Path, seed: int) -> None:
    trial = Trial(tmp_path, LANES)
    killed_at_random(trial, random.Random(seed))
    trial.resume(LANES)
