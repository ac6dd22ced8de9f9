"""Evaluations by a Ray cluster of three nodes on this machine: `make test-clusters`."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from support.launchers import elsewhere, result
from support.real_rig import RealRig
from support.waiting import until

from autoexp_tui.evaluation.launch import ray_helper
from autoexp_tui.loop.journal import read_all
from autoexp_tui.loop.ports import Job
from autoexp_tui.model import events
from autoexp_tui.model.contract import Contract, Elsewhere, Resources
from autoexp_tui.testing import check_evaluator
from autoexp_tui.testing.evaluators import CONTRACT

CLUSTER = Path(__file__).parents[1] / "support" / "ray_cluster.py"
needs_a_cluster = pytest.mark.skipif(
    "AUTOEXP_CLUSTERS" not in os.environ or importlib.util.find_spec("ray") is None,
    reason="a cluster takes long to start: `make test-clusters` runs this, where Ray is installed",
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster: a head, and two nodes with a processor each."""
    process = subprocess.Popen(
        [sys.executable, str(CLUSTER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            pytest.skip("Ray can't start a cluster on this machine")
        yield address
        process.stdin.close()


def by(address: str, **more: object) -> Contract:
    there = msgspec.structs.replace(Elsewhere(ray=address), **more)
    return msgspec.structs.replace(CONTRACT, evaluator=there)


def kill_node(pid: int) -> None:
    """Kill all of the node that a process runs on, at once."""
    node = next(each for each in psutil.Process(pid).parents() if each.name() == "raylet")
    processes = [node, *node.children(recursive=True)]
    for each in processes:
        each.suspend()
    for each in processes:
        each.kill()


def began(mark: Path) -> int:
    """The pid that a target wrote down as it began."""
    return int(until(lambda: mark.exists() and mark.read_text().strip(), "the harness began"))


@needs_a_cluster
@pytest.mark.timeout(300)
def test_it_keeps_the_promises_of_an_evaluator(tmp_path: Path, cluster: str) -> None:
    with elsewhere(tmp_path, by(cluster)) as evaluator:
        check_evaluator(evaluator)
    with elsewhere(tmp_path / "again", by(cluster)) as evaluator:
        assert result(evaluator, "echo loss: 1").metrics == {"loss": 1.0}, "the cluster is there"


@needs_a_cluster
@pytest.mark.timeout(300)
def test_what_was_cancelled_has_gone_from_its_node(tmp_path: Path, cluster: str) -> None:
    mark = tmp_path / "mark"
    leave = f"import os,time; os.setsid(); open({str(mark)!r}, 'w').write(str(os.getpid()))"
    with elsewhere(tmp_path, by(cluster)) as evaluator:
        stray = f'{sys.executable} -c "{leave}; time.sleep(600)" & sleep 600'
        handle = evaluator.submit(Job(2, stray, 600.0))
        pid = began(mark)
        handle.cancel()
        assert handle.result().cut_short
        until(lambda: not psutil.pid_exists(pid), "the stray has gone")
        assert result(evaluator, "echo loss: 1").metrics == {"loss": 1.0}


@needs_a_cluster
@pytest.mark.timeout(300)
def test_what_no_node_has_is_told(tmp_path: Path, cluster: str) -> None:
    with elsewhere(tmp_path, by(cluster, resources=Resources(custom={"a100": 1.0}))) as evaluator:
        assert "no 1 a100 for one evaluation" in result(evaluator, "echo loss: 1").lost


@needs_a_cluster
@pytest.mark.timeout(300)
def test_a_helper_that_dies_takes_nobody_with_it(tmp_path: Path, cluster: str) -> None:
    mark = tmp_path / "mark"
    with elsewhere(tmp_path, by(cluster)) as evaluator:
        handle = evaluator.submit(Job(2, f"echo $$ > {mark}; sleep 600", 600.0))
        pid = began(mark)
        (helper,) = [
            each
            for each in psutil.Process().children()
            if str(ray_helper.__file__) in each.cmdline()
        ]
        helper.kill()
        assert "its helper has ended" in handle.result().lost
        until(lambda: not psutil.pid_exists(pid), "its harness has gone")
        assert result(evaluator, "echo loss: 1").metrics == {"loss": 1.0}


@needs_a_cluster
@pytest.mark.timeout(300)
def test_a_node_that_dies_costs_no_experiment(tmp_path: Path, cluster: str) -> None:
    """The last of these: it leaves one node."""
    mark, first = tmp_path / "mark", tmp_path / "first"
    dying = f"if mkdir {first}; then echo $$ > {mark}; sleep 600; fi; echo loss: 0.5"
    rig = RealRig(tmp_path, [dying, "echo loss: 0.4"], by(cluster))
    runner = threading.Thread(target=rig.run)
    runner.start()
    with contextlib.ExitStack() as stack:
        stack.callback(runner.join)
        kill_node(began(mark))
    assert [row.metrics["loss"] for row in rig.state.rows] == [1.0, 0.5, 0.4]
    told = [record.event for record in read_all(rig.run_directory.journal)]
    assert [each.n for each in told if isinstance(each, events.EvaluationLost)] == [2]


def test_a_cluster_of_other_versions_is_told_in_a_line() -> None:
    error = RuntimeError(
        "Version mismatch: The cluster was started with:\n    Ray: 2.9.0\n    Python: 3.10.13\n"
        "This process on node 10.0.0.1 was started with:\n    Ray: 2.60.0\n    Python: 3.11.7\n"
    )
    words = ray_helper._words(error)
    assert words.startswith("the cluster has Ray 2.9.0 and Python 3.10.13, here are 2.60.0 and")
    assert "`python:`" in words


def test_a_python_without_ray_is_told_with_its_remedy(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    with elsewhere(tmp_path, by("auto", python=str(python))) as evaluator:
        assert "has no Ray: pip install 'autoexp-tui[ray]'" in result(evaluator, "echo 1").lost
