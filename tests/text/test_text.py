"""No outside text reaches a screen with anything in it but what can be seen."""

from __future__ import annotations

import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hostile import BENIGN, HOSTILE

from autoexp_tui.text.safe import PLAIN, Style, clean, clean_line, decode, parse_sgr

MIB = 1024 * 1024

SNIPPETS = st.one_of(
    st.sampled_from(HOSTILE),
    st.sampled_from(
        ["\x1b", "\x1b[", "\x9b", "\x1b]", "\x9d", "\x1bP", "\x1b\\", "\x07", "\x9c", "\x18"]
    ),
    st.sampled_from(
        ["\r", "\n", "\t", " ", ";", ":", "m", "0", "1", "38", "31", "[", "a", "é", "═"]
    ),
    st.sampled_from(["\u0301", "\u0301\u0301\u0301", "\u200b", "\u202e", "\u2028", "\ud800"]),
    st.text(max_size=5),
)
NASTY = st.lists(SNIPPETS, max_size=12).map("".join)
STYLES = st.builds(
    Style,
    fg=st.none() | st.integers(0, 255) | st.tuples(*[st.integers(0, 255)] * 3),
    bold=st.booleans(),
    reverse=st.booleans(),
)


def every_character() -> str:
    return "".join(map(chr, range(sys.maxunicode + 1)))


def harmful(text: str, *, marks: int = 4) -> list[str]:
    """What must never be shown, by Unicode's own classes rather than by ours."""
    run = 0
    found = []
    for character in text:
        kind = unicodedata.category(character)
        run = run + 1 if kind in {"Mn", "Me"} else 0
        if (
            (kind in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in "\n\t")
            or unicodedata.bidirectional(character)
            in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
            or ord(character) & 0xFFFE == 0xFFFE
            or run > marks
        ):
            found.append(character)
    return found


def test_the_collection_is_worth_its_name() -> None:
    assert len(set(HOSTILE)) >= 200
    assert sum(1 for text in HOSTILE if harmful(text)) >= 150


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_harmful_survives_in_hostile_text(text: str) -> None:
    assert harmful(clean(text)) == []


@given(NASTY)
def test_nothing_harmful_survives_in_any_text(text: str) -> None:
    assert harmful(clean(text)) == []


def test_nothing_harmful_survives_of_all_of_unicode() -> None:
    assert harmful(clean("\n".join(every_character())).replace("\n", ""), marks=10_000) == []


def test_letters_digits_symbols_and_private_use_of_all_of_unicode_stay() -> None:
    visible = [
        character
        for character in every_character()
        if unicodedata.category(character)[0] in "LNPS" or unicodedata.category(character) == "Co"
    ]
    gone = {character for character in visible if clean(character) != character}
    fillers = set("\u115f\u1160\u3164\uffa0")
    assert gone == fillers


@pytest.mark.parametrize("text", BENIGN)
def test_honest_text_is_left_alone(text: str) -> None:
    assert clean(text) == text


@given(NASTY)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(NASTY, NASTY)
def test_lines_cleaned_one_by_one_make_the_cleaned_text(above: str, below: str) -> None:
    assert clean(f"{above}\n{below}") == f"{clean(above)}\n{clean(below)}"


