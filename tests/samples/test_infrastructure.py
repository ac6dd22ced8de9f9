"""The infrastructure sample: a plan that can't carry the load never looks cheap."""

from __future__ import annotations

import importlib
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui import config
from autoexp_tui.proposers.tuner.slots import find

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "infrastructure"
METRIC = re.compile(
    r"^(cost_per_hour|surge_p95_ms|p95_ms|breaks_at_requests|hit_percent): (\d+(?:\.\d+)?)$",
    re.MULTILINE,
)
TERRAFORM = shutil.which("terraform") or shutil.which("tofu")
needs_terraform = pytest.mark.skipif(TERRAFORM is None, reason="there is no terraform or tofu")


@pytest.fixture(scope="module")
def capacity() -> Iterator[ModuleType]:
    """The sample's own model, imported and forgotten again: other samples have modules too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(SAMPLE), *sys.path])
        patch.setattr(sys, "dont_write_bytecode", True)
        yield importlib.import_module("capacity")
        for name in ("capacity", "plan"):
            del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__")
    return Path(shutil.copytree(SAMPLE, tmp_path / "infrastructure", ignore=ignored))


def evaluate(project: Path, *, terraform: bool = False) -> subprocess.CompletedProcess[str]:
    path = str(Path(TERRAFORM or "/none").parent) if terraform else "/none"
    return subprocess.run(
        [sys.executable, "evaluate.py"],
        cwd=project,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def metrics(run: subprocess.CompletedProcess[str]) -> dict[str, float]:
    """The run's figures; each may be there only once."""
    assert run.returncode == 0, run.stderr
    found = METRIC.findall(run.stdout)
    assert len(found) == len(dict(found)) == 5
    return {name: float(value) for name, value in found}


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert run.returncode == 1
    assert METRIC.search(run.stdout) is None
    assert run.stderr.startswith("evaluate.py: no measurement: ")
    assert run.stderr.count("\n") == 1
    assert reason in run.stderr


def change(project: Path, pattern: str, replacement: str, *, of: str = "") -> None:
    """Replace the first match behind the heading of resource `of`."""
    path = project / "terraform.tf"
    text = path.read_text()
    start = text.index(f'"{of}"') if of else 0
    rest, count = re.subn(pattern, replacement, text[start:], count=1)
    assert count == 1
    path.write_text(text[:start] + rest)


def test_the_baseline_prints_the_figures_of_the_readme_and_changes_no_file(project: Path) -> None:
    before = sorted(project.rglob("*"))
    figures = metrics(evaluate(project))
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    documented = re.search(r"^\| baseline \| ([\d.]+) \| ([\d.]+) \|", readme, re.MULTILINE)
    assert documented is not None
    assert figures["cost_per_hour"] == pytest.approx(float(documented[1]), abs=5e-4)
    assert figures["surge_p95_ms"] == pytest.approx(float(documented[2]), abs=0.06)
    assert sorted(project.rglob("*")) == before


@needs_terraform
def test_terraform_and_the_reader_find_the_same_servers(project: Path) -> None:
    read = evaluate(project)
    planned = evaluate(project, terraform=True)
    assert metrics(read) == metrics(planned)
    assert read.stdout.startswith("no terraform or tofu here: read as text, 11 servers\n")
    assert re.match(r"(terraform|tofu) \d+\.\d+\.\d+, 11 servers\n", planned.stdout)


@needs_terraform
def test_terraform_evaluates_what_the_reader_refuses(project: Path) -> None:
    expected = metrics(evaluate(project))
    change(project, r"count = 8.*", "count = local.servers", of="web")
    with (project / "terraform.tf").open("a") as file:
        file.write("locals {\n  servers = 2 * 4\n}\n")
    assert metrics(evaluate(project, terraform=True)) == expected
    assert_no_measurement(evaluate(project), "only literals are read, not local")


@needs_terraform
def test_terraforms_own_error_is_told_with_its_place(project: Path) -> None:
    change(project, r"count = 8.*", "count = local.nothing", of="web")
    run = evaluate(project, terraform=True)
    assert_no_measurement(run, "Error: Reference to undeclared local value on terraform.tf line 5")


@needs_terraform
def test_what_the_catalogue_has_no_price_for_is_refused(project: Path) -> None:
    (project / "terraform.tf").write_text('resource "null_resource" "free" {}\n')
    run = evaluate(project, terraform=True)
    assert_no_measurement(run, "terraform: Error: ")


@pytest.mark.parametrize(
    ("of", "pattern", "replacement", "reason"),
    [
        ("web", r"count = 8", "count = 0", "0 web servers: one of 2 may fail"),
        ("web", r"count = 8", "count = 1", "1 web servers"),
        ("database", r"count = 2", "count = 0", "0 database servers"),
        ("web", r"workers  = 8", "workers  = 64", "needs 16.5 GB and has 8"),
        ("web", r"workers  = 8", "workers  = 0", "workers is 0, not a number above 0"),
        ("web", r"workers  = 8", "workers  = -5", "workers is -5"),
        ("web", r"workers  = 8", "workers  = 7.5", "workers is no whole number"),
        ("web", r"workers  = 8", 'workers  = "8"', "workers is '8', not a number"),
        ("web", r"workers  = 8", "workers  = true", "workers is True, not a number"),
        ("web", r"n2-standard-2", "x-free-2", "catalogue.json has no x-free-2"),
        ("web", r"n2-standard-2", "n2-standard-3", "catalogue.json has no n2-standard-3"),
        ("web", r"n2-standard-2", "c2-highmem-4", "catalogue.json has no c2-highmem-4"),
        ("web", r"n2-standard-2", "n2", "catalogue.json has no n2"),
        ("web", r'"on_demand"', '"free"', "catalogue.json has no n2-standard-2 free"),
        ("web", r'"web"\n    kind', '"idle"\n    kind', "role is 'idle'"),
        ("web", r"    purchase.*\n", "", "see purchase"),
        ("cache", r"memory_gb = 2 ", "memory_gb = 20 ", "needs 20.5 GB and has 16"),
        ("database", r"storage_gb = 500", "storage_gb = 100", "the data need 240 GB"),
        ("database", r"on_demand", "spot", "a spot server loses its data"),
    ],
)
def test_a_plan_that_could_not_run_is_no_measurement(
    project: Path, of: str, pattern: str, replacement: str, reason: str
) -> None:
    change(project, pattern, replacement, of=of)
    assert_no_measurement(evaluate(project), reason)


