"""`confirm: auto` in the loop: what is run again, what is kept, and what the row tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes import Rig, contract

from autoexp_tui.loop.journal import read_all
from autoexp_tui.loop.ports import Result
from autoexp_tui.model.contract import Decide, Limit
from autoexp_tui.model.state import RunState

BASELINE = [10.0, 10.1, 9.9, 10.05]
"""Four runs: their spread is about 0.08."""


class Printed:
    """What the harness prints of each text, run after run; the last figures for ever."""

    def __init__(self, rig: Rig, **values: list[float] | list[tuple[float, float]]) -> None:
        self._rig = rig
        self._values: dict[str, Iterator[float | tuple[float, float]]] = {
            text.lstrip("t"): iter(found) for text, found in values.items()
        }
        self._last: dict[str, float | tuple[float, float]] = {}
        rig.lab.evaluate = self.evaluate  # type: ignore[method-assign, assignment]

    def evaluate(self, n: int, text: str, **_: object) -> Result:
        self._rig.lab.evaluated.append(text)
        found = self._last[text] = next(self._values[text], self._last.get(text, 0.0))
        figures = found if isinstance(found, tuple) else (found,)
        names = [metric.name for metric in self._rig.made.metrics]
        return Result(1.0, dict(zip(names, figures, strict=True)), {}, "")


def rig_of(tmp_path: Path, *texts: str, names: tuple[str, ...] = (), **more: object) -> Rig:
    more.setdefault("confirm", "auto")
    return Rig(tmp_path, list(texts), contract(*names, max_experiments=len(texts) + 1, **more))


def test_an_exact_harness_pays_one_evaluation_more_in_the_whole_run(tmp_path: Path) -> None:
    texts = [str(9 - place / 10) for place in range(40)] + ["11", "12"]
    rig = rig_of(tmp_path, *texts)
    rig.run()
    assert rig.lab.evaluated == ["10", "10", *texts]
    assert [row.status for row in rig.state.rows[1:41]] == ["keep"] * 40


def test_a_gain_that_was_luck_is_discarded_as_unconfirmed(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, "9")
    Printed(rig, t10=BASELINE, t9=[9.0, 10.1])
    rig.run()
    assert rig.table()[1][1:] == ["10.1", "discard", "text 9 (unconfirmed)"]
    assert rig.lab.evaluated == ["10"] * 4 + ["9"] * 2


def test_the_first_measurement_neither_decides_nor_estimates(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, "9")
    Printed(rig, t10=BASELINE, t9=[1.0, 9.2, 9.4])
    rig.run()
    row = rig.state.rows[1]
    assert row.status == "keep"
    fresh = row.measurement.values("loss")
    assert fresh
    assert 1.0 not in fresh
    assert row.metrics["loss"] == pytest.approx(sum(fresh) / len(fresh))
    assert row.evidence is not None
    assert row.evidence.runs == len(fresh)
    assert row.evidence.effect == pytest.approx(sum(BASELINE) / 4 - row.metrics["loss"])


def test_what_is_better_by_less_than_the_noise_is_not_run_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, "9")
    Printed(rig, t10=BASELINE, t9=[9.98])
    rig.run()
    assert rig.lab.evaluated == ["10"] * 4 + ["9"]
    assert "within the noise" in rig.state.rows[1].reason


def test_the_incumbent_is_run_again_now_and_then(tmp_path: Path) -> None:
    texts = [str(place) for place in range(11, 61)]
    rig = rig_of(tmp_path, *texts)
    Printed(rig, t10=BASELINE, **{f"t{text}": [float(text)] for text in texts})
    rig.run()
    assert 2 <= rig.lab.evaluated[4:].count("10") <= 3


def test_a_limit_is_judged_by_the_estimate(tmp_path: Path) -> None:
    decide = Decide(limit=Limit("at_most", 101.0))
    rig = rig_of(tmp_path, "9", names=("loss", "ms"), decide=decide)
    Printed(rig, t10=[(x, 100.0) for x in BASELINE], t9=[(5.0, 100.0), (5.1, 103.0)])
    rig.run()
    assert rig.state.rows[1].status == "discard"
    assert "ms 103 breaks at_most 101" in rig.state.rows[1].reason


@pytest.mark.parametrize(
    "decide", [Decide("pareto"), Decide("weighted", weights=(1.0, 1.0), direction="lower")]
)
@pytest.mark.parametrize(("fresh", "status"), [((9.0, 4.5), "keep"), ((10.1, 5.1), "discard")])
def test_two_metrics_are_told_from_luck(
    tmp_path: Path, decide: Decide, fresh: tuple[float, float], status: str
) -> None:
    rig = rig_of(tmp_path, "9", names=("loss", "ms"), decide=decide)
    Printed(rig, t10=[(x, x / 2) for x in BASELINE], t9=[(8.0, 4.0), fresh])
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", status]
    assert len(rig.lab.evaluated) > 5


def test_repeats_are_one_evaluation_and_its_figure_their_median(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, "9", repeats=3)
    Printed(rig, t10=[10, 10, 90, 10.1, 0, 10.1], t9=[9, 9, 50, 9.1, 9.1, 9.1])
    rig.run()
    assert rig.state.rows[0].metrics["loss"] == pytest.approx(10.05, abs=0.1)
    assert rig.state.rows[1].status == "keep"
    assert rig.state.rows[1].metrics["loss"] == pytest.approx(9.1)


@pytest.mark.parametrize("confirm", ["off", 0])
def test_off_is_greedy(tmp_path: Path, confirm: object) -> None:
    rig = rig_of(tmp_path, "9", "8", confirm=confirm)
    rig.run()
    assert rig.lab.evaluated == ["10", "9", "8"]
    assert [row.status for row in rig.state.rows] == ["keep"] * 3


def cut_during(rig: Rig, evaluation: int) -> None:
    """The runner is gone as it begins that evaluation of the run."""
    real = rig.lab.evaluate

    def evaluate(*args: object, **more: object) -> Result:
        if len(rig.lab.evaluated) + 1 == evaluation:
            rig.lab.evaluate = real  # type: ignore[method-assign]
            raise KeyboardInterrupt
        return real(*args, **more)  # type: ignore[arg-type]

    rig.lab.evaluate = evaluate  # type: ignore[method-assign, assignment]


def test_a_run_that_was_cut_in_the_middle_of_a_test_measures_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, "9")
    Printed(rig, t10=BASELINE, t9=[9.0, 9.5, 10.0])
    cut_during(rig, 6)
    with pytest.raises(KeyboardInterrupt):
        rig.run()
    assert len(rig.state.rows) == 1
    rig.run()
    row = rig.state.rows[1]
    assert row.status == "discard"
    assert row.metrics["loss"] == 10.0  # of what it measured after the cut, and no luck before it


def test_what_is_known_of_the_noise_is_told_by_the_journal_alone(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, "9", "8")
    Printed(rig, t10=BASELINE, t9=[9.0, 10.0, 9.9], t8=[8.0, 8.1, 8.0, 8.2])
    rig.run()
    again = RunState()
    for record in read_all(rig.directory.journal):
        again.apply(record)
    assert again.calibration == rig.state.calibration
    assert again.calibration.tests == 2
