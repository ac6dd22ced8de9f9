from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support import messages_server as api
from support.fakes import Rig, contract
from support.messages_server import MessagesServer
from support.researcher import Desk


def test_the_loop_experiments_with_what_it_proposes(
    server: MessagesServer, make_desk: Callable[..., Desk], tmp_path: Path
) -> None:
    """The target of the fake laboratory is a number, which is its own loss."""
    values = iter(["9", "11", "9", "boom", "7"])

    def play(body: dict[str, object]) -> api.Step:
        value = next(values)
        arguments = {"hypothesis": "h", "description": f"try {value}", "content": value}
        return api.answer(api.thought(), api.call(arguments))

    server.player = play
    desk = make_desk(server.url)
    rig = Rig(tmp_path, [], contract(max_experiments=5, fix_attempts=0))
    rig.proposer = desk.proposer  # type: ignore[assignment]
    finished = rig.run()
    assert finished.ok, finished.reason
    assert [row[-2] for row in rig.table()] == ["keep", "keep", "discard", "crash", "keep"]
    assert len(server.seen) == 5  # the third was 9 again: sent back, and no row
    assert len(desk.books.settled) == 5
    assert "try boom (boom)" in rig.table()[3][-1]
