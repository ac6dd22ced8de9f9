"""Tries what a sandbox should forbid; started in one by `probing`, and imports nothing of ours.

`python -I -S attempts.py ROOT OUTSIDE HIDDEN PORT PID` tells for each its name, and `True`
where it succeeded.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable


def write(path: str) -> None:
    with open(path, "a") as file:  # noqa: PTH123 - it imports little
        file.write("x")


def read(path: str) -> None:
    with open(path) as file:  # noqa: PTH123
        file.read(1)


def connect(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 5):
        pass


def works(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def main(root: str, outside: str, hidden: str, port: str, pid: str) -> None:
    attempts: dict[str, Callable[[], None]] = {
        "works": lambda: write(f"{root}/new"),
        "tmp": lambda: write(f"{os.environ.get('TMPDIR', root)}/new"),
        "protected": lambda: write(f"{root}/folder/protected"),
        "folder": lambda: os.rename(f"{root}/folder", f"{root}/moved"),  # noqa: PTH104
        "outside": lambda: write(f"{outside}/new"),
        "hidden": lambda: read(f"{hidden}/secret"),
        "network": lambda: connect(int(port)),
        "runner": lambda: read(f"/proc/{pid}/environ"),
    }
    for name, attempt in attempts.items():
        os.write(1, f"{name} {works(attempt)}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
