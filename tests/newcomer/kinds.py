"""Small projects as people have them, one of each kind, as they are right after a clone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.gitrepos import make_repo, write_files


@dataclass(frozen=True, slots=True)
class Kind:
    """A project, and what `autoexp init --yes` must find in it."""

    files: Mapping[str, str]
    target: str
    harness: str
    metric: str
    direction: str
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Files that lie there and git ignores."""
    folder: str = ""
    """Where the commands are typed, below the repository's root."""
    needs: tuple[str, ...] = ()
    """Programs without which it can't be tried here."""

    def make(self, path: Path) -> Path:
        """Make it at `path`; returns the folder where its owner works."""
        make_repo(path, self.files)
        write_files(path, self.ignored)
        return path / self.folder


def install_programs(folder: Path) -> None:
    """Put a `uv` into a folder for the PATH, so that every machine has it."""
    write_files(folder, {"uv": UV})


UV = """#!/bin/sh
# As `uv run` where all is in place: the project's Python.
test "$1" = run || exit 2
shift
case "$1" in *.py) set -- python "$@";; esac
exec "$@"
"""

TRAINING = Kind(
    {
        "README.md": """\
# smallgpt

*One GPU, one file, one metric.* A small language model that is trained for a fixed time, so that
whatever is tried can be compared with whatever was tried before.

## Quick start

```bash
# 1. Install uv
curl -LsSf https://astral.sh/uv/install.sh | sh

# 2. Install dependencies
uv sync

# 3. Prepare the data (one-time)
uv run prepare.py

# 4. Train
uv run train.py
```

## Files

- **`prepare.py`** — fixed constants and the evaluation. Not modified.
- **`train.py`** — the single file the agent edits: model, optimizer, loop.
- **`program.md`** — instructions for an agent.
""",
        "program.md": "# smallgpt\n\nEdit train.py. Lower val_bpb is better. Never touch prepare.py.\n",
        "pyproject.toml": '[project]\nname = "smallgpt"\nversion = "0.1"\ndependencies = []\n',
        "uv.lock": "version = 1\n",
        ".gitignore": ".venv/\n__pycache__/\ndata/\nresults.tsv\n",
        "prepare.py": """\
\"\"\"Fixed constants, data and evaluation.\"\"\"
from pathlib import Path

TEXT = Path("data/text.txt")
VOCAB = 256


def evaluate(model):
    text = TEXT.read_text()
    return sum(model(a) - ord(b) for a, b in zip(text, text[1:])) ** 2 / len(text) ** 2


if __name__ == "__main__":
    TEXT.parent.mkdir(exist_ok=True)
    TEXT.write_text("a stitch in time saves nine " * 20)
    print(f"wrote: {TEXT}")
""",
        "train.py": """\
\"\"\"Trains the model for a fixed time and evaluates it.\"\"\"
import time

from prepare import VOCAB, evaluate

LEARNING_RATE = 0.02
DEPTH = 4
STEPS = 30

start = time.time()
weight = 90.0
for step in range(STEPS):
    weight += LEARNING_RATE * (98.0 - weight) * DEPTH / 4
    if step % 10 == 0:
        print(f"step {step:05d} loss: {abs(98.0 - weight):.4f} lr: {LEARNING_RATE}")
val_bpb = evaluate(lambda _: weight)
print("---")
print(f"val_bpb:          {val_bpb:.6f}")
print(f"training_seconds: {time.time() - start:.1f}")
print(f"peak_vram_mb:     {0.0:.1f}")
print(f"num_steps:        {STEPS}")
print(f"depth:            {DEPTH}")
""",
    },
    target="train.py",
    harness="uv run train.py",
    metric="val_bpb",
    direction="lower",
    ignored={
        "data/text.txt": "a stitch in time saves nine " * 20,
        "results.tsv": "commit\tval_bpb\tmemory_gb\tstatus\tdescription\na1b2c3d\t0.9979\t44.0\tkeep\tbaseline\n",
    },
)

