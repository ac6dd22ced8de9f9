"""Taking a change out of a later text, and putting it back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.text.merge import merged

PLACES = st.lists(
    st.tuples(st.sampled_from(["", "step", "later", "both"]), st.integers(0, 3), st.integers(0, 3)),
    max_size=6,
)
"""Of each place in a text: who changes it, and to how many lines."""
LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n"]), max_size=8).map("".join)


def text(places: list[tuple[str, int, int]], *changed: str) -> str:
    """The text after these changes; between two places stands a line that nobody changes."""
    out = []
    for k, (whose, few, more) in enumerate(places):
        out.append(f"-- {k}\n")
        if whose == "both":
            version = "".join(changed) or "old"
        else:
            version = "new" if whose in changed else "old"
        size = few if version == "old" else more + 1
        out += [f"{k} {version} {line}\n" for line in range(size)]
    return "".join(out)


@given(PLACES)
def test_a_step_is_taken_out_and_put_back(places: list[tuple[str, int, int]]) -> None:
    before, step = text(places), text(places, "step")
    last, without = text(places, "step", "later"), text(places, "later")
    apart = all(whose != "both" for whose, _, _ in places)
    assert merged(step, last, before) == (without if apart else None)
    if apart:
        assert merged(before, without, step) == last


@given(LINES, LINES, LINES)
def test_one_change_alone_is_taken_as_it_is_and_sides_are_alike(a: str, b: str, c: str) -> None:
    assert merged(a, a, b) == b
    assert merged(a, b, a) == b
    assert merged(a, b, b) == b
    assert merged(a, b, c) == merged(a, c, b)


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("a\nb\nc\nd\ne\n", "a\nB\nc\nd\ne\n", "a\nb\nc\nD\ne\n"),
        ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nc\nd"),
        ("a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n"),
        ("a\nb\nc\nd\n", "a\nB\nc\nd\n", "a\nb\nC\nd\n"),
        ("a\nb\nc", "b\nc", "a\nb\nc\nd"),
    ],
)
def test_it_agrees_with_git(tmp_path: Path, base: str, ours: str, theirs: str) -> None:
    for name, content in (("base", base), ("ours", ours), ("theirs", theirs)):
        (tmp_path / name).write_text(content)
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert merged(base, ours, theirs) == (None if done.returncode else done.stdout)
