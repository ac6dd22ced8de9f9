"""The digits sample: its harness measures honestly, and its figures are within reach."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autoexp_tui import config

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "ml_training"
METRIC = re.compile(
    r"^(val_loss|test_loss|test_accuracy|train_seconds|cut_short): (\d+(?:\.\d+)?)$", re.MULTILINE
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__")
    return Path(shutil.copytree(SAMPLE, tmp_path / "ml_training", ignore=ignored))


def evaluate(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "evaluate.py"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def metrics(run: subprocess.CompletedProcess[str]) -> dict[str, float]:
    """The run's figures; each may be there only once."""
    assert run.returncode == 0, run.stderr
    found = METRIC.findall(run.stdout)
    assert len(found) == len(dict(found))
    return {name: float(value) for name, value in found}


def set_constants(project: Path, **values: float) -> None:
    path = project / "train.py"
    text = path.read_text()
    for name, value in values.items():
        text, count = re.subn(rf"^{name} = [^\s#]+", f"{name} = {value}", text, flags=re.MULTILINE)
        assert count == 1, name
    path.write_text(text)


def replace_model(project: Path, answer: str) -> None:
    """A target whose predict(x) returns `answer`, an expression."""
    (project / "train.py").write_text(
        f"import numpy as np\ndef train(stream, rng):\n    return lambda x: {answer}\n"
    )


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert run.returncode == 1
    assert METRIC.search(run.stdout) is None
    assert reason in run.stderr


def test_the_baseline_prints_the_figures_of_the_readme_and_changes_no_file(project: Path) -> None:
    before = sorted(project.rglob("*"))
    run = evaluate(project)
    figures = metrics(run)
    row = re.compile(r"^\| baseline \| ([\d.]+) \| ([\d.]+) \|", re.MULTILINE)
    documented = row.search(read("README.md"))
    assert documented is not None
    # Another BLAS adds in another order, so not to the last digit.
    assert figures["val_loss"] == pytest.approx(float(documented[1]), abs=0.01)
    assert figures["test_loss"] == pytest.approx(float(documented[2]), abs=0.01)
    assert figures["cut_short"] == 0
    assert sorted(project.rglob("*")) == before


def test_the_same_file_gives_the_same_loss(project: Path) -> None:
    first, second = metrics(evaluate(project)), metrics(evaluate(project))
    del first["train_seconds"], second["train_seconds"]
    assert first == second


def test_constants_alone_bring_the_loss_to_under_half(project: Path) -> None:
    set_constants(project, LEARNING_RATE=0.1)
    figures = metrics(evaluate(project))
    assert figures["val_loss"] < 0.236 / 2
    assert figures["test_loss"] < 0.201 / 2


def test_other_seeds_give_another_loss(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = metrics(evaluate(project))["val_loss"]
    monkeypatch.setenv("AUTOEXP_SEED", "5")
    assert abs(metrics(evaluate(project))["val_loss"] - first) > 1e-5


STREAM = """
import numpy as np, stream
images, labels = np.arange(4000.0).reshape(1000, 4), np.arange(1000)
"""


def test_no_size_of_batch_buys_more_images_and_each_pass_has_each_image_once(
    project: Path,
) -> None:
    code = STREAM + (
        "stream.yardstick = lambda: 1.0\n"
        "for size in (1, 32, 333, 5000):\n"
        "    s = stream.Stream(images, labels, np.random.default_rng(1))\n"
        "    seen = np.concatenate([y for _, y in s.batches(size)])\n"
        "    assert len(seen) == stream.PASSES * 1000, size\n"
        "    assert (np.bincount(seen) == stream.PASSES).all()\n"
        "    assert s.progress == 1 and not s.cut_short and not list(s.batches(size))\n"
    )
    subprocess.run([sys.executable, "-Bc", code], cwd=project, check=True, timeout=60)


def test_dear_steps_end_a_training_by_its_processor_time_and_that_is_said(project: Path) -> None:
    code = STREAM + (
        "clock = [0.0]\n"
        "stream.time.process_time = lambda: clock[0]\n"
        "stream.yardstick = lambda: 1.0\n"
        "s = stream.Stream(images, labels, np.random.default_rng(1))\n"
        "steps = []\n"
        "for x, _ in s.batches(10):\n"
        "    clock[0] += stream.YARDSTICKS / 50\n"
        "    steps.append(s.progress)\n"
        "assert len(steps) in (50, 51), len(steps)\n"
        "assert s.cut_short and s.progress == 1 and steps == sorted(steps)\n"
    )
    subprocess.run([sys.executable, "-Bc", code], cwd=project, check=True, timeout=60)


def test_one_constant_changed_within_a_second_is_not_run_from_a_cache(project: Path) -> None:
    set_constants(project, BATCH=31)
    first = metrics(evaluate(project))
    set_constants(project, BATCH=33)
    assert metrics(evaluate(project))["val_loss"] != first["val_loss"]


@pytest.mark.parametrize("change", [{"LEARNING_RATE": 1e6}, {"DROPOUT": 1.0}])
def test_a_diverging_run_ends_without_a_number(project: Path, change: dict[str, float]) -> None:
    set_constants(project, **change)
    assert_no_measurement(evaluate(project), "the training loss is no longer finite")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("np.full((len(x), 10), np.nan)", "finite"),
        ("np.full((len(x), 10), np.inf)", "finite"),
        ("np.zeros((len(x), 10), dtype=complex)", "finite"),
        ("np.zeros((len(x), 9))", "shape"),
        ("np.zeros(10)", "shape"),
        ("None", "shape"),
        ("undefined", "NameError"),
    ],
)
def test_an_answer_that_is_no_table_of_logits_is_no_measurement(
    project: Path, answer: str, reason: str
) -> None:
    replace_model(project, answer)
    assert_no_measurement(evaluate(project), reason)


