"""A harness that reads the target notices a mutant of it, and one that doesn't is found out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.mutants import Mutant, MutantRun, kill, mutants
from autoexp_tui.model.objective import Objective
from autoexp_tui.text.safe import NOTHING, Safe

LOSS = Objective((Metric(Safe("loss"), "lower"),))
EXACT = Measurement((Sample({"loss": 2.0}), Sample({"loss": 2.0})))
NOISY = Measurement(tuple(Sample({"loss": x}) for x in (9.8, 10.1, 10.3, 9.9)), "mean")


def measured(loss: float) -> MutantRun:
    return MutantRun(NOTHING, Sample({"loss": loss}))


@given(st.text())
def test_a_mutant_is_never_the_target_itself(text: str) -> None:
    assert all(mutant.text != text for mutant in mutants(text))
    assert len(list(mutants(text))) >= 1


def test_names_and_versions_keep_their_digits_and_numbers_change() -> None:
    *_, mutant = mutants("x1 = 3\nlr = 0.5  # v1.2.3\n")
    assert re.sub(r"\s+", " ", mutant.text) == "x1 = 7 lr = 2 # v1.2.3 "


def test_a_harness_that_fails_on_nonsense_is_asked_once() -> None:
    asked: list[str] = []

    def run(mutant: Mutant) -> MutantRun:
        asked.append(mutant.kind)
        return MutantRun(Safe("exit 1: SyntaxError"), None)

    killed = kill(run, "lr = 1", EXACT, LOSS)
    assert killed is not None
    assert "SyntaxError" in killed.by
    assert asked == ["is nonsense"]


def test_defaults_for_what_can_not_be_read_are_told_by_other_numbers() -> None:
    def run(mutant: Mutant) -> MutantRun:
        found = re.fullmatch(r"lr = (\d+)", mutant.text)
        return measured(float(found.group(1)) if found else 2.0)

    killed = kill(run, "lr = 2", EXACT, LOSS)
    assert killed is not None
    assert "2 \N{RIGHTWARDS ARROW} 5" in killed.by


def test_every_mutant_survives_where_the_target_is_not_read() -> None:
    assert kill(lambda _: measured(2.0), "lr = 2", EXACT, LOSS) is None


@pytest.mark.parametrize(("loss", "read"), [(10.4, False), (9.5, False), (14.0, True), (6.0, True)])
def test_a_noisy_figure_must_move_by_more_than_its_noise(loss: float, *, read: bool) -> None:
    assert (kill(lambda _: measured(loss), "lr = 2", NOISY, LOSS) is not None) is read


def test_what_a_person_has_ended_accuses_nobody() -> None:
    assert kill(lambda _: None, "lr = 2", EXACT, LOSS) is not None
