"""Only the objective compares: nothing else may ask which way is better and act on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "autoexp_tui"
WAYS = {"lower", "higher"}
UNKNOWN = {"unknown", None}
"""Whether a direction is known may be asked anywhere."""
ATTRIBUTES, NAMES = {"direction", "way"}, {"direction"}
"""Of tables, directions have a `way`; a name `way` alone may be the way that a slot moves."""

ALLOWED = {
    "model/objective.py": "it is the one",
    "onboarding/figures.py": "proposes a direction by the metric's name, to be agreed to",
    "tables/direction.py": "infers a direction from what was kept and what was not",
    "tables/names.py": "infers a direction from the metric's name",
    "tables/docs.py": "infers a direction from a document beside the table",
    "tables/recording.py": "a table must have some direction: what was inferred, or followed",
    "sources/tables.py": "`v` turns a direction round: to the other one",
}


def comparisons(tree: ast.AST) -> Iterator[int]:
    """Lines that compare, match or look up by a direction."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                parts = [left, *others]
                known = any(isinstance(p, ast.Constant) and p.value in UNKNOWN for p in parts)
                if any(map(_is_way, parts)) or (any(map(_is_asked, parts)) and not known):
                    yield node.lineno
            case ast.Match(subject=subject) if _is_asked(subject):
                yield node.lineno
            case ast.MatchValue(value=value) if _is_way(value):
                yield value.lineno
            case ast.Subscript(slice=key) if _is_asked(key):
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr="get"), args=[key, *_]) if _is_asked(key):
                yield node.lineno
            case ast.Dict(keys=keys) if any(key is not None and _is_way(key) for key in keys):
                yield node.lineno


def _is_way(node: ast.AST) -> bool:
    """A literal `lower` or `higher`, or a collection that holds one."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(map(_is_way, node.elts))
    return isinstance(node, ast.Constant) and node.value in WAYS


def _is_asked(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES) or (
        isinstance(node, ast.Name) and node.id in NAMES
    )


def test_nothing_but_the_objective_compares_by_a_direction() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if str(path.relative_to(PACKAGE)) not in ALLOWED
        for line in comparisons(ast.parse(path.read_text()))
    ]
    assert not found, "ask autoexp_tui.model.objective what is better"


@pytest.mark.parametrize("name", ALLOWED)
def test_an_exception_is_still_one(name: str) -> None:
    assert list(comparisons(ast.parse((PACKAGE / name).read_text())))


@pytest.mark.parametrize(
    "code",
    [
        'metric.direction == "lower"',
        "1 if metric.direction != other else -1",
        'choose = min if way == "lower" else max',
        'arrow = {"lower": 1, "higher": 2}[x]',
        "sign = SIGNS[metric.direction]",
        "sign = SIGNS.get(direction)",
        "match metric.direction:\n    case _: pass",
        'match x:\n    case "higher": pass',
        'x in ("lower", "more")',
    ],
)
def test_a_comparison_is_seen(code: str) -> None:
    assert list(comparisons(ast.parse(code)))
