"""A diff of a text that is still being written, kept up to date line by line."""

from __future__ import annotations

from bisect import bisect_left

from autoexp_tui.text import diffs
from autoexp_tui.text.diffs import DiffLine

_NEAR = 20
"""A line that occurs once may be met this many lines ahead without a second one to prove it."""
_SHOWN = 4096
"""Characters of an unfinished line that are kept at hand to show."""


class GrowingDiff:
    """Aligns each completed line with an index of the old lines, at constant cost per line.

    Good enough to watch; `finish` gives the exact diff.
    """

    def __init__(self, old: str) -> None:
        self.lines: list[DiffLine] = []
        """So far: same and added lines, and removed ones once the new text is past them."""
        self.added = 0
        self.removed = 0
        self.first_changed = 0
        """Index of the first of `lines` that the last `feed` made or changed."""
        self._old = old
        self._old_lines = [line.removesuffix("\n") for line in diffs.split(old)]
        self._where: dict[str, list[int]] = {}
        for at, line in enumerate(self._old_lines):
            self._where.setdefault(line, []).append(at)
        self._pieces: list[str] = []
        self._unfinished: list[str] = []
        self._head = ""
        self._at = 0
        """The old line that comes next if nothing changes."""
        self._new = 0
        """Lines of the new text so far."""
        self._pending: list[str] = []
        """Lines written since the last one that was matched: the added tail of `lines`."""
        self._guess: tuple[int, int] | None = None
        """(old line, run): where the last `run` pending lines may have been met, to be proved."""

    @property
    def text(self) -> str:
        """All that was fed."""
        return "".join(self._pieces)

    @property
    def partial(self) -> DiffLine | None:
        """The line being written: `same` as long as it may become the old line expected here."""
        if not self._head:
            return None
        expected = self._old_lines[self._at] if self._at < len(self._old_lines) else ""
        if not self._pending and expected.startswith(self._head):
            return DiffLine("same", self._at + 1, self._new + 1, self._head, (), False)
        return DiffLine("added", None, self._new + 1, self._head, (), False)

    def feed(self, piece: str) -> None:
        """Take some more of the new text."""
        self._pieces.append(piece)
        self.first_changed = len(self.lines)
        first, *others = piece.split("\n")
        self._grow(first)
        for line in others:
            self._complete("".join(self._unfinished))
            self._unfinished.clear()
            self._head = ""
            self._grow(line)

    def finish(self, context: int | None = 3) -> list[DiffLine]:
        """The exact diff of what was fed, see `text.diffs.lines`."""
        return diffs.lines(self._old, self.text, context)

    def _grow(self, text: str) -> None:
        if text:
            self._unfinished.append(text)
            self._head += text[: _SHOWN - len(self._head)]

    def _complete(self, line: str) -> None:
        met = self._meet(line)
        self._new += 1
        if met is None:
            self._pending.append(line)
            self.lines.append(DiffLine("added", None, self._new, line))
            self.added += 1
        else:
            self._match(line, *met)

    def _meet(self, line: str) -> tuple[int, int] | None:
        """The old line that this one is, and how many pending lines before it that proves."""
        guess, self._guess = self._guess, None
        if self._at < len(self._old_lines) and self._old_lines[self._at] == line:
            return self._at, 0
        if guess is not None:
            old, run = guess
            if old + 1 < len(self._old_lines) and self._old_lines[old + 1] == line:
                if _telling(line) or _telling(self._pending[-1]):
                    return old + 1, run
                self._guess = old + 1, run + 1
                return None
        where = self._where.get(line, ())
        nth = bisect_left(where, self._at)
        if nth == len(where):
            return None
        old = where[nth]
        ahead = old - self._at
        if ahead == 1 or (len(where) == 1 and ahead <= _NEAR and _telling(line)):
            return old, 0
        self._guess = old, 1
        return None

    def _match(self, line: str, old: int, proved: int) -> None:
        """Settle the pending lines: what was passed is removed, what was written instead added."""
        cut = len(self._pending) - proved
        written, proven = self._pending[:cut], self._pending[cut:]
        first_old = old - proved
        if self._pending:
            del self.lines[-len(self._pending) :]
            self.first_changed = min(self.first_changed, len(self.lines))
        for at in range(self._at, first_old):
            self.lines.append(DiffLine("removed", at + 1, None, self._old_lines[at]))
        first_new = self._new - proved - len(written)
        for at, text in enumerate(written, first_new):
            self.lines.append(DiffLine("added", None, at, text))
        for at, text in enumerate([*proven, line]):
            self.lines.append(DiffLine("same", first_old + at + 1, self._new - proved + at, text))
        self.added -= proved
        self.removed += first_old - self._at
        self._pending.clear()
        self._at = old + 1


def _telling(line: str) -> bool:
    """Whether a line says enough to be known again: not blank, not just a bracket."""
    return sum(map(str.isalnum, line)) > 2