@given(NASTY)
def test_one_line_stays_one_line(text: str) -> None:
    assert clean(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mred\x1b[m", "red"),
        ("\x9b31mred", "red"),
        ("a\x1b[?1049hb", "ab"),
        ("a\x1b(Bb", "ab"),
        ("a\x1b7b\x1b8c", "abc"),
        ("a\x1b#8b", "ab"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]0;title\x1b\\b", "ab"),
        ("a\x1b]0;title\x9cb", "ab"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x1b]52;c;cm0gLXJmIC8=\x07b", "ab"),
        ("a\x9d52;c;cm0gLXJmIC8=\x07b", "ab"),
        ("a\x1bPq#0~~\x1b\\b", "ab"),
        ("a\x90q#0~~\x9cb", "ab"),
        ("a\x1b_Gf=24;AAAA\x1b\\b", "ab"),
        ("a\x1b^private\x1b\\b", "ab"),
        ("a\x1bXstart\x1b\\b", "ab"),
        ("a\x1bPtmux;\x1b\x1b]52;c;cm0=\x07\x1b\\b", "ab"),
    ],
)
def test_escape_sequences_go_whole(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@pytest.mark.parametrize(
    "tail", ["\x1b", "\x1b[", "\x1b[38;2;", "\x1b(", "\x1b]52;c;cm0=", "\x1bPq", "\x9b3", "\x9d"]
)
def test_a_sequence_cut_off_at_the_end_goes_too(tail: str) -> None:
    assert clean(f"text{tail}") == "text"


@pytest.mark.parametrize("cancel", ["\x18", "\x1a", "\x1b[m", "\x85"])
def test_a_cancelled_string_ends_there(cancel: str) -> None:
    assert clean(f"a\x1b]52;c;AAAA{cancel}b").replace(" ", "") == "ab"


def test_a_string_without_an_end_takes_no_more_than_its_line() -> None:
    assert clean("a\x1b]52;c;AAAA\nb") == "a\nb"


def test_mojibake_that_looks_like_an_8_bit_string_takes_nothing_with_it() -> None:
    assert clean("â€œquotedâ€\x9d and more") == "â€œquotedâ€ and more"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("10%\r20%\r100%", "100%"),
        ("10%\r100%\r\ndone", "100%\ndone"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("a\r\r\nb", "a\nb"),
        ("100%\r\x1b[K", "100%"),
        ("\r", ""),
    ],
)
def test_a_carriage_return_leaves_what_a_terminal_would_show(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\u202eb", "ab"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("a\u2028b\x0bc\x85d", "a b c d"),
        ("a\x00b\x7fc", "abc"),
        ("a\ud83d\ude00b", "a\ufffd\ufffdb"),
        ("a\uffffb\U0010fffec\ufdd0", "a\ufffdb\ufffdc\ufffd"),
        ("a" + "\u0301" * 9 + "b", "a" + "\u0301" * 4 + "b"),
        ("═══\u0301\u0301═══\u0301\u0301\u0301", "═══\u0301\u0301═══\u0301\u0301\u0301"),
    ],
)
def test_single_characters_go_or_are_replaced(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@pytest.mark.parametrize(
    "unit",
    [
        *("\x1b", "\x1b[", "\x1b[1", "\x1b]", "\x1b]a", "\x1bP\x1b", "\x1b ", "\x1b[1mx"),
        *("\x9d", "\x9da", "\x9b;", "\r", "a\r", "\r\n", "\u0301", "\u0301\r", "═\u0301"),
        *("\u200b", "\ud800", "1;"),
    ],
)
def test_a_mebibyte_of_anything_is_cleaned(unit: str) -> None:
    raw = unit * (MIB // len(unit))
    for head in ("", "\x1b[", "\x9d"):
        shown = clean(head + raw)
        assert harmful(shown[:1000]) == []
        assert harmful(shown[-1000:]) == []


@given(NASTY, st.integers(1, 60))
@example("a" * 60, 60)
def test_a_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = clean_line(text, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split())
    assert harmful(line) == []
    assert clean_line(line, limit) == line


def test_a_line_says_that_it_was_cut() -> None:
    assert clean_line("  one\n\ttwo  three ", 13) == "one two three"
    assert clean_line("one two three", 9) == "one two…"
    assert len(clean_line("x" * 1000)) == 200


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    assert decode("é".encode()) == "é"
    assert decode(b"a\xffb\xe2\x82") == "a\ufffdb\ufffd"
    assert decode(b"\xed\xa0\x80") == "\ufffd" * 3


@given(NASTY, STYLES)
def test_styled_pieces_joined_are_the_cleaned_text(text: str, style: Style) -> None:
    pieces, _ = parse_sgr(text, style)
    assert "".join(piece for piece, _ in pieces) == clean(text)
    assert all(piece for piece, _ in pieces)
    assert all(one[1] != two[1] for one, two in pairwise(pieces))


@given(NASTY, NASTY)
@settings(max_examples=50)
def test_a_style_is_carried_from_line_to_line(above: str, below: str) -> None:
    first, style = parse_sgr(above)
    second, last = parse_sgr(below, style)
    together, end = parse_sgr(f"{above}\n{below}")
    assert end == last
    apart = [(c, s) for piece, s in first + second for c in piece]
    assert [(c, s) for piece, s in together for c in piece if c != "\n"] == [
        (c, s) for c, s in apart if c != "\n"
    ]


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("", PLAIN),
        ("0", PLAIN),
        ("1", Style(bold=True)),
        ("2", Style(dim=True)),
        ("3", Style(italic=True)),
        ("4", Style(underline=True)),
        ("4:3", Style(underline=True)),
        ("4:0", PLAIN),
        ("7", Style(reverse=True)),
        ("9", Style(strike=True)),
        ("21", Style(underline=True)),
        ("1;2;22", PLAIN),
        ("3;23", PLAIN),
        ("4;24", PLAIN),
        ("7;27", PLAIN),
        ("9;29", PLAIN),
        ("31", Style(fg=1)),
        ("97", Style(fg=15)),
        ("40", Style(bg=0)),
        ("107", Style(bg=15)),
        ("31;41;39", Style(bg=1)),
        ("31;41;49", Style(fg=1)),
        ("1;31;0", PLAIN),
        ("1;;31", Style(fg=1)),
        ("38;5;208", Style(fg=208)),
        ("48;5;0", Style(bg=0)),
        ("38;2;1;2;3", Style(fg=(1, 2, 3))),
        ("48;2;1;2;3;1", Style(bg=(1, 2, 3), bold=True)),
        ("38:5:208;1", Style(fg=208, bold=True)),
        ("38:2:1:2:3", Style(fg=(1, 2, 3))),
        ("38:2::1:2:3", Style(fg=(1, 2, 3))),
        ("58;5;1;1", Style(bold=True)),
        ("58:2::1:2:3;1", Style(bold=True)),
        ("38;5;256;1", Style(bold=True)),
        ("38;2;1;2", PLAIN),
        ("38", PLAIN),
        ("38;9;1", Style(bold=True)),
        ("5;8;6;28;55;98;108;999", PLAIN),
        ("9" * 5000, PLAIN),
        ("38;2;1:2;3;4", PLAIN),
    ],
)
def test_a_rendition_is_understood(codes: str, style: Style) -> None:
    assert parse_sgr(f"\x1b[{codes}mx") == ([("x", style)], style)
    assert parse_sgr(f"\x9b{codes}mx") == ([("x", style)], style)


