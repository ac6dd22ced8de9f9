"""A runner that kills itself (-9) at a chosen event: `cut_runner.py RUN ROOT RESULTS CUT SIDE`.

Its proposer counts down, so that no time goes into importing numpy. CUT 0 never kills.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model.proposal import Proposal, Situation, Stream
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.runner import proposer_host, runner


class CountDown:
    """Tries RATE 2.9, 2.8, … of the experiment's number; depends on nothing else."""

    name = "count down"

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        rate = 3.0 - 0.1 * situation.n
        text = re.sub(r"RATE = .*", f"RATE = {rate:.1f}", situation.baseline)
        stream("hypothesis", f"rate {rate:.1f}")
        stream("target", text)
        return Proposal(f"rate {rate:.1f}", f"rate {rate:.1f}", text)


def main() -> int:
    path, root, results, cut, side = sys.argv[1:]
    count = 0
    record = Recorder.record

    def cutting(self: Recorder, event: object) -> object:
        nonlocal count
        count += 1
        if side == "before" and count == int(cut):
            os.kill(os.getpid(), signal.SIGKILL)
        done = record(self, event)  # type: ignore[arg-type]
        if side == "after" and count == int(cut):
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    Recorder.record = cutting  # type: ignore[method-assign, assignment]
    proposer_host.make_proposer = lambda *_: CountDown()
    hosted = runner.Runner(RunDirectory(Path(path)), Path(root), Path(results))
    hosted.start()
    hosted.wait()
    return 0 if hosted.finished is not None and hosted.finished.ok else 1


if __name__ == "__main__":
    sys.exit(main())
