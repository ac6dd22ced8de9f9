"""Remembers what git has told of names that stand for one thing for ever."""

from __future__ import annotations

from typing import Generic, TypeVar

_T = TypeVar("_T")
_REMEMBERED = 32


class Latest(dict[str, _T], Generic[_T]):
    """The last few things that were put in, by the names of commits or trees."""

    def __setitem__(self, name: str, thing: _T) -> None:
        super().__setitem__(name, thing)
        if len(self) > _REMEMBERED:
            del self[next(iter(self))]
