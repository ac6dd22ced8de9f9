"""The model's edits of the target: applied as a whole, or watched as they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from autoexp_tui.proposers.conversing.partial_json import PartialArguments
from autoexp_tui.text.safe import clean_line

_BARE_NEWLINE = re.compile(r"(?<!\r)\n")
_PLACES = 4
"""How many places of an ambiguous text are named."""
_QUOTED = 80


class Edit(msgspec.Struct, frozen=True):
    """One piece of the file, found by its text, and what takes its place."""

    search: str
    """Occurs exactly once in the text as it was before any edit."""
    replace: str


class EditError(Exception):
    """An edit can't be applied; the message says why, to the one who wrote it."""


def apply_edits(old: str, edits: Sequence[Edit]) -> str:
    """All edits at once: each is searched in `old`, none sees what another one wrote.

    Raises EditError.
    """
    if not edits:
        raise EditError("there is no edit in it")
    windows = _has_windows_newlines(old)
    found: list[tuple[int, int, str, int]] = []
    for number, edit in enumerate(edits, 1):
        search, replace = edit.search, edit.replace
        if windows:
            search, replace = _with_windows_newlines(search), _with_windows_newlines(replace)
        start = _locate(old, search, number)
        found.append((start, start + len(search), replace, number))
    found.sort()
    parts: list[str] = []
    cursor = 0
    before = 0
    for start, end, replace, number in found:
        if start < cursor:
            raise EditError(f"edits {min(before, number)} and {max(before, number)} overlap")
        parts += old[cursor:start], replace
        cursor, before = end, number
    new = "".join([*parts, old[cursor:]])
    if new == old:
        raise EditError("it changes nothing")
    return new


def whole_file(old: str, content: str) -> str:
    """The whole new text; it keeps the old one's way to end lines, and the newline at its end.

    Raises EditError.
    """
    if not content.strip():
        raise EditError("the file would be empty")
    if not _is_utf8(old):
        raise EditError("the file holds bytes that are not UTF-8: change it by edits")
    if _has_windows_newlines(old):
        content = _with_windows_newlines(content)
    content += _missing_newline(old, content)
    if content == old:
        raise EditError("it changes nothing")
    return content


class GrowingText:
    """The new text as far as it is settled while the edits are still being written.

    It only ever grows: what stands before an edit appears when the edit has been found, what
    replaces it as it is written. An edit that stands before an earlier one, or can't be found,
    stays invisible: the whole is judged when it is complete.
    """

    def __init__(self, old: str) -> None:
        self._old = old
        self._windows = _has_windows_newlines(old)
        self._shown = 0
        """Characters of the new text that were handed out."""
        self._whole = 0
        """Edits that are complete, and in `_done`: each is looked for once."""
        self._done = "", 0
        """The new text as these make it, and where the old one goes on after it."""
        self._at = 0
        """As in `_done`, with the edit that is being written."""
        self._content: str | None = None

    def take(self, arguments: PartialArguments) -> str:
        """What became known of the new text since the last call."""
        match arguments.values.get("content"):
            case str(content):
                text = self._content = self._fitted(content)
            case _:
                edits = arguments.edits(self._whole)
                for edit in edits[:-1]:
                    self._done = self._with(*edit)
                self._whole += len(edits[:-1])
                text, self._at = self._with(*edits[-1]) if edits else self._done
        new, self._shown = text[self._shown :], max(self._shown, len(text))
        return new

    def finish(self) -> str:
        """The rest, when the edits are complete."""
        if self._content is not None:
            return _missing_newline(self._old, self._content)
        return self._old[self._at :]

    def _with(self, search: str, replacement: str) -> tuple[str, int]:
        text, at = self._done
        search = self._fitted(search)
        start = self._old.find(search)
        if not search or start < at or self._old.find(search, start + 1) >= 0:
            return self._done
        return text + self._old[at:start] + self._fitted(replacement), start + len(search)

    def _fitted(self, text: str) -> str:
        return _with_windows_newlines(text) if self._windows else text


def _locate(old: str, search: str, number: int) -> int:
    if not search:
        raise EditError(f"edit {number} has an empty search text")
    start = old.find(search)
    if start < 0:
        raise EditError(f"edit {number}: {_why_missing(old, search)}")
    if old.find(search, start + 1) >= 0:
        places: list[str] = []
        at = start
        while at >= 0 and len(places) <= _PLACES:
            places.append(str(_line_of(old, at)))
            at = old.find(search, at + 1)
        more = " and more" if len(places) > _PLACES else ""
        raise EditError(
            f"edit {number}: its search text occurs more than once "
            f"(at lines {', '.join(places[:_PLACES])}{more}): take in more of the lines around it"
        )
    return start


def _why_missing(old: str, search: str) -> str:
    """Why the search text was not found: how far the nearest match goes."""
    wanted = search.split("\n")
    stripped = [line.strip() for line in wanted]
    lines = old.split("\n")
    naked = [line.strip() for line in lines]
    longest, where = 0, 0
    for at, line in enumerate(naked):
        if line != stripped[0] or not line:
            continue
        same = 0
        while same < len(wanted) and at + same < len(naked) and naked[at + same] == stripped[same]:
            same += 1
        if same > longest:
            longest, where = same, at
    if longest == len(wanted):
        return (
            f"its search text stands at line {where + 1} with other white space: "
            "copy it exactly as it is there"
        )
    if longest:
        at = where + longest
        there = clean_line(lines[at], _QUOTED) if at < len(lines) else "the end of the file"
        asked = clean_line(wanted[longest], _QUOTED)
        return (
            f"its search text begins at line {where + 1}, but line {at + 1} "
            f"is `{there}`, not `{asked}`"
        )
    return f"its search text does not occur: `{clean_line(search, _QUOTED)}`"


def _missing_newline(old: str, new: str) -> str:
    """What `new` lacks to end in a newline as `old` does."""
    if new.endswith("\n") or not old.endswith("\n"):
        return ""
    return "\r\n" if old.endswith("\r\n") else "\n"


def _line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _has_windows_newlines(text: str) -> bool:
    return "\r\n" in text and not _BARE_NEWLINE.search(text)


def _with_windows_newlines(text: str) -> str:
    return _BARE_NEWLINE.sub("\r\n", text)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
