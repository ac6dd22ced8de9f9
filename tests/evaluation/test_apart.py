"""A harness that has the target in its own process is recognised."""

from __future__ import annotations

import pytest

from autoexp_tui.evaluation.apart import shared_process


@pytest.mark.parametrize(
    ("harness", "programs", "words"),
    [
        ("python eval.py", {"eval.py": "import train\n"}, "eval.py imports train.py"),
        ("python eval.py", {"eval.py": "from train import f\n"}, "eval.py imports"),
        ("python eval.py", {"eval.py": "from . import train\n"}, "eval.py imports"),
        ("python eval.py", {"eval.py": "runpy.run_path('train.py')\n"}, "eval.py imports"),
        ("python eval.py", {"eval.py": "exec(open('train.py').read())\n"}, "eval.py imports"),
        ("python train.py", {"train.py": ""}, "`python train.py` runs train.py itself"),
        ("python -m train", {}, "`python -m train` runs train.py itself"),
        ("python eval.py", {"eval.py": "subprocess.run(['python', 'train.py'])\n"}, ""),
        ("python eval.py", {"eval.py": "import training\n"}, ""),
        ("python eval.py", {"eval.py": "import train (\n"}, ""),
        ("sh 'bench", {"bench.sh": "import train"}, ""),
    ],
)
def test_the_target_in_the_scorers_process(
    harness: str, programs: dict[str, str], words: str
) -> None:
    said = shared_process(harness, "train.py", programs.items())
    assert said.startswith(words)
    assert bool(said) == bool(words)
