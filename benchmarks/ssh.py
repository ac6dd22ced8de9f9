"""The screen over a real SSH connection on loopback: thin, still and dropped lines.

    python benchmarks/ssh.py [--json FILE]

Starts an sshd of its own, with keys of its own, where one is installed; between it and the client
stands a relay that can be slow or stand still. Figures are of what reaches the terminal.
"""

from __future__ import annotations

import argparse
import getpass
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from driven import WATCH, Driven
from figures import Figures, add_argument
from terminals import Terminal

from autoexp_tui.loop.runlock import locked

STILL_S = 40.0
THIN_B = 64_000 / 8
"""Bytes per second of a line of 64 kbit/s."""


class Relay:
    """Passes a connection on, as fast as `rate` bytes per second allow; 0: it stands still."""

    def __init__(self, to: int) -> None:
        self.rate = float("inf")
        self._to = to
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def drop(self) -> None:
        """Cut every connection."""
        for pair in self._pairs:
            for end in pair:
                with suppress(OSError):  # it has ended by itself
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            client, _ = self._server.accept()
            server = socket.create_connection(("127.0.0.1", self._to))
            # A small window, as a thin line has: what waits does so where it is written.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            self._pairs.append((client, server))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while True:
                data = source.recv(1024)
                while (rate := self.rate) == 0:
                    time.sleep(0.01)
                if not data:
                    break
                time.sleep(len(data) / rate)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it was cut


@contextmanager
def served(folder: Path, sshd: str) -> Iterator[int]:
    """An sshd on loopback that lets the key in `folder` in; its port."""
    for name in ("host", "key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    shutil.copy(folder / "key.pub", folder / "authorized")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\n"
        f"AuthorizedKeysFile {folder / 'authorized'}\nStrictModes no\nUsePAM no\n"
        f"PidFile none\nPermitRootLogin yes\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    daemon = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "config"], stderr=subprocess.PIPE)
    try:
        assert daemon.stderr is not None
        while b"Server listening" not in (line := daemon.stderr.readline()):
            if not line:
                sys.exit("sshd did not start")
        threading.Thread(target=daemon.stderr.read, daemon=True).start()
        yield port
    finally:
        daemon.terminate()
        daemon.wait()


def attached(folder: Path, port: int, driven: Driven) -> Terminal:
    """The screen of the run, at the other end of the line."""
    options = {
        "Port": port,
        "IdentityFile": folder / "key",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
        "SendEnv": "COLORTERM",
    }
    told = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
    program = folder / "watch.py"
    program.write_text(WATCH)
    command = f"COLORTERM=truecolor {sys.executable} {program} {driven.run.path}"
    return Terminal(["ssh", "-tt", *told, f"{getpass.getuser()}@127.0.0.1", command])


def viewers(driven: Driven) -> list[psutil.Process]:
    """The processes that show the run."""
    words = (str(driven.run.path), "watch.py")
    found = []
    for process in psutil.process_iter(["cmdline", "name"]):
        line = " ".join(process.info["cmdline"] or ())
        if process.info["name"].startswith("python") and all(word in line for word in words):
            found.append(process)
    return found


@contextmanager
def going(driven: Driven) -> Iterator[None]:
    """Ten lines a second, and an experiment every two seconds."""
    stop = threading.Event()

    def drive() -> None:
        step = 0
        while not stop.wait(0.1):
            step += 1
            driven.print(1)
            if step % 20 == 0:
                driven.end()
                driven.begin()

    thread = threading.Thread(target=drive)
    thread.start()
    yield
    stop.set()
    thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_argument(parser)
    figures = Figures(parser.parse_args().json)
    sshd = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    if sshd is None:
        print("skipped: no sshd is installed here (Debian: openssh-server)")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        driven = Driven(folder)
        with locked(driven.run), served(folder, sshd) as port:
            relay = Relay(port)
            driven.begin()
            with attached(folder, relay.port, driven) as terminal:
                terminal.read(60, until=lambda: "Results" in terminal.text)
                terminal.read(3)
                tell("attach", terminal.bytes, "bytes")
                figures.tell("ssh, attach", terminal.bytes / 1000)
                with going(driven):
                    before = terminal.bytes
                    terminal.read(20)
                    live = (terminal.bytes - before) / 20
                    tell("live, each second", live, "bytes")
                    figures.tell("ssh, live", live / 1000)
                    before = terminal.bytes
                    relay.rate = 0
                    terminal.read(STILL_S)
                    relay.rate = float("inf")
                    terminal.read(3)
                    came = terminal.bytes - before
                    tell(f"in 3 s, after {STILL_S:.0f} s without any", came, "bytes")
                    figures.tell("still", came / 1000)
                    relay.rate = THIN_B
                    terminal.read(5)
                    waits = [latency(terminal, frozen=k % 2 == 0) for k in range(10)]
                    tell(f"a key at 64 kbit/s, slowest of {len(waits)}", max(waits), "s")
                    figures.tell("ssh, thin", max(waits))
                    relay.rate = float("inf")
                terminal.read(3)
                before = terminal.bytes
                terminal.press("f")
                terminal.read(2)
                tell("a key: the view is frozen", terminal.bytes - before, "bytes")
                figures.tell("ssh, key", (terminal.bytes - before) / 1000)
                relay.drop()
                end = time.monotonic() + 20
                while (left := viewers(driven)) and time.monotonic() < end:
                    time.sleep(0.1)
                tell("dropped: viewers that are left", len(left), "")


def tell(what: str, figure: float, unit: str) -> None:
    print(f"{what:<36} {figure:10.{2 if unit == 's' else 0}f} {unit}")


def latency(terminal: Terminal, *, frozen: bool) -> float:
    """Seconds from a key to a screen that says whether the view is frozen."""
    begun = time.monotonic()
    terminal.press("f")
    terminal.read(20, until=lambda: ("the view is frozen" in terminal.text) == frozen)
    took = time.monotonic() - begun
    terminal.read(1.5)
    return took


if __name__ == "__main__":
    main()
