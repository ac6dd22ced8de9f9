"""Puts what a benchmark found into a document, in a section that is its own."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path


def put(document: Path, name: str, text: str) -> None:
    """Replace the section `name` of `document`, which stands between two comments.

    Raises ValueError where the document has no such section.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = document.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{document} has no section {name}")
    document.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}", encoding="utf-8")


def circumstances() -> str:
    """When, of which commit, and on what machine."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return (
        f"{time.strftime('%Y-%m-%d')}, commit {commit or 'unknown'}, {os.cpu_count()} cores, "
        f"{platform.system()}, Python {platform.python_version()}, {git.strip()}"
    )
