"""The harness: asks packing.py for its circles within a number of processor seconds.

What it says is written to circles.json, to the last digit, and judged by score.py when this
process has gone. A budget in processor seconds means that a busy machine changes no figure.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys

SECONDS = 30  # of the processor, for one experiment

# One thread, so that a second of the processor is a second of work. Set before numpy is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"


def out_of_time(*_: object) -> None:
    sys.exit(f"run.py: no measurement: packing.py took more than {SECONDS} processor seconds")


def main() -> None:
    signal.signal(signal.SIGXCPU, out_of_time)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 10))
    import packing  # noqa: PLC0415 - what may change runs under the limit, its imports too

    circles = [[float(x), float(y), float(r)] for x, y, r in packing.pack()]
    with open("circles.json", "w", encoding="utf-8") as file:
        json.dump(circles, file)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{len(circles)} circles in {used.ru_utime + used.ru_stime:.1f} processor seconds")


if __name__ == "__main__":
    main()