def test_too_few_servers_are_measured_as_too_slow_and_stopped_by_the_limit(project: Path) -> None:
    baseline = metrics(evaluate(project))
    change(project, r"count = 8", "count = 2", of="web")
    figures = metrics(evaluate(project))
    limit = config.load(SAMPLE / "autoexp.yaml").decide.limit
    assert limit is not None
    assert figures["cost_per_hour"] < baseline["cost_per_hour"]
    assert baseline["surge_p95_ms"] < limit.value < figures["surge_p95_ms"] < math.inf


def test_a_plan_that_falls_over_at_the_surge_is_not_within_the_limit(project: Path) -> None:
    """It answers in time at the peak: the limit is on a fifth more."""
    change(project, r"count = 8", "count = 5", of="web")
    change(project, r'"n2-standard-2"', '"e2-standard-2"', of="web")
    change(project, r"workers  = 8", "workers  = 16", of="web")
    change(project, r"memory_gb = 2 ", "memory_gb = 14 ", of="cache")
    figures = metrics(evaluate(project))
    limit = config.load(SAMPLE / "autoexp.yaml").decide.limit
    assert limit is not None
    assert figures["p95_ms"] < limit.value < figures["surge_p95_ms"]
    assert 500 < figures["breaks_at_requests"] < 600


def test_the_price_list_says_where_it_is_from_and_prices_by_vcpu_and_gb(
    capacity: ModuleType, project: Path
) -> None:
    catalogue = capacity.CATALOGUE
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", catalogue["date"])
    assert "us-central1" in catalogue["source"]
    server = {"role": "web", "kind": "n2-standard-4", "purchase": "on_demand", "workers": 1}
    planned = capacity._server("a", server)
    assert (planned.cores, planned.memory_gb) == (4, 16)
    assert planned.per_hour == pytest.approx(4 * 0.031611 + 16 * 0.004237)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("count = 4 + 4", "line 5: without terraform only literals are read, not +"),
        ("count = var.n", "not var"),
        ('count = "${2}"', "line 5"),
        ("count = 8\n  lifecycle {}", "line 6"),
        ("count = 8\n  for_each = 3", "for_each needs terraform"),
        ("count = 0.5", "count = 0.5 needs terraform"),
    ],
)
def test_without_terraform_only_literals_are_read(project: Path, text: str, shown: str) -> None:
    change(project, r"count = 8.*", text, of="web")
    assert_no_measurement(evaluate(project), shown)


def test_a_resource_that_is_there_twice_is_refused(project: Path) -> None:
    path = project / "terraform.tf"
    path.write_text(path.read_text().replace('"cache" {', '"web" {'))
    assert_no_measurement(evaluate(project), "terraform_data.web is there twice")


@pytest.mark.parametrize(
    ("places", "load", "waits"),
    [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (3, 2.0, 4 / 9), (4, 3.0, 27 / 53)],  # textbook Erlang C
)
def test_waiting_for_a_place_is_as_likely_as_erlang_says(
    capacity: ModuleType, places: int, load: float, waits: float
) -> None:
    stage = capacity.Stage(load / 0.01, places, 0.01)
    assert stage.waiting_share() == pytest.approx(waits)
    assert stage.mean() == pytest.approx(0.01 * (1 + waits / (places - load)))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 0.99), st.integers(1, 60), st.floats(1e-4, 0.05))
def test_a_queue_with_one_place_more_is_never_slower(
    capacity: ModuleType, used: float, places: int, seconds: float
) -> None:
    rate = used * places / seconds
    fewer, more = (capacity.Stage(rate, n, seconds) for n in (places, places + 1))
    assert seconds <= more.mean() <= fewer.mean() * (1 + 1e-9)
    assert more.p95() <= fewer.p95() * (1 + 1e-9)


def test_the_contract_is_complete_and_the_servers_can_be_moved() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert [(m.name, m.direction) for m in contract.metrics] == [
        ("cost_per_hour", "lower"),
        ("surge_p95_ms", "lower"),
    ]
    assert contract.decide.rule == "primary"
    text = (SAMPLE / contract.target).read_text(encoding="utf-8")
    slots = find(text, contract.target)
    assert len(slots) == 11
    assert {"web.count", "cache.kind", "workers", "memory_gb", "storage_gb"} <= {
        slot.name for slot in slots
    }
    assert contract.instructions is not None
    for name in (contract.instructions, contract.harness.removeprefix("python "), "setup"):
        assert (SAMPLE / name).is_file()
