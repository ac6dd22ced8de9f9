"""Checks circles.json with exact arithmetic, and prints the sum of the radii.

Every number is read as the fraction that its digits say, so there is no rounding and no tolerance:
a circle that leaves the square or overlaps another by 1e-300 is no packing. Runs when the program
that made the circles has gone; exit status 1, one line that says why, and no metric otherwise.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from fractions import Fraction
from itertools import combinations
from math import floor
from pathlib import Path

CIRCLES = Path(__file__).parent / "circles.json"
N = 26
PUBLISHED = Fraction("2.635")  # AlphaEvolve, 2025
LONGEST = 64_000  # characters of the file
# A number of digits that can be computed with: 1e999999999 is a fraction too.
_NUMBER = re.compile(r"-?\d{1,3}(\.\d{1,40})?([eE][-+]?\d{1,3})?")

Circle = tuple[Fraction, Fraction, Fraction]


class NoPacking(Exception):
    """These are not N circles in the unit square; the message says why."""


def read(text: str) -> list[Circle]:
    """x, y and radius of each circle, exactly as written. Raises NoPacking."""
    if len(text) > LONGEST:
        raise NoPacking(f"circles.json has {len(text)} characters, over {LONGEST}")
    try:
        found = json.loads(text, parse_float=number, parse_int=number, parse_constant=number)
    except (ValueError, RecursionError) as error:
        raise NoPacking(f"circles.json is not JSON: {str(error).splitlines()[0]}") from error
    if not isinstance(found, list) or len(found) != N:
        raise NoPacking(f"circles.json is not a list of {N} circles")
    circles: list[Circle] = []
    for i, circle in enumerate(found):
        numbers = isinstance(circle, list) and [v for v in circle if isinstance(v, Fraction)]
        if not numbers or len(numbers) != 3 or len(circle) != 3:
            raise NoPacking(f"circle {i} is not x, y and a radius")
        circles.append((numbers[0], numbers[1], numbers[2]))
    return circles


def number(text: str) -> Fraction:
    """Raises NoPacking for NaN, Infinity, and what is too long to compute with."""
    if not _NUMBER.fullmatch(text):
        raise NoPacking(f"{text[:30]} is not a number that can be checked")
    return Fraction(text)


def check(circles: list[Circle]) -> None:
    """Raises NoPacking unless every circle is inside the square and off every other one."""
    for i, (x, y, r) in enumerate(circles):
        if r < 0:
            raise NoPacking(f"circle {i} has the radius {float(r)}")
        gap = min(x, y, 1 - x, 1 - y) - r
        if gap < 0:
            raise NoPacking(f"circle {i} leaves the square by {float(-gap):.1e}")
    for (i, one), (j, other) in combinations(enumerate(circles), 2):
        apart = (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 - (one[2] + other[2]) ** 2
        if apart < 0:
            raise NoPacking(f"circles {i} and {j} overlap: their squares by {float(-apart):.1e}")


def rounded_down(value: Fraction) -> str:
    """With nine digits, never more than it is."""
    return f"{floor(value * 10**9) / 10**9:.9f}"


def main() -> None:
    if not CIRCLES.is_file():
        raise NoPacking("there is no circles.json: python run.py")
    circles = read(CIRCLES.read_text(encoding="utf-8"))
    # Taken away: in a run, a file that git ignores would stand there for reading only.
    with contextlib.suppress(OSError):
        CIRCLES.unlink()
    check(circles)
    total = sum((r for _, _, r in circles), Fraction(0))
    print(f"sum_of_radii: {rounded_down(total)}")
    print(f"share_of_published: {rounded_down(total / PUBLISHED)}")
    print(f"largest_radius: {rounded_down(max(r for _, _, r in circles))}")
    print(f"smallest_radius: {rounded_down(min(r for _, _, r in circles))}")


if __name__ == "__main__":
    try:
        main()
    except (NoPacking, OSError, UnicodeDecodeError) as error:
        sys.exit(f"score.py: no measurement: {error}")
