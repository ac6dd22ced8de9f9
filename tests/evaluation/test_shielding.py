"""No other process reads from this one what it was given."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoexp_tui.system import shielding
from autoexp_tui.system.processes import ProcessId

_CANARY = "canary-7f3a91c2"
_CODE = """
import ctypes, os, subprocess, sys
sys.path.insert(0, os.environ["WHERE"])
import shielding
if user := int(os.environ["USER_ID"]):
    os.setresuid(user, user, user)
    ctypes.CDLL(None).prctl(4, ctypes.c_ulong(1), 0, 0, 0)  # as after an exec of that user's own
print(shielding.shield(), flush=True)
heir = subprocess.check_output(["printenv", "CANARY"], text=True)
print(os.environ["CANARY"] == heir.strip())
print(len(os.listdir("/proc/self/fd")) > 2, flush=True)
sys.stdin.read()
"""
_NOBODY = 65534

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")


@pytest.fixture(params=["as ourselves", "as an ordinary user"])
def process(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    ordinary = request.param == "as an ordinary user"
    if ordinary and os.geteuid():
        pytest.skip("we are one: the other case is this")
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _CODE],
        env={
            "CANARY": _CANARY,
            "WHERE": str(Path(shielding.__file__).parent),
            "USER_ID": str(_NOBODY if ordinary else 0),
            "PATH": os.defpath,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def _said(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout
    return [process.stdout.readline().strip() for _ in range(3)]


def test_the_environment_block_is_gone_and_its_heirs_have_it(
    process: subprocess.Popen[str],
) -> None:
    assert _said(process) == ["True", "True", "True"]
    try:
        assert _CANARY.encode() not in Path(f"/proc/{process.pid}/environ").read_bytes()
    except PermissionError:
        assert os.geteuid()
    assert ProcessId.of(process.pid).alive()


def test_a_process_of_the_same_user_is_refused(process: subprocess.Popen[str]) -> None:
    _said(process)
    owner = int(Path(f"/proc/{process.pid}/status").read_text().split("Uid:")[1].split()[0])
    if owner == 0:
        pytest.skip("root is refused nothing")
    for name in ("environ", "mem", "fd"):
        reader = subprocess.run(
            ["cat" if name != "fd" else "ls", f"/proc/{process.pid}/{name}"],
            user=owner if os.geteuid() == 0 else None,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Permission denied" in reader.stderr, name
