"""Launchers that people have: the real one where it is installed, else one called alike."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.launchers import by, elsewhere, result, script
from support.waiting import until

from autoexp_tui.loop.ports import Job

SSHD = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")


@contextlib.contextmanager
def ssh_server(folder: Path, program: str) -> Iterator[str]:
    """An sshd of our own on loopback; the words that lead there."""
    for name in ("host", "key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    (folder / "banner").write_text("*** for the owners of this machine alone ***\n")
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\n"
        f"AuthorizedKeysFile {folder / 'key.pub'}\nStrictModes no\nUsePAM no\nPidFile none\n"
        f"PermitRootLogin yes\nBanner {folder / 'banner'}\nAcceptEnv AUTOEXP_CACHE\n"
        # bash would run the person's own .bashrc, and what that does (pyenv writes to a folder of
        # the PATH) is laid to the charge of what other tests measure.
        "SetEnv SHLVL=2\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    daemon = subprocess.Popen(
        [program, "-D", "-e", "-f", folder / "config"], stderr=subprocess.PIPE
    )
    reader = threading.Thread(target=lambda: daemon.stderr and daemon.stderr.read(), daemon=True)
    try:
        assert daemon.stderr is not None
        while b"Server listening" not in (line := daemon.stderr.readline()):
            if not line:
                pytest.skip("sshd does not start here")
        reader.start()
        options = (
            f"-p {port} -i {folder}/key -o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
            f"-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o SendEnv=AUTOEXP_CACHE"
        )
        yield f"ssh {options} {getpass.getuser()}@127.0.0.1"
    finally:
        daemon.terminate()
        daemon.wait()
        if reader.is_alive():
            reader.join()
        daemon.stderr.close()


@pytest.mark.skipif(SSHD is None, reason="no sshd is installed here")
def test_ssh(tmp_path: Path) -> None:
    assert SSHD is not None
    folder = tmp_path / "ssh"
    folder.mkdir()
    with (
        ssh_server(folder, SSHD) as prefix,
        elsewhere(tmp_path, by(prefix)) as evaluator,
    ):
        found = result(evaluator, "echo loss: 0.5; echo $SSH_CONNECTION")
        assert (found.failure, found.metrics) == ("", {"loss": 0.5})
        assert "127.0.0.1" in found.tail
        handle = evaluator.submit(Job(2, f"echo $$ > {tmp_path}/pid; sleep 600", 600.0))
        until((tmp_path / "pid").exists, "the harness began")
        handle.cancel()
        assert handle.result().cut_short
    with elsewhere(tmp_path / "b", by(f"{prefix} -p 1")) as evaluator:
        lost = result(evaluator, "echo loss: 0.5").lost
    assert "exit 255" in lost
    assert "refused" in lost


CALLED_ALIKE = {
    "docker": ("docker run -i --rm --gpus all image:tag", "shift 6"),
    "kubectl": ("kubectl exec -i pod/gpu -c main --", "shift 6"),
    "srun": ("srun -n1 --gres=gpu:1 -u", "shift 3"),
}


@pytest.mark.parametrize("name", CALLED_ALIKE)
def test_one_that_is_called_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It has an environment of its own, and says things on standard error."""
    prefix, shifts = CALLED_ALIKE[name]
    keep = f'PATH="$PATH" HOME=/ AUTOEXP_CACHE={tmp_path}/there'
    script(
        tmp_path / "bin", f'echo "{name}: one moment" >&2; {shifts}; exec env -i {keep} "$@"', name
    )
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    with elsewhere(tmp_path, by(prefix)) as evaluator:
        found = result(evaluator, "echo loss: 0.5; env")
    assert (found.failure, found.metrics) == ("", {"loss": 0.5})
    assert "HOME=/\n" in found.tail
