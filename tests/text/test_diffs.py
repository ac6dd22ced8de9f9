import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.text import diffs
from autoexp_tui.text.growing_diff import GrowingDiff

FEW = st.lists(st.sampled_from(["a", "b", "c", "", "x = 1", "x = 2\r"]), max_size=12)
"""Lines that repeat a lot, which is what makes alignment hard."""
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, FEW, st.sampled_from(["", "\n"]))
ANY = TEXTS | st.text(max_size=40)


def applied(old: str, patch: str) -> str:
    """What `git apply` does, by the letter of the format: every context line must fit."""
    source = diffs.split(old)
    out: list[str] = []
    at = 0
    rows = [row + "\n" for row in patch.split("\n")[:-1]]
    for row, after in pairwise([*rows, ""]):
        if header := re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", row):
            start, size = int(header[1]), int(header[2] or 1)
            begin = start - 1 if size else start
            out += source[at:begin]
            at = begin
            assert int(header[3]) == len(out) + (1 if int(header[4] or 1) else 0)
        elif row[0] in " -+" and not row.startswith(("--- a/", "+++ b/")):
            text = row[1:-1] if after.startswith("\\ ") else row[1:]
            if row[0] != "+":
                assert source[at] == text
                at += 1
            if row[0] != "-":
                out.append(text)
    return "".join(out + source[at:])


@given(ANY, ANY)
def test_applying_the_patch_gives_the_new_text(old: str, new: str) -> None:
    assert applied(old, diffs.unified(old, new, "t")) == new


@given(TEXTS, TEXTS)
def test_the_count_agrees_with_the_rows_and_the_patch(old: str, new: str) -> None:
    rows = diffs.lines(old, new)
    added = sum(row.kind == "added" for row in rows)
    removed = sum(row.kind == "removed" for row in rows)
    body = diffs.unified(old, new, "t").split("\n")[3:]
    assert diffs.count(old, new) == (added, removed)
    assert added == sum(row.startswith("+") for row in body)
    assert removed == sum(row.startswith("-") for row in body)


@given(ANY, ANY)
def test_rows_without_gaps_hold_both_texts_with_their_numbers(old: str, new: str) -> None:
    rows = diffs.lines(old, new, context=None)
    for text, kind, numbers in (
        (old, "added", [row.old_number for row in rows if row.kind != "added"]),
        (new, "removed", [row.new_number for row in rows if row.kind != "removed"]),
    ):
        kept = [row.text + "\n" * row.ended for row in rows if row.kind != kind]
        assert "".join(kept) == text
        assert numbers == list(range(1, len(kept) + 1))


@given(TEXTS, TEXTS)
def test_spans_lie_in_their_line_in_order(old: str, new: str) -> None:
    for row in diffs.lines(old, new):
        edges = [edge for span in row.spans for edge in span]
        assert edges == sorted(set(edges))
        assert not edges or (edges[0] >= 0 and edges[-1] <= len(row.text))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", "train.py"),
        ("a\nb", "a\nb\n", "no newline before.txt"),
        ("a\nb\n", "a\nb", "after"),
        ("a\r\nb\r\n", "a\r\nc\r\n", "crlf"),
        ("", "first\n", "was empty"),
        ("all\n", "", "becomes empty"),
        ("x\rprogress\rend\n", "x\ry\n", "sub folder/carriage"),
        ("π\x0b\x1b[31m\u2028\x85\n", "π\x0c\n--- a/x\n+++ b/x\n", 'odd "name"\t\\ü.txt'),
        ("\n".join(map(str, range(99))), "\n".join(map(str, range(3, 90))), "many"),
    ],
)
def test_git_takes_the_patch(tmp_path: Path, old: str, new: str, path: str) -> None:
    target = tmp_path / path
    target.parent.mkdir(exist_ok=True)
    target.write_text(old, newline="", encoding="utf-8")
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        cwd=tmp_path,
        input=diffs.unified(old, new, path).encode(),
        check=True,
    )
    assert target.read_bytes().decode() == new


def test_equal_texts_have_no_diff() -> None:
    assert diffs.unified("a\n", "a\n", "x") == ""
    assert diffs.lines("a\n", "a\n") == []
    assert diffs.count("a\n", "a\n") == (0, 0)


def test_a_changed_number_is_marked_whole() -> None:
    rows = diffs.lines("learning_rate = 0.04\n", "learning_rate = 0.045\n")
    assert [row.text[slice(*row.spans[0])] for row in rows] == ["0.04", "0.045"]


def test_a_line_that_shares_nothing_is_not_marked() -> None:
    rows = diffs.lines("return model(x)\n", "# widen the search\n")
    assert [row.spans for row in rows] == [(), ()]


def test_changed_lines_are_paired_by_likeness_not_by_position() -> None:
    rows = diffs.lines("alpha = 1\nbeta = 2\n", "# more of the second\nbeta = 3\n")
    marked = {row.text: [row.text[a:b] for a, b in row.spans] for row in rows}
    assert marked["beta = 2"] == ["2"]
    assert marked["beta = 3"] == ["3"]
    assert marked["alpha = 1"] == []


def test_unchanged_lines_far_from_a_change_become_a_gap() -> None:
    old = "".join(f"{n}\n" for n in range(1, 31))
    rows = diffs.lines(old, old.replace("15\n", "fifteen\n"))
    assert [(row.kind, row.old_number, row.text) for row in rows if row.kind == "gap"] == [
        ("gap", 1, "11 lines"),
        ("gap", 19, "12 lines"),
    ]
    assert len(rows) == 2 + 3 + 2 + 3


