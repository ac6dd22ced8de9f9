"""Whatever the harness starts, and however it ends, nothing of it is left."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.systems import linux_only
from support.waiting import first_long_enough, until
from support.witness import Witness

from autoexp_tui.evaluation import following, forkserver, supervisors
from autoexp_tui.evaluation.harness import HarnessOutcome
from autoexp_tui.evaluation.supervisors import ForkServer
from autoexp_tui.system.processes import ProcessId

pytestmark = linux_only

Run = Callable[..., HarnessOutcome]
_PYTHON = f"{sys.executable} -I -S -c"

DAEMON = f"""{_PYTHON} '
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        os.closerange(0, 3)
        open("ready", "w").close()
        while True:
            time.sleep(600)
    os._exit(0)
' & """

RELAY = f"""{_PYTHON} '
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("ready", "w").close()
while True:
    if os.fork():
        os._exit(0)
' & """

ESCAPES = {
    "background": "(touch ready; exec sleep 600) & ",
    "nohup": "nohup sh -c 'touch ready; exec sleep 600' >nohup.out 2>&1 & ",
    "own session": "setsid sh -c 'touch ready; exec sleep 600' & ",
    "own session, forked": "setsid -f sh -c 'touch ready; exec sleep 600'; ",
    "deaf": """sh -c "trap '' TERM HUP INT; touch ready; while :; do sleep 600; done" & """,
    "stopped": "sh -c 'touch ready; kill -STOP $$' & ",
    "daemon": DAEMON,
    "relay of forks": RELAY,
}

PLACED = "until [ -e ready ]; do sleep 0.01; done; "
HOLD = "exec 9>witness; "


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
def test_what_the_harness_leaves_in_the_background_is_killed(
    run: Run, witness: Witness, escape: str
) -> None:
    outcome = run(HOLD + escape + PLACED + "echo done")
    assert witness.all_gone()
    assert (outcome.ended, outcome.failure, outcome.survivors) == ("exited", "", 0)
    assert outcome.tail.endswith("done\n")


def test_the_time_limit_ends_a_deaf_daemon(run: Run, witness: Witness) -> None:
    def attempt(limit: float) -> tuple[float, HarnessOutcome] | None:
        outcome = run(HOLD + DAEMON + PLACED + "echo x >&9; sleep 600", time_limit=limit)
        return (limit, outcome) if witness.heard() else None

    limit, outcome = first_long_enough(attempt)
    assert witness.all_gone()
    assert (outcome.ended, outcome.failure) == ("time limit", f"time limit of {limit:g} s")


def test_an_interrupt_ends_a_deaf_daemon(run: Run, witness: Witness) -> None:
    interrupt = threading.Event()

    def press() -> None:
        witness.wait_for_word()
        interrupt.set()

    person = threading.Thread(target=press)
    person.start()
    outcome = run(HOLD + DAEMON + PLACED + "echo x >&9; sleep 600", interrupt=interrupt)
    person.join()
    assert witness.all_gone()
    assert (outcome.ended, outcome.failure) == ("interrupted", "interrupted")


def test_a_sigterm_to_the_supervisor_ends_the_tree(run: Run, witness: Witness) -> None:
    outcome = run(HOLD + DAEMON + PLACED + "kill $PPID; sleep 600")
    assert witness.all_gone()
    assert outcome.ended == "interrupted"


def test_a_runner_that_is_killed_takes_the_tree_with_it(tmp_path: Path, witness: Witness) -> None:
    command = HOLD + DAEMON + PLACED + "echo x >&9; sleep 600"
    program = (
        "import os, pathlib, sys, threading\n"
        "from autoexp_tui.evaluation.harness import run_harness\n"
        "run_harness(['/bin/sh', '-c', sys.argv[1]], cwd=pathlib.Path(sys.argv[2]),\n"
        "            env=dict(os.environ), time_limit=600, interrupt=threading.Event(),\n"
        "            log=pathlib.Path(sys.argv[2], 'log'), metrics=())\n"
    )
    runner = subprocess.Popen([sys.executable, "-c", program, command, str(tmp_path)])
    try:
        witness.wait_for_word()
    finally:
        runner.kill()
        runner.wait()
    assert witness.all_gone(30)


