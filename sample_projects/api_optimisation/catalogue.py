"""What the shop sells, and what its visitors ask: drawn from a seed, the same on every machine."""

from __future__ import annotations

import json
import random
from typing import NamedTuple, TypedDict

ADJECTIVES = (
    "amber ancient bold brass bright broad calm carved copper curved dark deep double early easy "
    "faded fine flat folding frosted gilded glass grand green hollow indigo ivory knitted light "
    "linen little long matt narrow olive oval pale paper plain polished quiet quilted round rustic "
    "scarlet shaded silver simple slender smooth soft solid striped tall thin tidy warm woven"
).split()
NOUNS = (
    "armchair basket bench blanket bottle bowl box brush bucket cabinet candle carpet chair clock "
    "coaster crate cup curtain cushion desk dish drawer fan fork frame hammock hook jar jug kettle "
    "knife ladder lamp mat mirror mug napkin ottoman pan pillow pitcher plate pot quilt rack rug "
    "shelf sofa spoon stool table teapot towel tray trunk vase wardrobe whisk"
).split()
CATEGORIES = tuple(
    f"{room}-{use}" for room in ("attic", "bath", "garden", "hall") for use in "abcdef"
)
PAGE = 20  # entries of one answer


class Item(TypedDict):
    """One thing on sale; `cents` is all that ever changes."""

    id: int
    name: str
    category: str
    cents: int
    stars: float
    tags: list[str]
    text: str


class Request(NamedTuple):
    """One request: `body` is None for a read, and the new price for an update."""

    path: str
    body: bytes | None = None


def items(seed: int, count: int) -> list[Item]:
    """`count` items with ids from 1 on."""
    draw = random.Random(seed)
    found: list[Item] = []
    for number in range(1, count + 1):
        words = [*draw.sample(ADJECTIVES, 2), draw.choice(NOUNS)]
        found.append(
            {
                "id": number,
                "name": " ".join(words),
                "category": draw.choice(CATEGORIES),
                "cents": draw.randrange(199, 99_999),
                "stars": draw.randrange(10, 51) / 10,
                "tags": draw.sample(ADJECTIVES, 3),
                "text": " ".join(draw.choices(ADJECTIVES, k=12)),
            }
        )
    return found


def reads(draw: random.Random, requests: int, count: int) -> list[Request]:
    """Half of them one item, a third a page of a category, the rest a search. Some are popular."""
    found = []
    for _ in range(requests):
        kind = draw.random()
        if kind < 0.5:
            path = f"/items/{min(int(draw.paretovariate(0.3)), count)}"
        elif kind < 0.83:
            category = draw.choice(CATEGORIES)
            most, page = draw.randrange(5_000, 99_999, 500), min(int(draw.paretovariate(1)), 40)
            path = f"/items?category={category}&max_cents={most}&page={page}"
        else:
            word = draw.choice(draw.choice((ADJECTIVES, NOUNS)))
            path = f"/search?q={word[: draw.randint(2, len(word))]}"
        found.append(Request(path))
    return found


def updates(draw: random.Random, requests: int, count: int) -> list[Request]:
    """Prices that change."""
    return [
        Request(
            f"/items/{draw.randint(1, count)}",
            json.dumps({"cents": draw.randrange(199, 99_999)}).encode(),
        )
        for _ in range(requests)
    ]
