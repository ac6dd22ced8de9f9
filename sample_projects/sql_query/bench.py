"""The harness: asks the query, compares its rows with those of `reference.sql`, and times it.

The metric is the median of EXPLAIN ANALYZE's times, in ms of this machine; a yardstick query is
timed beside each, and their ratio is printed too. Other rows than the reference's, on any of three
shops of which one is new in every run, are no measurement: exit status 1, one line, no metric.
"""

from __future__ import annotations

import hashlib
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.dont_write_bytecode = True
sys.path.append(str(HERE / ".packages"))  # what ./setup installs

from engines import DuckDB, Engine, NoMeasurement, PostgreSQL, throwaway_cluster  # noqa: E402

TARGET = HERE / "query.sql"
REFERENCE = HERE / "reference.sql"
ORDERS, HELD_OUT_SEED = {"duckdb": 40_000, "postgresql": 6_000}, 2  # by engine
SEED = 1 if "AUTOEXP_SEED" not in os.environ else 3 + int(os.environ["AUTOEXP_SEED"]) % 10**6
CHECK_ORDERS = 4_000  # of the shop that nobody has seen: small, or the check would take longer

YARDSTICK = """
SELECT o.status, COUNT(*), SUM(i.quantity) FROM orders o JOIN items i ON i.order_id = o.id
GROUP BY o.status ORDER BY o.status
"""
ROUNDS = range(5, 41)  # at least and at most
SECONDS = 1.5  # of a processor: no new round after these

Make = Callable[[int, int], Engine]


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


def timed(engine: Engine, query: str, seconds: float) -> tuple[list[float], list[float]]:
    """The query's ms, and its time over the yardstick's beside it, round by round."""
    times: list[float] = []
    ratios: list[float] = []
    started = time.process_time()
    while len(times) < ROUNDS.start or (
        len(times) < ROUNDS.stop and time.process_time() - started < seconds
    ):
        before, taken, after = engine.ms(YARDSTICK), engine.ms(query), engine.ms(YARDSTICK)
        times.append(taken)
        ratios.append(2 * taken / (before + after))
    return times, ratios


@contextmanager
def engine_of() -> Iterator[Make]:
    """By `SQL_ENGINE`; DuckDB when it isn't set, PostgreSQL by `SQL_DSN` where there is one."""
    dsn = os.environ.get("SQL_DSN")
    name = os.environ.get("SQL_ENGINE") or ("postgresql" if dsn else "duckdb")
    if name == "duckdb":
        yield DuckDB
    elif name == "postgresql" and dsn:
        yield lambda seed, orders: PostgreSQL(seed, orders, dsn)
    elif name == "postgresql":
        with throwaway_cluster() as own:
            yield lambda seed, orders: PostgreSQL(seed, orders, own)
    else:
        raise NoMeasurement(f"SQL_ENGINE is {name}: duckdb or postgresql")


def main() -> None:
    query = only_query(TARGET.read_text(encoding="utf-8"))
    reference = only_query(REFERENCE.read_text(encoding="utf-8"))
    with engine_of() as make:
        measure(make, query, reference)


def measure(make: Make, query: str, reference: str) -> None:
    """Check on three shops, time on two, and print."""
    new = int.from_bytes(os.urandom(4))  # drawn now: no query can have learnt the answer
    fresh = make(new, CHECK_ORDERS)
    check(fresh, query, reference, f"shop {new}")
    name = fresh.name
    judged = make(SEED, ORDERS[name])
    print(f"{judged.name}, {check(judged, query, reference, 'the judged shop')}")
    print(judged.plan(query), flush=True)
    times, ratios = timed(judged, query, SECONDS)

    held_out = make(HELD_OUT_SEED, ORDERS[name])
    check(held_out, query, reference, "the held-out shop")
    others, _ = timed(held_out, query, SECONDS / 3)

    quarters = statistics.quantiles(times, n=4)
    print(f"exec_time_ms: {statistics.median(times):.3f}")
    print(f"heldout_ms: {statistics.median(others):.3f}")
    print(f"yardstick_ratio: {statistics.median(ratios):.3f}")
    print(f"spread_percent: {100 * (quarters[2] - quarters[0]) / quarters[1]:.1f}")
    print(f"rounds: {len(times)}")


if __name__ == "__main__":
    try:
        main()
    except NoMeasurement as error:
        sys.exit(f"bench.py: no measurement: {error}")
