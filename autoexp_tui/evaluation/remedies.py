"""What a failed harness says, what that means, and the line to paste: the first hour's table.

The rows are in `remedies.yaml`. They are looked for in what the harness printed last and in how it
ended, and the first that fits is told: what is particular stands before what is general.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autoexp_tui.text.safe import Safe, clean_line

_TABLE = Path(__file__).with_name("remedies.yaml")


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a run of the harness that gave no measurement."""

    failure: str
    """How it ended, in our words."""
    tail: str
    """The last lines that it printed."""
    checkout: Path
    """The project's folder as the user has it."""
    workspace: Path
    """The project's folder as the harness had it."""
    withheld: Collection[str] = ()
    """Variables that it was not shown."""
    confined: bool = False
    """Whether it ran in a sandbox."""

    def inner(self, path: str) -> str:
        """A path that was printed, relative to the project; empty for one that lies elsewhere."""
        if not path.startswith("/"):
            return "" if path.startswith("../") else path.removeprefix("./")
        for folder in (self.workspace, self.checkout):
            if path.startswith(f"{folder}/"):
                return path.removeprefix(f"{folder}/")
        return ""


@dataclass(frozen=True, slots=True)
class Remedy:
    """One row; `{0}` in its words is the pattern's first group."""

    seen: re.Pattern[str]
    means: str
    cure: str
    when: str = ""
    """One of `_CONDITIONS`; empty: always."""

    def words(self, match: re.Match[str], seen: Seen) -> Safe | None:
        """What is told of a match, in one line; None where the row doesn't apply."""
        found = next((group for group in match.groups() if group), match.group())
        if self.when and not _CONDITIONS[self.when](found, seen):
            return None
        inner = seen.inner(found) or found
        return clean_line(f"{self.means}: {self.cure}".replace("{0}", inner))


def remedy(seen: Seen) -> Safe | None:
    """What to do about a failure, in one line; None where the table doesn't know."""
    text = f"{seen.tail}\n{seen.failure}"
    for row in table():
        for match in reversed([*row.seen.finditer(text)]):  # the last line is the reason
            if words := row.words(match, seen):
                return words
    return None


def as_markdown() -> Iterator[str]:
    """The lines of the table in the documentation."""
    yield "| When it says | and that is | it means | then |"
    yield "|---|---|---|---|"
    for row in table():
        cells = (f"`` {row.seen.pattern} ``", row.when, row.means, row.cure)
        shown = (cell.replace("|", "\\|").replace("{0}", "…") for cell in cells)
        yield f"| {' | '.join(shown)} |"


@cache
def table() -> tuple[Remedy, ...]:
    """The rows, in order."""
    import yaml  # noqa: PLC0415 - read when something has failed

    rows = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return tuple(
        Remedy(
            re.compile(row["seen"], re.MULTILINE), row["means"], row["cure"], row.get("when", "")
        )
        for row in rows
    )


def _is_left_behind(path: str, seen: Seen) -> bool:
    """In the checkout and not in the workspace: git doesn't have it, and nothing links it."""
    inner = seen.inner(path)
    if not inner:
        return False
    return (seen.checkout / inner).exists() and not (seen.workspace / inner).exists()


def _has_line_ends_of_windows(path: str, seen: Seen) -> bool:
    try:
        with (seen.checkout / seen.inner(path)).open("rb") as file:
            return file.readline(256).endswith(b"\r\n")
    except OSError:
        return False


def _may_not_run(path: str, seen: Seen) -> bool:
    file = seen.workspace / seen.inner(path)
    try:
        executable = file.is_file() and file.stat().st_mode & 0o111
        return bool(executable and os.statvfs(file).f_flag & os.ST_NOEXEC)
    except OSError:
        return False


def _lacks_its_interpreter(path: str, seen: Seen) -> bool:
    try:
        with (seen.workspace / seen.inner(path)).open("rb") as file:
            line = file.readline(256)
    except OSError:
        return False
    words = line.removeprefix(b"#!").split()
    return line.startswith(b"#!") and bool(words) and not Path(os.fsdecode(words[0])).exists()


def _has_node_modules(_: str, seen: Seen) -> bool:
    folders = (seen.checkout, *seen.checkout.parents)
    return any((folder / "node_modules").is_dir() for folder in folders)


def _is_in_src(name: str, seen: Seen) -> bool:
    first = name.partition(".")[0]
    return any((seen.checkout / "src" / form).exists() for form in (first, f"{first}.py"))


_CONDITIONS: Mapping[str, Callable[[str, Seen], bool]] = {
    "withheld": lambda name, seen: name in seen.withheld,
    "not committed": _is_left_behind,
    "beside the repository": lambda path, seen: (seen.checkout / path).exists(),
    "a file of the project": lambda path, seen: (seen.checkout / seen.inner(path)).is_file(),
    "where no program may run": _may_not_run,
    "without its interpreter": _lacks_its_interpreter,
    "has line ends of Windows": _has_line_ends_of_windows,
    "node_modules is there": _has_node_modules,
    "in src": _is_in_src,
    "in a sandbox": lambda _, seen: seen.confined,
}
