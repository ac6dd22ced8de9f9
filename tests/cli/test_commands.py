"""The command line as a person and a script use it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from support.gitrepos import commit_files, git, write_files
from support.projects import autoexp, fingerprint, kept_commits, make_project

from autoexp_tui.cli import run_command
from autoexp_tui.commands import pulse
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.model.rundir import RunDirectory, runs_in
from autoexp_tui.sources.journals import read_state

CKSUM = "$(printf 'RATE = 3.0\\nDEPTH = 4\\n' | cksum | tr -d ' ')"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_project(tmp_path / "project")
    monkeypatch.chdir(path)
    return path


def unconfine(project: Path) -> None:
    """Let its harness leave something outside of the workspace."""
    with (project / "autoexp.yaml").open("a") as file:
        file.write("sandbox: none\n")


def run_dir(project: Path, tag: str) -> RunDirectory:
    return RunDirectory(project / ".git" / "autoexp" / tag)


def test_a_run_in_json_is_whole_and_everything_agrees(project: Path) -> None:
    done = autoexp("run", "--json", "--max-experiments", "8", "--tag", "t", cwd=project)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
    assert records[0]["event"]["kind"] == "RunStarted"
    assert records[-1]["event"]["kind"] == "RunFinished"
    decided = [r["event"] for r in records if r["event"]["kind"] == "Decided"]
    table = (project / "results.tsv").read_text().splitlines()
    assert table[0] == "commit\tloss\tstatus\tdescription"
    assert len(decided) == len(table) - 1 == 8
    branch = git(project, "rev-list", "--reverse", "autoexp/t").splitlines()
    assert [commit[:7] for commit in branch] == kept_commits(table)
    refs = git(project, "for-each-ref", "--format=%(objectname)", "refs/autoexp/t").splitlines()
    assert {event["commit"] for event in decided} <= {*refs, *branch}
    best = min(float(line.split("\t")[1]) for line in table[1:] if "\tkeep\t" in line)
    assert best < float(table[1].split("\t")[1])


def test_plain_lines_tell_the_run_and_where_the_results_are(project: Path) -> None:
    done = autoexp("run", "--max-experiments", "3", cwd=project)
    assert "#1 ✓ keep" in done.stdout
    assert "finished: all 3 experiments done" in done.stdout
    assert f"table: {project / 'results.tsv'}" in done.stdout


def test_the_users_tree_is_as_it_was(project: Path) -> None:
    (project / "notes.txt").write_text("untracked")
    (project / "README").write_text("staged")
    git(project, "add", "README")
    (project / "README").write_text("and changed")
    before = fingerprint(project)
    autoexp("run", "--max-experiments", "4", cwd=project)
    assert fingerprint(project) == before
    assert "results.tsv" not in git(project, "status", "--porcelain", "--untracked-files=all")


def test_detach_leaves_a_runner_that_attach_and_stop_reach(project: Path) -> None:
    slow = "sleep 0.2; " + (project / "evaluate.sh").read_text().split("\n", 1)[1]
    (project / "evaluate.sh").write_text(slow)
    git(project, "commit", "--quiet", "--all", "--message", "slow")
    autoexp("run", "--detach", "--tag", "t", cwd=project)
    run = run_dir(project, "t")
    assert is_running(run)
    assert "pausing" in autoexp("pause", cwd=project).stdout
    assert "resumed" in autoexp("resume", cwd=project).stdout
    assert "stopping" in autoexp("stop", "t", cwd=project).stdout
    done = autoexp("attach", "t", "--plain", cwd=project)
    assert "stopped by" in done.stdout
    assert not is_running(run)


def test_stop_now_ends_a_long_harness_and_run_measures_it_again(project: Path) -> None:
    marker = project / "linked" / "ready"
    marker.parent.mkdir()
    body = (project / "evaluate.sh").read_text()
    slow = (
        "grep -q RATE target.py || exit 1\n"
        f"[ $(cksum < target.py | tr -d ' ') = {CKSUM} ] || [ -e linked/ready ] || sleep 60\n"
    )
    commit_files(project, {"evaluate.sh": slow + body, ".gitignore": "linked/\n"})
    autoexp("run", "--detach", "--tag", "t", "--max-experiments", "3", cwd=project)
    run = run_dir(project, "t")
    while not any(
        getattr(state.current, "n", 0) == 2 and state.phase == "evaluating"
        for state in [read_state(run)]
    ):
        assert is_running(run)
    autoexp("stop", "--now", cwd=project)
    autoexp("attach", "t", "--plain", cwd=project)
    assert len(read_state(run).rows) == 1
    marker.touch()
    autoexp("run", "--tag", "t", cwd=project)
    assert len(read_state(run).rows) == 3


def test_foreground_hosts_the_loop_in_the_process_itself(project: Path) -> None:
    autoexp("run", "--foreground", "--max-experiments", "2", "--tag", "t", cwd=project)
    state = read_state(run_dir(project, "t"))
    assert state.finished is not None
    assert state.runner is not None
    assert state.runner.pid != os.getpid()


def test_a_resumed_run_keeps_its_contract_and_takes_a_larger_budget(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    autoexp("run", "--max-experiments", "2", "--tag", "t", cwd=project)
    assert run_command(["run", "--plain", "--tag", "t"]) == 2
    assert "--max-experiments 4" in capsys.readouterr().err
    (project / "autoexp.yaml").write_text((project / "autoexp.yaml").read_text() + "keep: [x]\n")
    done = autoexp("run", "--max-experiments", "4", "--tag", "t", cwd=project)
    assert "goes on as it began" in done.stderr
    assert len(read_state(run_dir(project, "t")).rows) == 4


def test_a_failed_baseline_is_exit_code_1_and_says_why(project: Path) -> None:
    (project / "evaluate.sh").write_text("echo no luck; exit 3\n")
    git(project, "commit", "--quiet", "--all", "--message", "broken")
    done = autoexp("run", cwd=project, check=False)
    assert done.returncode == 1
    assert "no luck" in done.stdout


def test_check_shows_what_was_read_and_leaves_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = fingerprint(project)
    assert run_command(["check"]) == 0
    out = capsys.readouterr().out
    assert "loss 5.4 (lower is better)" in out
    assert "noise      repeats itself exactly (2 runs): one look tells" in out
    assert "ready" in out
    assert fingerprint(project) == before
    assert not (project / ".git" / "autoexp").exists()


def test_check_runs_a_noisy_harness_more_than_once_and_tells_its_noise(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = project.parent / "runs"
    harness = (
        f"grep -q RATE target.py || exit 1\n"
        f"echo x >> {counted}; echo loss: $(wc -l < {counted})00\n"
    )
    (project / "evaluate.sh").write_text(harness)
    unconfine(project)
    git(project, "commit", "--quiet", "--all", "--message", "noisy")
    assert run_command(["check"]) == 0
    out = capsys.readouterr().out
    assert "loss 250 (100, 200, 300, 400)" in out
    assert "±52 %, 4 runs: improvements under" in out
    assert counted.read_text() == "x\n" * 4


def test_a_failed_baseline_tells_what_to_do_in_check_and_in_a_run(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "evaluate.sh").write_text("cat data/q.csv\n")
    (project / ".gitignore").write_text("data/\n")
    (project / "autoexp.yaml").write_text((project / "autoexp.yaml").read_text() + "link: []\n")
    (project / "data").mkdir()
    (project / "data" / "q.csv").touch()
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "wants data")
    assert run_command(["check"]) == 1
    cure = "data/q.csv is in the checkout, but neither committed nor linked: `link: [data/q.csv]`"
    assert f"not ready: {cure}" in capsys.readouterr().out
    done = autoexp("run", cwd=project, check=False)
    assert done.returncode == 1
    assert cure in done.stdout


def test_check_is_not_ready_for_a_harness_that_measures_the_checkout(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "autoexp.yaml").write_text(
        (project / "autoexp.yaml").read_text().replace("sh ", f"cd {project} && sh ")
    )
    git(project, "commit", "--quiet", "--all", "--message", "elsewhere")
    assert run_command(["check"]) == 1
    out = capsys.readouterr().out
    assert "not ready: loss is 5.4 whatever target.py holds" in out
    assert f"its command names {project}: write paths relative" in out


def test_a_development_install_is_led_back_to_the_workspace(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An environment of the project's own, in which it was installed as developers do."""
    venv.create(project / ".venv", with_pip=False)
    (site,) = (project / ".venv").glob("lib/python*/site-packages")
    (site / "_project.pth").write_text(f"{project}\n")
    (project / "tools").mkdir()
    (project / "tools" / "evaluate.py").write_text("import target\nprint('loss:', target.RATE)\n")
    (project / ".gitignore").write_text(".venv\n")
    (project / "evaluate.sh").write_text("python tools/evaluate.py\n")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "installed")
    assert run_command(["check"]) == 0
    out = capsys.readouterr().out
    assert "led back   .: to the workspace's own" in out
    assert "is read    target.py: when it is nonsense, there is no figure" in out