def test_the_loss_is_the_cross_entropy_whatever_is_added_to_the_logits(project: Path) -> None:
    replace_model(project, "np.full((len(x), 10), 700.0, dtype=np.float32)")
    assert metrics(evaluate(project))["val_loss"] == pytest.approx(np.log(10), abs=1e-6)


def test_a_confident_mistake_costs_a_finite_amount(project: Path) -> None:
    replace_model(project, "np.tile(np.array([1e300] + [-1e300] * 9), (len(x), 1))")
    labels = data()["labels"][data()["split"] == 1]
    share_wrong = np.mean(labels != 0)
    expected = share_wrong * -np.log(1e-12)
    assert metrics(evaluate(project))["val_loss"] == pytest.approx(expected, abs=1e-5)


def test_training_is_given_only_the_training_images_and_labels(project: Path) -> None:
    (project / "train.py").write_text(
        "import numpy as np\n"
        "def train(stream, rng):\n"
        "    images, labels = next(iter(stream.batches(10**6)))\n"
        "    np.savez('given.npz', images=images, labels=labels)\n"
        "    images[:] = labels[:] = 0  # the next seed must not notice\n"
        "    return lambda x: np.zeros((len(x), 10))\n"
    )
    metrics(evaluate(project))
    stored = data()
    rows = stored["split"] == 0
    with np.load(project / "given.npz") as given:
        order = np.lexsort(given["images"].T)
        mine, labels = stored["images"][rows] / 16, stored["labels"][rows]
        right = np.lexsort(mine.T)
        np.testing.assert_array_equal(given["images"][order], mine[right])
        np.testing.assert_array_equal(given["labels"][order], labels[right])


def test_the_three_parts_share_no_image_and_hold_every_digit_alike() -> None:
    stored = data()
    images, labels, split = stored["images"], stored["labels"], stored["split"]
    assert images.shape == (1797, 64)
    assert len(np.unique(images, axis=0)) == len(images)
    assert np.bincount(split).tolist() == [1078, 360, 359]
    for part in range(3):
        counts = np.bincount(labels[split == part], minlength=10)
        assert counts.max() - counts.min() <= 0.1 * counts.mean()


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert (SAMPLE / contract.target).is_file()
    assert contract.instructions is not None
    assert (SAMPLE / contract.instructions).is_file()
    assert (SAMPLE / contract.harness.removeprefix("python ")).is_file()
    assert [(m.name, m.direction) for m in contract.metrics] == [("val_loss", "lower")]


def read(name: str) -> str:
    return (SAMPLE / name).read_text(encoding="utf-8")


def data() -> dict[str, np.ndarray]:
    with np.load(SAMPLE / "data" / "digits.npz", allow_pickle=False) as stored:
        return dict(stored)