@pytest.mark.parametrize("sequence", ["\x1b[>1m", "\x1b[?1m", "\x1b[1 m", "\x1b]1m\x07", "\x1b[1n"])
def test_what_only_resembles_a_rendition_is_dropped(sequence: str) -> None:
    assert parse_sgr(f"a{sequence}b") == ([("ab", PLAIN)], PLAIN)


def test_pieces_follow_the_colours() -> None:
    pieces, style = parse_sgr("a\x1b[31mb\x1b[0m\x1b[31mc\x1b[1md")
    red = Style(fg=1)
    bold = Style(fg=1, bold=True)
    assert pieces == [("a", PLAIN), ("bc", red), ("d", bold)]
    assert style == bold


def test_an_overwritten_progress_bar_keeps_only_its_last_colours() -> None:
    pieces, style = parse_sgr("\x1b[31m10%\r\x1b[32m20%\x1b[0m done\r\n")
    assert pieces == [("20%", Style(fg=2)), (" done\n", PLAIN)]
    assert style == PLAIN


@pytest.mark.parametrize(
    "unit", ["\x1b[1mx", "\x1b[31mx\x1b[m", "\u0301\x1b[1m", "\x1b", "\r\x1b[3m"]
)
def test_a_flood_of_colours_is_parsed(unit: str) -> None:
    raw = unit * (MIB // 8 // len(unit))
    pieces, _ = parse_sgr(raw)
    assert "".join(piece for piece, _ in pieces) == clean(raw)
