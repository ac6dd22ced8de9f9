from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autoexp_tui.proposers.conversing.edits import (
    Edit,
    EditError,
    GrowingText,
    apply_edits,
    whole_file,
)
from autoexp_tui.proposers.conversing.partial_json import PartialArguments

OLD = "import os\n\nlr = 0.1\nsteps = 100\n\nlr = 0.1  # again\n"


def watched(old: str, text: str, cuts: list[int]) -> str:
    """What a watcher sees of a call's arguments that come in pieces."""
    reader, growing = PartialArguments(), GrowingText(old)
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return "".join(fed(reader, growing, text[start:end]) for start, end in pairwise(edges)) + (
        growing.finish()
    )


def fed(reader: PartialArguments, growing: GrowingText, text: str) -> str:
    reader.feed(text)
    return growing.take(reader)


@st.composite
def edited_files(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """A file of distinct lines, and edits of some of them in file order."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    count = draw(st.integers(1, 12))
    words = st.text(st.sampled_from('ab"\\\t é\U0001f600{}[],:'), max_size=6)
    lines = [f"{at:02d} {draw(words)}" for at in range(count)]
    old = newline.join(lines) + newline
    chosen = sorted(draw(st.sets(st.integers(0, count - 1), min_size=1)))
    return old, [(lines[at], draw(words)) for at in chosen]


@settings(max_examples=60)
@given(edited_files(), st.lists(st.integers(0, 2000), max_size=12), st.booleans())
def test_what_is_watched_is_what_is_applied(
    case: tuple[str, list[tuple[str, str]]], cuts: list[int], escaped: bool
) -> None:
    old, pairs = case
    edits = [Edit(search, replace) for search, replace in pairs]
    arguments = json.dumps(
        {"edits": [{"search": search, "replace": replace} for search, replace in pairs]},
        ensure_ascii=escaped,
    )
    assume(any(search != replace for search, replace in pairs))
    assert watched(old, arguments, cuts) == apply_edits(old, edits)


@settings(max_examples=40)
@given(st.text(min_size=1).filter(str.strip), st.lists(st.integers(0, 200), max_size=8))
def test_a_whole_file_is_watched_as_it_is_written(content: str, cuts: list[int]) -> None:
    old = "one\r\ntwo\r\n"
    assert watched(old, json.dumps({"content": content}), cuts) == whole_file(old, content)


def test_a_replacement_that_comes_first_is_held_until_its_place_is_known() -> None:
    reader, growing = PartialArguments(), GrowingText(OLD)
    assert fed(reader, growing, '{"edits": [{"replace": "steps = 7", "search": "steps = 10') == ""
    assert fed(reader, growing, '0"') == "import os\n\nlr = 0.1\nsteps = 7"
    assert growing.finish() == "\n\nlr = 0.1  # again\n"


def test_what_stands_before_an_edit_appears_when_the_edit_is_found() -> None:
    reader, growing = PartialArguments(), GrowingText(OLD)
    assert fed(reader, growing, '{"edits": [{"search": "steps = 1') == ""
    assert fed(reader, growing, '00"') == "import os\n\nlr = 0.1\n"
    assert fed(reader, growing, ', "replace": "st') == "st"


@pytest.mark.parametrize("search", ["lr = 0.1", "nowhere", ""])
def test_an_edit_that_can_t_be_placed_is_not_shown(search: str) -> None:
    arguments = json.dumps({"edits": [{"search": search, "replace": "x"}]})
    assert watched(OLD, arguments, [3, 9]) == OLD


def test_edits_in_any_order_are_applied() -> None:
    new = apply_edits("a\nb\nc\n", [Edit("c", "3"), Edit("a", "1")])
    assert new == "1\nb\n3\n"


def test_no_edit_sees_what_another_one_wrote() -> None:
    assert apply_edits("a b\n", [Edit("a", "b"), Edit("b", "a")]) == "b a\n"


ERRORS = {
    "none": (OLD, [], "there is no edit in it"),
    "empty": (OLD, [Edit("", "x")], "edit 1 has an empty search text"),
    "ambiguous": (OLD, [Edit("steps", "s"), Edit("lr = 0.1", "x")], "edit 2: .*lines 3, 6\\)"),
    "missing": (OLD, [Edit("momentum = 1", "x")], "does not occur: `momentum = 1`"),
    "other space": ("if a:\n    b\n", [Edit("if a:\n  b", "x")], "line 1 with other white space"),
    "goes wrong": (OLD, [Edit("lr = 0.1\nsteps = 9", "x")], "line 4 is `steps = 100`, not `ste"),
    "past the end": ("a\nb", [Edit("b\nc", "x")], "line 3 is `the end of the file`"),
    "overlap": (OLD, [Edit("steps = 100", "x"), Edit("100\n", "y")], "edits 1 and 2 overlap"),
    "nothing": (OLD, [Edit("steps", "steps")], "it changes nothing"),
    "many": ("x\n" * 9, [Edit("x", "y")], "lines 1, 2, 3, 4 and more"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_why_an_edit_can_t_be_applied_is_said(name: str) -> None:
    old, edits, words = ERRORS[name]
    with pytest.raises(EditError, match=words):
        apply_edits(old, edits)


def test_windows_line_ends_stay() -> None:
    old = "a = 1\r\nb = 2\r\nc = 3\r\n"
    assert apply_edits(old, [Edit("a = 1\nb = 2", "a = 9\nd = 4")]) == "a = 9\r\nd = 4\r\nc = 3\r\n"
    assert whole_file(old, "a\nb") == "a\r\nb\r\n"


def test_mixed_line_ends_are_left_alone() -> None:
    assert apply_edits("a\r\nb\nc\n", [Edit("b", "x\ny")]) == "a\r\nx\ny\nc\n"


def test_bytes_that_are_not_utf8_survive_an_edit() -> None:
    old = b"a = 1\n# caf\xe9\n".decode("utf-8", "surrogateescape")
    new = apply_edits(old, [Edit("a = 1", "a = 2")])
    assert new.encode("utf-8", "surrogateescape") == b"a = 2\n# caf\xe9\n"
    with pytest.raises(EditError, match="change it by edits"):
        whole_file(old, "a = 3\n")


def test_an_unchanged_file_is_refused() -> None:
    with pytest.raises(EditError, match="changes nothing"):
        whole_file("a\n", "a")
    with pytest.raises(EditError, match="would be empty"):
        whole_file("a\n", " \n")


@given(st.text(st.sampled_from('{}[]",:\\u0a '), max_size=40))
def test_nonsense_breaks_nothing(text: str) -> None:
    reader, growing = PartialArguments(), GrowingText(OLD)
    for character in text:
        fed(reader, growing, character)
