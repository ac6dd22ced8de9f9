"""Read a folder of other people's ledgers: agreement with an index, speed, and mutations.

python benchmarks/ledgers.py                       # ../shared/ledgers beside this repository
python benchmarks/ledgers.py FOLDER --mutations 10000 --seed 1

The folder's `index.json` is a list of {file, rows, primary_metric, direction, best}.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autoexp_tui.tables import (
    TableSummary,
    parse_table,
    read_table,
    summarise,
    table_events,
)

_FOLDER = Path(__file__).resolve().parents[1].parent / "shared" / "ledgers"
_SLOW = 5.0
"""Seconds for one mutation that are too many."""
_BYTES = 60_000
"""Of a ledger that is mutated."""


def main() -> int:
    """Print the figures; 1 where anything crashed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", nargs="?", type=Path, default=_FOLDER)
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    paths = sorted(
        path for path in options.folder.glob("*") if path.suffix in {".tsv", ".jsonl", ".csv"}
    )
    if not paths:
        print(f"{options.folder}: no ledgers there", file=sys.stderr)
        return 2
    agreement(options.folder)
    speed(paths)
    size()
    return 1 if mutations(paths, options.mutations, options.seed) else 0


def agreement(folder: Path) -> None:
    """Compare every summary with what the index says."""
    entries: list[dict[str, Any]] = json.loads((folder / "index.json").read_text("utf-8"))
    fields: dict[str, Callable[[TableSummary, dict[str, Any]], bool]] = {
        "rows": lambda s, e: s.rows == e["rows"],
        "metric": lambda s, e: s.metric == e["primary_metric"],
        "direction": lambda s, e: s.direction == e["direction"],
        "best": lambda s, e: _equal(s.best, e["best"]),
    }
    agreed = dict.fromkeys(fields, 0)
    for entry in entries:
        found = summarise(read_table(folder / entry["file"]))
        for name, same in fields.items():
            if same(found, entry):
                agreed[name] += 1
            else:
                print(
                    f"  {entry['file']}: {name}: we say {found.metric}, {found.direction} "
                    f"({found.direction_source}), best {found.best}, {found.rows} rows; the index "
                    f"{entry['primary_metric']}, {entry['direction']}, best {entry['best']}, "
                    f"{entry['rows']} rows"
                )
    for name, count in agreed.items():
        print(f"{name:<10} {count} of {len(entries)} agree: {100 * count / len(entries):.1f} %")


def _equal(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return math.isclose(mine, theirs, rel_tol=1e-9)


def speed(paths: Sequence[Path]) -> None:
    """Time per megabyte over the whole folder."""
    contents = [path.read_bytes() for path in paths]
    start = time.perf_counter()
    for data in contents:
        summarise(parse_table(data))
    seconds = time.perf_counter() - start
    total = sum(map(len, contents)) / 1e6
    print(f"speed      {len(paths)} files, {total:.2f} MB: {1000 * seconds / total:.0f} ms per MB")


def size(rows: int = 100_000) -> None:
    """Time for a long table."""
    draw = random.Random(1)
    lines = ["commit\tval_bpb\tmemory_gb\tstatus\tdescription\n"]
    lines += [
        f"{draw.getrandbits(28):07x}\t{2 - k / rows + draw.random():.6f}\t{40 * draw.random():.1f}"
        f"\t{draw.choice(['keep', 'discard', 'crash'])}\tnumber {k} of many\n"
        for k in range(rows)
    ]
    data = "".join(lines).encode()
    start = time.perf_counter()
    ledger = parse_table(data)
    parsed = time.perf_counter()
    summarise(ledger)
    summed = time.perf_counter()
    print(f"size       {rows:,} rows: read in {parsed - start:.2f} s, sum {summed - parsed:.2f} s")


def mutations(paths: Sequence[Path], count: int, seed: int) -> int:
    """Read that many damaged ledgers; return how many made it crash or were too slow."""
    draw = random.Random(seed)
    contents = [path.read_bytes()[:_BYTES] for path in paths]
    bad = 0
    slowest = 0.0
    begun = time.perf_counter()
    for _ in range(count):
        data = mutated(draw, contents)
        start = time.perf_counter()
        try:
            ledger = parse_table(data, name="mutation")
            json.dumps(summarise(ledger).statuses)
            for _record in table_events(ledger):
                pass
        except Exception:  # noqa: BLE001 - whatever it is, it is counted and shown
            bad += 1
            traceback.print_exc()
            print(repr(data[:400]), file=sys.stderr)
        seconds = time.perf_counter() - start
        slowest = max(slowest, seconds)
        bad += seconds > _SLOW
    whole = time.perf_counter() - begun
    print(f"mutations  {count:,}: {bad} bad, slowest {slowest:.2f} s, {whole:.0f} s in all")
    return bad


def mutated(draw: random.Random, contents: Sequence[bytes]) -> bytes:
    """A ledger with one to six things done to it."""
    data = draw.choice(contents)
    if len(data) > 4000 and draw.random() < 0.9:
        data = data[: draw.randrange(200, 4000)]
    for _ in range(draw.randrange(1, 7)):
        data = draw.choice(_MUTATORS)(draw, data, contents)
    return data[: 4 * _BYTES]


def _spot(draw: random.Random, data: bytes) -> int:
    return draw.randrange(len(data) + 1)


_TOKENS = (
    b"\t", b"\t\t\t\t", b"\n", b"\r\n", b"\r", b'"', b"\x00", b"NaN", b"-inf", b"1e999", b"keep",
    b"0", b"\xff\xfe", b"\xe2\x80\xae", b"\x1b[31m", b"{", b"}", b"[", b"null", b"# ", b"|", b",",
    b"commit\tmetric\tstatus\tdescription\n", b'{"type":"config","metricName":"x"}\n', b"9" * 400,
    b"[" * 3000, b'{"a":' * 2000, b"1,234.5 ms", b"99999999999999999999", b"\xef\xbb\xbf", b"true",
)  # fmt: skip


def _insert(draw: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _spot(draw, data)
    return data[:at] + draw.choice(_TOKENS) + data[at:]


def _flip(draw: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    found = bytearray(data)
    for _k in range(draw.randrange(1, 20)):
        if found:
            found[draw.randrange(len(found))] = draw.randrange(256)
    return bytes(found)


def _drop(draw: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, stop = sorted((_spot(draw, data), _spot(draw, data)))
    return data[:start] + data[stop:]


def _cut(draw: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: _spot(draw, data)]


def _splice(draw: random.Random, data: bytes, contents: Sequence[bytes]) -> bytes:
    other = draw.choice(contents)[:4000]
    return data[: _spot(draw, data)] + other[_spot(draw, other) :]


def _lines(draw: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    match draw.randrange(4):
        case 0:
            draw.shuffle(lines)
        case 1:
            lines = lines[1:]
        case 2:
            lines.insert(draw.randrange(len(lines) + 1), draw.choice(lines))
        case _:
            lines = lines * 2
    return b"\n".join(lines)


def _swap(draw: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    old, new = draw.sample([b"\t", b",", b"|", b"  ", b";", b"\n", b"."], 2)
    return data.replace(old, new)


def _columns(draw: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    lines = [line.split(b"\t") for line in data.split(b"\n")]
    at = draw.randrange(8)
    return b"\n".join(b"\t".join(cells[:at] + cells[at + 1 :]) for cells in lines)


_MUTATORS = (_insert, _insert, _flip, _drop, _cut, _splice, _lines, _swap, _columns)

if __name__ == "__main__":
    sys.exit(main())
