from __future__ import annotations

import ast
import json
import tomllib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.proposers.tuner.comment_marks import Misread
from autoexp_tui.proposers.tuner.domains import Choices, Numbers
from autoexp_tui.proposers.tuner.found import Unreadable
from autoexp_tui.proposers.tuner.slots import Slot, find, splice

PYTHON = '''\
# é → ü before everything
"""A docstring with # tune: 1 .. 2 in it."""
é = "ü" * 3; learning_rate = 3e-4
SIZES = (64, -3, 1_000)
activation = "relu"  # relu | gelu | tanh
CONFIG = {"dropout": 0.1, "seed": 3, "flip": True, "nested": {"k": 5}}
VERSION = "1.2"
PORT = 8080
__magic__ = 7
TABLE = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]


class Model:
    depth: int = 2


def f():
    inner = 4
    return g(1, n=7)  # tune: 1 .. 9
'''

SAMPLES = {
    "train.py": PYTHON,
    "config.yaml": "a:\n  k1: 1.2   # ä\n  on: yes\n  list: [1, 2.5e-3, {b: -3}]\nrate: 1.0e-3\n",
    "config.toml": 'x = 1_000 # é\n[a.b]\n"c d".e = 0.5\narr = [1, {z = 3}]\ns = """# 1\n5"""\n',
    "config.json": '{"a": [1, {"b": 2.5e-3}], "ok": true, "d": "x: 3", "e": null, "f": -0.5}',
    "styles.css": "/* ä */ @media (max-width: 600px) { .a:nth-child(2) { padding: 8px 1.5rem } }\n"
    ".b { margin: -4px; width: calc(50% - 10px); order: 3; top: 0 }\n",
    "flags.conf": "-O2 # -O1 | -O2 | -O3\n-funroll-loops # off\n--n=40 # tune: 10 .. 400 log\n",
    "query.sql": "FROM a JOIN /*tune: JOIN | CROSS JOIN*/ b\nLIMIT 10 -- tune: 1 .. 50\n",
    "terraform.tf": 'kind = "m5.large" # m5.large | m5.xlarge\ncount = 3 // tune: 1 .. 8\n',
    "system.md": "# Title\nUse 3 examples. <!-- tune: 1 .. 9 -->\n"
    "Tone: formal <!-- formal | warm -->\n",
}


def slots(text: str, target: str) -> dict[str, str]:
    return {slot.name: slot.literal for slot in find(text, target)}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            "train.py",
            {
                "learning_rate": "3e-4",
                "SIZES[0]": "64",
                "SIZES[1]": "-3",
                "SIZES[2]": "1_000",
                "activation": "relu",
                "CONFIG.dropout": "0.1",
                "CONFIG.flip": "True",
                "CONFIG.nested.k": "5",
                "Model.depth": "2",
                "n": "7",
            },
        ),
        (
            "config.yaml",
            {
                "a.k1": "1.2",
                "a.on": "yes",
                "a.list[0]": "1",
                "a.list[1]": "2.5e-3",
                "a.list[2].b": "-3",
                "rate": "1.0e-3",
            },
        ),
        (
            "config.toml",
            {"x": "1_000", "a.b.c d.e": "0.5", "a.b.arr[0]": "1", "a.b.arr[1].z": "3"},
        ),
        ("config.json", {"a[0]": "1", "a[1].b": "2.5e-3", "ok": "true", "f": "-0.5"}),
        (
            "styles.css",
            {
                "@media (max-width: 600px) .a:nth-child(2) padding[0]": "8",
                "@media (max-width: 600px) .a:nth-child(2) padding[1]": "1.5",
                ".b margin": "-4",
                ".b width[0]": "50",
                ".b width[1]": "10",
            },
        ),
        ("flags.conf", {"-O1|-O2|-O3": "-O2", "-funroll-loops": "off", "--n": "40"}),
        ("query.sql", {"b": "JOIN", "LIMIT": "10"}),
        ("terraform.tf", {"kind": "m5.large", "count": "3"}),
        ("system.md", {"Use": "3", "Tone": "formal"}),
    ],
)
def test_a_target_s_settings_are_found_and_its_other_literals_are_not(
    target: str, expected: dict[str, str]
) -> None:
    assert slots(SAMPLES[target], target) == expected


@pytest.mark.parametrize("target", SAMPLES)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_putting_the_same_values_back_changes_no_character(
    target: str, line_end: str, mark: str
) -> None:
    text = mark + SAMPLES[target].replace("\n", line_end)
    found = find(text, target)

    assert splice(text, found, {slot.name: slot.literal for slot in found}) == text
    assert [text[slot.start : slot.end] for slot in found] == [slot.literal for slot in found]
    assert [slot.name for slot in found] == [*slots(SAMPLES[target], target)]


