"""`autoexp init` on the command line: what it asks, writes, refuses and leaves alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.gitrepos import commit_files, git, make_repo, write_files
from support.projects import HARNESS, TARGET, fingerprint

from autoexp_tui import config
from autoexp_tui.cli import run_command
from autoexp_tui.onboarding.harnesses import harnesses
from autoexp_tui.onboarding.survey import survey
from autoexp_tui.project import find_project
from autoexp_tui.repository.repository import Repository

FILES = {"target.py": TARGET, "evaluate.sh": HARNESS}
"""Here `evaluate.sh` measures, and reads the target."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_repo(tmp_path / "project", FILES)
    monkeypatch.chdir(path)
    return path


def ask(project: Path, *answers: str) -> subprocess.CompletedProcess[str]:
    """`autoexp init` with these answers typed."""
    return subprocess.run(
        [sys.executable, "-m", "autoexp_tui", "init", str(project)],
        input="".join(f"{answer}\n" for answer in answers),
        text=True,
        check=False,
        capture_output=True,
    )


def test_answers_are_taken_in_the_forms_that_people_use(project: Path) -> None:
    done = ask(
        project,
        *("1", "./target.py"),  # the harness by its number, the target by a path
        *("no metric!", "7", "loss:sideways", "loss"),
        *("better", "min", "none"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    contract = config.load(project / "autoexp.yaml")
    assert (contract.target, contract.harness) == ("target.py", "./evaluate.sh")
    assert [(metric.name, metric.direction) for metric in contract.metrics] == [("loss", "lower")]
    assert "can't be a metric's name" in done.stdout
    assert "there is no 7 in the list" in done.stdout
    assert "after the colon write lower or higher" in done.stdout


def test_enter_alone_takes_what_is_proposed(project: Path) -> None:
    done = ask(project, "", "", "", "", "")
    assert done.returncode == 0, done.stdout + done.stderr
    contract = config.load(project / "autoexp.yaml")
    assert (contract.target, contract.harness) == ("target.py", "./evaluate.sh")
    assert [metric.name for metric in contract.metrics] == ["loss"]


def test_a_harness_that_fails_is_shown_and_another_asked_for(project: Path) -> None:
    done = ask(project, "echo oh no; exit 3", "", "n", "sh evaluate.sh", "", "", "", "")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  | oh no" in done.stdout
    assert "no measurement yet: exit 3: oh no" in done.stdout
    assert config.load(project / "autoexp.yaml").harness == "sh evaluate.sh"


def test_whoever_leaves_in_between_has_written_nothing(project: Path) -> None:
    before = fingerprint(project)
    done = ask(project, "1")
    assert done.returncode == 130
    assert "nothing was written" in done.stderr
    assert fingerprint(project) == before


@pytest.mark.parametrize("way", ["target.py", "./target.py", "{project}/target.py"])
def test_a_target_may_be_named_in_any_way(project: Path, way: str) -> None:
    target = way.format(project=project)
    assert run_command(["init", "--yes", "--target", target]) == 0
    assert config.load(project / "autoexp.yaml").target == "target.py"


def test_everything_can_be_given_by_options(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--harness", "sh evaluate.sh; echo size: 3", "--target", "target.py"]
    metrics = ["--metric", "loss:min", "--metric", "size:lower"]
    assert run_command(["init", *arguments, *metrics, "--time-limit", "90s", "--yes"]) == 0
    contract = config.load(project / "autoexp.yaml")
    assert contract.time_limit == 90
    assert [(m.name, m.direction) for m in contract.metrics] == [
        ("loss", "lower"),
        ("size", "lower"),
    ]
    assert "loss" in (project / "program.md").read_text()
    assert run_command(["check"]) == 0
    assert "ready" in capsys.readouterr().out


def test_without_a_run_the_metric_is_what_the_program_prints(project: Path) -> None:
    commit_files(project, {"evaluate.sh": 'echo "loss: $(cat target.py | wc -c)"; touch ran\n'})
    assert run_command(["init", "--yes", "--no-run"]) == 0
    assert config.load(project / "autoexp.yaml").primary.name == "loss"
    assert not (project / "ran").exists()


def test_what_is_there_already_is_left_as_it_is(project: Path) -> None:
    (project / "program.md").write_text("mine")
    assert run_command(["init", "--yes"]) == 0
    assert (project / "program.md").read_text() == "mine"
    written = (project / "autoexp.yaml").read_bytes()
    assert run_command(["init", "--yes"]) == 2
    assert (project / "autoexp.yaml").read_bytes() == written


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--metric", "gain:higher"], "gain was not found: what it printed is loss"),
        (["--harness", "exit 4"], "exit 4"),
        (["--harness", "true"], "printed no number with a name"),
        (["--harness", "echo quux: 5"], "give --metric quux:lower or --metric quux:higher"),
        (["--target", "nowhere.py"], "nowhere.py does not exist"),
        (["--target", "new.py"], "`git add new.py && git commit"),
        (["--target", "/etc/passwd"], "is not in"),
        (["--target", "."], "is a folder"),
        (["--time-limit", "soon"], "write it like 90s"),
    ],
)
def test_what_can_not_be_is_refused_with_a_word_and_nothing_written(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    (project / "new.py").write_text("A = 1\n")
    before = fingerprint(project)
    assert run_command(["init", "--yes", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert fingerprint(project) == before


def test_a_folder_without_anything_that_measures_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_repo(tmp_path / "notes", {"README.md": "# Notes\n\nNothing runs here at all.\n"})
    assert run_command(["init", str(path), "--yes"]) == 2
    assert "give --harness" in capsys.readouterr().err


def test_outside_of_git_the_line_that_makes_a_repository_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(tmp_path, FILES)
    assert run_command(["init", str(tmp_path), "--yes"]) == 2
    assert "`git init && git add -A && git commit" in capsys.readouterr().err
    git(tmp_path, "init", "--quiet")
    assert run_command(["init", str(tmp_path), "--yes"]) == 1
    assert "`git add -A && git commit" in capsys.readouterr().err
    assert not (tmp_path / "autoexp.yaml").exists()


def test_hostile_names_and_output_reach_neither_terminal_nor_files(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07"
    files = {
        "README.md": f"# x\n\n```\nsh bench.sh\n```\n\nWhat this {evil} is about is long enough.\n",
        "bench.sh": "printf '\\033]0;owned\\007\\033[2Jscore: 1\\n'; cat ev*.txt\n",
        f"ev{evil}.txt": "x\n",
    }
    path = make_repo(tmp_path / "p", files)
    done = ask(path, "", "bench.sh", "", "", "")
    assert done.returncode == 0, done.stdout + done.stderr
    written = [(path / name).read_text() for name in ("autoexp.yaml", "program.md")]
    for text in (done.stdout, done.stderr, *written):
        assert "\x1b" not in text
        assert "\x07" not in text


@pytest.mark.parametrize(
    ("files", "ignored", "target", "harness"),
    [
        # What a project's own words say of it.
        (
            {
                "README.md": "```\n$ source venv/bin/activate\n$ python3 ev.py q.csv\n1\n```\n",
                "ev.py": "import sys,model\nopen(sys.argv[1])\nprint('ndcg@10:', model.W)\n",
                "model.py": "W = 2.5\n",
                ".gitignore": "*.csv\n",
            },
            {"q.csv": ""},
            "model.py",
            "python3 ev.py q.csv",
        ),
        # A package in `src` that isn't installed.
        (
            {
                "src/pkg/__init__.py": "",
                "src/pkg/core.py": "W = 3.0\n",
                "bench.sh": "#!/bin/sh\npython3 bench.py\n",
                "bench.py": "from pkg.core import W\nprint(f'latency: {W} ms')\n",
            },
            {},
            "src/pkg/core.py",
            "PYTHONPATH=src",
        ),
        # A report in a file, and a program without a suffix.
        (
            {
                "measure": '#!/bin/sh\necho \'{"a": {"f1": 3}}\' > out.json; cat query.sql\n',
                "query.sql": "select 1;\n",
            },
            {},
            "query.sql",
            "./measure",
        ),
        # Several figures in each line of a training.
        (
            {"train.sh": 'LR=1\nfor e in 1 2; do echo "epoch $e loss=$e val_loss=0.$e"; done\n'},
            {},
            "train.sh",
            "sh train.sh",
        ),
    ],
    ids=["readme", "src", "report", "epochs"],
)
def test_what_is_there_tells_what_to_measure(
    tmp_path: Path, files: dict[str, str], ignored: dict[str, str], target: str, harness: str
) -> None:
    path = make_repo(tmp_path / "p", files)
    write_files(path, ignored)
    assert run_command(["init", str(path), "--yes"]) == 0
    contract = config.load(path / "autoexp.yaml")
    assert contract.target == target
    assert harness in contract.harness


def test_the_way_into_the_clone_is_not_the_way_to_the_program(tmp_path: Path) -> None:
    block = "```\ngit clone https://example.org/p\ncd p\npip install .\nsh bench.sh\n"
    files = {
        "README.md": f"# p\n\n{block}cd tools\nsh weigh.sh\n```\n",
        "bench.sh": "cat model.txt\n",
        "model.txt": "loss: 1\n",
        "tools/weigh.sh": "echo none\n",
    }
    with Repository.open(make_repo(tmp_path / "p", files)) as repository:
        found = survey(repository, find_project(tmp_path / "p"))
    shown = {guess.text for guess in harnesses(found) if "README" in guess.reason}
    assert shown == {"sh bench.sh", "cd tools && sh weigh.sh"}


@pytest.mark.parametrize(
    "command",
    [
        "./deploy.sh",
        "python bench.py && rm -rf data",
        "python bench.py > /etc/hosts",
        "curl https://example.org | sh bench.sh",
        "pip install . && python bench.py",
        "sudo python bench.py",
        "make install && python bench.py",
        "python bench.py & python server.py",
        "python bench.py $(cat list)",
    ],
)
def test_a_command_that_could_do_harm_is_never_proposed(tmp_path: Path, command: str) -> None:
    files = {
        "README.md": f"# p\n\n```\n{command}\npython bench.py --fast\n```\n",
        "bench.py": "print('loss:', 1)\n",
        "deploy.sh": "#!/bin/sh\necho score: 1\n",
        "server.py": "print('score:', 1)\n",
    }
    with Repository.open(make_repo(tmp_path / "p", files)) as repository:
        found = survey(repository, find_project(tmp_path / "p"))
    proposed = [guess.text for guess in harnesses(found)]
    assert "python bench.py --fast" in proposed
    assert len(proposed) == 2, proposed  # and the program by itself


def test_a_program_that_is_not_committed_is_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(project, "rm", "--quiet", "--cached", "evaluate.sh")
    git(project, "commit", "--quiet", "--message", "without")
    assert run_command(["init", "--yes"]) == 2
    assert "evaluate.sh is not committed: `git add evaluate.sh" in capsys.readouterr().err
