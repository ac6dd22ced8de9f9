"""What the loop relies on in a `loop.ports.Evaluator`."""

from __future__ import annotations

import time

from autoexp_tui.loop.ports import Evaluator, Handle, Job, Result
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.testing.promise import promise
from autoexp_tui.text.safe import Safe

FILES = {"target.sh": "echo loss: 1\n", "protected.sh": ": nobody changes this\n"}
"""What the base commit must hold."""
CONTRACT = Contract("target.sh", "sh target.sh", (Metric(Safe("loss"), "lower"),), link=())
"""What the evaluator must be made with: the harness does what the target says."""

_TIMEOUT_S = 30.0
"""Within which a run that is cut short or has nothing to do must have ended."""
_LONG = "echo loss: 1; echo began; sleep 600\n"


def check_evaluator(evaluator: Evaluator) -> None:
    """Run a dozen harnesses on an evaluator of `CONTRACT` and `FILES`.

    Takes some seconds. Raises AssertionError where a promise is broken.
    """
    measured = _run(evaluator, "echo loss: 0.5; echo other: 2")
    promise(measured.metrics == {"loss": 0.5}, "metrics are what the harness printed")
    promise(measured.extras == {"other": 2.0}, "other numbers are extras")
    promise(not measured.failure and not measured.cut_short, "a measurement is no failure")
    promise(0 < measured.seconds < _TIMEOUT_S, "`seconds` is the run's wall time")

    failed = _run(evaluator, "echo loss: 0.5; echo the cause >&2; exit 3")
    promise(failed.metrics == {} and bool(failed.failure), "a failure has no metrics")
    promise("the cause" in failed.tail, "`tail` has the last lines, standard error included")
    promise(not failed.cut_short, "a failure of its own is not cut short")
    promise(bool(_run(evaluator, ":").failure), "a metric that is missing is a failure")

    late = _run(evaluator, _LONG, time_limit=0.5)
    promise(late.cut_short and late.metrics == {}, "a time limit cuts, and leaves no metrics")
    promise("time limit" in late.failure, "a time limit is told as one")

    handle = evaluator.submit(Job(2, _LONG, 600.0))
    _wait_for(handle, b"began")
    handle.cancel()
    began = time.monotonic()
    cut = handle.result()
    promise(time.monotonic() - began < _TIMEOUT_S, "`cancel` ends a run soon")
    promise(cut.cut_short and cut.metrics == {}, "what was cancelled was cut short")
    promise(handle.result() == cut, "`result` is the same at every call")
    handle.cancel()  # harmless when all is over

    early = evaluator.submit(Job(3, _LONG, 600.0))
    early.cancel()
    promise(early.result().cut_short, "what is cancelled before it began ends as well")

    cheat = _run(evaluator, "(echo : >> protected.sh) && echo done it; echo loss: 0")
    if "done it" in cheat.tail:
        promise(cheat.tampered, "a change of a protected file is noticed, or prevented")
        promise(cheat.metrics == {}, "a figure of who tampered does not count")
        promise("protected.sh" in cheat.failure, "the failure names what was changed")
    _run(evaluator, "echo x > left; echo loss: 1")
    promise(
        _run(evaluator, "test ! -e left && ! grep -qx : protected.sh && echo loss: 1").metrics
        == {"loss": 1.0},
        "a run finds nothing of the one before it",
    )


def _run(evaluator: Evaluator, text: str, time_limit: float = 60.0) -> Result:
    return evaluator.submit(Job(1, text, time_limit)).result()


def _wait_for(handle: Handle, word: bytes) -> None:
    """Until what the harness printed can be read."""
    until = time.monotonic() + _TIMEOUT_S
    while not (handle.output.exists() and word in handle.output.read_bytes()):
        promise(time.monotonic() < until, "what it prints can be read while it runs")
        time.sleep(0.02)