def test_a_supervisor_that_is_killed_is_noticed_and_cleared_up_after(
    run: Run, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_STRAGGLE_S", 0.1)
    outcome = run(HOLD + DAEMON + PLACED + "kill -9 $PPID; sleep 600")
    assert witness.all_gone(30)
    assert outcome.failure == "the harness was lost: its supervisor was killed"
    assert outcome.exit_code is None


def test_who_sheds_its_mark_and_kills_its_supervisor_becomes_the_runners_child_and_is_ended(
    tmp_path: Path, witness: Witness
) -> None:
    bare = (
        f"setsid env -i {shutil.which('sh')} -c 'touch ready; echo x >&9; while :; do :; done' & "
    )
    program = (
        "import os, pathlib, sys, threading\n"
        "from autoexp_tui.evaluation import following, harness\n"
        "from autoexp_tui.system.processes import adopt_orphans\n"
        "assert adopt_orphans()\n"
        "following._STRAGGLE_S = 0.1\n"
        "print(harness.run_harness(['/bin/sh', '-c', sys.argv[1]], cwd=pathlib.Path(sys.argv[2]),\n"
        "            env=dict(os.environ), time_limit=600, interrupt=threading.Event(),\n"
        "            log=pathlib.Path(sys.argv[2], 'log'), metrics=()).failure)\n"
    )
    command = HOLD + bare + PLACED + "kill -9 $PPID; sleep 600"
    done = subprocess.run(
        [sys.executable, "-c", program, command, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "the harness was lost: its supervisor was killed"
    assert witness.heard()
    assert witness.all_gone()


def test_a_supervisor_that_is_stopped_does_not_stop_the_clock(
    run: Run, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_OVERDUE_S", 0.2)
    monkeypatch.setattr(following, "_STRAGGLE_S", 0.1)

    def attempt(limit: float) -> tuple[float, HarnessOutcome] | None:
        stops = "echo x >&9; kill -STOP $PPID; sleep 600"
        outcome = run(HOLD + DAEMON + PLACED + stops, time_limit=limit)
        return (limit, outcome) if witness.heard() else None

    limit, outcome = first_long_enough(attempt)
    assert witness.all_gone(30)
    assert outcome.failure == f"time limit of {limit:g} s"


def test_a_runner_without_a_terminal_that_was_stopped_goes_on(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys, threading\n"
        "from autoexp_tui.evaluation.harness import run_harness\n"
        "print(run_harness(['/bin/sh', '-c', sys.argv[1]], cwd=pathlib.Path(sys.argv[2]),\n"
        "            env=dict(os.environ), time_limit=600, interrupt=threading.Event(),\n"
        "            log=pathlib.Path(sys.argv[2], 'log'), metrics=()).exit_code)\n"
    )
    stop = (
        "read -r _ _ _ server _ </proc/$PPID/stat; read -r _ _ _ runner _ </proc/$server/stat; "
        "kill -STOP $server $runner"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, stop, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        start_new_session=True,
    )
    assert done.stdout == "0\n"


_SERVER = "read -r _ _ _ server _ </proc/$PPID/stat; "


def test_a_fork_server_that_is_killed_is_noticed_cleared_up_after_and_made_again(
    run: Run, witness: Witness
) -> None:
    lost = run(HOLD + DAEMON + PLACED + _SERVER + "kill -9 $server; sleep 600")
    assert witness.all_gone(30)
    assert lost.failure == "the harness was lost: its fork server was killed"
    assert run("echo next").tail == "next\n"


def test_a_fork_server_that_is_killed_after_all_is_done_takes_no_measurement_along(
    run: Run,
) -> None:
    assert run("true").failure == ""
    following.server._process.kill()  # type: ignore[union-attr]
    assert run("echo next").tail == "next\n"


def test_a_fork_server_that_is_stopped_goes_on(run: Run) -> None:
    assert run(_SERVER + "kill -STOP $server; echo done").tail == "done\n"


def test_a_fork_server_that_never_answers_is_replaced(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("true")
    monkeypatch.setattr(supervisors, "_ANSWER_S", 0.2)
    first = following.server._process
    assert first is not None
    first.send_signal(signal.SIGSTOP)
    assert run("echo next").tail == "next\n"
    assert first.returncode == -signal.SIGKILL


def test_what_another_process_lowers_of_the_server_is_not_handed_on(run: Run) -> None:
    change = "import os, sys; os.setpriority(os.PRIO_PROCESS, int(sys.argv[1]), 19)"
    run(_SERVER + f"{_PYTHON} '{change}' $server")
    assert run("ps -o ni= $$").tail.strip() == str(os.getpriority(os.PRIO_PROCESS, 0))


def test_nobody_of_the_same_user_looks_into_what_outlives_an_evaluation() -> None:
    control, theirs = socket.socketpair()
    folder = Path(forkserver.__file__).parent
    code = (
        "import ctypes, os, sys\n"
        f"sys.path[:0] = [{str(folder)!r}, {str(folder / 'sandbox')!r}]\n"
        "import confine, forkserver, supervisor\n"
        "if os.geteuid() == 0:\n"
        "    os.setresuid(65534, 65534, 65534)\n"
        "    ctypes.CDLL(None).prctl(4, ctypes.c_ulong(1), 0, 0, 0)  # as after an exec\n"
        "sys.exit(forkserver.main(sys.argv[1:]))\n"
    )
    argv = [sys.executable, "-I", "-S", "-c", code, str(theirs.fileno())]
    with control, theirs, subprocess.Popen(argv, pass_fds=(theirs.fileno(),)) as server:
        memory = Path(f"/proc/{server.pid}/mem")
        status = Path(f"/proc/{server.pid}/status")  # before it becomes that user's, mem is root's
        until(lambda: "Uid:\t0" not in status.read_text(), "the user's process")
        until(lambda: memory.stat().st_uid == 0, "its being closed")
        theirs.close()
        control.close()
        assert server.wait(30) == 0


def test_evaluations_at_a_time_have_supervisors_of_their_own(run: Run, tmp_path: Path) -> None:
    outcomes: dict[str, HarnessOutcome] = {}

    def work(name: str) -> None:
        fifo = tmp_path / name
        os.mkfifo(fifo)
        outcomes[name] = run(f"read -r word <{fifo}; echo $word", log=tmp_path / f"{name}.log")

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for name in ("two", "one"):
        until((tmp_path / name).exists, "its FIFO")
        (tmp_path / name).write_text(f"{name}\n")
    for thread in threads:
        thread.join()
    assert {name: outcome.tail for name, outcome in outcomes.items()} == {
        "one": "one\n",
        "two": "two\n",
    }


def test_an_error_of_the_caller_leaves_nothing_behind(run: Run) -> None:
    started: list[ProcessId] = []

    def refuse(supervisor: ProcessId) -> None:
        assert supervisor.alive()
        started.append(supervisor)
        raise PermissionError

    with pytest.raises(PermissionError):
        run("sleep 600", on_start=refuse)
    assert [supervisor.alive() for supervisor in started] == [False]


def test_what_ends_by_itself_soon_after_the_shell_may_finish(run: Run) -> None:
    outcome = run("(sleep 0.05; echo late) & echo early")
    assert outcome.tail == "early\nlate\n"


def _variant(tmp_path: Path, change: str) -> Path:
    """A fork server whose supervisors run as on another system."""
    path = tmp_path / "variant.py"
    path.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(Path(forkserver.__file__).parent)!r})\n"
        "import forkserver, supervisor\n"
        f"{change}\n"
        "sys.exit(forkserver.main(sys.argv[1:]))\n"
    )
    return path


def test_without_a_subreaper_the_process_group_is_killed(
    run: Run, witness: Witness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = _variant(tmp_path, "supervisor._find_prctl = lambda: None")
    with closing(ForkServer(variant)) as server:
        monkeypatch.setattr(following, "server", server)
        outcome = run(HOLD + ESCAPES["deaf"] + PLACED + "echo done")
    assert witness.all_gone(30)
    assert outcome.failure == ""


def test_a_kernel_that_does_not_list_children_is_searched_for_them(
    run: Run, witness: Witness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = _variant(tmp_path, "os.access = lambda *_: False")
    with closing(ForkServer(variant)) as server:
        monkeypatch.setattr(following, "server", server)
        run(HOLD + DAEMON + PLACED + "echo done")
    assert witness.all_gone()


def test_the_harness_gets_the_signals_that_a_runner_ignores(run: Run) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        outcome = run("grep SigIgn /proc/self/status; yes | head -1")
    finally:
        signal.signal(signal.SIGHUP, before)
    ignored = int(outcome.tail.split()[1], 16)
    # Above 31 are the C library's own, which nobody can set back.
    assert ignored & 0x7FFFFFFF == 0
    assert outcome.tail.endswith("\ny\n")


def test_the_harness_has_no_descriptors_but_its_own(run: Run, tmp_path: Path) -> None:
    secret = os.open(tmp_path, os.O_RDONLY)
    try:
        outcome = run("ls /proc/$$/fd")
    finally:
        os.close(secret)
    assert outcome.tail.split() == ["0", "1", "2"]
