"""The SQL sample: only the right rows are timed, however fast the wrong ones would be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autoexp_tui import config
from autoexp_tui.proposers.tuner.slots import find, splice

pytest.importorskip("duckdb", reason="there is no duckdb: pip install -e '.[dev]'")

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "sql_query"
METRIC = re.compile(
    r"^(exec_time_ms|heldout_ms|yardstick_ratio|spread_percent|rounds): (\d+(?:\.\d+)?)$",
    re.MULTILINE,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", ".packages", "__pycache__")
    return Path(shutil.copytree(SAMPLE, tmp_path / "sql_query", ignore=ignored))


def python(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"SQL_DSN", "SQL_ENGINE"}}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert run.returncode == 1
    assert METRIC.search(run.stdout) is None
    assert run.stderr.startswith("bench.py: no measurement: ")
    assert run.stderr.count("\n") == 1
    assert reason in run.stderr


def query() -> str:
    return (SAMPLE / "query.sql").read_text(encoding="utf-8")


def test_the_baseline_prints_every_figure_once_and_changes_no_file(project: Path) -> None:
    before = sorted(project.rglob("*"))
    run = python(
        project,
        "-Bc",
        "import bench\n"
        "bench.ROUNDS, bench.ORDERS = range(2, 3), {'duckdb': 4000}\n"
        "bench.CHECK_ORDERS = 1000\n"
        "bench.main()",
    )
    assert run.returncode == 0, run.stderr
    found = METRIC.findall(run.stdout)
    assert [name for name, _ in found] == METRIC.pattern[2 : METRIC.pattern.index(")")].split("|")
    assert float(dict(found)["exec_time_ms"]) > 0
    assert run.stdout.startswith("duckdb, 25 rows, hash ")
    assert "Total Time" in run.stdout
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'paid'", "'open'"),
        ("a.day + 2", "a.day + 3"),
        ("b.day > a.day", "b.day >= a.day"),
        ("COUNT(DISTINCT w.id)", "COUNT(*)"),
        ("revenue DESC", "revenue"),
    ],
)
def test_other_rows_are_no_measurement(project: Path, old: str, new: str) -> None:
    assert old in query()
    (project / "query.sql").write_text(query().replace(old, new))
    assert_no_measurement(python(project, "bench.py"), "wrong rows on ")


def test_an_answer_learnt_by_heart_fails_on_the_shop_that_is_drawn_anew(project: Path) -> None:
    asked = python(
        project,
        "-Bc",
        "import bench\n"
        "rows = bench.DuckDB(bench.SEED, 1000).rows(open('query.sql').read())\n"
        "print('SELECT * FROM (VALUES', ', '.join(map(str, rows)), ')')",
    )
    assert asked.returncode == 0, asked.stderr
    (project / "query.sql").write_text(asked.stdout)
    assert_no_measurement(python(project, "bench.py"), "wrong rows on shop ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must be one SELECT"),
        ("DELETE FROM items", "must be one SELECT"),
        ("PRAGMA threads = 4", "must be one SELECT"),
        ("CREATE INDEX i ON items (order_id, product_id)", "must be one SELECT"),
        ("SELECT 1; DROP TABLE items", "must be one SELECT"),
        ("SELECT ';' /* ; */ -- ;\n; ATTACH 'x' AS y", "must be one SELECT"),
        ("WITH a AS (SELECT 1) DELETE FROM items", "read-only"),
        ("WITH a AS (SELECT 1) INSERT INTO items SELECT 1, 1, 1", "read-only"),
        ("SELECT * FROM read_text('reference.sql')", "disabled"),
        ("SELECT missing FROM items", '"missing" not found'),
        ("SELECT (", "syntax error"),
    ],
)
def test_only_one_statement_that_reads_is_asked(project: Path, text: str, reason: str) -> None:
    (project / "query.sql").write_text(text)
    assert_no_measurement(python(project, "bench.py"), reason)


def test_a_semicolon_in_a_text_or_at_the_end_is_no_second_statement(project: Path) -> None:
    (project / "query.sql").write_text("SELECT ';', '''; DROP' -- ;\n;\n")
    assert_no_measurement(python(project, "bench.py"), "wrong rows on shop ")


def test_an_endless_query_is_given_up(project: Path) -> None:
    (project / "query.sql").write_text(
        "SELECT COUNT(*) FROM items a, items b, items c WHERE a.quantity + b.quantity < c.order_id"
    )
    code = (
        "import engines, runpy; engines.SLOWEST = 0.1; runpy.run_path('bench.py', {}, '__main__')"
    )
    assert_no_measurement(python(project, "-Bc", code), "it takes over 0.1 s")


def test_every_annotated_alternative_gives_the_same_rows(project: Path) -> None:
    slots = find(query(), "query.sql")
    assert [slot.name for slot in slots] == ["paid", "faithful", "followed"]
    for i, slot in enumerate(slots):
        domain = slot.domain(slot.literal)
        assert domain is not None
        (other,) = set(domain.literals() or ()) - {slot.literal}
        (project / f"{i}.sql").write_text(splice(query(), slots, {slot.name: other}))
    run = python(
        project,
        "-Bc",
        "import bench, pathlib\n"
        "db = bench.DuckDB(5, 1000)\n"
        "texts = [path.read_text() for path in pathlib.Path().glob('*.sql')]\n"
        "print(len(texts), {bench.fingerprint(db.rows(text)) for text in texts})",
    )
    assert run.returncode == 0, run.stderr
    assert re.fullmatch(r"5 \{'[0-9a-f]{12}'\}\n", run.stdout), run.stdout


@pytest.mark.parametrize(
    ("module", "variables", "reason"),
    [
        ("duckdb", {}, "there is no duckdb for this Python: run ./setup"),
        ("psycopg", {"SQL_DSN": "postgresql:///x"}, "there is no psycopg for this Python"),
        ("none", {"SQL_ENGINE": "oracle"}, "SQL_ENGINE is oracle: duckdb or postgresql"),
    ],
)
def test_without_its_engine_there_is_one_clear_line(
    project: Path, module: str, variables: dict[str, str], reason: str
) -> None:
    code = f"import sys, runpy; sys.modules[{module!r}] = None\n"
    code += "runpy.run_path('bench.py', {}, '__main__')"
    assert_no_measurement(python(project, "-Bc", code, **variables), reason)


def test_what_is_timed_is_the_processor_and_a_rewrite_is_faster(project: Path) -> None:
    """The same answer by a window instead of a self-join, at a size where that matters."""
    (project / "by_hand.sql").write_text(BY_HAND)
    run = python(
        project,
        "-Bc",
        "import bench, time, statistics\n"
        "db = bench.DuckDB(5, 12000)\n"
        "one, other = (open(name).read() for name in ('query.sql', 'by_hand.sql'))\n"
        "bench.check(db, other, one, 'it')\n"
        "began = time.process_time()\n"
        "slow = [db.ms(one) for _ in range(3)]\n"
        "assert 0.5 * sum(slow) < 1e3 * (time.process_time() - began) < 3 * sum(slow), slow\n"
        "assert statistics.median(slow) > 2 * min(db.ms(other) for _ in range(3))",
    )
    assert run.returncode == 0, run.stderr


def test_both_engines_draw_the_same_shop_and_a_cluster_leaves_nothing(project: Path) -> None:
    pytest.importorskip("psycopg", reason="there is no driver for PostgreSQL")
    run = python(
        project,
        "-Bc",
        "import bench, engines, os, sys\n"
        "sql = open('query.sql').read()\n"
        "try:\n"
        "    with engines.throwaway_cluster() as dsn:\n"
        "        folder = dsn.split()[0].removeprefix('host=')\n"
        "        one, other = bench.DuckDB(5, 1000), bench.PostgreSQL(5, 1000, dsn)\n"
        "        assert bench.fingerprint(one.rows(sql)) == bench.fingerprint(other.rows(sql))\n"
        "        assert other.ms(sql) > 0\n"
        "except bench.NoMeasurement as error:\n"
        "    sys.exit(f'none: {error}')\n"
        "assert not os.path.exists(folder)",
    )
    if run.stderr.startswith("none: "):
        pytest.skip(run.stderr.strip())
    assert run.returncode == 0, run.stderr


BY_HAND = """
WITH days AS (
    SELECT customer_id, day, LEAD(day) OVER (PARTITION BY customer_id ORDER BY day) AS next
    FROM (SELECT DISTINCT customer_id, day FROM orders WHERE status = 'paid') bought
),
followed AS MATERIALIZED (
    SELECT o.id, o.customer_id
    FROM orders o JOIN days d ON d.customer_id = o.customer_id AND d.day = o.day
    WHERE o.status = 'paid' AND d.next <= o.day + 2
)
SELECT p.category, COUNT(DISTINCT w.id), COUNT(DISTINCT w.customer_id),
    SUM(i.quantity * p.cents) AS revenue, (SELECT COUNT(*) FROM followed)
FROM followed w
JOIN items i ON i.order_id = w.id
JOIN products p ON p.id = i.product_id
WHERE NOT EXISTS (
    SELECT 1 FROM orders r WHERE r.customer_id = w.customer_id AND r.status = 'returned'
)
GROUP BY p.category
ORDER BY revenue DESC, p.category
"""


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert [(m.name, m.direction) for m in contract.metrics] == [("exec_time_ms", "lower")]
    assert contract.held_out is not None
    assert contract.instructions is not None
    for name in (
        contract.target,
        contract.instructions,
        contract.harness.removeprefix("python "),
        "reference.sql",
        "setup",
    ):
        assert (SAMPLE / name).is_file()