def test_a_gap_of_one_line_is_shown_as_the_line() -> None:
    old = "".join(f"{n}\n" for n in range(1, 6))
    assert [row.text for row in diffs.lines(old, old.replace("5\n", ""))] == list("12345")


class Patience(Exception):
    """More line comparisons than the bound allows."""


class Counted(str):
    """A line that counts how often it is compared with another."""

    __slots__ = ()
    left = 0

    def __eq__(self, other: object) -> bool:
        Counted.left -= 1
        if Counted.left < 0:
            raise Patience
        return str.__eq__(self, other)

    __hash__ = str.__hash__


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["x", "y"] * 10_000, ["y", "y", "x"] * 7_000),
        ([str(n % 7) for n in range(20_000)], [str(n % 11) for n in range(20_000)]),
        ([str(n) for n in range(20_000)], [str(n) for n in reversed(range(20_000))]),
        ([f"{n}" for n in range(20_000)], [f"{n}" if n % 9 else "new" for n in range(20_000)]),
    ],
    ids=["two lines", "cycles", "reversed", "scattered"],
)
def test_comparisons_are_bounded_for_any_input(old: list[str], new: list[str]) -> None:
    Counted.left = 4_000_000
    blocks = diffs._blocks([Counted(line) for line in old], [Counted(line) for line in new])
    for i, j, size in blocks:
        assert old[i : i + size] == new[j : j + size]


def test_a_large_file_with_scattered_changes_is_matched_exactly() -> None:
    old = [f"value_{n} = {n}" if n % 3 else "" for n in range(20_000)]
    new = [line + "0" if n % 100 == 1 and line else line for n, line in enumerate(old)]
    changed = sum(a != b for a, b in zip(old, new, strict=True))
    assert diffs.count("\n".join(old), "\n".join(new)) == (changed, changed)


# ---- growing -----------------------------------------------------------------------------------


def grown(old: str, *pieces: str) -> GrowingDiff:
    diff = GrowingDiff(old)
    for piece in pieces:
        diff.feed(piece)
    return diff


def signs(diff: GrowingDiff) -> list[str]:
    mark = {"same": " ", "removed": "-", "added": "+"}
    return [mark[row.kind] + row.text for row in diff.lines]


@given(TEXTS, TEXTS, st.integers(1, 9))
def test_a_growing_diff_always_holds_the_lines_written_so_far(
    old: str, new: str, size: int
) -> None:
    diff = GrowingDiff(old)
    fed = ""
    for start in range(0, len(new), size):
        diff.feed(new[start : start + size])
        fed = new[: start + size]
        written = [row for row in diff.lines if row.kind != "removed"]
        passed = [row for row in diff.lines if row.kind != "added"]
        assert [row.text for row in written] == fed.split("\n")[:-1]
        assert [row.new_number for row in written] == list(range(1, len(written) + 1))
        assert [row.text for row in passed] == old.split("\n")[: len(passed)]
        assert [row.old_number for row in passed] == list(range(1, len(passed) + 1))
        assert diff.added == sum(row.kind == "added" for row in diff.lines)
        assert diff.removed == sum(row.kind == "removed" for row in diff.lines)
        tail = fed.split("\n")[-1]
        assert (diff.partial.text if diff.partial else "") == tail
    assert diff.finish() == diffs.lines(old, fed)


def test_the_replaced_line_stands_before_its_replacement_once_passed() -> None:
    diff = grown("a = 1\nb = 2\nc = 3\n", "a = 1\nb = 9\n")
    assert signs(diff) == [" a = 1", "+b = 9"]
    diff.feed("c = 3\n")
    assert signs(diff) == [" a = 1", "-b = 2", "+b = 9", " c = 3"]


def test_inserted_lines_do_not_upset_what_follows() -> None:
    diff = grown("one\ntwo\nthree\n", "one\nnew\nnewer\ntwo\nthree\n")
    assert signs(diff) == [" one", "+new", "+newer", " two", " three"]


def test_an_inserted_function_is_not_matched_by_its_blank_line() -> None:
    old = "def f():\n    return 1\n\ndef g():\n    return 2\n"
    new = "def e():\n    x = 0\n    return x\n\n" + old
    assert signs(grown(old, new)) == [
        *(f"+{line}" for line in ("def e():", "    x = 0", "    return x", "")),
        *(f" {line}" for line in old.split("\n")[:-1]),
    ]


def test_a_long_deletion_is_believed_after_a_second_line() -> None:
    old = [f"line {n}" for n in range(100)]
    diff = grown("\n".join(old) + "\n", "line 0\nline 90\n")
    assert signs(diff) == [" line 0", "+line 90"]
    diff.feed("line 91\n")
    assert (diff.added, diff.removed) == (0, 89)
    assert signs(diff)[-2:] == [" line 90", " line 91"]


def test_an_unfinished_line_is_shown_as_it_grows() -> None:
    diff = grown("hidden = 64\n", "hid")
    assert diff.partial is not None
    assert (diff.partial.kind, diff.partial.text) == ("same", "hid")
    diff.feed("den = 9")
    assert diff.partial is not None
    assert (diff.partial.kind, diff.partial.text) == ("added", "hidden = 9")


def test_a_rewritten_text_costs_no_more_per_line_as_it_grows() -> None:
    old = "".join(f"{n % 5}\n" for n in range(5_000))
    diff = GrowingDiff(old)
    touched = 0
    for n in range(5_000):
        before = len(diff.lines)
        diff.feed(f"{n % 7}\n")
        touched += len(diff.lines) - diff.first_changed
        assert diff.first_changed <= before
    assert touched < 4 * len(diff.lines)
