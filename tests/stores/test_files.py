"""Compressed files, binary ones: read as what is in them, or refused in one line."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables import read_table
from autoexp_tui.tables.stores import packing

TABLE = b"commit\tval_loss\tstatus\tdescription\naaa\t2.5\tkeep\tfirst\nbbb\t2.1\tkeep\tsecond\n"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": packing.zstd.compress,
}


@pytest.mark.parametrize("ending", PACKERS)
def test_a_compressed_table_is_read_as_what_is_in_it(ending: str, tmp_path: Path) -> None:
    path = tmp_path / "no_name_tells"
    # Two streams in a row, as `cat a.gz b.gz` makes them; the second is the last row alone.
    path.write_bytes(PACKERS[ending](TABLE[:-16]) + PACKERS[ending](TABLE[-16:]))
    table = read_table(path)
    assert [row.value for row in table.rows] == [2.5, 2.1]


@pytest.mark.parametrize("ending", PACKERS)
def test_a_compressed_file_that_ends_early_says_so(ending: str, tmp_path: Path) -> None:
    path = tmp_path / "cut"
    path.write_bytes(PACKERS[ending](os.urandom(3000).hex().encode())[:-900])
    with pytest.raises(UsageProblem, match="damaged or not complete"):
        read_table(path)


@pytest.mark.parametrize("ending", PACKERS)
def test_what_unpacks_without_end_is_left(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MOST_BYTES", 2 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[ending](bytes(3 << 20)))
    with pytest.raises(UsageProblem, match="more than 2 MiB"):
        read_table(path)


def test_one_step_of_unpacking_gives_a_bounded_part(tmp_path: Path) -> None:
    """However many bytes the packed ones stand for: the limit is looked at between two parts."""
    for ending, name in {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}.items():
        path = tmp_path / ending
        path.write_bytes(PACKERS[ending](bytes(4 << 20)))
        with path.open("rb") as file:
            assert max(map(len, packing._parts(file, name))) <= 1 << 20


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a PNG picture"),
        (pickle.dumps({"loss": [1.0, 2.0]}), "a pickle"),
        (b"PK\x03\x04" + bytes(60), "a zip archive"),
        (bytes(range(256)) * 40, "binary data"),
        (b"\x18" + bytes(7) + b"\xa3\x7f" + bytes(11) + b"\x1a\rbrain.Event:2", "Tensor"),
        (gzip.compress(gzip.compress(TABLE)), "gzip data in compressed data"),
    ],
)  # fmt: skip
def test_what_is_binary_is_said_in_one_line(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(content)
    with pytest.raises(UsageProblem, match=said) as caught:
        read_table(path)
    assert "\n" not in caught.value.message
    assert "results.csv" in caught.value.message


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "gbk"])
def test_text_in_an_odd_encoding_is_no_binary_file(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("n,score,note\n1,2.5,é±\n2,2.7,×÷\n".encode(encoding))
    assert len(read_table(path).rows) == 2
