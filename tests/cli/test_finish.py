"""`autoexp finish`: what a run has kept as a branch, and nothing of the user's touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.gitrepos import commit_files, git
from support.projects import fingerprint, make_project
from support.told_run import Told, tell_run

from autoexp_tui.cli import run_command

BASE = "".join(f"line_{k} = {k}\n" for k in range(12))


def changed(*places: int, to: str = "99") -> str:
    lines = BASE.splitlines(keepends=True)
    for place in places:
        lines[place] = f"line_{place} = {to}\n"
    return "".join(lines)


KEPT = [
    Told(changed(1), 7.0, "keep", "line_1 higher", "As #1 shows, fixes #12.\n\nReviewed-by: me"),
    Told(changed(1, 3), 8.0, "discard"),
    Told(changed(1, 8), 6.0, "keep", "line_8 higher"),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_project(tmp_path / "project", target_py=BASE)
    monkeypatch.chdir(path)
    return path


def without_ours(told: dict[str, object], *names: str) -> dict[str, object]:
    heads = [
        line
        for line in told["heads"]  # type: ignore[attr-defined]
        if not any(f"refs/heads/{name}" in line for name in names)
    ]
    return {**told, "heads": heads}


def subjects(project: Path, branch: str) -> list[str]:
    return git(project, "log", "--reverse", "--format=%s", f"main..{branch}").splitlines()


def test_each_kept_step_is_a_commit_that_tells_itself(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_run(project, "t", KEPT)
    (project / "target.py").write_text("edited\n")
    git(project, "add", "target.py")
    before = fingerprint(project)
    assert run_command(["finish"]) == 0
    assert without_ours(fingerprint(project), "autoexp-t") == before
    assert subjects(project, "autoexp-t") == [
        "line_1 higher (loss 9 → 7)",
        "line_8 higher (loss 7 → 6)",
    ]
    first = git(project, "log", "-1", "--format=%B", "autoexp-t^")
    assert "Effect: +0.5 (+0.4 to +0.6), 3 + 2 runs, at 99 % confidence" in first
    assert "As experiment 1 shows, fixes experiment 12." in first
    # A line of the hypothesis is none of the trailers.
    trailers = git(project, "log", "-1", "--format=%(trailers:only)", "autoexp-t^")
    assert "Proposed-by: tuner" in trailers
    assert "Reviewed-by" not in trailers
    assert git(project, "show", "autoexp-t:target.py") + "\n" == changed(1, 8)
    assert git(project, "rev-parse", "autoexp-t~2") == git(project, "rev-parse", "main")
    told = capsys.readouterr().out
    assert "# target.py: loss 9 → 6 (33.3 % better)" in told
    assert "git merge autoexp-t" in told


def test_the_same_again_is_the_same_and_more_moves_it_on(project: Path) -> None:
    tell_run(project, "t", KEPT[:1], ended=False)
    run_command(["finish"])
    first = git(project, "rev-parse", "autoexp-t")
    assert run_command(["finish"]) == 0
    assert git(project, "rev-parse", "autoexp-t") == first
    assert run_command(["finish", "--squash"]) == 0
    assert git(project, "rev-parse", "autoexp-t") != first
    assert len(subjects(project, "autoexp-t")) == 1


def test_a_branch_of_the_users_is_never_moved(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_run(project, "t", KEPT)
    git(project, "branch", "autoexp-t", "main")
    assert run_command(["finish"]) == 1
    assert "stays as it is" in capsys.readouterr().err
    assert git(project, "rev-parse", "autoexp-t") == git(project, "rev-parse", "main")
    assert run_command(["finish", "--branch", "mine"]) == 0
    # Their own commit on top of a result makes it theirs.
    git(project, "checkout", "-q", "mine")
    assert run_command(["finish", "--branch", "mine", "--squash"]) == 1  # checked out
    commit_files(project, {"target.py": changed(1, 8, 9)}, "more by hand")
    git(project, "checkout", "-q", "main")
    tip = git(project, "rev-parse", "mine")
    assert run_command(["finish", "--branch", "mine"]) == 1
    assert git(project, "rev-parse", "mine") == tip


@pytest.mark.parametrize("name", ["-d", "a..b", "autoexp/t", "x.lock", "a b", ""])
def test_what_is_no_name_for_a_branch_is_refused(project: Path, name: str) -> None:
    tell_run(project, "t", KEPT)
    refs = git(project, "for-each-ref")
    assert run_command(["finish", f"--branch={name}"]) != 0 or name == ""
    if name:
        assert git(project, "for-each-ref") == refs


def test_it_stands_on_head_where_both_changed_other_places(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_run(project, "t", KEPT)
    commit_files(project, {"target.py": changed(5, to="5.5"), "evaluate.sh": "echo\n"}, "by hand")
    assert run_command(["finish", "--onto", "HEAD"]) == 0
    assert subjects(project, "autoexp-t") == [
        "line_1 higher (loss 9 → 7)",
        "line_8 higher (loss 7 → 6)",
    ]
    merged = git(project, "show", "autoexp-t:target.py") + "\n"
    assert merged == changed(1, 8).replace("line_5 = 5\n", "line_5 = 5.5\n")
    assert "has another target.py and 1 more files" in capsys.readouterr().err


def test_a_conflict_is_told_with_its_line_and_nothing_is_made(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_run(project, "t", KEPT)
    commit_files(project, {"target.py": changed(8, to="8.5")}, "by hand")
    assert run_command(["finish", "--onto", "HEAD"]) == 2
    assert "target.py of HEAD has changed where #4 did, line 9:" in capsys.readouterr().err
    assert git(project, "branch", "--list", "autoexp-t") == ""


def test_what_head_has_already_makes_no_commit(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_run(project, "t", KEPT)
    commit_files(project, {"target.py": changed(1)}, "taken over by hand")
    assert run_command(["finish", "--onto", "main"]) == 0
    assert subjects(project, "autoexp-t") == ["line_8 higher (loss 7 → 6)"]
    assert "main has what #2 changed already" in capsys.readouterr().err
    git(project, "merge", "-q", "autoexp-t")
    assert run_command(["finish", "--onto", "main", "--branch", "again"]) == 2


def test_only_what_the_best_was_made_from_is_taken(project: Path) -> None:
    tell_run(project, "t", [*KEPT, Told(changed(10), 5.0, "keep", "elsewhere", made_from=1)])
    run_command(["finish"])
    assert subjects(project, "autoexp-t") == ["elsewhere (loss 9 → 5)"]


def test_the_text_goes_into_a_file_but_over_nobody_elses(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_run(project, "t", KEPT)
    pr = project / "pr.md"
    pr.write_text("mine")
    assert run_command(["finish", "--pr", "pr.md"]) == 2
    assert (pr.read_text(), git(project, "branch", "--list", "autoexp-t")) == ("mine", "")
    pr.unlink()
    assert run_command(["finish", "--pr", "pr.md"]) == 0
    assert run_command(["finish", "--pr", "pr.md"]) == 0
    text = pr.read_text()
    assert text.startswith("# target.py: loss 9 → 6")
    assert "#12" not in text
    assert "# target.py" not in capsys.readouterr().out


def test_a_run_that_kept_nothing_has_nothing_to_take_home(project: Path) -> None:
    tell_run(project, "t", [Told(changed(1), 9.5, "discard")])
    refs = git(project, "for-each-ref")
    assert run_command(["finish", "--verify"]) == 2
    assert git(project, "for-each-ref") == refs


def test_a_gain_that_does_not_hold_makes_no_branch(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit_files(project, {"evaluate.sh": "#!/bin/sh\necho loss: 9\n"}, "always the same")
    tell_run(project, "t", KEPT[:1])
    assert run_command(["finish", "--verify"]) == 1
    assert "no branch was made" in capsys.readouterr().err
    assert git(project, "branch", "--list", "autoexp-t") == ""


def test_clean_is_done_where_it_is_asked_for(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_run(project, "t", KEPT)
    assert run_command(["finish", "--clean"]) == 0
    assert "t: workspace removed" in capsys.readouterr().out


def test_what_the_run_began_with_comes_along_and_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_run(project, "t", KEPT)
    base = git(project, "rev-parse", "HEAD")
    git(project, "checkout", "-q", "--orphan", "elsewhere")
    commit_files(project, {"target.py": BASE}, "another line of work")
    assert run_command(["finish"]) == 0
    told = capsys.readouterr()
    assert f"it begins with {base[:7]}, which HEAD does not have: start" in told.err
    assert f"git cherry-pick {base[:7]}..autoexp-t" in told.out
    # What was committed for a run alone is taken along by hand, too.
    git(project, "commit", "-q", "--allow-empty", "-m", "As #4 of run t left it: target.py")
    own = git(project, "rev-parse", "--short=7", "HEAD")
    tell_run(project, "next", KEPT[:1])
    git(project, "checkout", "-q", "main")
    assert run_command(["finish", "next"]) == 0
    assert f"git cherry-pick {own}^..autoexp-next" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["finish"], ["note", "1", "x"], ["budget", "--hours", "1"]])
def test_a_run_that_has_not_begun_is_told_as_such(project: Path, command: list[str]) -> None:
    run = project / ".git" / "autoexp" / "t"
    run.mkdir(parents=True)
    (run / "journal.jsonl").touch()
    assert run_command(command) == 2
    assert run_command(["instructions", "t"]) == 2
    assert (run / "journal.jsonl").read_bytes() == b""
