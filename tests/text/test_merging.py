"""Two changes of one text go together unless they touch the same lines."""

from __future__ import annotations

import random

import pytest

from autoexp_tui.text.merging import merge

BASE = "a\nb\nc\nd\n"


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("A\nb\nc\nd\n", "a\nb\nc\nD\n", "A\nb\nc\nD\n"),
        ("A\nb\nc\nd\n", "a\nB\nc\nd\n", "A\nB\nc\nd\n"),
        ("A\nb\nc\nd\n", "A\nb\nc\nd\n", "A\nb\nc\nd\n"),
        ("A\nb\nc\nd\n", "A\nB\nc\nd\n", "A\nB\nc\nd\n"),
        ("A\nb\nc\nd\n", "Z\nb\nc\nd\n", None),
        ("a\nx\nb\nc\nd\n", "a\nb\nc\ny\nd\n", "a\nx\nb\nc\ny\nd\n"),
        ("a\nx\nb\nc\nd\n", "a\ny\nb\nc\nd\n", None),
        ("a\nc\nd\n", "a\nb\nc\nD\n", "a\nc\nD\n"),
        ("a\nc\nd\n", "a\nB\nc\nd\n", None),
        (BASE, "a\nB\nc\nd\n", "a\nB\nc\nd\n"),
        ("a\nb\nc\nd", "A\nb\nc\nd\n", "A\nb\nc\nd"),
        ("", "A\nb\nc\nd\n", None),
    ],
)
def test_what_comes_of_two_changes(one: str, other: str, both: str | None) -> None:
    assert merge(BASE, one, other) == both
    assert merge(BASE, other, one) == both


def test_values_of_lines_that_are_all_alike_change_where_they_stand() -> None:
    assert merge("5\n5\n5\n", "4\n5\n5\n", "5\n5\n3\n") == "4\n5\n3\n"


def test_a_merge_has_each_changed_line_of_either_and_no_other() -> None:
    chance = random.Random(1)
    for _ in range(300):
        base = [str(chance.randrange(4)) for _ in range(8)]
        one, other = list(base), list(base)
        for text in (one, other):
            for _ in range(2):
                text[chance.randrange(8)] = f"new {chance.random()}"
        joined = ["\n".join(lines) + "\n" for lines in (base, one, other)]
        merged = merge(joined[0], joined[1], joined[2])
        clash = any(o != b and p not in {b, o} for b, o, p in zip(base, one, other, strict=True))
        if merged is not None:
            assert not clash
            expected = [o if o != b else p for b, o, p in zip(base, one, other, strict=True)]
            assert merged.splitlines() == expected
        else:
            assert clash
