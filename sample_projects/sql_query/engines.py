"""The three engines: each is filled with a shop, answers a query, and times it."""

from __future__ import annotations

import csv
import json
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any, Protocol

from shop import INDEXES, SCHEMA, Shop

SLOWEST = 2.0
"""Seconds after which a query is given up."""


class NoMeasurement(Exception):
    """Nothing that could be trusted was measured; the message says why, in one line."""


class Engine(Protocol):
    """A database that holds one shop."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of the answer. Raises NoMeasurement."""

    def ms(self, sql: str) -> float:
        """How long the query takes to execute, in ms. Raises NoMeasurement."""

    def plan(self, sql: str) -> str:
        """How the engine goes about it, for a person."""


class SQLite:
    """In memory, by Python's own sqlite3, read-only once it is filled. CPU time: no disk is read.

    The tables are never analysed, as in most applications, so the planner guesses.
    """

    def __init__(self, shop: Shop) -> None:
        if sqlite3.sqlite_version_info < (3, 35):
            raise NoMeasurement(f"SQLite {sqlite3.sqlite_version} is older than 3.35")
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.executescript(SCHEMA)
        for table, rows in shop.tables.items():
            places = ", ".join("?" * len(rows[0]))
            self._db.execute("BEGIN")
            self._db.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
            self._db.execute("COMMIT")
        self._db.executescript(INDEXES)
        self._db.set_authorizer(_reading_only)
        self._deadline = 0.0
        self._db.set_progress_handler(lambda: time.thread_time() > self._deadline, 100_000)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        self._deadline = time.thread_time() + SLOWEST
        try:
            return self._db.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            late = str(error) == "interrupted"
            raise NoMeasurement(f"it takes over {SLOWEST:g} s" if late else str(error)) from None
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise NoMeasurement(str(error)) from None

    def ms(self, sql: str) -> float:
        started = time.thread_time()
        self.rows(sql)
        return 1e3 * (time.thread_time() - started)

    def plan(self, sql: str) -> str:
        return "\n".join(str(row[3]) for row in self.rows("EXPLAIN QUERY PLAN " + sql))


def _reading_only(action: int, _first: str | None, second: str | None, *_: object) -> int:
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
    function = action == sqlite3.SQLITE_FUNCTION and second != "load_extension"
    return sqlite3.SQLITE_OK if action in allowed or function else sqlite3.SQLITE_DENY


class DuckDB:
    """In memory, one thread; EXPLAIN ANALYZE says how long its operators took."""

    def __init__(self, shop: Shop) -> None:
        try:
            import duckdb  # noqa: PLC0415 - there only when it was asked for
        except ImportError:
            raise NoMeasurement("there is no duckdb for this Python: ./setup duckdb") from None
        self._error = duckdb.Error
        self._db = duckdb.connect(config={"threads": 1})
        self._db.execute(SCHEMA)
        with tempfile.TemporaryDirectory() as folder:
            for table, rows in shop.tables.items():
                path = Path(folder, table)
                with path.open("w", newline="", encoding="utf-8") as file:
                    csv.writer(file).writerows(rows)
                self._db.execute(f"COPY {table} FROM '{path}' (FORMAT csv, HEADER false)")
        self._db.execute(INDEXES)
        self._db.execute("SET enable_external_access = false; SET lock_configuration = true")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            found: list[tuple[Any, ...]] = self._db.execute(sql).fetchall()
        except self._error as error:
            raise NoMeasurement(str(error).splitlines()[0]) from None
        return found

    def ms(self, sql: str) -> float:
        (_, analysed), *_ = self.rows("EXPLAIN (ANALYZE, FORMAT JSON) " + sql)
        figures = json.loads(analysed)
        return 1e3 * float(figures.get("query", figures)["cpu_time"])  # below "query" since 2.0

    def plan(self, sql: str) -> str:
        (_, plan), *_ = self.rows("EXPLAIN " + sql)
        return str(plan)


class PostgreSQL:
    """Temporary tables in a database of yours, gone when the run ends; EXPLAIN ANALYZE.

    Every query has a read-only transaction of its own, which is rolled back: it can change neither
    a table of yours nor, with a DELETE in a CTE, the ones that it is judged by.
    """

    def __init__(self, shop: Shop, dsn: str) -> None:
        try:
            import psycopg  # noqa: PLC0415 - there only when it was asked for
        except ImportError:
            raise NoMeasurement("there is no psycopg for this Python: ./setup postgresql") from None
        self._error = psycopg.Error
        try:
            self._db = psycopg.connect(dsn, autocommit=True, connect_timeout=10)
        except psycopg.Error as error:
            raise NoMeasurement(f"no connection: {str(error).splitlines()[0]}") from None
        self._db.execute("SET search_path = pg_temp")
        self._db.execute("SET max_parallel_workers_per_gather = 0")
        self._db.execute(SCHEMA.replace("CREATE TABLE", "CREATE TEMPORARY TABLE"))
        with self._db.cursor() as cursor:
            for table, rows in shop.tables.items():
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
        self._db.execute(INDEXES)
        self._db.execute("ANALYZE customers, products, orders, items")
        self._db.execute(f"SET statement_timeout = {1e3 * SLOWEST:.0f}")
        self._db.autocommit = False
        self._db.read_only = True

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            # Prepared, so that the server itself refuses a second statement.
            found: list[tuple[Any, ...]] = self._db.execute(sql, prepare=True).fetchall()
        except self._error as error:
            raise NoMeasurement(str(error).splitlines()[0]) from None
        finally:
            self._db.rollback()
        return found

    def ms(self, sql: str) -> float:
        ((analysed,), *_) = self.rows("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + sql)
        return float(analysed[0]["Execution Time"])

    def plan(self, sql: str) -> str:
        return "\n".join(str(row[0]) for row in self.rows("EXPLAIN (COSTS OFF) " + sql))
