"""The control socket, both ends: one command in a line, one reply in a line.

Only the user who owns the run may speak: the socket is 0600 in a folder that is 0700, and who the
peer is comes from the kernel where it tells: its user, its terminal, and that it is nothing which
the run itself has started. Where no socket can be made, commands are files in a folder of the run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import socket
import socketserver
import struct
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from autoexp_tui.loop.control import Command, Reply
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.system.files import make_folder, open_plain, replace_file, set_aside
from autoexp_tui.system.processes import ancestors, terminal_of
from autoexp_tui.text.intake import cleaned
from autoexp_tui.text.safe import Safe, clean_line

_MAX_BYTES = 64 << 10
_TIMEOUT_S = 5.0
_SOCKET_PATH_MAX = 100
"""A socket's path may have 108 bytes on Linux and 104 on macOS, the closing zero included."""


_WAITING = 128
"""Peers that may wait to be let in: more than anything honest ever has."""
_AT_ONCE = 16
"""Peers that are heard at a time."""
_LOOK_S = 0.25
"""Seconds between two looks for commands that come as files."""
_LETTERS = 20
"""Of which so many are read at a look."""


class NoRunner(Problem):
    """Nobody answers for this run; the message says what to do."""


def socket_path(run: RunDirectory) -> Path:
    """Beside the journal, or in `short_folder` where that path is too long to bind."""
    return _places(run)[0]


def _places(run: RunDirectory) -> list[Path]:
    """Where the socket may be: the first that can be made is the one."""
    path = run.path / "control.sock"
    name = hashlib.sha256(os.fsencode(run.path)).hexdigest()[:24]
    elsewhere = short_folder() / f"{name}.sock"
    return [each for each in (path, elsewhere) if len(os.fsencode(each)) <= _SOCKET_PATH_MAX]


def short_folder() -> Path:
    """The user's own folder for sockets that can't lie beside their journal.

    By no variable of the environment: whoever asks may have another than the runner.
    """
    return Path("/tmp", f"autoexp-{os.getuid()}")  # noqa: S108 - its owner is checked


def send(run: RunDirectory, command: Command) -> Reply:
    """Ask the runner of `run`. Raises NoRunner when none answers."""
    for path in _places(run):
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if path.parent == run.path or _is_own(path.parent):
                return _ask(path, command)
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        if (reply := _post(run, command)) is not None:
            return reply
    raise NoRunner(
        f"no runner answers for {run.tag}: `autoexp run --tag {run.tag}` takes it up again"
    )


def _ask(path: Path, command: Command) -> Reply:
    """Raises OSError, MsgspecError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_S)
        connection.connect(str(path))
        connection.sendall(msgspec.json.encode(command) + b"\n")
        line = connection.makefile("rb").readline(_MAX_BYTES)
        return cleaned(msgspec.json.decode(line, type=Reply))


class Served(Protocol):
    """What answers commands until it is closed."""

    def close(self) -> None: ...


def _nothing() -> None:
    """Has no sign of life to give."""


def serve(
    run: RunDirectory,
    answer: Callable[[Command], Reply],
    beat: Callable[[], None] = _nothing,
) -> Served:
    """Answer commands for one run until `close`; the caller holds the run's lock.

    By a socket, or by files where the file system has no sockets. `beat` is called twice a second.
    Raises Problem where the run's folder is somebody else's.
    """
    for path in _places(run):
        if path.parent == run.path or _can_be_own(path.parent):
            with contextlib.suppress(OSError):
                return ControlServer(run, answer, beat, path)
    return Mailbox(run, answer, beat)


class _Peer(NamedTuple):
    """Who has connected, as the kernel tells it."""

    pid: int
    """0: it is in a place that can't be seen from here, such as another container."""
    uid: int

    @classmethod
    def of(cls, connection: socket.socket) -> _Peer | None:
        """None where the system doesn't tell: then the folder's and the socket's modes do."""
        if hasattr(socket, "SO_PEERCRED"):
            size = struct.calcsize("3i")
            found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
            pid, uid, _gid = struct.unpack("3i", found)
            return cls(pid, uid)
        if sys.platform == "darwin":
            local_peerpid = 2
            return cls(connection.getsockopt(0, local_peerpid), os.getuid())
        return None

    def objection(self) -> str:
        """Why it may not speak; empty when it may."""
        if self.pid == os.getpid():
            return ""
        if self.pid <= 0:
            return "who asks can't be seen from the runner: ask from the container it runs in"
        try:
            line = ancestors(self.pid)
        except ProcessLookupError:
            return "who asked has gone"
        if os.getpid() in line:
            return "what the run has started can't steer it"
        return ""

    def name(self) -> Safe:
        """For the journal: `ada@pts/3`; without a terminal, `ada`."""
        return _name_of(self.uid, terminal_of(self.pid))


def _name_of(uid: int, terminal: str = "") -> Safe:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return clean_line(f"{name}@{terminal}" if terminal else name)


class _Handler(socketserver.StreamRequestHandler):
    timeout = _TIMEOUT_S
    patience = _TIMEOUT_S
    """Seconds for a whole message, however it comes."""
    server: ControlServer

    def handle(self) -> None:
        try:
            peer = _Peer.of(self.connection)
            command = cleaned(msgspec.json.decode(self._line(), type=Command))
            if peer is not None:
                if objection := peer.objection():  # again: a pid is known for as long as it lives
                    raise PermissionError(objection)
                command = msgspec.structs.replace(command, by=peer.name())
        except (OSError, msgspec.MsgspecError) as error:
            reply = Reply(ok=False, text=clean_line(f"not a command: {error}"))
        else:
            reply = self.server.answer(command)
        try:
            self.wfile.write(msgspec.json.encode(reply) + b"\n")
        except OSError:
            return  # who asked has gone; what was asked is done and journalled

    def _line(self) -> bytes:
        """What was asked; a peer that is slow to say it is left. Raises OSError."""
        until, said = time.monotonic() + self.patience, b""
        while not said.endswith(b"\n") and len(said) < _MAX_BYTES:
            part = self.connection.recv(_MAX_BYTES - len(said))
            if not part:
                break
            said += part
            if time.monotonic() > until:
                raise TimeoutError("it took too long to say")
        return said


