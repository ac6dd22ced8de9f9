"""`proposal.jsonl`: the hypothesis and the new target as they were written, piece by piece."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from autoexp_tui.core.proposal import Part


class Piece(msgspec.Struct, frozen=True):
    """Some more text of one part."""

    t: float
    """Seconds since the proposal was begun."""
    part: Part
    text: str


class ProposalLog:
    """Appends pieces as they come; a viewer may read the file meanwhile."""

    def __init__(self, path: Path, *, more: bool = False) -> None:
        """`more` goes on with what is there: a repair comes after the proposal it mends."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab" if more else "wb", buffering=0)
        self._clock = time.monotonic()

    def write(self, part: Part, text: str) -> None:
        piece = Piece(round(time.monotonic() - self._clock, 3), part, text)
        self._file.write(msgspec.json.encode(piece) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class ProposalReader:
    """Reads a proposal that may still be growing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._decoder = msgspec.json.Decoder(Piece)

    def read(self) -> list[Piece]:
        """The pieces that came since the last call; none while there is no file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                lines = file.readlines()
        except FileNotFoundError:
            return []
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        self._offset += sum(map(len, lines))
        return [self._decoder.decode(line) for line in lines]
