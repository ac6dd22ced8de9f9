"""Whatever pieces a stream comes in, its frames are the same; what is missing is noticed."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.evaluation.launch.frames import Frames, Torn

MARK = "0123456789abcdef"
BODIES = st.lists(st.tuples(st.sampled_from(["out", "end", "beat"]), st.binary(max_size=40)))


def sent(frames: list[tuple[str, bytes]], noise: list[bytes]) -> bytes:
    """A stream with lines of a launcher's between a worker's."""
    lines = []
    for number, (kind, body) in enumerate(frames):
        if noise:
            lines.append(noise[number % len(noise)] + b"\n")
        told = f"{MARK} {kind} {number} ".encode() + base64.b64encode(body)
        lines.append(told + b"\n")
    return b"".join(lines)


def taken(stream: bytes, pieces: list[int]) -> list[tuple[str, bytes]]:
    frames, at, found = Frames(MARK), 0, []
    for size in (*pieces, len(stream)):
        found += frames.feed(stream[at : at + size])
        at += size
    return found


@given(BODIES, st.lists(st.binary(max_size=30)), st.lists(st.integers(1, 40), max_size=40))
def test_the_pieces_make_no_difference(
    frames: list[tuple[str, bytes]], noise: list[bytes], pieces: list[int]
) -> None:
    noise = [each.replace(b"\n", b"").replace(MARK.encode(), b"") for each in noise]
    assert taken(sent(frames, noise), pieces) == frames


@given(BODIES.filter(lambda frames: len(frames) > 1), st.data())
def test_a_missing_line_is_noticed_by_the_next(
    frames: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    lines = sent(frames, []).splitlines(keepends=True)
    gone = data.draw(st.integers(0, len(lines) - 2))
    with pytest.raises(Torn):
        taken(b"".join(lines[:gone] + lines[gone + 1 :]), [])


def test_a_flood_of_something_else_is_not_kept() -> None:
    frames = Frames(MARK)
    for _ in range(200):
        assert list(frames.feed(b"x" * 100_000)) == []
    assert len(frames.strange) <= 2048
    assert list(frames.feed(b"\n" + sent([("out", b"a")], []))) == [("out", b"a")]
