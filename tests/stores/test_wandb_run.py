"""Weights & Biases' log of a run, written here by the rules of LevelDB's log and of protobuf."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

from autoexp_tui.tables import Table, parse_table, summarise

BLOCK = 32768


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _history(**logged: object) -> bytes:
    items = [
        _field(1, b"".join(_field(2, key) for key in name.split("__")) + _field(16, json.dumps(it)))
        for name, it in logged.items()
    ]
    return _field(2, b"".join(items))


def log(records: list[bytes]) -> bytes:
    """The records as a log: cut at the blocks' ends, each piece with its sum."""
    data = bytearray(b":W&B\xe1\xbe\x00")
    for record in records:
        left, first = record, True
        while left or first:
            room = BLOCK - len(data) % BLOCK
            if room < 7:
                data += bytes(room)
                room = BLOCK
            piece, left = left[: room - 7], left[room - 7 :]
            kind = (1 if not left else 2) if first else (4 if not left else 3)
            data += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
            first = False
    return bytes(data)


def _run(rows: list[bytes]) -> list[bytes]:
    said = _field(17, _field(1, "id7") + _field(3, "mnist") + _field(8, "sun-1"))
    goal = _field(12, _field(1, "score/rate") + _field(8, 1))
    best = _field(12, _field(1, "acc") + _field(7, _field(2, 1)))
    return [said, goal, best, *rows, _field(18, _field(1, 3))]


def _read(records: list[bytes]) -> Table:
    return parse_table(log(records))


def test_a_run_is_a_row_for_each_log_and_is_judged_as_it_has_defined() -> None:
    rows = [
        _history(
            _step=at, _timestamp=1.7e9 + at, score__rate=0, acc=at / 4, note="warm",
            **{"score/rate": 4.0 - at}, picture={"_type": "image-file", "path": "x.png"},
        )
        for at in range(3)
    ]  # fmt: skip
    table = _read(_run(rows))
    found = summarise(table)
    assert (found.kind, found.rows, found.metric) == ("wandb", 3, "score/rate")
    assert (found.direction, found.best) == ("lower", 2.0), "the name says higher, the run lower"
    assert table.rows[2].time == 1.7e9 + 2
    assert table.rows[2].values["score.rate"] == 0.0
    assert "the run sun-1 of mnist" in found.notes
    assert "the run ended with exit code 3" in found.notes
    assert not any("picture" in column.name for column in table.columns)


def test_records_that_go_over_blocks_are_put_together() -> None:
    rows = [_history(_step=at, loss=1.0 / (at + 1), words="w" * 30_000) for at in range(9)]
    table = _read(_run(rows))
    assert [row.n for row in table.rows] == [str(at) for at in range(9)]
    assert table.rows[8].values["loss"] == 1.0 / 9


def test_a_run_that_is_still_written_is_read_as_far_as_it_is() -> None:
    whole = log(_run([_history(_step=at, loss=1.0 / (at + 1)) for at in range(9)]))
    for cut in (57, 60, 62):  # within a record, and within what stands before it
        found = summarise(parse_table(whole[:-cut]))
        assert 0 < found.rows < 9
        assert any("its end is not there yet" in note for note in found.notes), cut


def test_a_damaged_log_is_read_up_to_the_damage_and_says_so() -> None:
    whole = bytearray(log(_run([_history(_step=at, loss=1.0 / (at + 1)) for at in range(9)])))
    whole[len(whole) // 2] ^= 0xFF
    found = summarise(parse_table(bytes(whole)))
    assert 0 < found.rows < 9
    assert any("damaged" in note for note in found.notes)


def test_whatever_stands_in_a_record_is_read_or_told(tmp_path: Path) -> None:
    for junk in (b"\xff" * 12, _field(2, b"\x0a\xff\x01"), _varint(2 << 3 | 3), _field(2, b"\x0d")):
        found = summarise(_read([junk]))
        assert any("as far as it is whole" in note for note in found.notes), junk
