"""Numbers as a person wrote them: read one, and write another in the same hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = re.compile(
    r"(?P<sign>[-+]?)(?P<whole>\d(?:_?\d)*)?(?P<dot>\.(?P<part>\d(?:_?\d)*)?)?"
    r"(?:(?P<e>[eE])(?P<esign>[-+]?)(?P<exponent>\d+))?"
)
FIGURES = 3
"""Significant digits of what is written, unless more are asked for."""


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How one number was written."""

    integer: bool
    plus: bool = False
    dot: bool = False
    leading_zero: bool = True
    underscores: bool = False
    exponent: str = ""
    """The letter, or empty for plain decimals."""
    exponent_plus: bool = False
    exponent_width: int = 1


def read(literal: str) -> tuple[float, NumberStyle] | None:
    """The number and its style; None for what is not a plain decimal number."""
    match = _NUMBER.fullmatch(literal)
    if match is None or not (match["whole"] or match["part"]):
        return None
    whole = match["whole"] or ""
    integer = match["dot"] is None and match["e"] is None
    if integer and len(whole) > 1 and whole[0] == "0":
        return None  # octal in some languages, a code in others
    value = float(literal.replace("_", ""))
    if value in (float("inf"), float("-inf")):
        return None
    style = NumberStyle(
        integer=integer,
        plus=match["sign"] == "+",
        dot=match["dot"] is not None,
        leading_zero=bool(whole),
        underscores="_" in literal,
        exponent=match["e"] or "",
        exponent_plus=match["esign"] == "+",
        exponent_width=len(match["exponent"] or "1"),
    )
    return value, style


def write(value: float, style: NumberStyle, figures: int = FIGURES) -> str:
    """`value` with so many significant digits; an integer below 1000 keeps all of them."""
    sign = "-" if value < 0 else "+" if style.plus else ""
    size = abs(value)
    if style.integer:
        whole = round(size) if size < 10**figures else int(Decimal(f"{size:.{figures - 1}e}"))
        return ("" if whole == 0 and sign == "-" else sign) + _grouped(str(whole), style)
    if size == 0 and sign == "-":
        sign = ""
    if style.exponent:
        return sign + _scientific(size, style, figures)
    return sign + _decimal(_rounded(size, figures), style)


def _rounded(size: float, figures: int) -> Decimal:
    if 0.9 < size < 1 - 1e-9:  # near one it is the distance to one that carries the meaning
        return 1 - Decimal(f"{1 - size:.{figures - 2}e}")
    return Decimal(f"{size:.{figures - 1}e}")


def _decimal(size: Decimal, style: NumberStyle) -> str:
    text = f"{size:f}"
    whole, _, part = text.partition(".")
    part = part.rstrip("0")
    whole = _grouped(whole, style)
    if whole == "0" and part and not style.leading_zero:
        whole = ""
    if part:
        return f"{whole}.{part}"
    return f"{whole}.0" if style.dot else whole


def _scientific(size: float, style: NumberStyle, figures: int) -> str:
    mantissa, _, exponent = f"{size:.{figures - 1}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    if style.dot and "." not in mantissa:
        mantissa += ".0"
    power = int(exponent)
    mark = "-" if power < 0 else "+" if style.exponent_plus else ""
    return f"{mantissa}{style.exponent}{mark}{abs(power):0{style.exponent_width}d}"


def _grouped(digits: str, style: NumberStyle) -> str:
    return f"{int(digits):_}" if style.underscores else digits
