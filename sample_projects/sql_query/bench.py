"""The harness: asks the query, compares its rows with those of `reference.sql`, and times it.

A yardstick query runs beside every timed one, and the metric is the median of their ratios: a
machine that is busy or warm slows both. Other rows than the reference's, on any of three shops of
which one is new in every run, are no measurement: exit status 1, a line that says why, no metric.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.dont_write_bytecode = True
sys.path.append(str(HERE / ".packages"))  # what ./setup installs

from engines import DuckDB, Engine, NoMeasurement, PostgreSQL, SQLite  # noqa: E402
from shop import Shop, shop  # noqa: E402

TARGET = HERE / "query.sql"
REFERENCE = HERE / "reference.sql"
ORDERS, SEED, HELD_OUT_SEED = 40_000, 1, 2
CHECK_ORDERS = 3_000  # of the shop that nobody has seen: small, or the check would take longer

YARDSTICK = """
SELECT o.status, COUNT(*), SUM(i.quantity) FROM orders o JOIN items i ON i.order_id = o.id
WHERE o.day < 60 GROUP BY o.status ORDER BY o.status
"""
YARDSTICK_MS = {"sqlite": 8.0, "duckdb": 1.2, "postgresql": 10.0}
"""Its time on the README's machine, by engine: the metric is in ms of that machine."""
ROUNDS = range(3, 41)  # at least and at most
SECONDS = 1.2  # no new round after these


def only_query(text: str) -> str:
    """The target as one statement that reads. Raises NoMeasurement."""
    bare = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    bare = bare.strip().removesuffix(";")
    if ";" in bare or not re.match(r"(select|with)\b", bare, re.IGNORECASE):
        raise NoMeasurement("query.sql must be one SELECT, or one WITH … SELECT")
    return text.strip().removesuffix(";")


def comparable(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows with every number in one type, whichever engine they come from."""
    return [tuple(int(x) if isinstance(x, Decimal) else x for x in row) for row in rows]


def fingerprint(rows: list[tuple[Any, ...]]) -> str:
    return hashlib.sha256(repr(comparable(rows)).encode()).hexdigest()[:12]


def check(engine: Engine, query: str, reference: str, shop_name: str) -> str:
    """The rows' hash, which must be the reference's. Raises NoMeasurement."""
    expected = engine.rows(reference)  # first: the query finds the tables as they were
    got = engine.rows(query)
    if fingerprint(got) != fingerprint(expected):
        raise NoMeasurement(
            f"wrong rows on {shop_name}: {len(got)} with hash {fingerprint(got)},"
            f" not {len(expected)} with {fingerprint(expected)}"
        )
    return f"{len(got)} rows, hash {fingerprint(got)}"


def ratios(engine: Engine, query: str, seconds: float) -> tuple[list[float], float]:
    """Query's time over the yardstick's, round by round, and the query's least ms."""
    found: list[float] = []
    least = math.inf
    started = time.perf_counter()
    while len(found) < ROUNDS.start or (
        len(found) < ROUNDS.stop and time.perf_counter() - started < seconds
    ):
        before, taken, after = engine.ms(YARDSTICK), engine.ms(query), engine.ms(YARDSTICK)
        found.append(2 * taken / (before + after))
        least = min(least, taken)
    return found, least


def choose_engine() -> tuple[str, Callable[[Shop], Engine]]:
    """By `SQL_ENGINE`, or `SQL_DSN` for PostgreSQL; SQLite when neither is set."""
    if dsn := os.environ.get("SQL_DSN"):
        return "postgresql", lambda data: PostgreSQL(data, dsn)
    name = os.environ.get("SQL_ENGINE") or "sqlite"
    if name == "sqlite":
        return name, SQLite
    if name == "duckdb":
        return name, DuckDB
    raise NoMeasurement(f"SQL_ENGINE is {name}: sqlite or duckdb, or set SQL_DSN for PostgreSQL")


def main() -> None:
    query = only_query(TARGET.read_text(encoding="utf-8"))
    reference = only_query(REFERENCE.read_text(encoding="utf-8"))
    name, engine_of = choose_engine()

    new_seed = int.from_bytes(os.urandom(4))  # drawn now: no query can have learnt the answer
    check(engine_of(shop(new_seed, CHECK_ORDERS)), query, reference, f"shop {new_seed}")
    judged = engine_of(shop(SEED, ORDERS))
    print(f"{name}, {check(judged, query, reference, 'the judged shop')}")
    print(judged.plan(query), flush=True)
    times, least = ratios(judged, query, SECONDS)

    held_out = engine_of(shop(HELD_OUT_SEED, ORDERS))
    check(held_out, query, reference, "the held-out shop")
    others, _ = ratios(held_out, query, SECONDS / 3)

    unit = YARDSTICK_MS[name]
    quarters = statistics.quantiles(times, n=4)
    print(f"exec_time_ms: {unit * statistics.median(times):.3f}")
    print(f"heldout_ms: {unit * statistics.median(others):.3f}")
    print(f"raw_ms: {least:.3f}")
    print(f"spread_percent: {100 * (quarters[2] - quarters[0]) / quarters[1]:.1f}")
    print(f"rounds: {len(times)}")


if __name__ == "__main__":
    try:
        main()
    except NoMeasurement as error:
        sys.exit(f"bench.py: no measurement: {error}")
