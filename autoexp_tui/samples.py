"""The sample projects that come with the program, and how one is copied."""

from __future__ import annotations

import shutil
from pathlib import Path

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory

_PACKAGE = Path(__file__).parent
_LEFTOVERS = shutil.ignore_patterns(
    "__pycache__",
    ".venv",
    "node_modules",
    "encodings",
    "corpus",
    "packed",
    "circles.json",
    ".packages",
    "results.tsv",
    "budget.log",
)


def samples() -> dict[str, str]:
    """Name of every sample and the first line of what it says of itself."""
    return {
        path.name: (path / "README.md").read_text(encoding="utf-8").split("\n", 1)[0].lstrip("# ")
        for path in sorted(_folder().iterdir())
        if (path / "autoexp.yaml").is_file() and (path / "README.md").is_file()
    }


def copy_sample(name: str, to: Path) -> None:
    """Copy a sample to `to`, which must be empty or not there. Raises UsageProblem."""
    if name not in samples():
        raise UsageProblem(f"there is no sample {name!r}: `autoexp new` lists them")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageProblem(f"{to} is not empty: name a new folder")
    shutil.copytree(_folder() / name, to, ignore=_LEFTOVERS, dirs_exist_ok=True)


def _folder() -> Path:
    """Inside the installed package, or beside it in a checkout."""
    installed = _PACKAGE / "sample_projects"
    return installed if installed.is_dir() else _PACKAGE.parent / "sample_projects"


def recording() -> RunDirectory:
    """A real run of the first sample, recorded, for whoever wants to see one."""
    return RunDirectory(_PACKAGE / "recordings" / "digits")
