"""The loop with the evaluator of this machine: what counts as a measurement, and what cuts it."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
from support.gitrepos import commit_files, git, make_repo
from support.real_rig import RealRig

from autoexp_tui.loop.ports import Job
from autoexp_tui.model.contract import Budget, Guard, HoldOut
from autoexp_tui.testing.evaluators import CONTRACT
from autoexp_tui.text.safe import Safe


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))


def limited(**budget: float) -> Budget:
    return msgspec.structs.replace(Budget(), **budget)


@pytest.mark.parametrize(
    ("cheat", "named"),
    [
        ("echo 'echo loss: 0' > protected.sh; echo loss: 0\n", "protected.sh"),
        ("rm protected.sh; echo loss: 0\n", "protected.sh"),
        ("echo : >> target.sh; echo loss: 0\n", "target.sh"),
    ],
)
def test_who_tampers_gets_a_crash_row_an_alarm_and_no_figure(
    tmp_path: Path, cheat: str, named: str
) -> None:
    contract = msgspec.structs.replace(CONTRACT, budget=limited(max_experiments=3), sandbox="none")
    rig = RealRig(tmp_path, [cheat, "echo loss: 0.5\n"], contract)
    rig.run()
    baseline, tampered, honest = rig.state.rows
    assert (tampered.status, tampered.metrics) == ("crash", {})
    assert tampered.reason == f"tampered with {named}"
    alarms = [event.text for _, event in rig.state.notices if event.level == "alarm"]
    assert alarms == [f"#2 tampered with {named}"]
    assert (honest.status, honest.metrics, honest.parent) == (
        "keep",
        {"loss": 0.5},
        baseline.commit,
    )


def test_the_wall_clock_cuts_a_harness_that_still_may_run(tmp_path: Path) -> None:
    contract = msgspec.structs.replace(CONTRACT, time_limit=60.0)
    rig = RealRig(tmp_path, ["echo loss: 0.5; sleep 600\n"], contract)

    def leave_a_second(_: object) -> None:
        hours = (rig.state.elapsed + 1) / 3600
        rig.state.budget = limited(max_wall_clock_hours=hours)

    rig.proposer.before = leave_a_second
    finished = rig.run()
    assert finished.ok
    assert "max_wall_clock_hours" in finished.reason
    assert [row.n for row in rig.state.rows] == [1]
    assert list(rig.state.in_flight) == [2]  # the next runner, with more time, measures it again
    assert rig.state.elapsed < 50


def test_a_real_guard_keeps_nothing_out_of_what_breaks_it_and_leaves_no_trace(
    tmp_path: Path,
) -> None:
    size = Guard("echo left > left; wc -c < target.sh; test $(wc -c < target.sh) -lt 60", "size")
    contract = msgspec.structs.replace(
        CONTRACT, guard=(size,), budget=limited(max_experiments=4), confirm="off"
    )
    long = f"echo loss: 0.5 # {'x' * 80}\n"
    rig = RealRig(tmp_path, [long, "test -e left; echo loss: 0.$?\n"], contract)
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "discard", "keep"]
    assert rig.state.rows[1].reason == f"guard size failed: exit 1: {len(long)}"
    assert rig.state.rows[2].metrics == {"loss": 0.1}
    assert rig.run_directory.output(2).read_text().strip() == str(len(long))


def test_a_guard_that_runs_too_long_or_tampers_is_told_as_it_is(tmp_path: Path) -> None:
    guard = Guard(
        "case $(cat target.sh) in *slow) sleep 60;; *evil) rm protected.sh;; esac", "it", 1
    )
    contract = msgspec.structs.replace(
        CONTRACT,
        guard=(guard,),
        budget=limited(max_experiments=3),
        confirm="off",
        sandbox="none",
    )
    rig = RealRig(tmp_path, ["echo loss: 0.5 # slow\n", "echo loss: 0.4 # evil\n"], contract)
    rig.run()
    reasons = [(row.status, row.reason) for row in rig.state.rows[1:]]
    assert reasons == [
        ("discard", "guard it failed: time limit of 1 s"),
        ("crash", "tampered with protected.sh"),
    ]


def test_a_holdout_command_is_run_on_keeps_alone(tmp_path: Path) -> None:
    holdout = HoldOut(Safe("held"), "higher", "echo held: $(wc -c < target.sh); echo x >> ran")
    contract = msgspec.structs.replace(
        CONTRACT, holdout=holdout, budget=limited(max_experiments=3), confirm="off"
    )
    rig = RealRig(tmp_path, ["echo loss: 2\n", "echo loss: 0.5; echo held: 7\n"], contract)
    rig.run()
    assert [(row.status, row.holdout) for row in rig.state.rows] == [
        ("keep", 13.0),
        ("discard", None),
        ("keep", float(len("echo loss: 0.5; echo held: 7\n"))),
    ]
    assert rig.state.rows[2].extras == {}


OPEN = msgspec.structs.replace(CONTRACT, sandbox="none")


def alarms(rig: RealRig) -> list[str]:
    return [event.text for _, event in rig.state.notices if event.level == "alarm"]


def test_what_the_baseline_makes_new_others_may_make_too_also_after_a_resume(
    tmp_path: Path,
) -> None:
    contract = msgspec.structs.replace(OPEN, budget=limited(max_experiments=2), confirm="off")
    texts = ["touch made.so; echo loss: 0.5\n", "touch made.so other.so; echo loss: 0.4\n"]
    rig = RealRig(tmp_path, texts, contract, "touch made.so; echo loss: 1\n")
    rig.run()
    assert rig.state.products == ("made.so",)
    assert [row.status for row in rig.state.rows] == ["keep", "keep"]
    with rig.evaluator() as evaluator:
        result = evaluator.submit(Job(3, texts[0], 60.0)).result()
        assert (result.failure, result.made) == ("", ())
        result = evaluator.submit(Job(4, texts[1], 60.0)).result()
    assert result.tampered
    assert result.failure == (
        "tampered with other.so (new: a loader of libraries prefers it); "
        "a harness that does so wants `keep: [other.so]`"
    )


def test_what_is_written_to_a_linked_folder_is_told_with_the_line_that_allows_it(
    tmp_path: Path,
) -> None:
    contract = msgspec.structs.replace(
        OPEN, link=("data",), budget=limited(max_experiments=4), confirm="off"
    )
    texts = [
        "echo forged > data/held; echo loss: 0.5\n",
        "touch data/new; echo loss: 0.4\n",
        "echo x >> data/log; echo loss: 0.3\n",
    ]
    rig = RealRig(tmp_path, texts, contract, "echo x >> data/log; echo loss: 1\n")
    rig.is_attended = True  # who sees no harm in what they left there
    data = rig.root / "data"
    data.mkdir()
    (data / "held").write_text("true\n")
    (data / "log").write_text("")
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "crash", "crash", "keep"]
    assert rig.state.rows[1].reason == (
        f"tampered with data/held (linked, your own {data}/held was changed; without a sandbox "
        "nobody can bring it back); a harness that writes there wants `link: {data: write}`, or "
        "`copy`"
    )
    assert rig.state.rows[2].reason.startswith(
        f"tampered with data/new (linked, your own {data}/new was made); a harness"
    )
    assert rig.state.products == ("data/log",)
    assert len(alarms(rig)) == 2


def test_a_folder_where_the_baseline_adds_files_grows_but_the_users_own_files_stay(
    tmp_path: Path,
) -> None:
    contract = msgspec.structs.replace(
        OPEN, link=("cache",), budget=limited(max_experiments=5), confirm="off"
    )
    texts = [
        "mkdir cache/b; touch cache/b/x; echo loss: 0.5\n",
        "echo y > cache/b/x; rm cache/a; touch cache/c; rm cache/c; echo loss: 0.4\n",
        "rm cache/own; echo loss: 0.3\n",
        "touch cache/x.pth; echo loss: 0.2\n",
    ]
    rig = RealRig(tmp_path, texts, contract, "touch cache/a; echo loss: 1\n")
    rig.is_attended = True  # who sees no harm in what they left there
    (rig.root / "cache").mkdir()
    (rig.root / "cache/own").touch()
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "keep", "keep", "crash", "crash"]


def test_what_the_user_changes_in_a_linked_folder_between_two_experiments_is_nobodys_fault(
    tmp_path: Path,
) -> None:
    contract = msgspec.structs.replace(
        OPEN, link=("data",), budget=limited(max_experiments=3), confirm="off"
    )
    rig = RealRig(tmp_path, ["echo loss: 0.5\n", "echo loss: 0.4\n"], contract)
    (rig.root / "data").mkdir()
    rig.proposer.before = lambda _: (rig.root / "data/mine").write_text(str(rig.state.next_n))
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "keep", "keep"]


@pytest.mark.parametrize("folder", ["$PWD", "$(dirname $PWD)", "$(dirname $(dirname $PWD))"])
def test_a_candidate_that_removes_its_own_place_is_a_crash_row_and_the_next_is_measured(
    tmp_path: Path, folder: str
) -> None:
    contract = msgspec.structs.replace(OPEN, budget=limited(max_experiments=3), confirm="off")
    rig = RealRig(tmp_path, [f'rm -rf "{folder}"; echo loss: 0\n', "echo loss: 0.5\n"], contract)
    assert rig.run().ok
    assert [row.status for row in rig.state.rows] == ["keep", "crash", "keep"]
    assert rig.state.rows[1].reason.startswith("tampered with")


def test_a_home_that_became_a_link_to_the_checkout_empties_nothing_there(tmp_path: Path) -> None:
    contract = msgspec.structs.replace(OPEN, budget=limited(max_experiments=3), confirm="off")
    cheat = f'home=$(dirname $PWD); rm -rf "$home"; ln -s {tmp_path} "$home"; echo loss: 0\n'
    rig = RealRig(tmp_path, [cheat, "echo loss: 0.5\n"], contract)
    (rig.root / "untracked").touch()
    rig.run()
    assert (rig.root / "untracked").exists()
    assert (rig.root / ".git").exists()
    assert [row.status for row in rig.state.rows] == ["keep", "crash", "keep"]


def test_git_finds_no_repository_above_the_workspace_whose_commit_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repo(tmp_path, {"dotfile": ""})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    rig = RealRig(tmp_path, [], OPEN)
    with rig.evaluator() as evaluator:
        found = evaluator.submit(Job(1, "git rev-parse HEAD; exit 1\n", 60.0)).result()
        named = evaluator.submit(Job(1, 'echo "loss: ${#AUTOEXP_COMMIT}"\n', 60.0)).result()
    assert "not a git repository" in found.failure
    assert named.metrics == {"loss": 40.0}


def test_what_a_harness_that_was_run_by_hand_has_left_is_not_taken_for_data(
    tmp_path: Path,
) -> None:
    contract = msgspec.structs.replace(
        CONTRACT,
        link=None,
        leaves=("answers.txt",),
        budget=limited(max_experiments=2),
        confirm="off",
    )
    writes = "echo {} > answers.txt && echo loss: 0.{}\n"
    rig = RealRig(tmp_path, [writes.format("mine", 5)], contract, writes.format("base", 9))
    commit_files(rig.root, {".gitignore": "answers.txt\n"})
    rig.started = msgspec.structs.replace(rig.started, base=git(rig.root, "rev-parse", "HEAD"))
    (rig.root / "answers.txt").write_text("by hand\n")
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "keep"], rig.state.rows[-1].reason
    assert (rig.root / "answers.txt").read_text() == "by hand\n"


def test_python_neither_writes_nor_shares_compiled_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "shared"))
    text = f"echo > m.py; {sys.executable} -c 'import m'; rm m.py; ls -a; echo loss: 1\n"
    rig = RealRig(tmp_path, [], OPEN)
    with rig.evaluator() as evaluator:
        result = evaluator.submit(Job(1, text, 60.0)).result()
    assert result.metrics == {"loss": 1.0}
    assert "__pycache__" not in result.tail
    assert not (tmp_path / "shared").exists()


def test_an_agents_copy_is_made_of_a_target_as_it_was_to_be(tmp_path: Path) -> None:
    rig = RealRig(tmp_path, [], CONTRACT)
    with rig.evaluator() as evaluator:
        evaluator.submit(Job(2, "echo loss: 0.5\n", 20.0)).result()
        target = evaluator.workspace.project_dir / CONTRACT.target
        with target.open("ab") as file:
            file.truncate(1 << 40)
        evaluator.refresh()
        assert target.read_bytes() == b"echo loss: 0.5\n"