class ControlServer(socketserver.ThreadingUnixStreamServer):
    """Answers commands for one run until `close`; the caller holds the run's lock."""

    daemon_threads = True
    request_queue_size = _WAITING

    def __init__(
        self,
        run: RunDirectory,
        answer: Callable[[Command], Reply],
        beat: Callable[[], None] = _nothing,
        path: Path | None = None,
    ) -> None:
        """Listen at once. Raises Problem where the socket's folder is somebody else's, OSError."""
        self.answer = answer
        self._beat = beat
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        path = path or socket_path(run)
        _make_private(path.parent)
        if path.is_dir() and not path.is_symlink():
            set_aside(path)
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Handler)
        with contextlib.suppress(OSError):  # no modes here: the folder keeps others out
            path.chmod(0o600)
        self._path = path
        self._thread = threading.Thread(target=self.serve_forever, name="control", daemon=True)
        self._thread.start()

    def verify_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> bool:
        """Whether it is heard. Decided before it gets a thread, so none can be used up."""
        if not isinstance(request, socket.socket):
            return False
        try:
            peer = _Peer.of(request)
            if peer is not None and peer.uid != os.getuid():
                return False  # not even an answer
            objection = peer.objection() if peer is not None else ""
            if not objection and not self._room.acquire(blocking=False):
                objection = "too many ask at once: try again"
            if objection:
                request.setblocking(False)
                request.send(
                    msgspec.json.encode(Reply(ok=False, text=clean_line(objection))) + b"\n"
                )
        except OSError:
            return False
        return not objection

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say it in a few lines: whoever connects must not fill the runner's log."""
        traceback.print_exc(limit=-1)

    def service_actions(self) -> None:
        """Called twice a second: the lock's time says that this process is awake."""
        self._beat()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._path.unlink(missing_ok=True)


# ---- by files ------------------------------------------------------------------------------------


class Mailbox:
    """Answers commands that come as files: for file systems on which no socket can be made."""

    def __init__(
        self, run: RunDirectory, answer: Callable[[Command], Reply], beat: Callable[[], None]
    ) -> None:
        """Look for them at once. Raises OSError."""
        self._folder = _mailbox(run)
        self._answer = answer
        self._beat = beat
        self._run = run
        self._closing = threading.Event()
        make_folder(self._folder, run.path)
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._closing.wait(_LOOK_S):
            self._beat()
            with contextlib.suppress(OSError):
                make_folder(self._folder, self._run.path)
                for letter in _some(self._folder):
                    with contextlib.suppress(OSError):
                        self._take(letter)

    def _take(self, letter: Path) -> None:
        try:
            with open_plain(letter) as file:
                uid = os.fstat(file.fileno()).st_uid
                if uid != os.getuid():
                    raise PermissionError("this run is another user's")
                command = cleaned(msgspec.json.decode(file.read(_MAX_BYTES), type=Command))
            command = msgspec.structs.replace(command, by=_name_of(uid))
        except (OSError, msgspec.MsgspecError) as error:
            reply = Reply(ok=False, text=clean_line(f"not a command: {error}"))
        else:
            reply = self._answer(command)
        if letter.is_dir():
            set_aside(letter)
        letter.unlink(missing_ok=True)
        replace_file(letter.with_suffix(".answer"), msgspec.json.encode(reply))

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        with contextlib.suppress(OSError):
            shutil.rmtree(self._folder)  # a link is refused, and stays


def _mailbox(run: RunDirectory) -> Path:
    return run.path / "control"


def _some(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        letters = (Path(entry.path) for entry in entries if entry.name.endswith(".ask"))
        yield from [letter for letter, _ in zip(letters, range(_LETTERS), strict=False)]


def _post(run: RunDirectory, command: Command) -> Reply | None:
    """Ask by a file; None where no runner takes such. Raises OSError, MsgspecError."""
    folder = _mailbox(run)
    if not folder.is_dir() or not is_running(run):
        return None
    letter = folder / f"{uuid.uuid4().hex}.ask"
    answered = letter.with_suffix(".answer")
    replace_file(letter, msgspec.json.encode(command), mode=0o600)
    until = time.monotonic() + _TIMEOUT_S
    try:
        while time.monotonic() < until:
            with contextlib.suppress(FileNotFoundError), open_plain(answered) as file:
                return cleaned(msgspec.json.decode(file.read(_MAX_BYTES), type=Reply))
            time.sleep(_LOOK_S / 5)
    finally:
        letter.unlink(missing_ok=True)
        answered.unlink(missing_ok=True)
    return None


def _is_own(folder: Path) -> bool:
    """Whether a folder, and a link that leads to it, is the user's. Raises OSError."""
    return {folder.stat().st_uid, folder.lstat().st_uid} == {os.getuid()}


def _can_be_own(folder: Path) -> bool:
    """Whether nobody else has put a folder there, where everybody may."""
    return not os.path.lexists(folder) or folder.lstat().st_uid == os.getuid()


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if not _is_own(folder):
        raise Problem(f"{folder} belongs to another user: the control socket can't be put there")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
