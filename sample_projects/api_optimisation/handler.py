"""Answers the shop's requests: the one file that may change."""

from __future__ import annotations

import copy
import gc
import json
import sys
from bisect import bisect_right, insort
from collections import OrderedDict
from typing import Any

from catalogue import PAGE, Item

# How one item is found by its id; a category's, cheapest first; those of a search, best first.
ONE = "scan"  # scan | index
CATEGORY = "scan"  # scan | lists | sorted
SEARCH = "scan"  # scan | words | ranked

# JSON: what the encoder is given, how it sets it out, and whether every item is kept encoded.
COPIES = "deep"  # deep | shallow | none
INDENT = 2  # 2 | None
ENCODED = "answer"  # answer | items

# How many answers are kept until the next update.
CACHED_ANSWERS = 0  # 0 | 16 | 64 | 256 | 1024 | 4096

# The interpreter: whether the collector leaves out what is built once, how many new objects set it
# off, and how long a thread runs when others wait.
FREEZE = False  # False | True
GC_EVERY = 700  # tune: 100 .. 100000 log
SWITCH_S = 0.005  # tune: 0.0002 .. 0.05 log


class Handler:
    """One for all threads. Reads come at the same time; updates come one by one, between them."""

    def __init__(self, items: list[Item]) -> None:
        self._items = items
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._index = {item["id"]: item for item in items}
        self._lists: dict[str, list[Item]] = {}
        self._words: dict[str, list[Item]] = {}
        self._pieces: dict[int, bytes] = {}
        for item in items:
            self._lists.setdefault(item["category"], []).append(item)
        if CATEGORY == "sorted":
            for members in self._lists.values():
                members.sort(key=_price)
        if SEARCH != "scan":
            for item in items:
                for word in item["name"].split():
                    self._words.setdefault(word, []).append(item)
            if SEARCH == "ranked":
                for members in self._words.values():
                    members.sort(key=_rank)
        if ENCODED == "items":
            self._pieces = {item["id"]: _json(item) for item in items}
        if FREEZE:
            gc.freeze()
        gc.set_threshold(GC_EVERY)
        sys.setswitchinterval(SWITCH_S)

    def get(self, path: str, query: dict[str, str]) -> bytes:
        """The answer to `GET path?query`, as JSON."""
        key = path + "".join(query.values())
        if known := self._cache.get(key):
            return known
        if path == "/items":
            most, page = int(query["max_cents"]), int(query["page"])
            answer = self._page(*self._cheapest(query["category"], most, page))
        elif path == "/search":
            answer = self._page(*self._found(query["q"]))
        else:
            answer = self._encoded(self._one(int(path.removeprefix("/items/"))))
        if CACHED_ANSWERS:
            self._cache[key] = answer
            if len(self._cache) > CACHED_ANSWERS:
                self._cache.popitem(last=False)
        return answer

    def put(self, path: str, body: bytes) -> bytes:
        """Change a price, the only thing that ever changes; the answer is the item."""
        item = self._one(int(path.removeprefix("/items/")))
        members = self._lists[item["category"]]
        if CATEGORY == "sorted":
            members.remove(item)
        item["cents"] = json.loads(body)["cents"]
        if CATEGORY == "sorted":
            insort(members, item, key=_price)
        if ENCODED == "items":
            self._pieces[item["id"]] = _json(item)
        self._cache.clear()
        return self._encoded(item)

    def _one(self, number: int) -> Item:
        if ONE == "index":
            return self._index[number]
        return next(item for item in self._items if item["id"] == number)

    def _cheapest(self, category: str, most: int, page: int) -> tuple[int, list[Item]]:
        start = PAGE * (page - 1)
        if CATEGORY == "sorted":
            members = self._lists[category]
            count = bisect_right(members, most, key=lambda item: item["cents"])
            return count, members[start : min(start + PAGE, count)]
        if CATEGORY == "lists":
            fitting = [item for item in self._lists[category] if item["cents"] <= most]
        else:
            fitting = [
                item
                for item in self._items
                if item["category"] == category and item["cents"] <= most
            ]
        fitting.sort(key=_price)
        return len(fitting), fitting[start : start + PAGE]

    def _found(self, beginning: str) -> tuple[int, list[Item]]:
        if SEARCH == "scan":
            found = [item for item in self._items if f" {beginning}" in f" {item['name']}"]
        else:
            words = [word for word in self._words if word.startswith(beginning)]
            if SEARCH == "ranked" and len(words) == 1:
                members = self._words[words[0]]
                return len(members), members[:PAGE]
            distinct = {item["id"]: item for word in words for item in self._words[word]}
            found = list(distinct.values())
        found.sort(key=_rank)
        return len(found), found[:PAGE]

    def _page(self, total: int, items: list[Item]) -> bytes:
        if ENCODED == "items":
            pieces = b", ".join([self._pieces[item["id"]] for item in items])
            return b'{"total": %d, "items": [%b]}' % (total, pieces)
        return _json({"total": total, "items": _copied(items)})

    def _encoded(self, item: Item) -> bytes:
        return self._pieces[item["id"]] if ENCODED == "items" else _json(_copied(item))


def _price(item: Item) -> tuple[int, int]:
    return item["cents"], item["id"]


def _rank(item: Item) -> tuple[float, int]:
    return -item["stars"], item["id"]


def _copied(value: Any) -> Any:
    if COPIES == "deep":
        return copy.deepcopy(value)
    return copy.copy(value) if COPIES == "shallow" else value


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=INDENT).encode()