SPEED = Kind(
    {
        "README.md": "# fastini\n\nA parser of INI files in pure Python, which tries to be quick about it.\n\n"
        "```python\nimport fastini\n```\n\n## Benchmark\n\n```console\n$ python benchmark/run.py\n"
        "fastini: 0.05 s\n```\n",
        "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\n\n[project]\nname = "fastini"\nversion = "1.0"\n',
        "src/fastini/__init__.py": "from fastini._parser import loads\n\n__all__ = ['loads']\n",
        "src/fastini/_parser.py": """\
\"\"\"Reads INI files.\"\"\"

CHUNK = 16
SPINS = 40


def loads(text):
    found, section = {}, {}
    for _ in range(SPINS):
        for line in text.split("\\n"):
            line = line.strip()
            if line.startswith("["):
                section = found.setdefault(line.strip("[]"), {})
            elif "=" in line:
                key, _, value = line.partition("=")
                section[key.strip()] = value.strip()
    return found
""",
        "tests/test_parser.py": "from fastini import loads\n\n\ndef test_it():\n    assert loads('[a]\\nb=1') == {'a': {'b': '1'}}\n",
        "benchmark/run.py": """\
\"\"\"How long parsing takes.\"\"\"
import sys
import timeit
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
import fastini  # noqa: E402

DATA = (Path(__file__).parent / "data.ini").read_text()


def benchmark(name, run, number=40):
    print(f"{name:>12}: ", end="")
    print(f"{min(timeit.repeat(run, number=number, repeat=3)):.3g} s")


if __name__ == "__main__":
    benchmark("fastini", lambda: fastini.loads(DATA))
""",
        "benchmark/data.ini": "[section]\n" + "key = value\n" * 40,
        ".gitignore": "__pycache__/\n*.egg-info/\n",
    },
    target="src/fastini/_parser.py",
    harness="python benchmark/run.py",
    metric="fastini",
    direction="lower",
)

C_LIBRARY = Kind(
    {
        "README.md": "# tinypack\n\nA compressor that fits on a page, made to be read and to be fast.\n\n"
        "## Benchmark\n\n```\nmake && ./bench -b1\n```\n",
        "Makefile": "CFLAGS = -O1\n\nall: bench\n\nbench: bench.c lib/pack.c lib/pack.h\n"
        "\t$(CC) $(CFLAGS) -o $@ bench.c lib/pack.c\n\nclean:\n\trm -f bench\n\n.PHONY: all clean\n",
        "lib/pack.h": "int pack(const unsigned char *in, int n, unsigned char *out);\n",
        "lib/pack.c": """\
/* Packs runs of the same byte. */
#include "pack.h"

#define WINDOW 8

int pack(const unsigned char *in, int n, unsigned char *out)
{
    int size = 0;
    for (int i = 0; i < n;) {
        int run = 1;
        while (run < WINDOW && i + run < n && in[i + run] == in[i])
            run++;
        out[size++] = (unsigned char)run;
        out[size++] = in[i];
        i += run;
    }
    return size;
}
""",
        "bench.c": """\
#include <stdio.h>
#include <string.h>
#include "lib/pack.h"

int main(void)
{
    static unsigned char in[4096], out[8192];
    memset(in, 7, sizeof in);
    int size = pack(in, sizeof in, out);
    printf("1#synthetic 50%%  :  progress\\r");
    printf("1#synthetic 50%%  : %d -> %d (%.3f)\\n", 4096, size, 4096.0 / size);
    printf("compressed_size: %d\\n", size);
    return 0;
}
""",
        ".gitignore": "bench\n*.o\n",
    },
    target="lib/pack.c",
    harness="make && ./bench -b1",
    metric="compressed_size",
    direction="lower",
    ignored={"bench": "#!/bin/sh\necho compressed_size: 1\n"},
    needs=("make", "cc"),
)

JAVASCRIPT = Kind(
    {
        "README.md": "# joinclass\n\n> A tiny utility that joins class names, measured in every commit.\n",
        "package.json": '{"name": "joinclass", "version": "1.0.0", "main": "src/index.js",\n'
        ' "scripts": {"build": "node bin", "test": "node test/index.js", "bench": "node bench/index.js"}}\n',
        "src/index.js": """\
const PASSES = 12;

module.exports = function join(...args) {
  let out = '';
  for (let pass = 0; pass < PASSES; pass++) out = args.filter(Boolean).join(' ');
  return out;
};
""",
        "bench/index.js": """\
const join = require('../src');
const colour = require('colourless');

const start = process.hrtime.bigint();
for (let i = 0; i < 20000; i++) join('a', false, 'b');
const ms = Number(process.hrtime.bigint() - start) / 1e6;
console.log(colour('# strings'));
console.log(`join_ms: ${ms.toFixed(3)}`);
""",
        "test/index.js": "require('assert').equal(require('../src')('a', 0, 'b'), 'a b');\n",
        ".gitignore": "node_modules\n*.log\n",
    },
    target="src/index.js",
    harness="npm run --silent bench",
    metric="join_ms",
    direction="lower",
    ignored={
        "bench/node_modules/colourless/index.js": "module.exports = (text) => text;\n",
        "bench/node_modules/colourless/package.json": '{"name": "colourless", "version": "1.0.0"}\n',
    },
    needs=("node", "npm"),
)

