"""`autoexp verify` on a real repository: one kept step is luck, one is real; killed and gone on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.projects import fingerprint
from support.real_rig import RealRig
from support.waiting import until

from autoexp_tui.cli import run_command
from autoexp_tui.loop import verifying
from autoexp_tui.loop.runlock import locked
from autoexp_tui.model.events import Variant
from autoexp_tui.model.problem import INTERRUPTED
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.journals import read_state
from autoexp_tui.sources.subject import subject_of

_TEXT = """\
luck={luck}
# what it is worth
gain={gain}
x=$(( (${{AUTOEXP_SEED:-0}} * 7919 + luck * 104729 + gain * 1299709 + 11) % 233280 ))
x=$(( (x * 9301 + 49297) % 233280 )); x=$(( (x * 9301 + 49297) % 233280 ))
x=$(( (x * 9301 + 49297) % 233280 ))
echo "loss: $(( 800000 - gain * 200000 + x ))"
"""


def text(luck: int, gain: int) -> str:
    """A target whose loss is noise by the seed, less what `gain` is worth; `luck` is worth nothing.

    The noise is uniform, a standard deviation of 67,000.
    """
    return _TEXT.format(luck=luck, gain=gain)


def loss(luck: int, gain: int) -> int:
    """What it prints where nobody gives a seed."""
    x = (luck * 104729 + gain * 1299709 + 11) % 233280
    for _ in range(3):
        x = (x * 9301 + 49297) % 233280
    return 800000 - gain * 200000 + x


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealRig:
    """A run that has kept a lucky step, then a real one."""
    first = max(range(50), key=lambda luck: loss(luck, 0))
    lucky = min(range(50), key=lambda luck: loss(luck, 0))
    texts = [text(lucky, 0), text(lucky, 2)]
    rig = RealRig(tmp_path, texts, baseline=text(first, 0))
    rig.run_directory = RunDirectory(rig.root / ".git" / "autoexp" / "t1")
    rig.run()
    monkeypatch.chdir(rig.root)
    return rig


def verified(rig: RealRig) -> list[tuple[int, Variant]]:
    """Round and text of every evaluation so far."""
    known = read_state(rig.run_directory).verification
    return [(found.round, found.variant) for found in known.evaluations] if known else []


def start(rig: RealRig, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "autoexp_tui", "verify", *options],
        cwd=rig.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_luck_is_told_from_a_gain_wherever_the_run_is_told(
    rig: RealRig, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "fresh_seed", lambda: 4711)
    assert [row.status for row in rig.state.rows] == ["keep"] * 3
    before, outputs = fingerprint(rig.root), rig.run_directory.output(2).read_bytes()
    assert run_command(["verify"]) == 0
    told = capfd.readouterr().out
    assert "verifying the baseline and 2 steps, 1 also taken out" in told
    known = read_state(rig.run_directory).verification
    assert known is not None
    assert known.finished is not None
    assert known.finished.reproduced is True  # without a seed it gives what the run has seen
    found = {(effect.kind, effect.n): effect for effect in known.finished.effects}
    assert found["step", 2].outcome in {"gone", "unclear"}
    assert found["step", 2].kept_for > 150_000
    assert found["step", 3].outcome == found["whole", 3].outcome == "holds"
    assert found["step", 3].low < 400_000 < found["step", 3].high
    assert fingerprint(rig.root) == before
    assert rig.run_directory.output(2).read_bytes() == outputs
    story = "1 of 2 steps hold, the whole gain holds"
    for command in ("summary", "report --md", "report --html -o -", "attach --plain"):
        assert run_command(command.split()) == 0
        assert story in capfd.readouterr().out, command
    assert run_command(["show", "3"]) == 0
    assert "verified   holds: " in capfd.readouterr().out
    subject = subject_of(read_state(rig.run_directory), 3)
    assert subject is not None
    assert subject.verified.startswith("holds: ")


def test_killed_it_goes_on_with_what_is_missing(rig: RealRig) -> None:
    process = start(rig)
    until(lambda: len(verified(rig)) > 1, "two evaluations")
    process.kill()
    process.communicate()
    before = verified(rig)
    again = start(rig, "--json")
    out, err = again.communicate(timeout=100)
    assert "goes on after" in err
    assert json.loads(out)["complete"] is True
    after = verified(rig)
    assert after[: len(before)] == before
    assert len(set(after)) == len(after)


def test_an_interrupt_ends_it_in_order(rig: RealRig) -> None:
    process = start(rig, "--rounds", "100")
    until(lambda: len(verified(rig)) > 1, "two evaluations")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "interrupted; `autoexp verify t1` goes on" in err
    assert "Traceback" not in out + err
    known = read_state(rig.run_directory).verification
    assert known is not None
    assert known.finished is not None
    assert not known.finished.complete


def test_not_while_a_runner_has_the_run(rig: RealRig, capfd: pytest.CaptureFixture[str]) -> None:
    with locked(rig.run_directory):
        assert run_command(["verify", "t1"]) == 1
    assert "t1 is running already" in capfd.readouterr().err
    assert verified(rig) == []
