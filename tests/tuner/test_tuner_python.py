"""Literals of Python wherever they stand: their names, and that nothing else ever changes."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.proposers.tuner.domains import Choices
from autoexp_tui.proposers.tuner.found import Unreadable
from autoexp_tui.proposers.tuner.slots import Slot, find, read, splice

PACKING = '''\
"""Circles in a square."""
# EVOLVE-BLOCK-START
import numpy as np


def construct():
    n = 26
    centers = np.zeros((n, 2))
    centers[0] = [0.5, 0.45]
    for i in range(8):
        angle = 2 * np.pi * i / 8
        centers[i + 1] = [0.5 + 0.3 * np.cos(angle), 0.25]
    return np.clip(centers, 0.01, 0.99) ** 2
# EVOLVE-BLOCK-END


def evaluate(circles, tolerance=1e-9):
    return 0.7 * circles
'''
SEARCH = """\
import numpy as np

TRIES = 3

def search(iterations=1000, bounds=(-5, 5), *, cooling=0.995, verbose=False):
    np.random.seed(42)
    best = 0.0
    found = False
    x, step = 1.5, 0.25
    temp: float = 1.0
    for _ in range(iterations):
        temp *= 0.99
        if np.random.random() < 0.2:
            step = max(step * 0.9, 1e-12)
        best += 1
        found = True
    return (lambda rate=0.3: rate / 20)()


class Model:
    width: int = 64

    def __init__(self, depth=4):
        self.scale = 2.5
        self.opts = {"drop": 0.1, "sizes": [32, 16]}
        self.opts["gamma"] = 1.7
        self.port = 8080
"""
CLASSIFIERS = """\
import argparse
import sys
from sklearn.ensemble import RandomForestClassifier as Forest

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--seed", type=int, default=7)
forest = Forest(n_estimators=100, bootstrap=True, random_state=3, n_jobs=4)
params = dict(alpha=1e-4, vocab_size=512)
rows = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2]
print(round(forest.score(3.5), 4), "=" * 60)
first = rows[2:5]
mask = 255 & 7
text = f"{forest:10.3f} {rows[3]}"
if len(rows) > 50 and sys.version_info >= (3, 11):
    sys.exit(3)
