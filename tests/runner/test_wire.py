"""The control socket: private, bounded, never in anybody's way; one command at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.waiting import until

from autoexp_tui.loop import wire
from autoexp_tui.loop.commands import handle_command
from autoexp_tui.loop.control import Command, Controls, Reply
from autoexp_tui.loop.journal import Journal, read_all
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import locked
from autoexp_tui.loop.wire import ControlServer, NoRunner, send, socket_path
from autoexp_tui.model.events import HintGiven
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "t")


HEARD: list[Command] = []


def answer(command: Command) -> Reply:
    HEARD.append(command)
    return Reply(ok=True, text=f"{command.by} said {command.text}")


@pytest.fixture
def server(run: RunDirectory) -> Iterator[ControlServer]:
    HEARD.clear()
    serving = ControlServer(run, answer)
    yield serving
    serving.close()


def raw(run: RunDirectory, message: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(socket_path(run)))
        connection.sendall(message)
        return connection.makefile("rb").readline()


@pytest.mark.usefixtures("server")
def test_a_command_is_answered(run: RunDirectory) -> None:
    assert send(run, Command("hint", by="ann@tty1", text="less")).text.endswith(" said less")


@pytest.mark.usefixtures("server")
def test_who_asks_is_what_the_kernel_says_and_not_the_message(run: RunDirectory) -> None:
    said = send(run, Command("hint", by="the boss@tty1", text="less")).text
    if hasattr(socket, "SO_PEERCRED"):
        assert said.partition("@")[0].partition(" ")[0] == pwd.getpwuid(os.getuid()).pw_name


ASK = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
try:
    connection.sendall(b'{"verb":"stop-now","by":"ann"}\\n')
    print(connection.makefile().readline())
except OSError as error:  # it has hung up already
    print(error)
"""


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="no system that tells the peer")
@pytest.mark.parametrize("before", [[], ["setsid"], ["sh", "-c", '"$@"', "sh"]])
@pytest.mark.usefixtures("server")
def test_what_the_runner_has_started_can_not_steer_it(before: list[str], run: RunDirectory) -> None:
    command = [*before, sys.executable, "-c", ASK, str(socket_path(run))]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert '"ok":true' not in said
    assert HEARD == []


@pytest.mark.usefixtures("server")
def test_a_flood_of_connections_takes_no_threads_and_ends(run: RunDirectory) -> None:
    threads = threading.active_count()
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            silent = stack.enter_context(socket.socket(socket.AF_UNIX))
            silent.connect(str(socket_path(run)))
        said = send(run, Command("hint", by="ann", text="more"))
        assert "too many" in said.text
        assert threading.active_count() <= threads + wire._AT_ONCE
    until(lambda: send(run, Command("hint", by="ann", text="more")).ok, "the flood has ended")


@pytest.mark.usefixtures("server")
def test_a_peer_that_says_it_letter_by_letter_is_left(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire._Handler, "patience", -1.0)
    assert b"too long" in raw(run, b"{")


def test_without_sockets_commands_are_files(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(ControlServer, "server_bind", refuse)
    with locked(run) as lock, contextlib.closing(wire.serve(run, answer, lock.beat)):
        assert send(run, Command("hint", by="ann", text="less")).text.endswith(" said less")
        (run.path / "control" / "rubbish.ask").mkdir()
        (run.path / "control" / "more.ask").write_bytes(b"{}")
        assert send(run, Command("hint", by="ann", text="more")).ok
    with pytest.raises(NoRunner):
        send(run, Command("hint", by="ann", text="late"))


def test_where_no_socket_can_lie_beside_the_journal_it_is_in_the_short_folder(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = ControlServer.server_bind

    def refuse(self: ControlServer) -> None:
        if str(self.server_address).startswith(str(run.path)):
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        bind(self)

    monkeypatch.setattr(ControlServer, "server_bind", refuse)
    with tempfile.TemporaryDirectory(prefix="x", dir="/tmp") as short:
        monkeypatch.setattr(wire, "short_folder", lambda: Path(short))
        with contextlib.closing(wire.serve(run, answer)):
            assert send(run, Command("hint", by="ann", text="less")).ok


@pytest.mark.usefixtures("server")
def test_nobody_else_may_speak(run: RunDirectory) -> None:
    assert socket_path(run).stat().st_mode & 0o777 == 0o600
    assert socket_path(run).parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_open_is_closed(run: RunDirectory) -> None:
    run.path.mkdir(mode=0o755)
    ControlServer(run, answer).close()
    assert run.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_another_users_is_refused(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 123456)
    with pytest.raises(Problem, match="another user"):
        ControlServer(run, answer)


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="no system that tells the peer")
@pytest.mark.usefixtures("server")
def test_another_user_gets_no_answer(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: peer + 1)  # whose the server is
    with pytest.raises(NoRunner):
        send(run, Command("pause", by="eve"))


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "message",
    [b"\n", b"{}\n", b"\xff\xfe\n", b'{"verb":"format","by":"x"}\n', b"x" * 200_000 + b"\n"],
)
def test_what_is_no_command_is_said_to_be_none(run: RunDirectory, message: bytes) -> None:
    try:
        said = raw(run, message)
    except OSError:  # it hung up on a message that was too long
        said = b"not a command"
    assert b"not a command" in said or said == b""
    assert send(run, Command("hint", by="ann", text="more")).ok


