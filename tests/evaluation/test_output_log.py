"""The log keeps the beginning and the end, in bounded space."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.evaluation.output_log import OutputLog

HEAD, TAIL = 300, 400
MARK = re.compile(rb"\n\[autoexp: (\d+) bytes left out here\]\n")


def _written(chunks: list[bytes]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a" / "output.log"
        log = OutputLog(path, HEAD, TAIL)
        for chunk in chunks:
            log.write(chunk)
            assert path.stat().st_size <= HEAD + TAIL + 60
        log.close()
        assert log.error == ""
        return path.read_bytes()


_LINES = st.binary(min_size=1, max_size=90).map(lambda line: line.replace(b"[", b"(") + b"\n")


@settings(max_examples=60, deadline=None)
@given(st.lists(_LINES, max_size=60))
def test_what_is_kept_is_the_beginning_and_the_end(chunks: list[bytes]) -> None:
    everything = b"".join(chunks)
    kept = _written(chunks)
    if len(everything) <= HEAD + TAIL:
        assert kept == everything
        return
    head, omitted, tail = MARK.split(kept)
    assert everything.startswith(head)
    assert everything.endswith(tail)
    assert len(head) == HEAD
    assert len(head) + int(omitted) + len(tail) == len(everything)
    assert everything[len(head) + int(omitted) - 1 :][:1] == b"\n"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 2000), max_size=20))
def test_a_line_without_an_end_is_bounded_too(sizes: list[int]) -> None:
    kept = _written([b"x" * size for size in sizes])
    total = sum(sizes)
    assert kept.count(b"x") >= min(total, HEAD + TAIL // 2 + kept.count(b"[autoexp"))


def test_an_earlier_attempt_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"old and longer")
    log = OutputLog(path)
    log.write(b"new")
    log.close()
    assert path.read_bytes() == b"new"


def test_a_place_that_cannot_be_written_is_reported_not_raised(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    log = OutputLog(tmp_path / "file" / "output.log")
    log.write(b"x" * 1000)
    log.close()
    assert log.error.startswith("the output was not written to disk completely: ")


def test_a_file_that_someone_else_empties_is_written_on(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    log = OutputLog(path, HEAD, TAIL)
    log.write(b"x" * (HEAD + TAIL))
    path.write_bytes(b"")
    log.write(b"y" * 10)
    log.close()
    assert path.read_bytes().endswith(b"y" * 10)
