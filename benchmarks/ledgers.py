"""Read folders of other people's tables: agreement with what is right, speed, and mutations.

python benchmarks/ledgers.py                       # benchmarks/tables, and what lies beside us
python benchmarks/ledgers.py FOLDER... --mutations 10000 --seed 1

A folder says what is right in one of three forms: `expected.json`, an object of entries by file
name; `index.json`, a list of entries with `file` (and `primary_metric` for `metric`); or
`NAME.expected.json` beside each table. An entry has any of rows, metric, direction, best, baseline,
times, and the `source` that it came from. What an entry leaves out is not counted.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autoexp_tui.tables import parse_table, read_table, summarise, table_events

_HERE = Path(__file__).resolve().parent
_SHARED = next((d / "shared" for d in _HERE.parents if (d / "shared").is_dir()), _HERE / "shared")
_FOLDERS = (_HERE / "tables", _SHARED / "cases" / "tables", _SHARED / "ledgers")
_FIELDS = ("rows", "metric", "direction", "best", "baseline", "times")
_SLOW = 5.0
"""Seconds for one mutation that are too many."""
_BYTES = 60_000
"""Of a ledger that is mutated."""

Entry = dict[str, Any]


def main() -> int:
    """Print the figures; 1 where anything crashed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folders = [folder for folder in options.folders or _FOLDERS if folder.is_dir()]
    paths = [path for folder in folders for path, _ in entries(folder)]
    if not paths:
        print("no tables with what is right about them", file=sys.stderr)
        return 2
    crashed = sum(agreement(folder) for folder in folders)
    speed(paths)
    size()
    return 1 if mutations(paths, options.mutations, options.seed) + crashed else 0


def entries(folder: Path) -> Iterator[tuple[Path, Entry]]:
    """The tables of a folder, each with what is right about it."""
    if (folder / "expected.json").is_file():
        named: dict[str, Entry] = json.loads((folder / "expected.json").read_text("utf-8"))
        yield from ((folder / name, entry) for name, entry in named.items())
    elif (folder / "index.json").is_file():
        for entry in json.loads((folder / "index.json").read_text("utf-8")):
            known = {key: entry[key] for key in ("rows", "direction", "best") if key in entry}
            yield (
                folder / entry["file"],
                {**known, "metric": entry.get("primary_metric"), "source": "loop ledgers"},
            )
    else:
        for path in sorted(folder.glob("*.expected.json")):
            stem = path.name.removesuffix(".expected.json")
            table = next((p for p in folder.glob(f"{stem}.*") if p != path), None)
            if table is not None:
                entry = json.loads(path.read_text("utf-8"))
                if entry.get("metric", "") is None and "columns" in entry:
                    del entry["metric"]  # any of its columns will do
                yield table, entry


def agreement(folder: Path) -> int:
    """Print how many summaries say what is right, per kind of source; return how many crashed."""
    tallies: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(
        lambda: defaultdict(lambda: [0, 0])
    )
    crashed = 0
    for path, entry in entries(folder):
        try:
            found = figures(path, docs=(folder / "index.json").is_file())
        except Exception:  # noqa: BLE001 - whatever it is, it is counted and shown
            crashed += 1
            traceback.print_exc()
            continue
        wrong = []
        for field in _FIELDS:
            if field in entry:
                right = _equal(found[field], entry[field])
                if not right:
                    wrong.append(f"{field} {found[field]!r}, right is {entry[field]!r}")
                for name in (entry.get("source", "cases"), "all"):
                    tallies[name][field][0] += right
                    tallies[name][field][1] += 1
        if wrong:
            print(f"  {path.name}: {'; '.join(wrong)}")
    print(f"\n{folder}: {crashed} crashed")
    print(f"{'':<14}" + "".join(f"{field:>18}" for field in _FIELDS))
    for name, tally in sorted(tallies.items(), key=lambda pair: (pair[0] == "all", pair[0])):
        shown = [_rate(*tally[field]) if field in tally else "" for field in _FIELDS]
        print(f"{name:<14}" + "".join(f"{cell:>18}" for cell in shown))
    return crashed


def figures(path: Path, *, docs: bool) -> Entry:
    """What we say of a table, by the names of an entry."""
    table = read_table(path, docs=docs)
    summary = summarise(table)
    found: Entry = {field: getattr(summary, field, None) for field in _FIELDS}
    found["times"] = sum(row.time is not None for row in table.rows)
    return found


def _rate(right: int, count: int) -> str:
    return f"{right} of {count} {100 * right / count:5.1f} %"


def _equal(mine: object, theirs: object) -> bool:
    if isinstance(mine, float) and isinstance(theirs, int | float):
        return math.isclose(mine, theirs, rel_tol=1e-9)
    return mine == theirs


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
