"""A known secret is replaced by its name, however it is written and wherever the bytes are cut."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.text.mask import Mask, MaskedStream

VALUE = 'sk-ant-"api03"/abcDEF+123456'
MASK = Mask(
    {
        "KEY": VALUE,
        "DB": "postgres://me:hunter2%21word@db/x",
        "SHORT": "abc123",
        "WORD": "banana" * 2,
    }
)
DATA = VALUE.encode()


@pytest.mark.parametrize(
    "written",
    [VALUE, json.dumps(VALUE), quote(VALUE), quote(VALUE, safe=""), DATA.hex(), "hunter2!word",
     "postgres://me:hunter2%21word@db/x"],
)  # fmt: skip
def test_a_secret_is_masked_in_every_form(written: str) -> None:
    text = f"it is {written} there"
    for part in ("api03", "hunter2", DATA.hex()[8:]):
        assert part not in MASK.text(text)
    assert MASK.text(text) in {"it is [KEY] there", 'it is "[KEY]" there', "it is [DB] there"}
    assert MASK.named_in(text) in (["KEY"], ["DB"])


@given(st.binary(max_size=7), st.binary(max_size=7))
def test_a_secret_within_base64_is_masked(before: bytes, after: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        masked = MASK.data(encode(before + DATA + after))
        assert b"[KEY]" in masked
        assert encode(DATA[3:-5])[4:] not in masked


def test_what_is_short_or_a_word_or_a_path_is_left() -> None:
    text = "abc123 bananabanana /tmp/agent.socket"
    assert Mask({"S": "abc123", "W": "bananabanana", "P": "/tmp/agent.socket"}).text(text) is text
    assert not Mask({"S": "abc123"})


def test_each_line_of_a_key_is_masked() -> None:
    key = (
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END"
    )
    assert "MII" not in Mask({"K": key}).text(f"x {key.splitlines()[1]} y")


@given(
    st.lists(st.sampled_from([DATA, DATA[:7], DATA[9:], b"sk", b"s", b"x", b"\xff"]), max_size=8),
    st.lists(st.integers(0, 90), max_size=6),
)  # fmt: skip
def test_a_stream_is_masked_the_same_however_it_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    data, stream, out, at = b"".join(parts), MaskedStream(MASK), [], 0
    for cut in [*sorted(cuts), len(data)]:
        out.append(stream.take(data[at:cut]))
        at = max(at, cut)
    assert b"".join(out) + stream.rest() == MASK.data(data) == data.replace(DATA, b"[KEY]")
