"""What a person types, or a flag says, as what is meant."""

from __future__ import annotations

from pathlib import Path

from autoexp_tui.model.contract import Direction
from autoexp_tui.model.keys import METRIC, Refused
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.text.safe import Safe, clean

_WORDS: dict[str, Direction] = {
    **dict.fromkeys("lower low less min minimize minimise minimum down smaller".split(), "lower"),
    **dict.fromkeys("higher high more max maximize maximise maximum up larger".split(), "higher"),
}


def direction(word: str) -> Direction | None:
    """`lower`, `min`, `higher is better`; None for what says neither."""
    return _WORDS.get((word.strip().lower().split() or [""])[0])


def metric(text: str) -> tuple[Safe, Direction | None]:
    """`NAME` or `NAME:lower`. Raises UsageProblem, which says what is wrong."""
    name, colon, word = text.strip().rpartition(":")
    way = direction(word) if colon else None
    if not colon:
        name = text.strip()
    elif way is None:
        raise UsageProblem(f"{text}: after the colon write lower or higher, as in {name}:lower")
    try:
        return clean(METRIC.read(name)), way
    except Refused as refused:
        raise UsageProblem(f"{name!r} {refused.problem}: {refused.remedy}") from None


def path(project: Path, text: str) -> str:
    """A file's path relative to the project's folder, however it was named.

    Raises UsageProblem for one that is no file in it.
    """
    given = Path(text.strip()).expanduser()
    tried = [given] if given.is_absolute() else [project / given, Path.cwd() / given]
    found = next((place for place in tried if place.exists()), tried[0])
    for form in (found, found.parent.resolve() / found.name):
        if form.is_relative_to(project) and ".." not in form.parts:
            inner = form.relative_to(project).as_posix()
            if found.is_dir():
                raise UsageProblem(f"{text} is a folder: name the one file that may change")
            return inner
    raise UsageProblem(f"{text} is not in {project}: name a file of the project")
