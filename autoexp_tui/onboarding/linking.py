"""What of the things that git ignores a harness needs to find in its workspace."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from autoexp_tui.evaluation.environment import looks_like
from autoexp_tui.evaluation.links import choose_links, is_environment
from autoexp_tui.onboarding.survey import Survey

_MADE = (
    "build", "dist", "target", "out", "obj", "bin", "*.o", "*.a", "*.d", "*.gcda", "*.gcno",
    "cmake-*", "*.egg-info", "*.log", "htmlcov", "coverage", "wandb", "mlruns", "runs", "logs",
    ".next", "*.class",
)  # fmt: skip
"""What a build or a run makes anew."""
_BUILDS = re.compile(
    r"\b(?:make|cmake|ninja|meson|cargo|gcc|g\+\+|clang|cc|go|tsc|just)\b|\bbuild\b"
)
_ASIDE = (
    "__pycache__", "*.pyc", "*.swp", ".*_cache", ".coverage", ".DS_Store", ".hypothesis",
    ".tox", ".nox", ".ipynb_checkpoints", ".env*", "*.pem", "*.key", "id_rsa*", "results.tsv",
    "budget.log", ".idea", ".vscode", ".git", ".claude", "*.bak", "*~", ".mypy_cache",
    "*.egg-info", "dist", "build", "target",
)  # fmt: skip
_MOST = 12


@dataclass(frozen=True, slots=True)
class Links:
    """What a workspace is to share with the checkout."""

    setting: tuple[str, ...] | None
    """For `link:`; None where the default does."""
    told: tuple[str, ...]
    """What is linked, by path relative to the project, in either case."""
    left: tuple[str, ...]
    """What git ignores in the project's folder and is not linked on purpose."""


def links_for(survey: Survey, command: str) -> Links:
    """Decide what `command` needs of what git ignores.

    The default of `link:` is what is ignored directly in the folder and in those that it is in; it
    is written out where something deeper is needed, or where the command builds what would be
    linked.
    """
    top = [*(name for name in survey.ignored if "/" not in name), *survey.beside]
    default = tuple(
        os.path.relpath(path, survey.inner or ".")
        for path in choose_links(survey.root, survey.inner, None, top, ()).sources
    )
    kept = tuple(name for name in default if not _is_made(survey.folder / name, command))
    deeper = tuple(name for name in survey.ignored if "/" in name and _is_needed(survey, name))
    chosen = (*kept, *deeper[:_MOST])
    left = tuple(name for name in default if name not in kept)
    return Links(None if chosen == default else chosen, chosen, left)


def _is_made(path: Path, command: str) -> bool:
    """Whether the command makes it itself, so that an old one would be in its way."""
    if not _BUILDS.search(command) or is_environment(path):
        return False
    if re.search(rf"(?:^|[\s/]){re.escape(path.name)}(?:\s|$)", command.partition("&&")[2]):
        return True  # it is built, and then started
    return _matches(path.name, _MADE) or _is_binary(path)


def _is_binary(path: Path) -> bool:
    """Whether a file is a program, or a part of one, of this machine."""
    try:
        with path.open("rb") as file:
            return path.is_file() and file.read(4) in {
                b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"
            }  # fmt: skip
    except OSError:
        return False


def _is_needed(survey: Survey, name: str) -> bool:
    """Of what lies deeper: an environment, or data; caches, secrets and products never."""
    parts = PurePosixPath(name).parts
    if any(_matches(part, _ASIDE) for part in parts) or looks_like(parts[-1]):
        return False
    path = survey.folder / name
    if is_environment(path):
        return True
    tracked_beside = any(file.startswith(f"{parts[0]}/") for file in survey.files)
    return tracked_beside and not _matches(parts[-1], _MADE) and not _is_binary(path)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