@pytest.mark.parametrize("target", SAMPLES)
def test_a_changed_text_has_the_same_slots_with_the_new_values(target: str) -> None:
    found = find(SAMPLES[target], target)
    values = {slot.name: _other(slot) for slot in found}

    assert slots(splice(SAMPLES[target], found, values), target) == values


def _other(slot: Slot) -> str:
    domain = slot.domain(slot.literal)
    assert domain is not None
    if isinstance(domain, Choices):
        return next(option for option in domain.options if option != slot.literal)
    return domain.decode(domain.ends[1])


names = st.from_regex(r"[a-z]{1,8}_?[a-z]{0,3}é?", fullmatch=True)
numbers = st.one_of(
    st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False)
)
values = st.one_of(numbers, st.booleans(), st.text(max_size=8), st.lists(numbers, max_size=3))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, values, max_size=6), st.text("# é\t", max_size=5))
def test_python_assignments_survive_an_identity_splice(
    assigned: dict[str, object], note: str
) -> None:
    text = "".join(f"v_{name} = {value!r}  #{note}\n" for name, value in assigned.items())
    found = find(text, "x.py")

    assert splice(text, found, {slot.name: slot.literal for slot in found}) == text
    for slot in found:
        ast.literal_eval(slot.literal)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, values, max_size=6), st.sampled_from([None, 1, 4]))
def test_json_survives_an_identity_splice(tree: dict[str, object], indent: int | None) -> None:
    text = json.dumps({"top": [tree]}, indent=indent, ensure_ascii=False)
    found = find(text, "x.json")

    assert splice(text, found, {slot.name: slot.literal for slot in found}) == text
    assert all(isinstance(json.loads(slot.literal), int | float) for slot in found)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, values, max_size=6), st.booleans())
def test_yaml_survives_an_identity_splice(tree: dict[str, object], flow: bool) -> None:
    text = yaml.safe_dump({"top": [tree]}, default_flow_style=flow, allow_unicode=True)
    found = find(text, "x.yaml")

    assert splice(text, found, {slot.name: slot.literal for slot in found}) == text
    assert all(isinstance(yaml.safe_load(slot.literal), int | float) for slot in found)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), values, max_size=6))
def test_toml_survives_an_identity_splice(tree: dict[str, object]) -> None:
    rows = (f"{name} = {_toml(value)} # 5\n" for name, value in tree.items())
    text = "[[top]]\n" + "".join(rows)
    tomllib.loads(text)
    found = find(text, "x.toml")

    assert splice(text, found, {slot.name: slot.literal for slot in found}) == text
    for slot in found:
        tomllib.loads(f"x = {slot.literal}")


def _toml(value: object) -> str:
    return (
        repr(value)
        if isinstance(value, float)
        else json.dumps(value, ensure_ascii=False).replace("\x7f", "")
    )


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.sampled_from("ab1.# |/*-tune:\n\r\"'{}=é\ud800"), max_size=60),
    st.sampled_from(["x.txt", "x.css"]),
)
def test_any_text_survives_an_identity_splice(text: str, target: str) -> None:
    try:
        found = find(text, target)
    except (Misread, Unreadable):
        return
    assert splice(text, found, {slot.name: slot.literal for slot in found}) == text


def test_an_annotation_overrides_the_blind_range_in_a_parsed_language() -> None:
    (slot,) = find("lr = 3e-4  # tune: 1e-5 .. 1e-2 log\n", "train.py")
    domain = slot.domain("3e-4")

    assert isinstance(domain, Numbers)
    assert (domain.low, domain.high, domain.scale) == (1e-5, 1e-2, "log")


def test_an_annotation_brings_back_what_is_called_like_no_setting() -> None:
    assert slots("seed: 3  # tune: 1 .. 9\nport: 80\n", "c.yaml") == {"seed": "3"}


def test_two_marks_on_a_line_each_rule_the_value_before_them() -> None:
    text = "a JOIN /*tune: JOIN | CROSS JOIN*/ b INDEXED BY i1 /*tune: i1 | i2*/"
    assert [slot.literal for slot in find(text, "q.sql")] == ["JOIN", "i1"]


def test_a_bar_in_an_ordinary_comment_is_no_choice() -> None:
    assert slots("x = f()  # int | None\n| a | b |\n", "notes.txt") == {}


