"""Makes a new repository, for a project that has none: the one place that uses porcelain."""

from __future__ import annotations

from pathlib import Path

from autoexp_tui.repository.plumbing import RepositoryError

_NOBODY = ("-c", "user.name=autoexp", "-c", "user.email=autoexp@localhost")


def create(path: Path, message: str) -> None:
    """`git init`, and everything that is not ignored in a first commit. Raises RepositoryError."""
    from git import Repo  # noqa: PLC0415 - 150 ms
    from git.exc import GitError  # noqa: PLC0415

    try:
        with Repo.init(path, initial_branch="main") as repository:
            repository.git.add("--all")
            known = repository.config_reader().get_value("user", "email", "")
            identity = () if known else _NOBODY
            quiet = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")
            repository.git.execute(["git", *identity, *quiet, "commit", "--quiet", "-m", message])
    except GitError as error:
        raise RepositoryError(f"{path}: {str(error).splitlines()[-1].strip()}") from error
