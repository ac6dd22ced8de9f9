"""What the right answers are, plainly; and the yardstick that every round is timed beside."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from catalogue import PAGE, Item


class Handler:
    """Answers from two indexes that no update changes: items by category, and by word."""

    def __init__(self, items: list[Item]) -> None:
        self._items = {item["id"]: item for item in items}
        self._in_category: dict[str, list[Item]] = defaultdict(list)
        self._with_word: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            self._in_category[item["category"]].append(item)
            for word in item["name"].split():
                self._with_word[word].append(item)

    def get(self, path: str, query: dict[str, str]) -> bytes:
        return json.dumps(self.answer(path, query)).encode()

    def put(self, path: str, body: bytes) -> bytes:
        item = self._items[int(path.removeprefix("/items/"))]
        item["cents"] = json.loads(body)["cents"]
        return json.dumps(item).encode()

    def answer(self, path: str, query: dict[str, str]) -> Any:
        if path == "/items":
            most = int(query["max_cents"])
            fitting = [i for i in self._in_category[query["category"]] if i["cents"] <= most]
            fitting.sort(key=lambda item: (item["cents"], item["id"]))
            start = PAGE * (int(query["page"]) - 1)
            return {"total": len(fitting), "items": fitting[start : start + PAGE]}
        if path == "/search":
            words = [word for word in self._with_word if word.startswith(query["q"])]
            found = {item["id"]: item for word in words for item in self._with_word[word]}
            best = sorted(found.values(), key=lambda item: (-item["stars"], item["id"]))[:PAGE]
            return {"total": len(found), "items": best}
        return self._items[int(path.removeprefix("/items/"))]
