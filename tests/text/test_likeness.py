"""Texts that say the same have one likeness, and texts that don't have two."""

from __future__ import annotations

import pytest

from autoexp_tui.text.likeness import likeness

ALIKE = [
    ("t.py", "lr = 1e-3\nd={'a':1,'b':2}\n", "lr=0.001 # c\n\nd = {'b': 2, 'a': 1}\n"),
    ("t.py", "f(a=1,b=2)", "f(b=2, a=1)"),
    ("t.py", "import a\nfrom b import d,c\n", "from b import c, d\nimport a\n"),
    ("t.py", "x=(1+2)", "x = 1 + 2"),
    ("t.py", "def f():\n  'what it does'\n  return 1", "def f():\n    return 1\n"),
    ("t.py", "broken (", "broken  (  "),
    ("t.js", "let a = 1e-3; // x\nreturn a", "let a=.001;\nreturn a"),
    ("t.c", "#define A 1\nint x = 3;", "#define A 1\nint\n x=3; /* c */"),
    ("t.yaml", "a:\n  b: 1e-3\n  c: 2 # x\n", "a:\n    b: 0.001\n    c: 2\n"),
    ("t.json", '{"a":1,"b":[1,2]}', '{"b":[1, 2],\n"a":1}'),
    ("t.toml", "a=1\nb=2.0\n", "b = 2.00\na = 1 # x\n"),
    ("t.sql", "SELECT a -- x\nFROM b", "SELECT a FROM   b"),
    ("t.rs", "let x = 0.50;", "let x=0.5;"),
    ("t.sh", "a=1\nb=2 # x\n", "a=1\nb=2\n"),
    ("t.lua", "x = 1 -- c", "x=1"),
    ("t.jl", "x = 1e-3 # c", "x=.001"),
    ("t.ini", "[a]\nx=1\n; c\n", "[a]\nx = 1\n"),
    ("t.txt", "Do this. \n", "Do this.\n"),
]
ODD = ['x = "\\d"\n', "\udc80 = 1", "x = " + "(" * 500 + ")" * 500, "\0", "1" * 300_000, ""]
DIFFERENT = [
    ("t.py", "f(a=g(),b=h())", "f(b=h(), a=g())"),
    ("t.py", "d={'a':C(),'b':D()}", "d={'b':D(),'a':C()}"),
    ("t.py", "x=1\nimport a", "import a\nx=1"),
    ("t.py", "x = 1", "x = 1.0"),
    ("t.py", "x = [1,2]", "x=[2,1]"),
    ("t.js", "return\na", "return a"),
    ("t.c", "#define A 1\nint x = 3;", "#define A 2\nint x = 3;"),
    ("t.c", 'char*s="a  b";', 'char*s="a b";'),
    ("t.cpp", "a + +b", "a ++ b"),
    ("t.cpp", "int x", "intx"),
    ("t.yaml", "a:\n  b: 1\nc: 2\n", "a:\n  b: 1\n  c: 2\n"),
    ("t.sql", "SELECT 'a  b' FROM b", "SELECT 'a b' FROM b"),
    ("t.sql", "SELECT /*+ INDEX(b) */ a FROM b", "SELECT a FROM b"),
    ("t.go", "//go:noinline\nfunc f(){}", "func f(){}"),
    ("t.sh", "echo a b", "echo ab"),
    ("Makefile", "a: b\n\tcc -O2 b", "a: b\n\tcc -O3 b"),
    ("t.css", "a .b{c:1}", "a.b{c:1}"),
    ("t.txt", "Do this\n\nthat", "Do this\nthat"),
]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("name", ["t.py", "t.json", "t.toml", "t.js", "t.yaml", "t"])
@pytest.mark.filterwarnings("error")
def test_any_text_has_one(text: str, name: str) -> None:
    assert len(likeness(text, name)) == 16


@pytest.mark.parametrize(("name", "one", "other"), ALIKE)
def test_form_makes_no_difference(name: str, one: str, other: str) -> None:
    assert likeness(one, name) == likeness(other, name)


@pytest.mark.parametrize(("name", "one", "other"), DIFFERENT)
def test_what_may_mean_something_does(name: str, one: str, other: str) -> None:
    assert likeness(one, name) != likeness(other, name)
