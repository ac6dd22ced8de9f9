"""A real project whose harness takes milliseconds, and ways to run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from support.gitrepos import git, make_repo

TARGET = "RATE = 3.0\nDEPTH = 4\n"
HARNESS = """\
#!/bin/sh
# Best at RATE 1 and DEPTH 7.
echo "measuring"
rate=$(sed -n 's/^RATE = //p' target.py)
depth=$(sed -n 's/^DEPTH = //p' target.py)
awk -v r="$rate" -v d="$depth" 'BEGIN { print "loss: " (r - 1)^2 + (d - 7)^2 / 10 + 0.5 }'
"""
CONFIG = """\
target: target.py
harness: sh evaluate.sh
metrics:
  - name: loss
    direction: lower
time_limit: 20s
"""
FILES = {"target.py": TARGET, "evaluate.sh": HARNESS, "autoexp.yaml": CONFIG}


def make_project(path: Path, **changed: str) -> Path:
    """A committed project; `changed` replaces files, `autoexp_yaml` standing for its name."""
    names = {
        name.replace("_yaml", ".yaml").replace("_sh", ".sh").replace("_py", ".py"): text
        for name, text in changed.items()
    }
    return make_repo(path, {**FILES, **names})


def autoexp(
    *arguments: str | Path, cwd: Path, check: bool = True, timeout: float = 100, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "autoexp_tui", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def fingerprint(repository: Path) -> dict[str, object]:
    """Everything of a user's that a run may not touch."""
    head = repository / ".git"
    files = {
        str(path.relative_to(repository)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(repository.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(repository).parts
    }
    ours = {"results.tsv", "budget.log"}
    return {
        "HEAD": (head / "HEAD").read_bytes(),
        "index": (head / "index").read_bytes(),
        "config": (head / "config").read_bytes(),
        "hooks": {path.name: path.read_bytes() for path in sorted((head / "hooks").glob("*"))},
        "stash": git(repository, "stash", "list"),
        "heads": [
            line
            for line in git(repository, "for-each-ref", "refs/heads", "refs/tags").splitlines()
            if "refs/heads/autoexp/" not in line
        ],
        "files": {name: content for name, content in files.items() if Path(name).name not in ours},
    }


def kept_commits(table: Sequence[str]) -> list[str]:
    """Short names of the kept commits of a results table's lines."""
    return [line.split("\t")[0] for line in table[1:] if line.split("\t")[-2] == "keep"]
