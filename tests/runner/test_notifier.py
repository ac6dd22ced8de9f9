"""Who is told what, and that nothing of it is waited for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from support.realistic_run import commit_of, experiment, opening, recorded

from autoexp_tui.model import events
from autoexp_tui.model.contract import Notify
from autoexp_tui.model.events import AnyEvent
from autoexp_tui.model.state import RunState
from autoexp_tui.runner.notifier import Notifier

NIGHT: list[AnyEvent] = [
    *opening(),
    *experiment(1, "keep"),
    *experiment(2, "keep", parent=commit_of(1)),
    *experiment(3, "discard", parent=commit_of(2)),
    events.Paused("10 experiments in a row have crashed"),
    events.Noticed("alarm", "#3 tampered with evaluate.py"),
    events.RunFinished("stopped by ada", ok=True),
]


def tell(notify: Notify, warnings: list[str] | None = None) -> None:
    notifier = Notifier(notify, (warnings if warnings is not None else []).append)
    state = RunState()
    for record in recorded(NIGHT):
        state.apply(record)
        notifier.take(record, state)
    notifier.close()


def test_a_command_is_told_of_best_pause_alarm_and_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tell(Notify(f'echo "$AUTOEXP_EVENT $AUTOEXP_RUN $AUTOEXP_TEXT" >> {log}'))
    lines = log.read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["best", "waiting", "alarm", "end"]
    assert lines[0].startswith("best nov23-train #2: best val_loss 0.5")


@pytest.fixture
def posted() -> Iterator[tuple[str, list[dict[str, str]]]]:
    got: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_told_the_same_as_json(posted: tuple[str, list[dict[str, str]]]) -> None:
    url, got = posted
    tell(Notify(url=url))
    assert [news["event"] for news in got] == ["best", "waiting", "alarm", "end"]
    assert got[-1]["text"].startswith("finished: stopped by ada")


def test_what_goes_wrong_is_told_once_and_ends_nothing() -> None:
    warnings: list[str] = []
    tell(Notify("exit 3"), warnings)
    assert len(warnings) == 1
    assert warnings[0].startswith("notify: ")


def test_a_deaf_listener_is_not_waited_for(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    notifier = Notifier(Notify(f"while [ ! -e {gate} ]; do sleep 0.05; done"), lambda _: None)
    state = RunState()
    for n in range(1, 200):
        for record in recorded([*opening(), *experiment(1, "keep"), *experiment(2, "keep")]):
            if n == 1:
                state.apply(record)
            notifier.take(record, state)
    assert notifier._queue.full()
    gate.touch()


def test_nobody_to_tell_costs_no_thread() -> None:
    before = threading.active_count()
    notifier = Notifier(Notify(), lambda _: None)
    assert threading.active_count() == before
    notifier.close()
