"""CSS: numbers, lengths and percentages in declarations; never selectors or at-rule preludes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autoexp_tui.proposers.tuner.found import Literal, Rows

_LIMITS = {"font-weight": (1.0, 1000.0), "opacity": (0.0, 1.0)}
_NOT_SIZES = ("z-index", "order", "grid-row", "grid-column", "animation-iteration-count")


def literals(text: str) -> list[Literal]:
    """What browsers skip as invalid is skipped here too."""
    import tinycss2  # noqa: PLC0415 - only targets in CSS pay for it

    rows = Rows(text, r"\r\n|\r|\n|\f")
    found: list[Literal] = []

    def walk(nodes: list[Any], context: str) -> None:
        for node in nodes:
            if node.type in ("qualified-rule", "at-rule") and node.content is not None:
                at = f"@{node.at_keyword} " if node.type == "at-rule" else ""
                prelude = " ".join((at + tinycss2.serialize(node.prelude)).split())
                inner = tinycss2.parse_blocks_contents(
                    node.content, skip_comments=True, skip_whitespace=True
                )
                walk(inner, f"{context}{prelude} ")
            elif node.type == "declaration" and node.lower_name not in _NOT_SIZES:
                numbers = list(_numbers(node.value))
                for index, number in enumerate(numbers):
                    part = f"[{index}]" if len(numbers) > 1 else ""
                    found.append(_located(rows, f"{context}{node.name}{part}", node, number))

    walk(tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True), "")
    return [literal for literal in found if _stands(text, literal)]


def _numbers(tokens: list[Any]) -> Iterator[Any]:
    for token in tokens:
        if token.type in ("number", "dimension", "percentage"):
            yield token
        elif token.type == "function" and token.lower_name != "url":
            yield from _numbers(token.arguments)
        elif token.type in ("() block", "[] block", "{} block"):
            yield from _numbers(token.content)


def _located(rows: Rows, name: str, declaration: Any, token: Any) -> Literal:
    start = rows.offset(token.source_line, token.source_column - 1)
    low, high = _LIMITS.get(declaration.lower_name, (-float("inf"), float("inf")))
    if token.type == "percentage" and 0 <= token.value <= 100:
        high = min(high, 100.0)
    return Literal(name, start, start + len(token.representation), low, high)


def _stands(text: str, literal: Literal) -> bool:
    """Whether it is a size to move: not zero, which has no unit, and where it was said to be."""
    digits = text[literal.start : literal.end]
    return any("1" <= character <= "9" for character in digits)
