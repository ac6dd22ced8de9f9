"""One run of the harness: how it ended, in words, and what was read."""

from __future__ import annotations

import errno
import os
import select
import selectors
import signal
import sys
import threading
import tracemalloc
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest
from support.systems import linux_only
from support.waiting import first_long_enough, until

from autoexp_tui.evaluation import output_log
from autoexp_tui.evaluation.following import Readers
from autoexp_tui.evaluation.harness import HarnessOutcome, Report, last_words
from autoexp_tui.model.contract import Metric

Run = Callable[..., HarnessOutcome]
Loss = tuple[Metric, ...]


def test_a_measurement_is_read_from_both_streams(run: Run, loss: Loss, tmp_path: Path) -> None:
    outcome = run("echo loss: 0.5; echo depth: 3 >&2", metrics=loss)
    assert outcome.reading.metrics == {"loss": 0.5}
    assert outcome.reading.extras == {"depth": 3.0}
    assert (outcome.exit_code, outcome.ended, outcome.failure) == (0, "exited", "")
    assert (tmp_path / "output.log").read_bytes() == b"loss: 0.5\ndepth: 3\n"
    assert outcome.output_bytes == 19


@pytest.mark.parametrize(
    ("command", "failure"),
    [
        ("echo loss: 1; exit 3", "exit 3: loss: 1"),
        ("exit 3", "exit 3"),
        ("echo nothing", "loss was not printed"),
        ("no-such-command", "exit 127: /bin/sh: 1: no-such-command: not found"),
        ("kill -SEGV $$", "killed by SIGSEGV"),
        ("sh -c 'kill -SEGV $$'; exit $?", "killed by SIGSEGV"),
        ("kill -9 $$", "killed (out of memory?)"),
        ("sh -c 'kill -9 $$'; exit $?", "killed (out of memory?)"),
        ("printf '\\033]0;owned\\007\\033[31mboom\\033[0m\\n'; exit 1", "exit 1: boom"),
        ("echo loss: nan", "loss is nan: not a finite number"),
    ],
)
def test_a_failure_says_why(run: Run, loss: Loss, command: str, failure: str) -> None:
    assert run(command, metrics=loss).failure == failure


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        ("", ""),
        ("\n  \n----\n", ""),
        ("first\nlast\n\n  ^^^^\n", "last"),
        ("Traceback\n  File\nKeyError: 'x'\n\nNode.js v20.1.0\n", "KeyError: 'x'"),
        ("torch.OutOfMemoryError: CUDA\nbye\n", "torch.OutOfMemoryError: CUDA"),
        ("main.c:3:1: error: expected ';'\nmake: stopping\n", "main.c:3:1: error: expected ';'"),
        ("FutureWarning: old\nerror rate: 3\nno luck\n", "no luck"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_the_line_that_says_what_went_wrong_is_found(tail: str, words: str) -> None:
    assert last_words(tail) == words


def test_a_harness_that_cannot_be_started_is_a_failure(run: Run, tmp_path: Path) -> None:
    outcome = run("true", cwd=tmp_path / "missing")
    assert outcome.failure.startswith("the harness could not be started: ")
    assert outcome.exit_code is None


def test_an_environment_too_large_to_start_with_is_a_failure(run: Run) -> None:
    outcome = run("true", env={"LARGE": "x" * (4 << 20)})
    assert outcome.failure.startswith("exit 127: cannot start")


def test_an_interrupt_before_the_start_starts_nothing(run: Run, tmp_path: Path) -> None:
    interrupt = threading.Event()
    interrupt.set()
    outcome = run("touch started", interrupt=interrupt)
    assert (outcome.ended, outcome.failure) == ("interrupted", "interrupted")
    assert not (tmp_path / "started").exists()


def test_no_time_at_all_is_over_at_once(run: Run) -> None:
    outcome = run("sleep 600", time_limit=0.0)
    assert (outcome.ended, outcome.failure) == ("time limit", "time limit of 0 s")


def test_the_time_limit_lets_a_harness_clean_up(run: Run, tmp_path: Path) -> None:
    command = "trap 'echo cleaned > cleaned; exit' TERM; touch ready; sleep 600 & wait"

    def attempt(limit: float) -> HarnessOutcome | None:
        outcome = run(command, time_limit=limit)
        return outcome if (tmp_path / "ready").exists() else None

    first_long_enough(attempt)
    assert (tmp_path / "cleaned").read_text() == "cleaned\n"


def test_the_harness_sees_the_environment_it_was_given(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    outcome = run("env | sort", env={"PATH": os.environ["PATH"], "ODD": "a=b\nc"})
    lines = outcome.tail.splitlines()
    assert {line.partition("=")[0] for line in lines} == {
        *("ODD", "c", "PATH", "PYTHONUNBUFFERED"),  # what was given, and our default
        *("PWD", "AUTOEXP_EVALUATION"),  # the shell's, and the mark
    }
    assert {"ODD=a=b", "c", f"PATH={os.environ['PATH']}"} < set(lines)


def test_buffering_may_be_chosen(run: Run) -> None:
    outcome = run("echo [$PYTHONUNBUFFERED]", env={"PYTHONUNBUFFERED": ""})
    assert outcome.tail == "[]\n"


@linux_only
def test_the_supervisor_shows_the_harness_no_secret_of_ours(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    outcome = run("tr '\\0' '\\n' < /proc/$PPID/environ; echo read")
    assert outcome.tail.endswith("read\n")
    assert "secret" not in outcome.tail


def test_there_is_nothing_to_read_on_stdin(run: Run) -> None:
    assert run("cat; echo end").tail == "end\n"


@linux_only
def test_memory_and_processor_time_are_measured(run: Run) -> None:
    outcome = run("head -c 40M /dev/zero | tail -c 40M | wc -c")
    assert outcome.max_rss_bytes > 40 << 20
    assert 0 < outcome.cpu_seconds < 60
    assert 0 < outcome.seconds < 60


def test_the_log_can_be_followed_while_the_harness_runs(run: Run, tmp_path: Path) -> None:
    log, fifo = tmp_path / "output.log", tmp_path / "go"
    os.mkfifo(fifo)
    seen: list[bytes] = []

    def follow() -> None:
        until(lambda: log.exists() and log.stat().st_size, "the harness prints")
        seen.append(log.read_bytes())
        fifo.write_text("go\n")

    viewer = threading.Thread(target=follow)
    viewer.start()
    run("echo first; read answer < go; echo $answer")
    viewer.join()
    assert seen == [b"first\n"]
    assert log.read_bytes() == b"first\ngo\n"


@linux_only
def test_a_flood_is_read_to_its_end_and_bounded_on_disk(
    run: Run, loss: Loss, tmp_path: Path
) -> None:
    line = "a line of output that is about as long as lines of output often are"
    outcome = run(f"yes '{line}' | head -c 48M; echo; echo loss: 2", metrics=loss)
    assert outcome.reading.metrics == {"loss": 2.0}
    assert outcome.output_bytes == (48 << 20) + 9
    size = (tmp_path / "output.log").stat().st_size
    assert size <= output_log.HEAD + output_log.TAIL + 100
    assert size >= output_log.HEAD + output_log.TAIL // 2 - 100
    assert len(outcome.tail) <= 4096
    assert outcome.tail.startswith(line)


@linux_only
def test_an_endless_line_takes_little_memory(run: Run, loss: Loss) -> None:
    tracemalloc.start()
    try:
        outcome = run("head -c 64M /dev/zero | tr '\\0' x; echo; echo loss: 2", metrics=loss)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome.reading.metrics == {"loss": 2.0}
    assert peak < 4 << 20


@linux_only
def test_a_full_disk_does_not_end_the_run(
    run: Run, loss: Loss, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    outcome = run("seq 100000; echo loss: 2", metrics=loss)
    assert outcome.reading.metrics == {"loss": 2.0}
    assert outcome.failure == ""
    assert outcome.log_error.endswith("No space left on device")


def test_the_supervisor_is_named_while_it_runs(run: Run) -> None:
    states: list[bool] = []
    outcome = run("echo ok", on_start=lambda supervisor: states.append(supervisor.alive()))
    assert states == [True]
    assert outcome.tail == "ok\n"


def test_a_broken_pipe_ends_what_writes_to_it(run: Run) -> None:
    outcome = run(f"sh -c 'kill -{signal.SIGPIPE.value} $$'; exit $?")
    assert outcome.failure == "killed by SIGPIPE"


@pytest.mark.parametrize(
    "line", ["exited 0 0.1 9 0.1 0 exited 1 0.2 9 0.1 0", "exited 0 x 9 0.1 0"]
)
def test_a_supervisors_answer_that_another_wrote_into_is_none(line: str) -> None:
    assert Report.parse("exited 0 0.1 9 0.1 0") is not None
    assert Report.parse(line) is None


@linux_only
def test_a_figure_beside_output_that_was_dropped_is_believed_where_the_baseline_does_so_too(
    run: Run, loss: Loss, tmp_path: Path
) -> None:
    (tmp_path / "flood.py").write_text(
        "import os\nos.write(1, b'loss: 1\\n')\nos.set_blocking(1, False)\nlost = 0\n"
        "while lost < 300:\n    try:\n        os.write(1, b'x\\n' * 2048)\n"
        "    except BlockingIOError:\n        lost += 1\n"
    )
    command = f"{sys.executable} {tmp_path}/flood.py"
    outcome = run(command, metrics=loss, usual={"loss": ()})
    assert outcome.failure.startswith("loss may be lost: what the harness prints to was full")
    usual = run(command, metrics=loss).reading.forms
    assert run(command, metrics=loss, usual=usual).reading.metrics == {"loss": 1.0}


@linux_only
def test_nobody_else_reads_what_is_printed(run: Run, loss: Loss, tmp_path: Path) -> None:
    (tmp_path / "thief.py").write_text(
        "import os, sys\nprint('loss: 1')\nsys.stdout.flush()\n"
        "if len(sys.argv) > 1:\n    os.fchmod(1, 0o600)\n    os.fchmod(1, 0o200)\n"
        "print(oct(os.fstat(1).st_mode), file=open('/dev/stdout', 'w'))\n"
    )
    command = f"{sys.executable} {tmp_path}/thief.py"
    honest = run(command, metrics=loss, usual={"loss": ()})
    assert honest.reading.metrics == {"loss": 1.0}
    assert honest.tail.endswith("0o10200\n")
    opened = run(f"{command} open", metrics=loss, usual={"loss": ()})
    assert opened.failure == "loss may be lost: another process may have read it"


@linux_only
def test_an_ordinary_user_sees_too_who_takes_leave_to_read() -> None:
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        read, write = os.pipe()
        with FileIO(read, "rb"), FileIO(write, "wb") as written, Readers(written) as readers:
            assert not readers.may_be()
            os.fchmod(write, 0o600)
            assert readers.may_be()
    finally:
        if is_root:
            os.seteuid(0)


class _TogetherSelector(selectors.DefaultSelector):
    """Tells of output when the shell's end is there too, and of that first, as may well happen."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        output, *others = self.get_map().values()
        if len(others) == 2:
            select.select([others[0].fd], [], [], timeout)
        return sorted(super().select(timeout), key=lambda found: found[0].fd == output.fd)


def test_what_was_read_already_is_not_waited_for(
    run: Run, loss: Loss, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "DefaultSelector", _TogetherSelector)
    outcome = run("echo loss: 0.5; sleep 1000 &", metrics=loss)
    assert (outcome.failure, outcome.reading.metrics) == ("", {"loss": 0.5})
