"""The control socket, both ends: one command in a line, one reply in a line.

Only the user who owns the run may speak: the socket is 0600 in a folder that is 0700, and the
peer's user id is checked where the system tells it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import platformdirs

from autoexp_tui.loop.control import Command, Reply
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.text.intake import cleaned
from autoexp_tui.text.safe import clean_line

_MAX_BYTES = 64 << 10
_TIMEOUT_S = 5.0
_SOCKET_PATH_MAX = 100
"""A socket's path may have 108 bytes on Linux and 104 on macOS, the closing zero included."""


class NoRunner(Problem):
    """Nobody answers for this run; the message says what to do."""


def socket_path(run: RunDirectory) -> Path:
    """Beside the journal, or in the runtime directory where that path is too long to bind."""
    path = run.path / "control.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_MAX:
        return path
    name = hashlib.sha256(os.fsencode(run.path)).hexdigest()[:24]
    return Path(platformdirs.user_runtime_dir("autoexp")) / f"{name}.sock"


def send(run: RunDirectory, command: Command) -> Reply:
    """Ask the runner of `run`. Raises NoRunner when none answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_S)
        try:
            connection.connect(str(socket_path(run)))
            connection.sendall(msgspec.json.encode(command) + b"\n")
            line = connection.makefile("rb").readline(_MAX_BYTES)
            return cleaned(msgspec.json.decode(line, type=Reply))
        except (OSError, msgspec.MsgspecError) as error:
            raise NoRunner(
                f"no runner answers for {run.tag}: `autoexp run --tag {run.tag}` takes it up again"
            ) from error


class _Handler(socketserver.StreamRequestHandler):
    timeout = _TIMEOUT_S
    server: ControlServer

    def handle(self) -> None:
        if not _is_ours(self.connection):
            return
        try:
            command = cleaned(msgspec.json.decode(self.rfile.readline(_MAX_BYTES), type=Command))
        except (OSError, msgspec.MsgspecError) as error:
            reply = Reply(ok=False, text=clean_line(f"not a command: {error}"))
        else:
            reply = self.server.answer(command)
        try:
            self.wfile.write(msgspec.json.encode(reply) + b"\n")
        except OSError:
            return  # who asked has gone; what was asked is done and journalled


class ControlServer(socketserver.ThreadingUnixStreamServer):
    """Answers commands for one run until `close`; the caller holds the run's lock."""

    daemon_threads = True

    def __init__(self, run: RunDirectory, answer: Callable[[Command], Reply]) -> None:
        """Listen at once. Raises Problem where the socket's folder is somebody else's."""
        self.answer = answer
        path = socket_path(run)
        _make_private(path.parent)
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Handler)
        path.chmod(0o600)
        self._path = path
        self._lock = run.lock
        self._thread = threading.Thread(target=self.serve_forever, name="control", daemon=True)
        self._thread.start()

    def service_actions(self) -> None:
        """Called twice a second: the lock's time says that this process is awake."""
        with contextlib.suppress(OSError):
            os.utime(self._lock)

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._path.unlink(missing_ok=True)


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid():
        raise Problem(f"{folder} belongs to another user: the control socket can't be put there")
    if found.st_mode & 0o077:
        folder.chmod(0o700)


def _is_ours(connection: socket.socket) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder's and the socket's modes keep others out
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return bool(uid == os.getuid())
