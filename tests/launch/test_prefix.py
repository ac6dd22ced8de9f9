"""Evaluations by a command that leads elsewhere: what comes back is all of it, or lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from support.launchers import by, elsewhere, result, script
from support.waiting import until

from autoexp_tui.evaluation.launch import bundle
from autoexp_tui.loop.ports import Job
from autoexp_tui.testing import check_evaluator

AS_SSH = """sh -c 'exec sh -c "$*"' ssh"""
"""Joins its words by spaces for another shell, as ssh does."""
DIRECTLY = """sh -c 'exec "$@"' srun"""


@pytest.mark.parametrize("prefix", [AS_SSH, DIRECTLY])
def test_it_keeps_the_promises_of_an_evaluator(tmp_path: Path, prefix: str) -> None:
    with elsewhere(tmp_path, by(prefix)) as evaluator:
        check_evaluator(evaluator)


def test_what_a_launcher_prints_is_passed_over(tmp_path: Path) -> None:
    banners = script(
        tmp_path,
        "echo Welcome to node7; echo; printf 'last login: never; loss: 9 '\n"
        '"$@"\necho loss: 7; echo bye; exit 3',
    )
    with elsewhere(tmp_path, by(banners)) as evaluator:
        found = result(evaluator, "echo loss: 0.5")
    assert (found.metrics, found.failure, found.lost) == ({"loss": 0.5}, "", "")


@pytest.mark.parametrize(
    ("launcher", "why"),
    [
        ("exit 0", "did not get there (exit 0)"),
        ("echo node7 is down >&2; exit 0", "node7 is down"),
        ('timeout -s KILL 2 "$@"; exit 0', "ended before the evaluation did (exit 0"),
        ('"$@" | dd bs=1 count=800 status=none', "ended before the evaluation did"),
        ('"$@" | sed -u 5d', "1 lines of what was sent are missing"),
        ("""\"$@" | sed -u '5s/./%/20'""", "is"),
    ],
    ids=["nothing", "said", "killed", "cut", "hole", "altered"],
)
def test_what_does_not_come_back_whole_is_lost(tmp_path: Path, launcher: str, why: str) -> None:
    with elsewhere(tmp_path, by(script(tmp_path, launcher))) as evaluator:
        found = result(evaluator, "echo one; sleep 0.1; echo loss: 0.5; sleep 6")
    assert why in found.lost
    assert found.metrics == {}
    assert found.failure == found.lost


def test_output_without_end_is_read_and_capped(tmp_path: Path) -> None:
    with elsewhere(tmp_path, by(DIRECTLY)) as evaluator:
        found = result(evaluator, "head -c 40000000 /dev/zero | tr '\\0' x; echo; echo loss: 0.5")
        size = evaluator.submit(Job(1, "echo loss: 1", 60.0)).output.parent
        assert sum(each.stat().st_size for each in size.iterdir()) < 17 << 20
    assert found.metrics == {"loss": 0.5}


def test_a_program_that_is_not_there_is_told_with_its_remedy(tmp_path: Path) -> None:
    with elsewhere(tmp_path, by("no-such-launcher -x")) as evaluator:
        assert "no-such-launcher: No such file" in result(evaluator, "echo loss: 1").lost
    nowhere = script(tmp_path, 'echo "sh: 1: python3: not found" >&2; exit 127')
    with elsewhere(tmp_path / "b", by(nowhere)) as evaluator:
        assert "install Python 3.8" in result(evaluator, "echo loss: 1").lost


def test_a_python_that_is_too_old_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "OLDEST", (99, 1))
    with elsewhere(tmp_path, by(DIRECTLY)) as evaluator:
        lost = result(evaluator, "echo loss: 1").lost
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"Python {here} is too old there: it takes 99.1 or newer" in lost


def _stray(mark: Path) -> str:
    """A target that leaves a process behind in a session of its own, and waits for ever."""
    leave = f"import os,time; os.setsid(); open({str(mark)!r}, 'w').write(str(os.getpid()))"
    return f'{sys.executable} -c "{leave}; time.sleep(600)" &\necho began; sleep 600\n'


def test_the_launchers_end_ends_all_that_was_started(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with elsewhere(tmp_path, by(DIRECTLY)) as evaluator:
        handle = evaluator.submit(Job(2, _stray(mark), 600.0))
        until(lambda: mark.exists() and mark.read_text(), "the stray began")
        (launcher,) = [
            each
            for each in psutil.Process().children()
            if each.cmdline()[-1:] == [bundle.INTERACTIVE]
        ]
        launcher.kill()
        assert "exit" in handle.result().lost or "signal 9" in handle.result().lost
    until(lambda: not psutil.pid_exists(int(mark.read_text())), "the stray has gone")


_RUNNER = """
import sys
from pathlib import Path
from support.launchers import by, elsewhere, result
with elsewhere(Path(sys.argv[1]), by("env")) as evaluator:
    result(evaluator, sys.argv[2], 600.0)
