"""How a setting is declared: what stands beside a field's type in `model/contract.py`.

From the declaration alone come the reader, the file that `init` writes, `docs/configuration.md`,
the JSON Schema and `autoexp config`. The bounds hold for what a person writes; they are no msgspec
constraints on purpose, since what a journal froze under other bounds must still be decoded.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any

from autoexp_tui.text.durations import duration, written
from autoexp_tui.text.safe import Safe


@dataclass(frozen=True, slots=True)
class Key:
    """One setting, beside its type and its default."""

    help: str
    """What it does, in a sentence or two: the comment in the file, and the documentation."""
    example: str = ""
    """A value as YAML; without one, the default serves."""
    _: KW_ONLY
    gt: float | None = None
    """Bounds, of each number in a list or mapping too."""
    ge: float | None = None
    le: float | None = None
    remedy: str = "choose a number within that"
    unit: str = ""
    also: tuple[str, ...] = ()
    """Other words for the key that people write, for the suggestion."""
    shown: bool = False
    """Written into the file although it has its default."""
    needed: bool = False
    """Must be given where its mapping is, although there is a default for who has no mapping."""
    when: tuple[str, str] | None = None
    """(key, word): it has a meaning only where that key beside it is that word."""
    short: tuple[str, ...] = ()
    """("a",): `x` stands for `{a: x}`. ("a", "b"): `{x: y}` stands for `[{a: x, b: y}]`."""
    per_metric: bool = False
    """A list with an entry for each metric, which may be written as a mapping by name."""
    check: Callable[[Any], None] | None = None
    """Raises Refused where the value that was read can't be."""


class Refused(ValueError):
    """What is wrong with a value: told after the name of its key, with a remedy."""

    def __init__(self, problem: str, remedy: str, *, wanted: bool = False) -> None:
        """`wanted`: `problem` is what it must be instead, and what was found is told too."""
        super().__init__(problem)
        self.problem, self.remedy, self.wanted = problem, remedy, wanted


@dataclass(frozen=True, slots=True)
class Form:
    """How a text must look to be one of a kind."""

    kind: str
    """As people call it, with its article."""
    read: Callable[[str], Any] = str
    """The value in a text. Raises Refused."""
    write: Callable[[Any], str] = str
    """The inverse of `read`."""
    most: int = 1_000
    """Characters."""
    pattern: str = ""
    """For editors: what the whole text must match."""
    lines: str = "write it on one line"
    """The remedy for several lines."""
    is_name: bool = False
    """Messages tell the text itself, not the key that it stands at."""


def show(text: str) -> str:
    """`text` in quotes, short and printable, for a message."""
    shown = repr(text[:48] + "…" * (len(text) > 48))
    return shown if len(shown) <= 96 else shown[:95] + "…"