def test_check_gives_signs_of_life_while_the_harness_runs(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The harness ends once it is told of: it waits for a file that is made then, and linked."""
    told = project / "told" / "once"
    told.parent.mkdir()

    def say(text: str) -> None:
        lines.append(text)
        told.touch()

    lines: list[str] = []
    harness = (
        "grep -q RATE target.py || exit 1\nprintf 'epoch 1\\repoch 2\\n'\n"
        "until [ -e told/once ]; do sleep 0.02; done\necho loss: 1\n"
    )
    commit_files(project, {"evaluate.sh": harness, ".gitignore": "told/\n"})
    monkeypatch.setattr(pulse, "EVERY_S", 0.3)
    monkeypatch.setattr(pulse, "say", say)
    assert run_command(["check"]) == 0
    assert any(line.endswith("epoch 2") for line in lines)


def test_check_says_so_when_a_harness_fails_now_and_then(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marker = project.parent / "ran"
    harness = f"[ -e {marker} ] && exit 3; touch {marker}; echo loss: 5\n"
    (project / "evaluate.sh").write_text(harness)
    unconfine(project)
    git(project, "commit", "--quiet", "--all", "--message", "flaky")
    assert run_command(["check"]) == 1
    assert "no measurement in run 2, where 1 had given one" in capsys.readouterr().out


def test_check_names_a_metric_that_was_not_printed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = '{\n  "result": {\n    "ndcg@10": 0.587\n  }\n}'
    script = f"echo score: 3; echo '{document}'; echo speed 450.5 MB/s\n"
    (project / "evaluate.sh").write_text(script)
    git(project, "commit", "--quiet", "--all", "--message", "other")
    assert run_command(["check"]) == 1
    out = capsys.readouterr().out
    assert "loss" in out
    assert "score 3: write `metrics: [{name: score, direction: lower}]`" in out
    assert "{name: 'ndcg@10', direction: lower, json: 'result.ndcg@10'}" in out
    assert "speed 450.5: write `metrics: [{name: speed, direction: lower, pattern: " in out
    assert "not ready" in out


@pytest.mark.parametrize(
    ("line", "status", "told"),
    [
        ("guard: [{run: test -s evaluate.sh, name: size}, 'true']", 0, "size passes"),
        ("guard: [{run: echo 2 failed; false, name: tests}]", 1, "fails guard tests: exit 1: 2 f"),
    ],
)
def test_check_runs_the_guards_on_the_baseline(
    project: Path, capsys: pytest.CaptureFixture[str], line: str, status: int, told: str
) -> None:
    with (project / "autoexp.yaml").open("a") as file:
        file.write(line + "\n")
    git(project, "commit", "--quiet", "--all", "--message", "guarded")
    assert run_command(["check"]) == status
    out = capsys.readouterr().out
    assert told in out
    assert ("not ready" in out) == bool(status)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--plain", "--json"], "choose one"),
        (["run", "--detach", "--foreground"], "choose one"),
        (["run", "--max-experiments", "0"], "--max-experiments"),
        (["run", "--time-limit", "soon"], "--time-limit"),
        (["run", "--tag", "../x"], "tag"),
        (["run", "--tag", "x.lock"], "tag"),
        (["run", "--proposer", "nobody"], "proposer"),
        (["run", "elsewhere"], "elsewhere"),
        (["attach", "nosuch"], "nosuch"),
        (["pause"], "autoexp run"),
        (["show", "1"], "autoexp run"),
        (["summary", "nosuch"], "nosuch"),
        (["new", "nosuch", "x"], "autoexp new"),
        (["init"], "here already"),
    ],
)
def test_usage_is_exit_code_2_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert run_command(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("proposer", "words"),
    [("anthropic", "Claude needs a key"), ("command", "needs `command: {run:")],
)
def test_a_proposer_that_could_not_work_is_told_before_a_run_begins(
    project: Path, proposer: str, words: str
) -> None:
    bare = dict.fromkeys(("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"), "")
    done = autoexp("run", "--proposer", proposer, "--tag", "t", cwd=project, check=False, **bare)
    assert done.returncode == 2
    assert words in done.stderr
    assert not run_dir(project, "t").journal.exists()


def test_a_proposer_of_a_strangers_package_runs_by_its_name(project: Path, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    (about := packages / "lower-1.dist-info").mkdir(parents=True)
    (about / "METADATA").write_text("Name: lower\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[autoexp_tui.proposers]\nlower = lower:Lower\n")
    (packages / "lower.py").write_text(
        "from autoexp_tui.model.proposal import Proposal\n"
        "from autoexp_tui.proposers.hosting import Factory\n"
        "class Lower(Factory):\n"
        "    name = 'lower'\n"
        "    def make(self, hosting):\n"
        "        return self\n"
        "    def propose(self, situation, stream):\n"
        "        text = f'RATE = {2.0 - situation.n / 10}\\nDEPTH = 4\\n'\n"
        "        return Proposal('less', 'less of it', text)\n"
    )
    more = {"PYTHONPATH": str(packages)}
    done = autoexp(
        "run", "--proposer", "lower", "--tag", "t", "--max-experiments", "3", cwd=project, **more
    )
    assert "by lower" in done.stdout
    assert [row.description for row in read_state(run_dir(project, "t")).rows[1:]] == [
        "less of it",
        "less of it",
    ]


def test_an_uncommitted_target_is_refused_unless_included(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "target.py").write_text("RATE = 2.0\nDEPTH = 4\n")
    assert run_command(["run", "--plain"]) == 2
    assert "target.py" in capsys.readouterr().err
    done = autoexp("run", "--include-dirty", "--max-experiments", "1", cwd=project)
    assert "loss 2.4" in done.stdout
    assert (project / "target.py").read_text() == "RATE = 2.0\nDEPTH = 4\n"


def test_a_program_that_git_ignores_is_linked_not_committed(project: Path) -> None:
    """The Python of a `.venv`, or what was built."""
    write_files(project, {".gitignore": "build/\n", "build/bench": "#!/bin/sh\nexec sh *.sh\n"})
    text = (project / "autoexp.yaml").read_text()
    changed = re.sub(r"(?m)^harness:.*$", "harness: build/bench", text)
    commit_files(project, {".gitignore": "build/\n", "autoexp.yaml": changed})
    done = autoexp("run", "--max-experiments", "1", "--plain", cwd=project)
    assert "finished: all 1 experiments done" in done.stdout


@pytest.mark.parametrize("tracked", [False, True])
def test_a_table_of_another_program_stays_and_ours_goes_into_a_folder_of_its_own(
    project: Path, *, tracked: bool
) -> None:
    (project / "results.tsv").write_text("mine\n")
    if tracked:
        git(project, "add", "results.tsv")
        git(project, "commit", "--quiet", "--message", "mine")
    done = autoexp("run", "--max-experiments", "1", cwd=project)
    assert "this run's table is autoexp/results.tsv" in done.stderr
    assert (project / "results.tsv").read_text() == "mine\n"
    assert (project / "autoexp" / "results.tsv").read_text().startswith("commit\tloss")
    assert "autoexp" not in git(project, "status", "--porcelain")
    again = autoexp("run", "--max-experiments", "2", cwd=project)
    assert "2 experiments" in again.stdout
    assert len((project / "autoexp" / "results.tsv").read_text().splitlines()) == 3


def test_a_table_that_was_asked_for_is_never_put_in_anothers_place(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "mine.tsv").write_text("mine\n")
    assert run_command(["run", "--plain", "--results", "mine.tsv"]) == 2
    assert "--results" in capsys.readouterr().err
    autoexp("run", "--max-experiments", "1", "--results", "other.tsv", cwd=project)
    assert (project / "mine.tsv").read_text() == "mine\n"
    assert (project / "other.tsv").read_text().startswith("commit\tloss")


def test_a_second_run_takes_the_table_of_the_first_over(project: Path) -> None:
    autoexp("run", "--max-experiments", "2", "--tag", "a", cwd=project)
    autoexp("run", "--max-experiments", "1", "--tag", "b", cwd=project)
    assert len((project / "results.tsv").read_text().splitlines()) == 2
    assert len(run_dir(project, "a").results.read_text().splitlines()) == 3
    assert not read_state(run_dir(project, "b")).notices
    assert not (run_dir(project, "b").path / "set-aside").exists()


def table_of(project: Path) -> list[list[str]]:
    lines = (project / "results.tsv").read_text().splitlines()[1:]
    return [line.split("\t") for line in lines]


def test_ls_show_and_summary_tell_of_a_finished_run(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    autoexp("run", "--max-experiments", "3", "--tag", "t", cwd=project)
    assert run_command(["ls"]) == 0
    assert "finished" in capsys.readouterr().out
    assert run_command(["show", "2"]) == 0
    shown = capsys.readouterr().out
    assert "hypothesis" in shown
    assert "+++ b/target.py" in shown
    assert "measuring" in shown
    assert run_command(["summary", "--json"]) == 0
    digest = json.loads(capsys.readouterr().out)
    assert (digest["tag"], digest["rows"]) == ("t", 3)
    assert run_command(["summary", "results.tsv", "--json"]) == 0
    from_table = json.loads(capsys.readouterr().out)
    for key in ("rows", "statuses", "metric", "baseline", "best", "longest_drought"):
        assert from_table[key] == digest[key]
    assert digest["best"] == digest["metrics"][0]["best"]
    assert digest["direction"] == "lower"
    assert run_command(["show", "9"]) == 2
    capsys.readouterr()
    assert run_command(["show", "last"]) == 0
    assert capsys.readouterr().out.startswith("#3 ")
    assert run_command(["show", "best"]) == 0
    best = min((line for line in table_of(project)), key=lambda line: float(line[1]))
    assert f"commit     {best[0]}" in capsys.readouterr().out


def test_a_baseline_without_a_measurement_is_shown_with_its_output(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "evaluate.sh").write_text("echo Traceback; echo no luck; exit 3\n")
    git(project, "commit", "--quiet", "--all", "--message", "broken")
    autoexp("run", "--tag", "t", cwd=project, check=False)
    assert run_command(["show", "1"]) == 0
    shown = capsys.readouterr().out
    assert "no measurement" in shown
    assert "exit 3: no luck" in shown
    assert "Traceback\nno luck" in shown
    assert run_command(["show", "first"]) == 2
    assert "`best` or `last`" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["pause", "resume", "skip", "stop"])
def test_a_run_is_named_by_its_tag_everywhere(
    project: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert run_command([verb, "--tag", "nosuch"]) == 2
    assert "there is no run 'nosuch'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "meant"), [("chek", "check"), ("statr", ""), ("atach", "attach")]
)
def test_a_mistyped_command_is_answered_by_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str], typed: str, meant: str
) -> None:
    assert run_command([typed]) == 2
    told = capsys.readouterr().err
    assert ("Did you mean" in told) == bool(meant)
    assert f"`autoexp {meant}`" in told or not meant


def test_clean_takes_out_the_workspace_and_the_exclude_lines(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exclude = project / ".git" / "info" / "exclude"
    before = exclude.read_bytes() if exclude.exists() else b""
    autoexp("run", "--max-experiments", "1", "--tag", "t", cwd=project)
    assert b"/results.tsv" in exclude.read_bytes()
    assert run_command(["clean"]) == 0
    assert exclude.read_bytes() == before
    assert len(read_state(run_dir(project, "t")).rows) == 1
    assert "kept" in capsys.readouterr().out


def test_a_broken_configuration_is_a_line_with_file_and_line_for_each_mistake(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "autoexp.yaml").write_text("target: target.py\nharnes: x\n")
    assert run_command(["run", "--plain"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("autoexp: autoexp.yaml:1: the file lacks the key 'metrics'; ")
    assert second == "autoexp: autoexp.yaml:2: unknown key 'harnes'; did you mean 'harness'?"


def test_config_shows_what_is_in_force_and_where_it_comes_from(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "program.md").write_text("try it\n")
    (project / "autoexp.yaml").write_text(
        "target: target.py\nharness: python evaluate.py\nmetrics: {loss: lower, ms: lower}\n"
        "budget:\n  max_cost_usd: 3\ndecide: pareto\n"
    )
    assert run_command(["config", "--max-hours", "2"]) == 0
    told = [re.split(r"  +", line) for line in capsys.readouterr().out.splitlines()]
    assert ["target", "autoexp.yaml:1", "target.py"] in told
    assert ["budget.max_cost_usd", "autoexp.yaml:5", "3.00"] in told
    assert ["budget.max_wall_clock_hours", "command line", "2"] in told
    assert ["budget.max_experiments", "default", "50"] in told
    assert ["decide.rule", "autoexp.yaml:6", "pareto"] in told
    assert ["instructions", "found in the folder", "program.md"] in told
    assert not [line for line in told if line[0] == "decide.weights"]


def test_config_prints_the_schema_and_the_page_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["config", "--schema"]) == 0
    assert (
        "max_experiments"
        in json.loads(capsys.readouterr().out)["properties"]["budget"]["properties"]
    )
    assert run_command(["config", "--docs"]) == 0
    assert capsys.readouterr().out.startswith("# Configuration\n")


def test_new_makes_a_committed_repository(tmp_path: Path) -> None:
    assert run_command(["new", "ml_training", str(tmp_path / "ml")]) == 0
    assert git(tmp_path / "ml", "status", "--porcelain") == ""
    assert run_command(["new", "ml_training", str(tmp_path / "ml")]) == 2


def test_hostile_names_and_output_never_reach_the_terminal_raw(project: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
    (project / "evaluate.sh").write_text(f"printf '{evil}boom'; exit 1\n")
    git(project, "commit", "--quiet", "--all", "--message", f"evil {evil}")
    done = autoexp("run", cwd=project, check=False)
    told = done.stdout + done.stderr + autoexp("check", cwd=project, check=False).stdout
    assert "boom" in told
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(told)


def test_a_damaged_journal_is_told_and_repaired_on_request(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    autoexp("run", "--max-experiments", "4", "--tag", "t", cwd=project)
    run = run_dir(project, "t")
    lines = run.journal.read_bytes().split(b"\n")
    at = next(i for i, line in enumerate(lines) if b'"Decided","n":3' in line)
    lines[at] = lines[at].replace(b'"n":3', b'"n":4')
    run.journal.write_bytes(b"\n".join(lines))
    assert run_command(["run", "--plain", "--tag", "t", "--max-experiments", "6"]) == 1
    error = capsys.readouterr().err
    assert f"journal.jsonl:{at + 1}: " in error
    assert "autoexp repair" in error
    assert run_command(["repair", "t", "--yes"]) == 0
    assert "2 rows" in capsys.readouterr().out
    autoexp("run", "--max-experiments", "4", "--tag", "t", cwd=project)
    assert [row.n for row in read_state(run).rows] == [1, 2, 3, 4]
    assert run_command(["repair", "t"]) == 0
    assert "nothing to repair" in capsys.readouterr().out


def test_a_sleeping_runner_is_told_from_a_working_one(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "sleep 0.3\n" + (project / "evaluate.sh").read_text()
    (project / "evaluate.sh").write_text(slow)
    git(project, "commit", "--quiet", "--all", "--message", "slow")
    autoexp("run", "--detach", "--tag", "t", cwd=project)
    assert run_command(["ls"]) == 0
    assert "not awake" not in capsys.readouterr().out
    runner = read_state(run_dir(project, "t")).runner
    assert runner is not None
    os.kill(runner.pid, signal.SIGSTOP)
    try:
        os.utime(run_dir(project, "t").lock, (0, 0))
        assert run_command(["ls"]) == 0
        assert "not awake" in capsys.readouterr().out
    finally:
        os.kill(runner.pid, signal.SIGCONT)
    autoexp("stop", "--now", cwd=project)


def test_lines_are_told_in_whatever_a_stream_can_show(project: Path) -> None:
    autoexp("run", "--max-experiments", "2", "--tag", "t", cwd=project)
    command = [sys.executable, "-m", "autoexp_tui", "show", "2"]
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    told = subprocess.run(command, cwd=project, env=env, capture_output=True, check=True)
    assert "── hypothesis".translate({0x2500: "-"}).encode() in told.stdout
    assert b"\\u" not in told.stdout


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_ends_no_command(project: Path, closed: str) -> None:
    command = f"exec {sys.executable} -m autoexp_tui config {closed}"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=project, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_agent_that_wants_a_login_ends_the_run_and_the_next_run_goes_on(
    project: Path, tmp_path: Path
) -> None:
    agent = tmp_path / "agent.sh"
    agent.write_text("#!/bin/sh\necho 'Not logged in. Please run /login'\nexit 1\n")
    agent.chmod(0o755)
    text = (project / "autoexp.yaml").read_text() + "proposer: command\n"
    commit_files(project, {"autoexp.yaml": f"{text}command: {{run: {agent}, time_limit: 20s}}\n"})
    done = autoexp("run", "--max-experiments", "2", "--tag", "t", cwd=project, check=False)
    assert done.returncode == 1
    assert "failed: the agent failed: exit 1: Not logged in" in done.stdout
    assert "log in with the agent itself" in done.stdout
    agent.write_text("#!/bin/sh\nsed -i.old 's/RATE = 3.0/RATE = 1.0/' target.py\n")
    done = autoexp("run", "--max-experiments", "2", cwd=project)
    assert "#2 ✓ keep" in done.stdout
    assert len(read_state(run_dir(project, "t")).rows) == 2


# ---- which run, and from where -------------------------------------------------------------------


def test_after_a_run_that_is_complete_the_next_one_begins(project: Path) -> None:
    for _ in range(3):
        autoexp("run", "--max-experiments", "1", cwd=project)
        text = (project / "autoexp.yaml").read_text()
        (project / "autoexp.yaml").write_text(text if "budget" in text else text + _ONE)
    tags = sorted(run.tag for run in runs_in(project / ".git"))
    assert [tag.removeprefix(tags[0]) for tag in tags] == ["", "-2", "-3"]


_ONE = "budget: {max_experiments: 1}\n"


def test_a_complete_run_goes_on_where_its_caps_are_raised(project: Path) -> None:
    autoexp("run", "--max-experiments", "1", cwd=project)
    autoexp("run", "--max-experiments", "3", cwd=project)
    (run,) = runs_in(project / ".git")
    assert len(read_state(run).rows) == 3


def test_a_run_may_start_from_the_best_of_another(project: Path) -> None:
    autoexp("run", "--max-experiments", "8", "--tag", "a", cwd=project)
    best = read_state(run_dir(project, "a")).best
    assert best is not None
    assert best.n > 1
    head = git(project, "rev-parse", "HEAD")
    done = autoexp("run", "--max-experiments", "1", "--tag", "b", "--from", "a", cwd=project)
    assert f"starting from the best of a, #{best.n}" in done.stderr
    state = read_state(run_dir(project, "b"))
    assert state.rows[0].metrics == best.metrics
    assert git(project, "rev-parse", f"{state.run.base}^") == head
    assert run_command(["run", "--tag", "c", "--from", "nosuch", "--plain"]) == 2


def test_other_changed_files_are_told_and_taken_when_asked_for(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit_files(
        project,
        {
            "helper.sh": "echo loss: 3\n",
            "gone.sh": "",
            "evaluate.sh": "grep -q RATE target.py && sh helper.sh\n",
        },
    )
    (project / "helper.sh").write_text("echo loss: 2\n")
    (project / "gone.sh").unlink()
    assert run_command(["check"]) == 0
    out = capsys.readouterr().out
    assert "gone.sh, helper.sh differ from the commit, which is what is measured" in out
    assert "loss 3 " in out
    assert run_command(["check", "--include-dirty"]) == 0
    assert "loss 2 " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"autoexp.yaml": "instructions: hints.md\n"}, "there are no instructions hints.md"),
        ({"autoexp.yaml": "proposer: anthropic\n"}, "ANTHROPIC_API_KEY"),
        ({"autoexp.yaml": "proposer: command\n"}, "needs `command: {run: …}`"),
        (
            {"autoexp.yaml": "proposer: command\ncommand: {run: no-such-agent -p}\n"},
            "no-such-agent is not installed",
        ),
        ({"target.py": "pass\n"}, "nothing"),
    ],
)
def test_check_and_run_refuse_the_same_with_the_same_words(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    told: str,
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    ((name, text),) = change.items()
    before = (project / name).read_text() if name == "autoexp.yaml" else ""
    commit_files(
        project, {name: before + text, "evaluate.sh": "[ -s target.py ] && echo loss: 3\n"}
    )
    assert run_command(["check"]) == 1
    (said,) = [
        line.removeprefix("not ready: ")
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("not ready: ")
    ]
    assert told in said
    assert run_command(["run", "--plain"]) == 2
    assert said in capsys.readouterr().err


def test_a_target_that_is_a_link_is_refused_before_anything_runs(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (project / "autoexp.yaml").read_text()
    (project / "other.py").symlink_to("target.py")
    commit_files(project, {"autoexp.yaml": text.replace("target.py", "other.py")})
    assert run_command(["run", "--plain"]) == 2
    assert "is a symbolic link: name the file it stands for" in capsys.readouterr().err
    assert run_command(["check"]) == 2


def test_a_target_that_judges_itself_is_told_and_runs(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (project / "autoexp.yaml").read_text().replace("sh evaluate.sh", "python3 target.py")
    target = "RATE = 3.0\nprint('loss:', RATE)\n"
    commit_files(project, {"autoexp.yaml": text, "target.py": target})
    assert run_command(["check"]) == 0
    assert "runs target.py itself, and can print any figure" in capsys.readouterr().out
    autoexp("run", "--max-experiments", "2", cwd=project)
