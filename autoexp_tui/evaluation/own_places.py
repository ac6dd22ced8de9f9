"""Keeps the tools that a harness uses to their own: git, and Python's compiled code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

COMMIT = "AUTOEXP_COMMIT"
"""Names the commit that the workspace was made from; the target in it is the candidate's."""

_FOREIGN = frozenset(
    {
        # Compiled code that outlives an evaluation would be believed by the next one.
        "PYTHONPYCACHEPREFIX",
        # Of a git that started us, a hook or an alias: they lead to the user's repository.
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"),
        *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
    }
)


def with_own_places(
    environment: Mapping[str, str], define: Mapping[str, str], root: Path, commit: str
) -> dict[str, str]:
    """A harness' environment; `define`, which a person has set, is left as it is.

    Python writes no compiled code, so that what there is of it in the workspace was put there: it
    is swept before each evaluation, and would be compiled anew in any case. Git finds no repository
    above the workspace, whose root is `root`: it could be the user's own, of a home folder.
    """
    passed = {name: value for name, value in environment.items() if name not in _FOREIGN}
    own = {
        "PYTHONDONTWRITEBYTECODE": "1",
        "GIT_CEILING_DIRECTORIES": str(root.parent),
        COMMIT: commit,
    }
    return {**passed, **own, **define}
