"""What the repository says about itself is so: commands, paths, and the same checks everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROSE = ["README.md", "CONTRIBUTING.md", "SECURITY.md", *sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")
)]  # fmt: skip
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile."""
    found = re.search(rf"^{target}:[^\n]*\n((?:\t[^\n]*\n)*)", read("Makefile"), re.MULTILINE)
    assert found is not None, f"the Makefile has no {target}"
    return [line.strip().replace("$(VENV)", ".venv") for line in found[1].splitlines()]


@pytest.mark.parametrize("path", [*PROSE, ".ci/run", ".github/workflows/ci.yml"])
def test_every_make_target_that_is_named_exists(path: str) -> None:
    fenced = re.findall(r"(?:^|[`] ?)make ([a-z][a-z-]*)", read(path), re.MULTILINE)
    for target in fenced:
        assert recipe(target), target


@pytest.mark.parametrize("path", PROSE)
def test_every_file_that_is_named_exists(path: str) -> None:
    prose = re.sub(r"`` .*? ``", "", read(path))  # a regular expression is no link
    named = re.findall(r"`([\w.]+/[\w./-]+)`|\]\((?!http)([^)#]+)", prose)
    packages = {folder.name for folder in (ROOT / "autoexp_tui").iterdir() if folder.is_dir()}
    top = {entry.name for entry in ROOT.iterdir()} - {".git", ".venv"}
    for code, link in named:
        if link:
            assert ((ROOT / path).parent / link).exists(), link
        elif code.split("/")[0] in packages:
            assert (ROOT / "autoexp_tui" / code).exists(), code
        elif code.split("/")[0] in top:
            assert (ROOT / code).exists(), code


def test_every_package_is_introduced_to_contributors() -> None:
    packages = {path.parent.name for path in (ROOT / "autoexp_tui").glob("*/__init__.py")}
    introduced = set(re.findall(r"`autoexp_tui/(\w+)/`", read("CONTRIBUTING.md")))
    assert introduced == packages


def test_the_workflow_runs_what_a_change_must_pass_wherever_it_must() -> None:
    job = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]["check-and-test"]
    ours = [step["run"] for step in job["steps"] if "run" in step and "if" not in step]
    assert ours == ["make check", "make test"]  # what comes before is one system's packages
    assert [line for line in read(".ci/run").splitlines() if line.startswith("make ")] == [
        "make check",
        "make test",
        "make test-clusters",
    ]
    matrix = job["strategy"]["matrix"]
    assert matrix == {"os": ["ubuntu-latest", "macos-latest"], "python": PYTHONS}


def test_the_pythons_we_claim_are_those_we_test() -> None:
    project: dict[str, Any] = tomllib.loads(read("pyproject.toml"))["project"]
    prefix = "Programming Language :: Python :: "
    claimed = [name.removeprefix(prefix) for name in project["classifiers"] if prefix in name]
    assert claimed == PYTHONS
    assert project["requires-python"] == f">={PYTHONS[0]}"


def test_a_commit_is_held_to_the_same_checks_as_a_change() -> None:
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    hooks = {hook["entry"].replace(" --force-exclude", "") for hook in repository["hooks"]}
    checks = {re.sub(r" --check| \.$", "", command) for command in recipe("check")}
    assert hooks == {re.sub(r" \.$", "", command) for command in checks}
