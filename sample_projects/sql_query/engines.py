"""The two engines: each is filled with a shop, has statistics, answers a query, and times it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from shop import SCHEMA, TABLES, fill

SLOWEST = 4.0
"""Processor seconds after which a query is given up; thrice that by the clock in PostgreSQL."""
INDEXES = """
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX orders_status ON orders (status);
CREATE INDEX items_order ON items (order_id);
"""
"""For PostgreSQL: DuckDB scans columns, and would only pay for them."""


class NoMeasurement(Exception):
    """Nothing that could be trusted was measured; the message says why, in one line."""


class Engine(Protocol):
    """A database that holds one shop."""

    name: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of the answer. Raises NoMeasurement."""

    def ms(self, sql: str) -> float:
        """How long EXPLAIN ANALYZE takes to execute the query, in ms. Raises NoMeasurement."""

    def plan(self, sql: str) -> str:
        """What EXPLAIN ANALYZE says, for a person."""


class DuckDB:
    """In memory, one thread, so that its time is processor time, which a busy machine leaves alone.

    (`cpu_time` in DuckDB's own profile is the clock's, operator by operator.)
    """

    name = "duckdb"

    def __init__(self, seed: int, orders: int) -> None:
        try:
            import duckdb  # noqa: PLC0415 - there only once ./setup was run
        except ImportError:
            raise NoMeasurement("there is no duckdb for this Python: run ./setup") from None
        self._error = duckdb.Error
        self._db = duckdb.connect(config={"threads": 1})
        self._db.execute(SCHEMA)
        for statement in fill(seed, orders):
            self._db.execute(statement)
        self._db.execute("ANALYZE")
        self._db.execute("SET enable_external_access = false; SET lock_configuration = true")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._deadline() as late:
            try:
                self._db.execute("BEGIN TRANSACTION READ ONLY")
                found: list[tuple[Any, ...]] = self._db.execute(sql).fetchall()
            except self._error as error:
                said = f"it takes over {SLOWEST:g} s" if late.is_set() else str(error)
                raise NoMeasurement(said.splitlines()[0]) from None
            finally:
                self._db.execute("ROLLBACK")
        return found

    def ms(self, sql: str) -> float:
        started = time.process_time()
        self.rows("EXPLAIN ANALYZE " + sql)
        return 1e3 * (time.process_time() - started)

    def plan(self, sql: str) -> str:
        return "\n".join(str(text) for _, text in self.rows("EXPLAIN ANALYZE " + sql))

    @contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Interrupts what takes over `SLOWEST` of the processor, and says so by the event."""
        late, done, started = threading.Event(), threading.Event(), time.process_time()

        def watch() -> None:
            while not done.wait(0.05):
                if time.process_time() - started > SLOWEST:
                    late.set()
                    self._db.interrupt()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield late
        finally:
            done.set()
            watcher.join()


class PostgreSQL:
    """Temporary tables in a database, gone when the run ends; EXPLAIN ANALYZE says the time.

    Every query has a read-only transaction of its own, which is rolled back: it can change neither
    a table of yours nor, with a DELETE in a CTE, the ones that it is judged by.
    """

    name = "postgresql"

    def __init__(self, seed: int, orders: int, dsn: str) -> None:
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
        for statement in (
            SCHEMA.replace("CREATE TABLE", "CREATE TEMPORARY TABLE"),
            *fill(seed, orders),
            INDEXES,
            f"ANALYZE {', '.join(TABLES)}",
            f"SET statement_timeout = {3e3 * SLOWEST:.0f}",
        ):
            self._db.execute(statement)
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
        return "\n".join(str(row[0]) for row in self.rows("EXPLAIN ANALYZE " + sql))


@contextmanager
def throwaway_cluster() -> Iterator[str]:
    """The DSN of a PostgreSQL of this run's own, in a temporary folder. Raises NoMeasurement."""
    initdb, postgres = (_program(name) for name in ("initdb", "postgres"))
    as_user = {"user": "postgres"} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        data = Path(folder, "data")
        if as_user:  # it refuses to run as root
            try:
                shutil.chown(folder, "postgres")
            except (LookupError, PermissionError):
                raise NoMeasurement("PostgreSQL doesn't run as root: set SQL_DSN") from None
        made = subprocess.run(
            [
                initdb,
                "-D",
                data,
                "-U",
                "shop",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "--no-locale",
            ],
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
            **as_user,
        )
        if made.returncode:
            raise NoMeasurement(f"initdb: {(made.stderr.strip().splitlines() or ['failed'])[-1]}")
        settings = ("listen_addresses=", f"unix_socket_directories={folder}", "fsync=off")
        server = subprocess.Popen(
            [postgres, "-D", data, *(word for setting in settings for word in ("-c", setting))],
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            **as_user,
        )
        assert server.stderr is not None
        try:
            said = ""
            for said in server.stderr:
                if "ready to accept connections" in said:
                    break
            else:
                raise NoMeasurement(f"postgres: {said.strip() or 'it said nothing'}")
            threading.Thread(target=server.stderr.read, daemon=True).start()
            yield f"host={folder} dbname=postgres user=shop"
        finally:
            server.send_signal(signal.SIGINT)  # fast: whatever is connected is cut off
            server.wait()


def _program(name: str) -> str:
    """Where it is: on the PATH, or where Debian puts it. Raises NoMeasurement."""
    if found := shutil.which(name):
        return found
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not debian:
        raise NoMeasurement(f"there is no {name} here: install PostgreSQL, or set SQL_DSN")
    return str(debian[-1])
