"""What an edit changed, where that is values alone."""

from __future__ import annotations

import pytest

from autoexp_tui.text.value_changes import value_changes

TOLD = [
    ("lr = 0.1\nx=1\n", "lr = 0.3\nx=1\n", ["lr 0.1 0.3"]),
    ("C(n=100, lr=-0.1)\n", "C(n=200, lr=-0.2)\n", ["n 100 200", "lr -0.1 -0.2"]),
    ('  "lr": 1e-3,\n', '  "lr": 0.002,\n', ["lr 1e-3 0.002"]),
    ("lrs = [0.1, 0.2]\n", "lrs = [0.3, 0.4]\n", ["lrs 0.1 0.3", "lrs#2 0.2 0.4"]),
    ("run --lr 0.1 -v\n", "run --lr 0.2 -v\n", ["lr 0.1 0.2"]),
    ("act = relu\n", "act = gelu\n", ["act relu gelu"]),
    ("optimizer: adam\n", "optimizer: sgd\n", ["optimizer adam sgd"]),
    ("flag = True\n", "flag = False\n", ["flag True False"]),
    ("margin: 3px 4px;\n", "margin: 3px 5px;\n", ["margin 4 5"]),
    ("if n < 3:\n", "if n < 4:\n", ["if n < …: 3 4"]),
    ("a = 0.1\nkeep\nb = 2\n", "a = 0.2\nkeep\nb = 3\n", ["a 0.1 0.2", "b 2 3"]),
]
ELSE = [
    ("lr = 0.1\n", "lr = 0.1\nextra()\n"),
    ("def foo():\n", "def bar():\n"),
    ("class A(B):\n", "class A(C):\n"),
    ("lr = 0.1  # x\n", "lr = 0.2  # y z\n"),
    ("".join(f"a{n} = 1\n" for n in range(9)), "".join(f"a{n} = 2\n" for n in range(9))),
]


@pytest.mark.parametrize(("old", "new", "told"), TOLD)
def test_values_are_told_by_name(old: str, new: str, told: list[str]) -> None:
    assert [f"{c.name} {c.before} {c.after}" for c in value_changes(old, new)] == told


@pytest.mark.parametrize(("old", "new"), ELSE)
def test_an_edit_of_anything_else_has_none(old: str, new: str) -> None:
    assert value_changes(old, new) == ()
