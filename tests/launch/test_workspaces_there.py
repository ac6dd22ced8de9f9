"""A run elsewhere is held to what holds here: protected files, figures in files, score, setup."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import msgspec
import pytest
from support.gitrepos import git
from support.launchers import by, elsewhere, result
from support.real_rig import RealRig

from autoexp_tui.evaluation.launch import there
from autoexp_tui.loop.ports import Job
from autoexp_tui.model.contract import Contract, Guard, Limits, Metric
from autoexp_tui.testing.evaluators import CONTRACT
from autoexp_tui.text.safe import Safe

HERE = "env"


def altered(**changes: object) -> Contract:
    return msgspec.structs.replace(CONTRACT, **changes)


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        ("echo x >> protected.sh", "protected.sh"),
        ("rm protected.sh", "protected.sh"),
        ("cp -p protected.sh p; echo x > protected.sh; cat p > protected.sh", "put back"),
        ("echo : > target.sh", "target.sh"),
        ("chmod +x protected.sh", "protected.sh"),
        ("rm protected.sh; ln -s /dev/null protected.sh", "protected.sh"),
        ("echo > sitecustomize.py", "sitecustomize.py"),
    ],
)
def test_what_must_not_change_is_verified_after_the_run(
    tmp_path: Path, text: str, blamed: str
) -> None:
    with elsewhere(tmp_path, by(HERE)) as evaluator:
        found = result(evaluator, f"{text}\necho loss: 0", n=2)
    assert found.tampered
    assert blamed in found.failure
    assert found.metrics == {}


def test_what_may_be_left_behind_is_no_tampering(tmp_path: Path) -> None:
    with elsewhere(tmp_path, by(HERE, altered(keep=("protected.sh",)))) as evaluator:
        found = result(evaluator, "echo x >> protected.sh; echo y > new.txt; echo loss: 0", n=2)
    assert (found.tampered, found.metrics) == (False, {"loss": 0.0})


@pytest.mark.parametrize("path", ["results.json", "$AUTOEXP_METRICS"])
def test_figures_in_a_file_are_those_of_this_run(tmp_path: Path, path: str) -> None:
    contract = altered(metrics=(Metric(Safe("loss"), "lower", file=path),))
    with elsewhere(tmp_path, by(HERE, contract)) as evaluator:
        right = result(evaluator, f'echo \'{{"loss": 0.25}}\' > "{path}"; echo loss: 9')
        without = result(evaluator, "echo loss: 9")
        linked = result(evaluator, f'echo "loss: 1" > x; ln -s "$PWD/x" "{path}"')
        late = result(
            evaluator,
            f'f="{path}"; echo "loss: 3" > "$f"; (sleep 0.1; echo "loss: 1" > "$f") & :',
        )
    assert right.metrics == {"loss": 0.25}
    assert "can't be read" in without.failure
    assert "link" in linked.failure
    assert "not believed" in late.failure


def test_a_file_of_the_commit_that_was_not_written_is_no_figure(tmp_path: Path) -> None:
    contract = altered(metrics=(Metric(Safe("loss"), "lower", file="protected.sh"),))
    with elsewhere(tmp_path, by(HERE, contract)) as evaluator:
        assert "did not write it" in result(evaluator, ":").failure


def test_what_judges_is_hidden_until_it_judges(tmp_path: Path) -> None:
    contract = altered(
        score="cat answers/a; test ! -e left && echo loss: $(cat given)",
        leaves=("given",),
        hidden=("answers",),
    )
    rig = RealRig(tmp_path, [], by(HERE, contract))
    (rig.root / "answers").mkdir()
    (rig.root / "answers" / "a").write_text("the answer\n")
    git(rig.root, "add", "-A")
    git(rig.root, "commit", "-qm", "answers")
    rig.started = msgspec.structs.replace(rig.started, base=git(rig.root, "rev-parse", "HEAD"))
    from autoexp_tui.evaluation.launch.elsewhere import evaluating  # noqa: PLC0415

    with (
        rig.evaluator() as local,
        evaluating(rig.run_directory, local, local.workspace, rig.started, rig.state) as evaluator,
    ):
        hidden = "test ! -e answers || exit 9; ! grep -r 'the answer' \"$AUTOEXP_CACHE\" || exit 8"
        found = evaluator.submit(Job(1, f"{hidden}; echo x > left; echo 2 > given", 60.0)).result()
        nothing = evaluator.submit(Job(1, "echo loss: 0", 60.0)).result()
        failed = evaluator.submit(Job(1, "echo 2 > given; exit 4", 60.0)).result()
    assert (found.failure, found.metrics) == ("", {"loss": 2.0})
    assert "the answer" in found.tail
    assert "nothing to score" in nothing.failure
    assert "exit 4" in failed.failure


def test_guards_run_there_as_well(tmp_path: Path) -> None:
    guard = Guard("sh protected.sh && echo passed")
    with elsewhere(tmp_path, by(HERE)) as evaluator:
        found = evaluator.submit(Job(2, "echo loss: 1", 60.0, "guard", guard.run)).result()
    assert not found.failure
    assert "passed" in found.tail


def test_limits_hold_there(tmp_path: Path) -> None:
    contract = altered(limits=Limits(memory=300, file_size=1))
    use = f'{sys.executable} -c "bytearray(600 << 20)"'
    with elsewhere(tmp_path, by(HERE, contract)) as evaluator:
        assert "MemoryError" in result(evaluator, f"{use}; echo loss: 1; exit 1").failure
        write = "head -c 3000000 /dev/zero > big; test $(stat -c %s big) -lt 2000000"
        assert result(evaluator, f"{write} && echo loss: 1").metrics == {"loss": 1.0}


def test_setup_runs_once_and_what_it_makes_is_linked(tmp_path: Path) -> None:
    count = tmp_path / "count"
    setup = f"echo . >> {count}; cat protected.sh > made; mkdir -p .venv/bin; echo hello > .venv/x"
    with elsewhere(tmp_path, by(HERE, setup=setup)) as evaluator:
        text = "test -L made && cat .venv/x && echo $PATH && echo loss: 1"
        first, second = (result(evaluator, text) for _ in range(2))
        assert (first.failure, first.metrics) == ("", {"loss": 1.0})
        assert second.tail.startswith("hello\n")
        assert "/tree/.venv/bin:" in second.tail
        assert count.read_text() == ".\n"
        spoiled = result(evaluator, "echo x >> .venv/x; echo loss: 0", n=2)
        assert spoiled.tampered
        assert ".venv/x" in spoiled.failure
        assert result(evaluator, text).tail.startswith("hello\n"), "it was made anew"
    assert count.read_text() == ".\n.\n"


def test_a_setup_that_fails_is_told_and_no_verdict(tmp_path: Path) -> None:
    with elsewhere(tmp_path, by(HERE, setup="echo no such package >&2; exit 3")) as evaluator:
        found = result(evaluator, "echo loss: 1")
    assert "setup failed: exit 3" in found.lost
    assert "no such package" in found.lost


def test_output_that_was_dropped_there_makes_no_figure(tmp_path: Path) -> None:
    """A line could be missing that contradicts what is left."""
    drops = """