@pytest.mark.usefixtures("server")
def test_whoever_says_nothing_keeps_nobody_waiting(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire._Handler, "timeout", 600)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(socket_path(run)))
        assert send(run, Command("hint", by="ann", text="more")).ok


def test_a_socket_that_a_crash_left_is_replaced(run: RunDirectory) -> None:
    run.path.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(run)))
    with pytest.raises(NoRunner, match="takes it up again"):
        send(run, Command("pause", by="ann"))
    serving = ControlServer(run, answer)
    assert send(run, Command("hint", by="ann", text="more")).ok
    serving.close()
    assert not socket_path(run).exists()


def test_a_path_too_long_to_bind_goes_to_the_short_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    run = RunDirectory(tmp_path / ("long" * 30) / "t")
    with tempfile.TemporaryDirectory(prefix="x", dir="/tmp") as folder:
        short = Path(folder) / "own"
        monkeypatch.setattr(wire, "short_folder", lambda: short)
        monkeypatch.setenv("XDG_RUNTIME_DIR", "/of/a/session")
        with contextlib.closing(wire.serve(run, answer)):
            assert socket_path(run).parent == short
            assert short.stat().st_mode & 0o777 == 0o700
            monkeypatch.delenv("XDG_RUNTIME_DIR")  # another session asks
            assert send(run, Command("hint", by="ann", text="more")).ok
    assert not recwarn.list


def test_a_short_folder_of_somebody_elses_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDirectory(tmp_path / ("long" * 30) / "t")
    run.path.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="x", dir="/tmp") as short:
        monkeypatch.setattr(wire, "short_folder", lambda: Path(short))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(socket_path(run)))
            listener.listen()
            listener.setblocking(False)
            us = os.getuid()
            monkeypatch.setattr(os, "getuid", lambda: us + 1)
            with pytest.raises(NoRunner):
                send(run, Command("hint", by="ann", text="secret"))
            with pytest.raises(BlockingIOError):
                listener.accept()  # nobody has spoken to it
        with contextlib.closing(wire.serve(run, answer)) as serving:
            assert isinstance(serving, wire.Mailbox)


def test_commands_of_two_viewers_are_journalled_one_after_the_other(run: RunDirectory) -> None:
    with Journal(run.journal) as journal:
        recorder, controls = Recorder(journal), Controls()
        serving = ControlServer(run, lambda command: handle_command(command, recorder, controls))

        def speak(who: str) -> None:
            for n in range(20):
                assert send(run, Command("hint", by=who, text=f"{who} {n}")).ok

        speakers = [threading.Thread(target=speak, args=(who,)) for who in ("ann@a", "bob@b")]
        for speaker in speakers:
            speaker.start()
        for speaker in speakers:
            speaker.join()
        serving.close()
        hints = recorder.state.hints
    assert all(isinstance(hint, HintGiven) for hint in hints)
    for who in ("ann@a", "bob@b"):
        told = [hint.text for hint in hints if hint.text.startswith(who)]
        assert told == [f"{who} {n}" for n in range(20)]
    assert [record.seq for record in read_all(run.journal)] == list(range(1, 41))
