"""Answers the shop's requests: the one file that may change."""

from __future__ import annotations

import copy
import gc
import json
import sys
from collections import OrderedDict
from typing import Any

from catalogue import PAGE, Item

CACHED_ANSWERS = 16  # tune: 0 .. 4096; kept until the next update
INDENT = 2  # 2 | None
GC_EVERY = 700  # tune: 100 .. 100000 log; new objects that set off the collector
SWITCH_S = 0.005  # tune: 0.0002 .. 0.05 log; how long a thread runs while others wait


class Handler:
    """One for all threads. Reads come at the same time; updates come one by one, between them."""

    def __init__(self, items: list[Item]) -> None:
        self._items = items
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        gc.set_threshold(GC_EVERY)
        sys.setswitchinterval(SWITCH_S)

    def get(self, path: str, query: dict[str, str]) -> bytes:
        """The answer to `GET path?query`, as JSON."""
        key = path + "".join(query.values())
        if known := self._cache.get(key):
            return known
        if path == "/items":
            answer = self._category(query["category"], int(query["max_cents"]), int(query["page"]))
        elif path == "/search":
            answer = self._search(query["q"])
        else:
            answer = self._item(int(path.removeprefix("/items/")))
        encoded = json.dumps(answer, indent=INDENT).encode()
        self._cache[key] = encoded
        if len(self._cache) > CACHED_ANSWERS:
            self._cache.popitem(last=False)
        return encoded

    def put(self, path: str, body: bytes) -> bytes:
        """Change a price, the only thing that ever changes; the answer is the item."""
        number = int(path.removeprefix("/items/"))
        for item in self._items:
            if item["id"] == number:
                item["cents"] = json.loads(body)["cents"]
        self._cache.clear()
        return json.dumps(self._item(number), indent=INDENT).encode()

    def _item(self, number: int) -> Item:
        return copy.deepcopy(next(item for item in self._items if item["id"] == number))

    def _category(self, category: str, most: int, page: int) -> dict[str, Any]:
        fitting = [item for item in self._items if item["category"] == category]
        fitting = [item for item in fitting if item["cents"] <= most]
        fitting.sort(key=lambda item: (item["cents"], item["id"]))
        start = PAGE * (page - 1)
        return {"total": len(fitting), "items": copy.deepcopy(fitting[start : start + PAGE])}

    def _search(self, beginning: str) -> dict[str, Any]:
        found = [
            item
            for item in self._items
            if any(word.startswith(beginning) for word in item["name"].split())
        ]
        found.sort(key=lambda item: (-item["stars"], item["id"]))
        return {"total": len(found), "items": copy.deepcopy(found[:PAGE])}
