"""A process is known again, and no other is taken for it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.system import processes
from autoexp_tui.system.processes import ProcessId, kill_marked

Sleeper = subprocess.Popen[bytes]


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    with subprocess.Popen(["sleep", "600"], env={"MARK": "sleeper-of-this-test"}) as process:
        yield process
        process.kill()


def test_this_process_lives() -> None:
    assert ProcessId.of(os.getpid()).alive()


def test_a_zombie_does_not_live(sleeper: Sleeper) -> None:
    named = ProcessId.of(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not named.alive()


def test_what_was_reaped_does_not_live(sleeper: Sleeper) -> None:
    named = ProcessId.of(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert not named.alive()
    with pytest.raises(ProcessLookupError):
        ProcessId.of(sleeper.pid)


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another"}])
def test_another_process_with_the_same_pid_is_left_alone(
    sleeper: Sleeper, change: dict[str, object]
) -> None:
    other = replace(ProcessId.of(sleeper.pid), **change)  # type: ignore[arg-type]
    assert not other.alive()


def test_a_program_may_have_brackets_in_its_name(tmp_path: Path) -> None:
    program = tmp_path / "a) R (b 1"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "600"]) as process:
        named = ProcessId.of(process.pid)
        assert named.alive()
        assert named.started > 0
        process.kill()


def test_a_name_is_what_it_was_before_psutil(sleeper: Sleeper) -> None:
    """Locks of earlier versions hold the kernel's own figure of the start, in clock ticks."""
    ticks = Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()[19]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert ProcessId.of(sleeper.pid).encode() == f"{sleeper.pid} {ticks} {boot}"


def test_a_clock_that_is_set_changes_no_name(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = ProcessId.of(sleeper.pid)
    boot = psutil._pslinux.boot_time()
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: boot + 3600)
    assert named.alive()


def test_where_no_boot_has_an_id_the_start_tells(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "_BOOT", tmp_path / "none")
    named = ProcessId.of(sleeper.pid)
    assert named.boot == "-"
    assert named.alive()
    assert not replace(named, started=named.started + 1).alive()
    assert ProcessId.decode(f"{sleeper.pid} 0 -").alive()  # of an earlier version
    sleeper.kill()
    sleeper.wait()
    assert not named.alive()


@given(
    st.builds(
        ProcessId,
        st.integers(1, 1 << 22),
        st.integers(0, 1 << 63),
        st.uuids().map(str),
    )
)
def test_a_name_survives_being_written_down(named: ProcessId) -> None:
    assert ProcessId.decode(named.encode() + "\n") == named


@pytest.mark.parametrize("text", ["", "1", "1 2", "-1 2 x", "0 2 x", "a b c", "1 2 x y"])
def test_anything_else_is_no_name(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - int() words some of them
        ProcessId.decode(text)


def test_only_what_is_marked_is_killed(sleeper: Sleeper) -> None:
    assert kill_marked("MARK", "sleeper-of-this") == 0
    assert sleeper.poll() is None
    assert kill_marked("MARK", "sleeper-of-this-test") >= 1
    assert sleeper.wait() == -signal.SIGKILL


def test_one_that_proc_hides_lives(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def hidden(pid: int) -> psutil.Process:
        raise psutil.NoSuchProcess(pid)

    named = ProcessId.of(sleeper.pid)
    monkeypatch.setattr(psutil, "Process", hidden)
    assert not named.alive()
    (tmp_path / "self").touch()
    monkeypatch.setattr(processes, "_PROC", tmp_path / "self")
    assert named.alive()
    assert not replace(named, boot="another").alive()
    sleeper.kill()
    sleeper.wait()
    assert not named.alive()
