"""Harnesses that leave something behind, or print too much, in a whole run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.escapes import ENDS, ESCAPES, End, escaped
from support.floods import KINDS, flooded
from support.systems import linux_only

pytestmark = linux_only


@pytest.mark.parametrize(
    ("escape", "end"),
    [(escape, ENDS[index % len(ENDS)]) for index, escape in enumerate(ESCAPES)],
)
def test_nothing_of_a_harness_outlives(escape: str, end: End, tmp_path: Path) -> None:
    escaped(tmp_path / "run", escape, end, random.Random(escape))


@pytest.mark.parametrize("kind", KINDS)
def test_a_measurement_is_found_in(kind: str, tmp_path: Path) -> None:
    flooded(tmp_path / "run", kind, 0.01, random.Random(kind))