import os, time
os.set_blocking(1, False)
end = time.monotonic() + 1
while time.monotonic() < end:
    try:
        os.write(1, b"x" * 4096)
    except BlockingIOError:
        pass
os.set_blocking(1, True)
os.write(1, b"\\nloss: 1\\n")
"""
    with elsewhere(tmp_path, by(HERE)) as evaluator:
        result(evaluator, "echo loss: 2")  # the baseline, by which a strange form is told
        found = result(evaluator, f"cat > drops <<'E'{drops}E\n{sys.executable} drops", n=2)
    assert "set not to wait" in found.failure
    assert found.metrics == {}


def test_a_folder_that_is_used_again_is_as_new(tmp_path: Path) -> None:
    """Whatever was done to it after it was verified."""
    with elsewhere(tmp_path, by(HERE)) as evaluator:
        result(evaluator, "echo x > left; echo loss: 1")
        (folder,) = (Path(os.environ["AUTOEXP_CACHE"]) / "there" / "pool").glob("*/*")
        assert sorted(each.name for each in folder.iterdir()) == ["protected.sh", "target.sh"]
        os.link(folder / "protected.sh", tmp_path / "handle")
        (folder / "sitecustomize.py").write_text("print('loss: 0')")
        (folder / "target.sh").unlink()
        (folder / "target.sh").symlink_to(tmp_path / "handle")
        found = result(evaluator, "ls; stat -c %h protected.sh; cat protected.sh; echo loss: 1")
    assert found.tail == "protected.sh\ntarget.sh\n1\n: nobody changes this\nloss: 1\n"


def test_a_workspace_that_became_a_link_harms_nobody(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "thesis.txt").write_text("ten years of work")
    with elsewhere(tmp_path, by(HERE)) as evaluator:
        move = f'mv "$PWD" ../moved && ln -s {victim} ../tree'
        assert result(evaluator, f"{move}; echo loss: 0", n=2).tampered
        assert result(evaluator, "cat protected.sh && echo loss: 1").metrics == {"loss": 1.0}
    assert [each.read_text() for each in victim.iterdir()] == ["ten years of work"]


def test_what_is_sent_is_python_38_of_the_standard_library() -> None:
    for path in sorted(Path(str(there.__file__)).parent.glob("*.py")):
        tree = ast.parse(path.read_text(), feature_version=(3, 8))
        imported = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        foreign = {
            name
            for name in imported
            if name.split(".")[0] not in sys.stdlib_module_names
            and name != "autoexp_tui.evaluation"
            and not name.startswith(there.__name__)
        }
        assert not foreign, path
