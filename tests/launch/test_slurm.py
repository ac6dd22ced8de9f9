"""Evaluations by the real srun, of a Slurm of one node on this machine; `make test-clusters`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.launchers import by, elsewhere
from support.waiting import until

from autoexp_tui.loop.ports import Job
from autoexp_tui.testing import check_evaluator

PROGRAMS = ("slurmctld", "slurmd", "srun", "scontrol")
pytestmark = [
    pytest.mark.skipif(
        "AUTOEXP_CLUSTERS" not in os.environ
        or os.getuid() != 0
        or not all(map(shutil.which, PROGRAMS)),
        reason="`make test-clusters` runs this, as root where Debian's slurm-wlm is installed",
    ),
    pytest.mark.timeout(300),
]
SETTINGS = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
SlurmUser=root
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
SlurmdTimeout=5
KillWait=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where its node writes down its pid."""
    folder = tmp_path / "slurm"
    for part in ("spool", "state"):
        (folder / part).mkdir(parents=True)
    host = socket.gethostname().partition(".")[0]
    settings = folder / "slurm.conf"
    ports = (free_port(), free_port())
    settings.write_text(SETTINGS.format(host=host, folder=folder, ports=ports))
    monkeypatch.setenv("SLURM_CONF", str(settings))
    daemons = [subprocess.Popen([name, "-D", "-f", settings], stderr=subprocess.DEVNULL)
               for name in ("slurmctld", "slurmd")]  # fmt: skip

    def is_up() -> bool:
        listed = subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, check=False)
        return listed.stdout.strip() == b"idle"

    try:
        until(is_up, "the node is there")
        yield folder / "slurmd.pid"
    finally:
        for each in daemons:
            each.kill()
            each.wait()


def test_it_keeps_the_promises_of_an_evaluator(tmp_path: Path, slurm: Path) -> None:
    with elsewhere(tmp_path, by("srun -Q -n1")) as evaluator:
        check_evaluator(evaluator)


def test_a_node_that_fails_is_no_verdict_whatever_srun_ends_with(
    tmp_path: Path, slurm: Path
) -> None:
    mark = tmp_path / "mark"
    with elsewhere(tmp_path, by("srun -Q -n1")) as evaluator:
        handle = evaluator.submit(Job(2, f"echo $$ > {mark}; sleep 600; echo loss: 1", 600.0))
        harness = psutil.Process(int(until(lambda: mark.exists() and mark.read_text(), "it began")))
        for each in harness.parents():
            if each.name() == "slurmstepd":
                each.kill()
        psutil.Process(int(slurm.read_text())).kill()
        assert "ended before the evaluation did" in handle.result().lost
        assert handle.result().metrics == {}
    until(lambda: not harness.is_running(), "the harness has gone")
