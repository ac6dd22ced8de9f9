"""What makes a harness measure the user's checkout instead of the workspace: led back, or named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from autoexp_tui.evaluation.bypasses import (
    Checkout,
    causes,
    python_prefixes,
    repointed,
    with_own_packages,
)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A repository with a package in `src`, and the workspace that stands for it."""
    for name in ("repository", "workspace"):
        (tmp_path / name / "src" / "kit").mkdir(parents=True)
    return Checkout(tmp_path / "repository", tmp_path / "workspace")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where an environment that nobody has activated keeps its packages."""
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    folder = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def prefixes(site: Path) -> list[Path]:
    return [site.parents[2]]


def test_a_variable_that_names_the_checkout_means_the_workspace(checkout: Checkout) -> None:
    environment = {
        "PYTHONPATH": f"/elsewhere:{checkout.root}/src",
        "ROOT": str(checkout.root),
        "NEIGHBOUR": f"{checkout.root}-2/src",
        "OUTPUT": f"{checkout.root}/is-not-there",
        "WORD": "src",
    }
    found, changed = repointed(environment, checkout)
    assert found == {
        **environment,
        "PYTHONPATH": f"/elsewhere:{checkout.workspace}/src",
        "ROOT": str(checkout.workspace),
    }
    assert changed == ("PYTHONPATH", "ROOT")


def test_a_checkout_behind_a_link_is_recognised(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(checkout.root)
    found, _ = repointed({"PYTHONPATH": str(tmp_path / "link" / "src")}, checkout)
    assert found == {"PYTHONPATH": f"{checkout.workspace}/src"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("_kit.pth", "{root}/src\n"),
        ("__editable__.kit-1.0.pth", "# a comment\n\n{root}/src/\n"),
        ("easy-install.pth", "/elsewhere\n{root}/src"),
        (
            "__editable___kit_1_0_finder.py",
            "import sys\nMAPPING: dict[str, str] = {{'kit': '{root}/src/kit'}}\nOTHER = {{}}\n",
        ),
    ],
)
def test_a_development_install_loads_from_the_workspace(
    checkout: Checkout, site: Path, name: str, text: str
) -> None:
    (site / name).write_text(text.format(root=checkout.root))
    found, folders = with_own_packages({"PYTHONPATH": "/mine"}, checkout, prefixes(site))
    assert found == {"PYTHONPATH": os.pathsep.join([f"{checkout.workspace}/src", "/mine"])}
    assert folders == ("src",)


@pytest.mark.parametrize(
    "text", ["import os; os.putenv('A', '{root}/src')\n", "/elsewhere\n", "{root}/not-there\n", ""]
)
def test_other_lines_change_nothing(checkout: Checkout, site: Path, text: str) -> None:
    (site / "other.pth").write_text(text.format(root=checkout.root))
    assert with_own_packages({}, checkout, prefixes(site)) == ({}, ())


def test_a_damaged_finder_changes_nothing(checkout: Checkout, site: Path) -> None:
    (site / "__editable___kit_finder.py").write_text("MAPPING = {'kit': open('x')}\n")
    (site / "__editable__2_kit_finder.py").write_bytes(b"MAPPING = {\xff}\n")
    assert with_own_packages({}, checkout, prefixes(site)) == ({}, ())


def test_what_is_linked_into_the_workspace_is_the_same_folder(
    checkout: Checkout, site: Path
) -> None:
    (checkout.root / "vendor").mkdir()
    (checkout.workspace / "vendor").symlink_to(checkout.root / "vendor")
    (site / "vendor.pth").write_text(f"{checkout.root}/vendor\n")
    assert with_own_packages({}, checkout, prefixes(site)) == ({}, ())


def test_environments_are_found_by_their_mark_by_name_and_on_the_path(
    site: Path, tmp_path: Path
) -> None:
    conda = tmp_path / "conda"
    program = conda / "bin" / "python3"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    environment = {"VIRTUAL_ENV": "/active", "PATH": str(program.parent)}
    found = python_prefixes(environment, [tmp_path, site.parents[2]])
    assert found[:3] == [site.parents[2], Path("/active"), conda]


@pytest.mark.parametrize("command", ["python3 {root}/eval.py", "cd '{root}' && make bench"])
def test_a_command_that_names_the_checkout_is_a_cause(checkout: Checkout, command: str) -> None:
    (cause,) = causes(checkout, command.format(root=checkout.root), [], [])
    assert "its command names" in cause
    assert "relative to" in cause


def test_a_file_that_names_the_checkout_is_a_cause(checkout: Checkout) -> None:
    (checkout.workspace / "eval.py").write_text(f"sys.path.insert(0, '{checkout.root}')\n")
    (checkout.workspace / "other.py").write_text(f"DATA = '{checkout.root}-data/x'\n")
    (cause,) = causes(checkout, "python eval.py", ["gone.py", "other.py", "eval.py"], [])
    assert cause.startswith("eval.py names")


@pytest.mark.parametrize(
    ("editable", "words"), [(True, "development mode"), (False, "pip uninstall kit")]
)
def test_an_installed_package_of_the_project_is_a_cause(
    checkout: Checkout, site: Path, words: str, *, editable: bool
) -> None:
    for name, root in (("kit", checkout.root), ("other", Path("/elsewhere"))):
        folder = site / f"{name}-1.0.dist-info"
        folder.mkdir()
        url = {"url": root.as_uri(), "dir_info": {"editable": True} if editable else {}}
        (folder / "direct_url.json").write_text(json.dumps(url))
    (site / "bad-1.0.dist-info").mkdir()
    (site / "bad-1.0.dist-info" / "direct_url.json").write_text("{")
    (cause,) = causes(checkout, "python eval.py", [], prefixes(site))
    assert words in cause
