"""Each kind of fault once, or a few times; `make faults` does the same by the thousand."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support import mishaps
from support.systems import linux_only
from support.trial import Trial

pytestmark = linux_only


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path / "trial")


@pytest.mark.parametrize("kind", mishaps.OTHERS)
def test_a_run_is_whole_again_after(kind: str, trial: Trial) -> None:
    mishaps.OTHERS[kind](trial, random.Random(kind))
    trial.check(fsck=True)


@pytest.mark.parametrize("kind", mishaps.KILLS)
def test_no_row_is_lost_by(kind: str, trial: Trial) -> None:
    for point in range(2):
        mishaps.KILLS[kind](trial, random.Random(f"{kind}{point}"))
    trial.check(fsck=True)


def test_a_disk_that_is_really_full_ends_no_run_for_good(tmp_path: Path) -> None:
    try:
        with mishaps.small_disk(tmp_path / "disk") as disk:
            mishaps.real_disk_full(Trial(disk), random.Random(1))
    except OSError as error:
        pytest.skip(str(error))
