"""`proposal.jsonl`: the hypothesis and the new target as they were written, piece by piece."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Self

import msgspec

from autoexp_tui.model.proposal import Part
from autoexp_tui.system.files import is_full, make_folder, open_for_writing
from autoexp_tui.text.mask import NO_MASK, Mask, MaskedStream


class StreamedPiece(msgspec.Struct, frozen=True):
    """Some more text of one part."""

    t: float
    """Seconds since the proposal was begun."""
    part: Part
    text: str


class ProposalLog:
    """Appends pieces as they come; a viewer may read the file meanwhile."""

    def __init__(self, path: Path, *, more: bool = False, mask: Mask = NO_MASK) -> None:
        """`more` goes on with what is there: a repair comes after the proposal it mends.

        What may be the beginning of a secret waits for what follows it.
        """
        self._masked = MaskedStream(mask)
        self._part: Part | None = None
        make_folder(path.parent, path.parents[2])
        flags = os.O_WRONLY | (os.O_APPEND if more else os.O_TRUNC)
        self._fd = open_for_writing(path, flags)
        self._full = False
        self._clock = time.monotonic()

    def write(self, part: Part, text: str) -> None:
        """Only to be looked at: what a full disk has no room for costs the proposal nothing."""
        if part != self._part:
            self._finish()
            self._part = part
        data = text.encode("utf-8", "surrogatepass")
        shown = self._masked.take(data)
        if shown or not data:
            self._write(part, text if shown is data else shown.decode("utf-8", "replace"))

    def _finish(self) -> None:
        """Write what was held back of the last part."""
        if self._part is not None and (rest := self._masked.rest()):
            self._write(self._part, rest.decode("utf-8", "replace"))

    def _write(self, part: Part, text: str) -> None:
        piece = StreamedPiece(round(time.monotonic() - self._clock, 3), part, text)
        if self._full:
            return
        try:
            os.write(self._fd, msgspec.json.encode(piece) + b"\n")
        except OSError as error:
            if not is_full(error):
                raise
            self._full = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._finish()
        os.close(self._fd)


class ProposalReader:
    """Reads a proposal that may still be growing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._decoder = msgspec.json.Decoder(StreamedPiece)

    def read(self, until: float = math.inf) -> list[StreamedPiece]:
        """The pieces that came since the last call; none while there is no file.

        What was written later than `until` seconds after the beginning is kept for another call.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                lines = file.readlines()
        except FileNotFoundError:
            return []
        pieces = []
        for line in lines:
            if not line.endswith(b"\n"):
                break
            piece = self._decoder.decode(line)
            if piece.t > until:
                break
            pieces.append(piece)
            self._offset += len(line)
        return pieces
