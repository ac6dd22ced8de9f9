"""Code told apart from what is no code: comments, strings and what the preprocessor reads.

Offsets stay: what is taken out leaves as many characters.
"""

from __future__ import annotations

import time

_SECONDS = 2.0
"""A text that takes longer to be told apart is left alone: no person wrote it."""
_TEXT, _GAP = "\1", " "


def told_apart(text: str, language: str) -> tuple[str, str] | None:
    """The text without comments and preprocessor, its strings marked; and the preprocessor's.

    `language` as Pygments calls it. None for what takes too long.
    """
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415 - only such targets pay for it
    from pygments.token import Comment, String  # noqa: PLC0415

    end = time.monotonic() + _SECONDS
    code, directives = list(text), [_GAP] * len(text)
    lexer = get_lexer_by_name(language)
    plain = text.replace("\r", " ")
    for start, kind, value in lexer.get_tokens_unprocessed(plain):
        if time.monotonic() > end:
            return None
        if kind in Comment:
            _blank(code, start, value, _GAP)
            if kind in Comment.Preproc:
                directives[start : start + len(value)] = value
        elif kind in String and kind not in String.Symbol:
            filler = _GAP if kind in String.Interpol or kind in String.Doc else _TEXT
            _blank(code, start, value, filler)
    for index, character in enumerate(text):
        if character == "\n":
            directives[index] = "\n"
    return "".join(code), "".join(directives)


def _blank(code: list[str], start: int, value: str, filler: str) -> None:
    code[start : start + len(value)] = [c if c == "\n" else filler for c in value]
