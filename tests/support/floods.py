"""Harnesses that print too much, or what no terminal should see: `flooded`."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from support.faulty import OK
from support.trial import UNASKED, Trial, end_of

from autoexp_tui.evaluation.output_log import HEAD, TAIL

_MIB = 1 << 20
KINDS = {
    "1 GiB in one line": "yes x | tr -d '\\n' | head -c {gigabyte}; echo",
    "5 million lines": "yes 'step 1: loss 0.5' | head -n {lines}",
    "binary": "head -c {megabytes} /dev/urandom; echo",
    "invalid UTF-8": "yes \"$(printf 'a\\377\\300\\200\\355\\240\\200')\" | head -n {few}; echo",
}
_SIZES = {"gigabyte": 1 << 30, "lines": 5_000_000, "megabytes": 64 * _MIB, "few": 1_000_000}
_MOST = 96 * _MIB
"""Of resident memory that a runner may need for it."""


def flooded(folder: Path, kind: str, share: float, _chance: random.Random) -> str:
    """Two experiments whose harness prints `share` of the flood; AssertionError when it hurt."""
    sizes = {name: max(1000, int(size * share)) for name, size in _SIZES.items()}
    command = KINDS[kind].format(**sizes)
    trial = Trial(
        folder, evaluate_sh=f'read value rest <value\n{command}\necho "loss: $value"\n',
        autoexp_yaml=(
            "target: value\nharness: sh evaluate.sh\n"
            "metrics:\n  - name: loss\n    direction: lower\ntime_limit: 300s\nmin_free_mb: 0\n"
            f"sandbox: none\n{UNASKED}"
        ),
    )  # fmt: skip
    process = trial.start(2)
    peak = _Peak(process.pid or 0)
    status = end_of(process)
    highest = peak.stop()
    assert status == OK, trial.said()
    trial.check()
    rows = trial.state().rows
    assert [row.reason for row in rows if not row.metrics] == [], "a measurement was drowned"
    for row in rows:
        size = trial.run.output(row.n).stat().st_size
        assert size <= HEAD + TAIL + 100, f"the log of #{row.n} has {size} bytes"
    assert highest < _MOST, f"the runner took {highest >> 20} MiB"
    return f"at most {highest / _MIB:.0f} MiB"


class _Peak:
    """The highest resident memory of a process, as the kernel keeps it."""

    def __init__(self, pid: int) -> None:
        self._path = Path(f"/proc/{pid}/status")
        self._highest = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.05):
            try:
                text = self._path.read_text()
            except (FileNotFoundError, ProcessLookupError):
                return
            for line in text.splitlines():
                if line.startswith("VmHWM:"):
                    self._highest = int(line.split()[1]) << 10

    def stop(self) -> int:
        """Bytes."""
        self._ended.set()
        self._thread.join()
        return self._highest