def _matching(kind: str, pattern: str, remedy: str) -> Form:
    """The form of texts that match `pattern` as a whole."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text) or not text.isprintable():
            raise Refused(kind, remedy, wanted=True)
        return text

    return Form(kind, read, pattern=f"^{pattern}$")


def _path(path: str) -> str:
    plainly = str(PurePosixPath(path))
    parts = path.split("/")
    here = "write it relative to this file's folder"
    inside = "name something inside its folder"
    problems = (
        (not path.strip(), "is empty", "name a file of the project"),
        (path.startswith("/"), "is an absolute path", here),
        (path.startswith("~"), "begins with '~'", here),
        ("\\" in path, "has a backslash", "separate folders with '/'"),
        (".." in parts, "leaves the project ('..')", inside),
        (".git" in map(str.casefold, parts), "is inside .git", "name what git tracks or ignores"),
        (path.endswith("/"), "ends with '/'", f"write {show(path.rstrip('/'))}"),
        (plainly == ".", "is the project itself", inside),
        (plainly != path, f"is {show(path)}", f"write {show(plainly)}"),
    )
    for wrong, problem, remedy in problems:
        if wrong:
            raise Refused(problem, remedy)
    return path


def _link(path: str) -> str:
    """A path in the project, or one outside of it that says so."""
    if not path.startswith(("/", "~/")):
        above = re.match(r"(?:\.\./)*", path)
        _path(path[above.end() :] if above else path)
        return path
    if ".." in path.split("/") or path.rstrip("/") in {"", "~"}:
        raise Refused("is too much, or unclear", "name one folder or file, without '..'")
    return path


def _command(text: str) -> str:
    if not text.strip():
        raise Refused("is empty", "write a command line")
    return text


def _seconds(text: str) -> float:
    kind, remedy = "a length of time", "write it like 90s, 5m or 1h30m"
    if re.fullmatch(r"[0-9]+(:[0-9]+)+", text):
        raise Refused(kind, "a colon is ambiguous: write 1m30s, or 1h30m", wanted=True)
    try:
        seconds = duration(text)
    except ValueError:
        raise Refused(kind, remedy, wanted=True) from None
    if seconds <= 0:
        raise Refused("more than 0", remedy, wanted=True)
    if seconds > 7 * 86400:
        raise Refused("7 days at most", "autoexp is for feedback within minutes", wanted=True)
    return seconds


def _metric_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.@/-]*", name):
        raise Refused("can't be a metric's name", "use letters, digits and _, a letter first")
    if len(name) > 40:
        raise Refused(f"has {len(name)} characters", "at most 40 will do")
    if name.casefold() in {"commit", "status", "description"}:
        raise Refused("is another column of results.tsv", "choose another name for the metric")
    return name


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,199}", name):
        remedy = "write whole names of letters, digits and _"
        raise Refused("can't be an environment variable's name", remedy)
    return name


def _one_group(pattern: str) -> str:
    return _grouped(pattern, 1)


def _one_or_two_groups(pattern: str) -> str:
    return _grouped(pattern, 2)


def _grouped(pattern: str, most: int) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        problem = f"is not a regular expression: {error}"
        raise Refused(problem, "try it with python's re module") from None
    if not 1 <= groups <= most:
        remedy = "put (…) around the number, and (?:…) elsewhere"
        raise Refused(f"has {groups} groups, not one{' or two' if most > 1 else ''}", remedy)
    return pattern


# fmt: off
METRIC = Form("a metric's name", _metric_name, is_name=True)

MetricName = Annotated[Safe, METRIC]
"""As the key of a mapping: the name of one of the contract's metrics."""
ProjectPath = Annotated[str, Form("a path in the project", _path)]
LinkPath = Annotated[str, Form(
    "a path in the repository, or one with ~/ or / before it", _link)]
CommandLine = Annotated[str, Form("a command line", _command, most=4_000,
    lines="put the lines into a script, and name that here")]
Seconds = Annotated[float, Form("a length of time", _seconds, written)]
Variable = Annotated[str, Form("an environment variable's name", _variable, is_name=True)]
LongText = Annotated[str, Form("text", most=4_000)]
OneGroup = Annotated[str, Form("a regular expression with one group", _one_group, most=200)]
OneOrTwoGroups = Annotated[str, Form(
    "a regular expression with one or two groups", _one_or_two_groups, most=200)]
UnitName = Annotated[str, _matching("a unit", r"[^\s\d]\S{0,15}", "write it like ms, MiB or '%'")]
SlotName = Annotated[str, _matching(
    "a slot", r"gpu:[\w-]{1,60}|cores:\d{1,4}([-,]\d{1,4}){0,40}",
    "write it like gpu:0 or cores:0-3")]
DataPath = Annotated[str, _matching("a path in a JSON document", r"\S(.{0,198}\S)?",
    "join keys and positions by dots")]
Address = Annotated[str, _matching(
    "an address", r"https?://[^\s@]+", "write it like http://localhost:8080")]
RayAddress = Annotated[str, _matching(
    "the address of a Ray cluster", r"auto|local|[\w.-]+:\d{1,5}",
    "write auto, local or host:6379; Ray's client (ray://) streams nothing, so join the cluster")]
ModelId = Annotated[str, _matching("a model's id", r"\S+", "write it as the provider spells it")]
ValueName = Annotated[str, _matching("a value's name, or a pattern of names", r"\S(.{0,198}\S)?",
    "write it as `autoexp check` does, with * for any characters")]
ProposerName = Annotated[str, _matching(
    "one word in small letters", r"[a-z][a-z0-9_-]{0,39}",
    "write auto, tuner, anthropic, openai or command")]
# fmt: on