def test_the_same_name_twice_is_told_apart_by_order() -> None:
    assert slots("a { top: 1px } a { top: 2px }", "s.css") == {"a top": "1", "a top#2": "2"}


def test_a_mark_that_nothing_fits_names_its_line_and_the_remedy() -> None:
    with pytest.raises(Misread, match=r"line 2: .*tune: 0\.1 \.\. 10 log"):
        find("a\nword # tune: 1 .. 5\n", "a.txt")


def test_a_switch_keeps_its_mark_when_it_is_turned() -> None:
    text = "-flto # off\n"
    found = find(text, "flags.conf")
    assert splice(text, found, {"-flto": "on"}) == "-flto # on\n"


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("a.py", "x = (\n"),
        ("a.yaml", "a: [1\n"),
        ("a.toml", "a = \n"),
        ("a.json", "{"),
        ("a.py", "\0"),
    ],
)
def test_a_text_that_is_not_valid_in_its_language_is_unreadable(target: str, text: str) -> None:
    with pytest.raises(Unreadable):
        find(text, target)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("a.py", "def h(x):\n    return f(x + 1.5)\n"),
        ("a.py", "def h(x):\n    return f(x - 1.5, k=3)\n"),
        ("a.py", "def h(x):\n    return f(2 * (x + 1.5))\n"),
        ("a.py", "def h(x):\n    return g(-2.0)\n"),
        ("a.c", "double h(double x) { return f(x + 1.5); }\n"),
        ("a.c", "double h(double x) { return f(1.5 - x); }\n"),
        ("a.js", "function h(x) { return g(x, -2.0); }\n"),
        ("a.lua", "function h(x)\n  return f(x - 1.5)\nend\n"),
    ],
)
def test_a_term_of_an_argument_may_cross_zero(target: str, text: str) -> None:
    (slot,) = [slot for slot in find(text, target) if slot.literal.lstrip("-") in {"1.5", "2.0"}]
    domain = slot.domain(slot.literal)
    assert isinstance(domain, Numbers)
    assert domain.low < 0 < domain.high
    there = splice(text, [slot], {slot.name: "-0.5"})
    (again,) = [one for one in find(there, target) if one.name == slot.name]
    assert again.literal == "-0.5"
    # Back on the other side it is the same place, with the same range.
    back = splice(there, [again], {again.name: "0.25"})
    (at_last,) = [one for one in find(back, target) if one.name == slot.name]
    far = at_last.domain(slot.literal)
    assert isinstance(far, Numbers)
    assert far.low < 0


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("a.py", "def h(x):\n    return f(1.5 ** x)\n"),  # the sign would bind to the power
        ("a.py", "def h(x):\n    return f(1.5 * x)\n"),
        ("a.py", "def h(x):\n    return Adam(x, 1.5)\n"),
        ("a.c", "double h(double x) { return f(x-1.5); }\n"),  # `--` is another operator
        ("a.sql", "SELECT f(x-1.5) FROM t;\n"),  # and a comment
        ("a.rb", "def h(x)\n  f(1.5 ** x)\nend\n"),
    ],
)
def test_elsewhere_in_a_formula_a_number_keeps_its_sign(target: str, text: str) -> None:
    (slot,) = [slot for slot in find(text, target) if slot.literal == "1.5"]
    domain = slot.domain(slot.literal)
    assert isinstance(domain, Numbers)
    assert domain.low >= 0


SERVERS = """
resource "x" "web" {
  count = 8 # tune: 1 .. 9
  input = {
    kind    = "a" # a | b
    workers = 3   # tune: 1 .. 9
  }
}

resource "x" "cache" {
  count = 1 # tune: 1 .. 9
  input = {
    kind = "a" # a | b
  }
}
"""
QUERY = """
WITH
paid AS MATERIALIZED /*tune: MATERIALIZED | NOT MATERIALIZED*/ (
    SELECT 1
),
late AS MATERIALIZED /*tune: MATERIALIZED | NOT MATERIALIZED*/ (
    SELECT 2
)
SELECT 1
"""


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        ("a.tf", SERVERS, ["web.count", "web.kind", "workers", "cache.count", "cache.kind"]),
        ("query.sql", QUERY, ["paid", "late"]),
        ("same.conf", "a = 1 # tune: 0 .. 9\na = 2 # tune: 0 .. 9\n", ["a", "a#2"]),
    ],
)
def test_places_of_one_name_are_told_by_where_they_stand(
    name: str, text: str, names: list[str]
) -> None:
    assert [slot.name for slot in find(text, name)] == names
