"""Who may know whom; and what the first second of the program may not load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from autoexp_tui import cli

ROOT = Path(__file__).parents[2]
CONTEXT = click.Context(cli.autoexp)
HEAVY = {"anthropic", "openai", "optuna", "git", "textual", "plotext", "numpy", "genai_prices"}


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has after running `code`."""
    report = "import sys; print('\\n' + ' '.join({n.partition('.')[0] for n in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", ["--help", "run --help", "attach --help", "ls", "new"])
def test_light_commands_load_nothing_heavy(command: str) -> None:
    code = f"from autoexp_tui.cli import run_command; run_command({command.split()!r})"
    assert not loaded_by(code) & HEAVY


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = "from autoexp_tui.cli import run_command; run_command(['--help'])"
    report = "import sys; print([n for n in sys.modules if n.startswith('autoexp_tui.commands')])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    *_, last = done.stdout.splitlines()
    assert last == "[]"
    listed = done.stdout.partition("Commands:\n")[2].splitlines()[:-1]
    assert all(line.endswith((".", "?")) for line in listed), "a line is too long"
    assert {line.split()[0] for line in listed} == {*cli.autoexp.list_commands(CONTEXT)}


def test_a_run_loads_no_reader_of_tables() -> None:
    code = "import sys, autoexp_tui.commands.run, autoexp_tui.runner.runner"
    check = "assert not {n for n in sys.modules if n.startswith('autoexp_tui.tables.r')}"
    loaded_by(f"{code}\n{check}")


def test_watching_loads_no_reader_of_settings() -> None:
    assert "yaml" not in loaded_by("import autoexp_tui.commands.attach, autoexp_tui.ui.screens.run")


def test_a_plot_loads_no_manual_of_its_library() -> None:
    drawn = "from autoexp_tui.report.textplot import _drawn; _drawn({}, (20, 6), (10, 4), [], [])"
    check = "import sys; assert not {n for n in sys.modules if n.startswith('plotext._doc.s')}"
    assert "plotext" in loaded_by(f"{drawn}\n{check}")


def test_every_command_that_is_listed_is_there() -> None:
    names = cli.autoexp.list_commands(CONTEXT)
    assert [name for name in names if cli.autoexp.get_command(CONTEXT, name) is None] == []


CORE = ("model", "config", "loop", "text", "summary", "system")


def test_the_core_loads_no_screen() -> None:
    modules = [
        f"autoexp_tui.{package}.{path.stem}"
        for package in CORE
        for path in (ROOT / "autoexp_tui" / package).glob("*.py")
    ]
    code = f"import importlib; [importlib.import_module(name) for name in {modules!r}]"
    assert not loaded_by(code) & (HEAVY | {"rich", "click"})


def test_the_screen_loads_no_git_and_no_sdk() -> None:
    loaded = loaded_by("import autoexp_tui.ui.app")
    assert not loaded & {"anthropic", "openai", "optuna", "git", "numpy"}


def test_the_borders_between_the_packages_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_screen_of_a_run_loads_no_reader_of_tables_and_no_report() -> None:
    report = "import sys; print([n for n in sys.modules if n.startswith('autoexp_tui')])"
    code = f"import autoexp_tui.viewing, autoexp_tui.ui.app, autoexp_tui.ui.screens.run; {report}"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert "autoexp_tui.ui.board" in loaded
    assert "autoexp_tui.tables.read" not in loaded
    assert "autoexp_tui.report.page" not in loaded