"""


def moving(text: str) -> dict[str, str]:
    return {slot.name: slot.literal for slot in find(text, "x.py")}


def left(text: str) -> dict[str, str]:
    return {slot.name: slot.why for slot in read(text, "x.py") if slot.why}


def test_the_numbers_of_a_constructor_move_and_those_outside_of_its_block_do_not() -> None:
    assert moving(PACKING) == {
        "construct.centers[0]": "0.5",
        "construct.centers[1]": "0.45",
        "construct.i.range": "8",
        "construct.angle#2": "8",
        "construct.centers[0]#2": "0.5",
        "construct.centers[0]#3": "0.3",
        "construct.centers[1]#2": "0.25",
        "construct.clip.arg2": "0.01",
        "construct.clip.arg3": "0.99",
    }
    assert left(PACKING) == {
        "construct.n": "shape",
        "construct.zeros.arg1[1]": "shape",
        "construct.centers": "index or size",
        "construct.angle": "0, 1 or 2 in a formula",
        "construct.centers#2": "index or size",
        "construct.return": "exponent",
        "evaluate.tolerance": "outside the EVOLVE-BLOCK",
        "evaluate.return": "outside the EVOLVE-BLOCK",
    }


def test_function_bodies_defaults_and_entries_have_names_that_tell_where_they_stand() -> None:
    assert moving(SEARCH) == {
        "TRIES": "3",
        "search.iterations": "1000",
        "search.bounds[0]": "-5",
        "search.bounds[1]": "5",
        "search.cooling": "0.995",
        "search.x": "1.5",
        "search.step": "0.25",
        "search.temp": "1.0",
        "search.temp#2": "0.99",
        "search.random": "0.2",
        "search.max.arg1": "0.9",
        "search.rate": "0.3",
        "search.return": "20",
        "Model.width": "64",
        "Model.depth": "4",
        "Model.scale": "2.5",
        "Model.opts.drop": "0.1",
        "Model.opts.sizes[0]": "32",
        "Model.opts.sizes[1]": "16",
        'Model.opts["gamma"]': "1.7",
    }
    assert left(SEARCH) == {
        "search.verbose": "output",
        "search.seed.arg1": "seed",
        "search.best": "start, step or end of counting",
        "search.found": "control flow",
        "search.max.arg2": "guard against zero",
        "search.best#2": "0, 1 or 2 in a formula",
        "search.found#2": "control flow",
        "Model.port": "address, name or id",
    }


def test_keyword_arguments_move_and_seeds_rows_bits_and_output_do_not() -> None:
    assert moving(CLASSIFIERS) == {
        'add_argument["rate"]': "0.1",
        "Forest.n_estimators": "100",
        "Forest.bootstrap": "True",
        "params.alpha": "1e-4",
        "len": "50",
    }
    kinds = left(CLASSIFIERS)
    assert {name: kinds[name] for name in kinds if not name.startswith("rows[")} == {
        'add_argument["seed"]': "seed",
        "Forest.random_state": "seed",
        "Forest.n_jobs": "output",
        "params.vocab_size": "shape",
        "score.arg1": "output",
        "round.arg2": "output",
        "print.arg2": "output",
        "first": "index or size",
        "first#2": "index or size",
        "mask": "bit pattern",
        "mask#2": "bit pattern",
        "version_info[0]": "version",
        "version_info[1]": "version",
        "exit.arg1": "exit code",
    }
    assert kinds["rows[16]"] == "row of data"


def test_a_field_s_default_is_its_value_and_its_limits_are_left_alone() -> None:
    fields = ("rate: float = Field(default=0.1, ge=0.0, le=4.5)", "k: int = field(3)")
    text = "class Config:\n" + "".join(f"    {line}\n" for line in fields)
    assert moving(text) == {"Config.rate": "0.1", "Config.k": "3"}


def test_widths_that_layers_share_are_left_alone() -> None:
    assert moving("a = nn.Linear(784, 128)\nb = nn.Dropout(0.25)\n") == {"Dropout.arg1": "0.25"}


def test_names_stay_as_they_are_while_the_text_changes_elsewhere() -> None:
    before = [slot.name for slot in read(SEARCH, "x.py")]
    changed = "import os\n\n\ndef other(x=3):\n    step = 9.5\n    return max(x, 7)\n\n" + SEARCH
    assert [slot.name for slot in read(changed, "x.py")][-len(before) :] == before


def test_a_declared_constant_keeps_its_name_whatever_else_is_called_so() -> None:
    text = "def f():\n    rate = 5.5\n\nclass f:\n    rate = 0.5\n"
    assert moving(text) == {"f.rate#2": "5.5", "f.rate": "0.5"}


def test_marks_leave_other_literals_in_bodies_alone() -> None:
    text = "A = 3\n\ndef f(x=4):\n    return g(x, 0.5)  # tune: 0 .. 1\n"
    assert [slot.literal for slot in find(text, "x.py")] == ["3", "0.5"]
    assert left(text) == {"f.x": "beside what is marked"}


def test_a_script_without_a_suffix_is_known_by_its_first_line() -> None:
    text = "#!/usr/bin/env python3\nf(rate=0.5)\n"
    assert [slot.name for slot in find(text, "bin/train")] == ["f.rate"]


@pytest.mark.parametrize(
    "text", ["x = " + "(" * 500 + "1" + ")" * 500, "x = " + "-" * 100_000 + "1", "f(\x00)"]
)
def test_what_no_parser_can_read_is_told(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text, "x.py")


def test_a_sum_of_thousands_is_walked() -> None:
    text = "x = f(" + " + ".join(["0.5"] * 900) + ")\n"
    assert len(find(text, "x.py")) == 900


def _others(slot: Slot) -> list[str]:
    domain = slot.domain(slot.literal)
    if domain is None:
        return []
    if isinstance(domain, Choices):
        return [option for option in domain.options if option != slot.literal]
    low, high = domain.ends
    drawn = {domain.decode(low + (high - low) * share / 3) for share in range(4)}
    return sorted(drawn - {slot.literal})


class _Signed(ast.NodeTransformer):
    """A sign and its number as one constant, which is what moves."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.UnaryOp(
                op=ast.USub() | ast.UAdd() as sign,
                operand=ast.Constant(value=int() | float() as value),
            ) if not isinstance(value, bool):
                return ast.Constant(-value if isinstance(sign, ast.USub) else value)
            case _:
                return node


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.fix_missing_locations(_Signed().visit(ast.parse(text)))


