"""Text reaches people through few modules, and those ask for text that was cleaned."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "autoexp_tui"
SINKS = {
    "click.echo": {"console.py"},
    "click.secho": {"console.py"},
    "click.style": {"console.py"},
    "print": {"evaluation/supervisor.py"},
    "sys.stdout.write": set(),
    "sys.stderr.write": set(),
    "Text": {"ui/ink.py"},
    "Segment": {"ui/ink.py"},
    "Content": {"ui/ink.py"},
    "from_markup": set(),
    "assemble": set(),
    "append_text": set(),
    "notify": set(),
}
"""What shows text as it is, and the modules that may call it."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.mark.parametrize("sink", SINKS)
def test_only_its_own_module_calls_a_sink(sink: str) -> None:
    found = {
        name
        for name, tree in modules()
        for called, _ in calls(tree)
        if called == sink or ("." not in sink and called.rpartition(".")[2] == sink)
    }
    assert found <= SINKS[sink]


def test_nothing_but_the_cleaning_says_that_a_text_is_safe() -> None:
    """Elsewhere `Safe` takes only what the program itself says, letter by letter."""
    claims = [
        f"{name}:{call.lineno}"
        for name, tree in modules()
        for called, call in calls(tree)
        if called == "Safe" and not isinstance(call.args[0], ast.Constant)
    ]
    assert [claim for claim in claims if not claim.startswith("text/safe.py:")] == []
    assert claims


def test_templates_escape_everything_but_our_own_pictures() -> None:
    found = [path.read_text() for path in PACKAGE.rglob("*.jinja")]
    assert found
    for page in found:
        assert re.findall(r"[\w.]+ *\| *safe|autoescape", page) == ["picture | safe"]


def test_borders_and_lines_of_text_are_written_in_one_module() -> None:
    """`append` of words and a style is Rich's; a title that is assigned may be markup."""
    found = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".append")
            and len(node.args) > 1)
        or (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            and node.attr in {"border_title", "border_subtitle", "renderable"})
    }  # fmt: skip
    assert found == {"ui/ink.py"}
