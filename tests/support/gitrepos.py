"""Small git repositories for tests, made in a few milliseconds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.org",
    "GIT_COMMITTER_NAME": "A Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.org",
}


def git(repository: Path, *arguments: str, check: bool = True) -> str:
    """Output of a git command, as a person with a name and no configuration would run it."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=repository,
        env={**os.environ, **_ENVIRONMENT},
        check=False,
        capture_output=True,
        text=True,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"git {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip("\n")


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files below `folder`; one that starts with `#!` is made executable."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        path.chmod(0o755 if text.startswith("#!") else 0o644)


def make_repo(path: Path, files: Mapping[str, str], branch: str = "main") -> Path:
    """A repository at `path` with `files` committed on `branch`; returns `path`."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "-q", "-b", branch)
    commit_files(path, files)
    return path


def commit_files(repository: Path, files: Mapping[str, str], message: str = "start") -> str:
    """Write and commit files; returns the commit's name."""
    write_files(repository, files)
    git(repository, "add", "-A", "-f", "--", *files)
    git(repository, "commit", "-q", "--allow-empty", "-m", message)
    return git(repository, "rev-parse", "HEAD")


def kept_commits(repository: Path, tag: str) -> list[str]:
    """The commits of a run's branch since its base, in the order they were kept."""
    branch, base = f"refs/heads/autoexp/{tag}", f"refs/autoexp/{tag}/base"
    return git(repository, "rev-list", "--first-parent", "--reverse", branch, f"^{base}").split()
