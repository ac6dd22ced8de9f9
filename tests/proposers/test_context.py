"""What a model is told beside the situation, from what the experiments left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.fakes import Rig, contract

from autoexp_tui.model.contract import HoldOut
from autoexp_tui.model.proposal import Situation
from autoexp_tui.proposers.context import Context, ContextGatherer


def gathered(folder: Path, texts: list[str], said: str, **settings: Any) -> Context:
    """The context after these texts, for each of which the harness printed `said`."""
    rig = Rig(folder, texts, contract(max_experiments=1 + len(texts), **settings))
    rig.run()
    for row in rig.state.rows:
        rig.directory.output(row.n).write_text(said.replace("{n}", str(row.n)))
    gatherer = ContextGatherer(rig.directory, lambda: "", rig.state)
    return gatherer.gather(Situation(9, rig.made, "", 1, "", ()))


def test_feedback_and_last_lines_are_of_the_best_and_the_latest(tmp_path: Path) -> None:
    said = "begin\nfeedback: case {n} fails\n  feedback:  slow\x1b[31m\nloss: 3\n"
    context = gathered(tmp_path, ["9", "12", "13", "14", "boom"], said)
    assert [output.n for output in context.outputs] == [2, 3, 4, 5]
    assert context.outputs[0].feedback == ["case 2 fails", "slow"]
    assert context.outputs[0].last == "begin\nloss: 3\n"
    assert context.crash is not None
    assert context.crash.n == 6


def test_of_what_a_score_prints_only_feedback_is_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2))
    rig.run()
    rig.directory.output(2).write_text("done\n")
    rig.directory.output(2).with_name("score.log").write_text("answer 42\nfeedback: 3 of 4\n")
    gatherer = ContextGatherer(rig.directory, lambda: "", rig.state)
    output = gatherer.gather(Situation(3, rig.made, "", 2, "", ())).outputs[-1]
    assert (output.feedback, output.last) == (["3 of 4"], "done\n")


def test_the_word_for_feedback_is_a_setting(tmp_path: Path) -> None:
    context = gathered(tmp_path, ["9"], "NOTE ok\nfeedback: no\n", feedback="NOTE")
    assert context.outputs[-1].feedback == ["ok"]
    none = gathered(tmp_path / "b", ["9"], "NOTE ok\nfeedback: no\n", feedback="")
    assert none.outputs[-1].feedback == []


def test_nothing_tells_the_hold_out(tmp_path: Path) -> None:
    said = "held: 0.7312\nfeedback: 0.7312 is what came\nTraceback: held\nall well\n"
    context = gathered(tmp_path, ["9", "boom"], said, holdout=HoldOut("held"))
    assert context.crash is not None
    for text in (context.crash.tail, *(output.last for output in context.outputs)):
        assert text.strip() == "all well"
    assert not any(output.feedback for output in context.outputs)
