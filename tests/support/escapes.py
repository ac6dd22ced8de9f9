"""Ways in which a harness tries to leave something behind, and ends that it should not survive."""

from __future__ import annotations

import random
import time
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from support.faulty import OK
from support.trial import UNASKED, Trial, end_of
from support.waiting import LIMITS, first_long_enough
from support.witness import Witness

from autoexp_tui.loop.control import Command
from autoexp_tui.loop.wire import send

End = Literal["time limit", "skip", "stop", "runner killed"]
ENDS: tuple[End, ...] = ("time limit", "skip", "stop", "runner killed")

_DAEMON = """python3 -I -S -c '
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        os.closerange(0, 3)
        open("ready", "w").close()
        while True:
            time.sleep(600)
    os._exit(0)
' & """
ESCAPES = {
    "background": "(touch ready; exec sleep 600) & ",
    "nohup": "nohup sh -c 'touch ready; exec sleep 600' >nohup.out 2>&1 & ",
    "own session": "setsid -f sh -c 'touch ready; exec sleep 600'; ",
    "deaf": """sh -c "trap '' TERM HUP INT; touch ready; while :; do sleep 600; done" & """,
    "daemon": _DAEMON,
}


def escaped(folder: Path, escape: str, end: End, chance: random.Random) -> str:
    """Let a candidate's harness try `escape` until `end`; AssertionError when anything survives.

    All that the harness starts holds a FIFO open: its end, seen here, is theirs.
    """
    pause = chance.uniform(0.0, 0.05)

    def attempt(limit: float) -> str | None:
        inner = folder / f"{limit:g}"
        return escape if _escaped(inner, escape, end, pause=pause, limit=limit) else None

    return first_long_enough(attempt, LIMITS if end == "time limit" else [600.0])


def _escaped(folder: Path, escape: str, end: End, *, pause: float, limit: float) -> bool:
    """False when the time limit ended the harness before it had done anything."""
    folder.mkdir(parents=True)
    with closing(Witness(folder / "witness")) as witness:
        trial = Trial(folder / "trial", **_files(witness.path, ESCAPES[escape], limit))
        trial.resume()  # the baseline, which behaves
        process = trial.start(1)
        said = witness.wait_for_word(or_end_of=process.sentinel)
        time.sleep(pause)
        _end(trial, process, end)
        assert witness.all_gone(20) or not said, f"{escape} survived: {end}"
        trial.check_rows()
        return said


def _files(witness: Path, escape: str, limit: float) -> dict[str, str]:
    tries = f"exec 9>{witness}; {escape}until [ -e ready ]; do sleep 0.01; done; echo x >&9; "
    return {
        "evaluate_sh": (
            "read value rest <value\n"
            'case $value in "" | *[!0-9]*) exit 1 ;; esac\n'  # what is no target of ours
            f'[ "$value" = 2000 ] || {{ {tries}sleep 600; }}\n'
            'echo "loss: $value"\n'
        ),
        "autoexp_yaml": (
            "target: value\nharness: sh evaluate.sh\n"
            f"metrics:\n  - name: loss\n    direction: lower\ntime_limit: {limit:g}s\n"
            f"sandbox: none\n{UNASKED}"  # the witness is outside
        ),
    }


def _end(trial: Trial, process: BaseProcess, end: End) -> None:
    match end:
        case "time limit":
            pass  # it comes by itself
        case "skip":
            assert send(trial.run, Command("skip", by="a trial")).ok
        case "stop":
            assert send(trial.run, Command("stop-now", by="a trial")).ok
        case "runner killed":
            process.kill()
    status = end_of(process)
    assert status < 0 if end == "runner killed" else status == OK, trial.said()