HOISTED = Kind(
    {
        "package.json": '{"private": true, "workspaces": ["packages/*"]}\n',
        ".gitignore": "node_modules/\n",
        "packages/slug/package.json": '{"name": "slug", "version": "1.0.0", "main": "index.js",'
        ' "scripts": {"bench": "node bench.js"}}\n',
        "packages/slug/index.js": "const LIMIT = 24;\nmodule.exports = (text) => text.slice(0, LIMIT);\n",
        "packages/slug/bench.js": "const slug = require('./index');\nconst words = require('words');\n"
        "console.log(`kept_ratio: ${slug(words).length / words.length}`);\n",
        "packages/other/package.json": '{"name": "other", "version": "1.0.0"}\n',
    },
    target="index.js",
    harness="node bench.js",
    metric="kept_ratio",
    direction="higher",
    ignored={
        "node_modules/words/index.js": "module.exports = 'lorem ipsum dolor sit amet '.repeat(4);\n",
        "node_modules/words/package.json": '{"name": "words", "version": "1.0.0"}\n',
    },
    folder="packages/slug",
    needs=("node", "npm"),
)

DATA_ABOVE = Kind(
    {
        ".gitignore": "/data/\n__pycache__/\n",
        "README.md": "# retrieval\n\nEverything about search, one package for each service that we have.\n",
        "services/rank/evaluate.py": """\
import json
from pathlib import Path

from ranker import rank

queries = json.loads((Path(__file__).parents[2] / "data" / "queries.json").read_text())
hits = sum(rank(q["text"], q["documents"])[0] == q["right"] for q in queries)
print(json.dumps({"queries": len(queries), "metrics": {"hit_rate": hits / len(queries)}}, indent=1))
""",
        "services/rank/ranker.py": """\
WEIGHT_TITLE = 0.1
WEIGHT_LENGTH = 2.0


def rank(text, documents):
    def score(document):
        shared = len(set(text.split()) & set(document.split()))
        return WEIGHT_TITLE * shared - WEIGHT_LENGTH * len(document) / 100

    return sorted(documents, key=score, reverse=True)
""",
    },
    target="ranker.py",
    harness="python evaluate.py",
    metric="hit_rate",
    direction="higher",
    ignored={
        "data/queries.json": '[{"text": "red fox", "documents": ["a red fox at night", "a dog"],'
        ' "right": "a red fox at night"}, {"text": "dog", "documents": ["a dog", "an owl there"],'
        ' "right": "a dog"}]'
    },
    folder="services/rank",
)

TESTED = Kind(
    {
        "README.md": "# roman\n\nReads Roman numerals; the rare ones are still to be done by somebody.\n",
        "pyproject.toml": '[project]\nname = "roman"\nversion = "0.1"\n\n[tool.pytest.ini_options]\npythonpath = ["."]\n',
        "roman.py": "VALUES = {'I': 1, 'V': 5, 'X': 10, 'L': 40}\n\n\n"
        "def number(text):\n    return sum(VALUES[c] for c in text)\n",
        "tests/test_roman.py": "import pytest\n\nfrom roman import number\n\n\n"
        "@pytest.mark.parametrize(('text', 'value'), [('I', 1), ('VI', 6), ('IV', 4), ('L', 50)])\n"
        "def test_number(text, value):\n    assert number(text) == value\n",
        ".gitignore": "__pycache__/\n.pytest_cache/\n",
    },
    target="roman.py",
    harness="python -m pytest -q",
    metric="passed",
    direction="higher",
)

EVOLVED = Kind(
    {
        "README.md": "# packing\n\nThis example evolves a program that places circles in a square.\n\n"
        "```bash\npython openevolve-run.py examples/packing/initial_program.py examples/packing/evaluator.py\n```\n",
        "config.yaml": "max_iterations: 100\n",
        "requirements.txt": "",
        "initial_program.py": """\
# EVOLVE-BLOCK-START
\"\"\"Places circles.\"\"\"


def place(count=5):
    step = 0.15
    return [(0.1 + step * at, 0.5, step / 2) for at in range(count)]
# EVOLVE-BLOCK-END


def run_packing():
    return place()
""",
        "evaluator.py": """\
import importlib.util


def evaluate(program_path):
    spec = importlib.util.spec_from_file_location("program", program_path)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    circles = program.run_packing()
    valid = all(r <= x <= 1 - r for x, _, r in circles)
    total = sum(r for _, _, r in circles)
    return {"validity": float(valid), "sum_radii": total, "combined_score": total * valid}
""",
    },
    target="initial_program.py",
    harness="python -c",
    metric="combined_score",
    direction="higher",
)

KINDS = {
    "training": TRAINING,
    "speed": SPEED,
    "c-library": C_LIBRARY,
    "javascript": JAVASCRIPT,
    "hoisted": HOISTED,
    "data-above": DATA_ABOVE,
    "tested": TESTED,
    "evolved": EVOLVED,
}
