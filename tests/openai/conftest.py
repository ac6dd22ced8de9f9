from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.chat_server import ChatServer
from support.researcher import ChatDesk

pytest.importorskip("openai", reason="the extra `openai` is not installed")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


@pytest.fixture
def make_desk() -> Iterator[Callable[..., ChatDesk]]:
    desks: list[ChatDesk] = []

    def make(url: str, **more: Any) -> ChatDesk:
        desks.append(ChatDesk(url, **more))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(server: ChatServer, make_desk: Callable[..., ChatDesk]) -> ChatDesk:
    return make_desk(server.base_url)
