from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.messages_server import MessagesServer
from support.researcher import Desk


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer() as running:
        yield running


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(url: str, **more: Any) -> Desk:
        desks.append(Desk(url, **more))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(server: MessagesServer, make_desk: Callable[..., Desk]) -> Desk:
    return make_desk(server.url)