"""


def test_a_killed_runner_leaves_nothing_behind_there(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    tests = str(Path(__file__).parents[1])
    runner = subprocess.Popen(
        [sys.executable, "-c", _RUNNER, str(tmp_path), _stray(mark)],
        env={**os.environ, "PYTHONPATH": tests},
    )
    until(lambda: mark.exists() and mark.read_text(), "the stray began")
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    until(lambda: not psutil.pid_exists(int(mark.read_text())), "the stray has gone")
    work = Path(os.environ["AUTOEXP_CACHE"]) / "there" / "work"
    until(lambda: not any(work.iterdir()), "the workspace has gone")


def test_several_run_at_once(tmp_path: Path) -> None:
    """Each waits for the other."""
    meet = "touch {dir}/$1; while [ ! -e {dir}/$2 ]; do sleep 0.02; done; echo loss: $1"
    with elsewhere(tmp_path, by(DIRECTLY)) as evaluator:
        texts = [f"set -- {a} {b}; {meet.format(dir=tmp_path)}" for a, b in ((1, 2), (2, 1))]
        handles = [evaluator.submit(Job(n, text, 60.0)) for n, text in enumerate(texts, 2)]
        assert [each.result().metrics for each in handles] == [{"loss": 1.0}, {"loss": 2.0}]


def test_the_files_are_sent_once_to_a_machine(tmp_path: Path) -> None:
    with elsewhere(tmp_path, by(DIRECTLY)) as evaluator:
        result(evaluator, "echo loss: 1")
        assert "to be sent" in evaluator.way_words
        result(evaluator, "echo loss: 1")
        assert "its files are there already" in evaluator.way_words
        (kept,) = (Path(os.environ["AUTOEXP_CACHE"]) / "there" / "trees").iterdir()
        kept.write_bytes(b"what a candidate would have the next one find")
        assert result(evaluator, "cat protected.sh; echo loss: 1").metrics == {"loss": 1.0}
        assert "to be sent" in evaluator.way_words


def test_secrets_stay_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-0123456789abcdef")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-0123456789abcdef")
    monkeypatch.setenv("HARMLESS", "yes")
    told = tmp_path / "told"
    launcher = script(tmp_path, f'env > {told}; exec "$@"')
    with elsewhere(tmp_path, by(launcher)) as evaluator:
        found = result(evaluator, "env; echo loss: 1")
    assert "HARMLESS=yes" in found.tail
    assert "API_KEY" not in found.tail
    assert "OPENAI_API_KEY" in told.read_text(), "a launcher may sign in"
    assert "ANTHROPIC_API_KEY" not in told.read_text()


def test_cancelling_what_waits_for_its_turn_there_returns_soon(tmp_path: Path) -> None:
    queued = script(tmp_path, f'touch {tmp_path}/queued; sleep 600; exec "$@"')
    with elsewhere(tmp_path, by(queued)) as evaluator:
        handle = evaluator.submit(Job(2, "echo loss: 1", 600.0))
        until((tmp_path / "queued").exists, "the launcher began")
        done = threading.Event()
        handle.future.add_done_callback(lambda _: done.set())
        handle.cancel()
        assert done.wait(30)
        assert handle.result().cut_short