def _constants(tree: ast.AST) -> list[str]:
    return [repr(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)]


def _shape(tree: ast.AST) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
            node.value = 0
    return ast.dump(tree)


def _assert_one_constant_differs(text: str, slots: tuple[Slot, ...], slot: Slot) -> None:
    before = _parse(text)
    for value in _others(slot):
        changed = splice(text, slots, {slot.name: value})
        assert changed == text[: slot.start] + value + text[slot.end :]
        after = _parse(changed)
        pairs = zip(_constants(before), _constants(after), strict=True)
        assert sum(old != new for old, new in pairs) == 1
        assert _shape(_parse(text)) == _shape(after)
        again = {found.name: found.literal for found in read(changed, "x.py")}
        assert again == {found.name: found.literal for found in slots} | {slot.name: value}


_NUMBERS = st.sampled_from(
    [
        "3",
        "0",
        "-2",
        "1_000",
        "0.5",
        ".5",
        "7.",
        "1e-6",
        "2E+3",
        "True",
        "1e400",
        "0x1f",
        "3j",
        "- 4",
    ]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    forms = (
        "({} + {})", "{}*{}", "f({}, k={})", "a.b({}).c({})", "[{}, {}]", '{{"a": {}, 2: {}}}',
        "x[{}:{}]", "-({} ** {})", "{} if {} else y", "(lambda q={}: q < {})", "dict(a={}, b={})",
        "{{{} for i in range({})}}", "é({}, {})", 'f"{{{}:10}}" * {}', "({},\n  {})",
        "range({}, {})",
    )  # fmt: skip
    return st.tuples(st.sampled_from(forms), inner, inner).map(lambda t: t[0].format(*t[1:]))


_EXPRESSIONS = st.recursive(_NUMBERS, _grown, max_leaves=6)
_STATEMENTS = st.tuples(
    st.sampled_from(
        ["{}", "v = {}", "v, w = {}, 8", "v += {}", "v: int = {}", "return {}", "assert {}",
         "o.p = {}",         "while {}: pass", "for z in {}: pass", 'd["k"] = {}',
         "def g(p={}, *, r=5): pass", "with {}: pass"]
    ),
    _EXPRESSIONS,
).map(lambda pair: pair[0].format(pair[1]))  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.lists(_STATEMENTS, min_size=1, max_size=4), st.data())
def test_another_value_changes_one_constant_of_the_tree(
    statements: list[str], data: st.DataObject
) -> None:
    text = "def f():\n" + "".join(f"    {line}\n" for line in statements)
    try:
        _parse(text)
    except SyntaxError:
        return
    slots = read(text, "x.py")
    assert splice(text, slots, {slot.name: slot.literal for slot in slots}) == text
    assert len({slot.name for slot in slots}) == len(slots)
    if slots:
        _assert_one_constant_differs(text, slots, data.draw(st.sampled_from(slots)))


def test_the_standard_library_survives_every_move() -> None:
    draw = random.Random(0)
    folder = Path(sysconfig.get_paths()["stdlib"])
    moved = 0
    for name in ("colorsys", "sched", "textwrap", "bisect"):
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        slots = read(text, "x.py")
        for slot in draw.sample(slots, min(2, len(slots))):
            _assert_one_constant_differs(text, slots, slot)
            moved += 1
    assert moved > 4
