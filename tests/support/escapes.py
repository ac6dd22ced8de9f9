"""Ways in which a harness tries to leave something behind, and ends that it should not survive."""

from __future__ import annotations

import os
import random
import select
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from support.faulty import OK
from support.trial import Trial, end_of

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
    witness = folder / "witness"
    folder.mkdir(parents=True)
    os.mkfifo(witness)
    reader = os.open(witness, os.O_RDONLY | os.O_NONBLOCK)
    try:
        trial = Trial(folder / "trial", **_files(witness, ESCAPES[escape], end))
        trial.resume()  # the baseline, which behaves
        process = trial.start(1)
        _wait_for_word(reader)
        time.sleep(chance.uniform(0.0, 0.05))
        _end(trial, process, end)
        assert _all_gone(reader), f"{escape} survived: {end}"
        trial.check_rows()
        return escape
    finally:
        os.close(reader)


def _files(witness: Path, escape: str, end: End) -> dict[str, str]:
    limit = "1s" if end == "time limit" else "600s"
    tries = f"exec 9>{witness}; {escape}until [ -e ready ]; do sleep 0.01; done; echo x >&9; "
    return {
        "evaluate_sh": (
            "read value rest <value\n"
            f'[ "$value" = 2000 ] || {{ {tries}sleep 600; }}\n'
            'echo "loss: $value"\n'
        ),
        "autoexp_yaml": (
            "target: value\nharness: sh evaluate.sh\n"
            f"metrics:\n  - name: loss\n    direction: lower\ntime_limit: {limit}\n"
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


def _wait_for_word(reader: int) -> None:
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    assert poll.poll(60_000), "the harness has not started"
    assert os.read(reader, 100)


def _all_gone(reader: int, seconds: float = 20.0) -> bool:
    """Whether nobody holds the FIFO open, or lets go of it in time."""
    poll = select.poll()
    poll.register(reader, 0)
    return bool(poll.poll(seconds * 1000))
