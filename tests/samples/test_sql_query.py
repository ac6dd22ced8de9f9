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

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "sql_query"
METRIC = re.compile(
    r"^(exec_time_ms|heldout_ms|raw_ms|spread_percent|rounds): (\d+(?:\.\d+)?)$", re.MULTILINE
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
        project, "-Bc", "import bench; bench.ROUNDS, bench.ORDERS = range(2, 3), 9000; bench.main()"
    )
    assert run.returncode == 0, run.stderr
    found = METRIC.findall(run.stdout)
    assert [name for name, _ in found] == METRIC.pattern[2 : METRIC.pattern.index(")")].split("|")
    assert float(dict(found)["exec_time_ms"]) > 0
    assert run.stdout.startswith("sqlite, 25 rows, hash ")
    assert "\nMATERIALIZE quarter\n" in run.stdout
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'paid'", "'open'"),
        ("91 AND 181", "91 AND 180"),
        ("COUNT(DISTINCT q.id)", "COUNT(*)"),
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
        "rows = bench.SQLite(bench.shop(bench.SEED, bench.ORDERS)).rows(open('query.sql').read())\n"
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
        ("WITH a AS (SELECT 1) DELETE FROM items", "not authorized"),
        ("SELECT load_extension('x')", "not authorized"),
        ("SELECT * FROM pragma_table_info('items')", "not authorized"),
        ("SELECT missing FROM items", "no such column: missing"),
        ("SELECT (", "incomplete input"),
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
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n"
    )
    code = (
        "import engines, runpy; engines.SLOWEST = 0.1; runpy.run_path('bench.py', {}, '__main__')"
    )
    assert_no_measurement(python(project, "-Bc", code), "it takes over 0.1 s")


def test_every_annotated_alternative_gives_the_same_rows(project: Path) -> None:
    slots = find(query(), "query.sql")
    assert len(slots) == 13
    for i, slot in enumerate(slots):
        domain = slot.domain(slot.literal)
        assert domain is not None
        (other,) = set(domain.literals() or ()) - {slot.literal}
        (project / f"{i}.sql").write_text(splice(query(), slots, {slot.name: other}))
    run = python(
        project,
        "-Bc",
        "import bench, pathlib\n"
        "db = bench.SQLite(bench.shop(5, 1000))\n"
        "texts = [path.read_text() for path in pathlib.Path().glob('*.sql')]\n"
        "print(len(texts), {bench.fingerprint(db.rows(text)) for text in texts})",
    )
    assert run.returncode == 0, run.stderr
    assert re.fullmatch(r"15 \{'[0-9a-f]{12}'\}\n", run.stdout), run.stdout


@pytest.mark.parametrize(
    ("module", "variables", "reason"),
    [
        ("duckdb", {"SQL_ENGINE": "duckdb"}, "there is no duckdb for this Python: ./setup duckdb"),
        ("psycopg", {"SQL_DSN": "postgresql:///x"}, "there is no psycopg for this Python"),
        ("none", {"SQL_ENGINE": "oracle"}, "SQL_ENGINE is oracle: sqlite or duckdb"),
    ],
)
def test_without_its_engine_there_is_one_clear_line(
    project: Path, module: str, variables: dict[str, str], reason: str
) -> None:
    code = f"import sys, runpy; sys.modules[{module!r}] = None\n"
    code += "runpy.run_path('bench.py', {}, '__main__')"
    assert_no_measurement(python(project, "-Bc", code, **variables), reason)


def test_duckdb_finds_the_same_rows_and_reads_only(project: Path) -> None:
    pytest.importorskip("duckdb")
    run = python(
        project,
        "-Bc",
        "import bench\n"
        "data, sql = bench.shop(5, 1000), open('query.sql').read()\n"
        "one, other = bench.SQLite(data), bench.DuckDB(data)\n"
        "assert bench.fingerprint(one.rows(sql)) == bench.fingerprint(other.rows(sql))\n"
        "assert other.ms(sql) > 0",
    )
    assert run.returncode == 0, run.stderr


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert [(m.name, m.direction) for m in contract.metrics] == [("exec_time_ms", "lower")]
    assert contract.instructions is not None
    for name in (
        contract.target,
        contract.instructions,
        contract.harness.removeprefix("python "),
        "reference.sql",
        "setup",
    ):
        assert (SAMPLE / name).is_file()
