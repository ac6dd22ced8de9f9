"""The harness: searches the docstrings of Python's own library, and counts what it found.

Every query has exactly one right answer. K is 1 and belongs to the harness: `retrieval_precision`
is the share of queries whose first hit is that answer, and decides. `held_out_precision`, on other
queries, never does.
"""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

try:
    import yaml  # noqa: F401  (asked for here, so that its lack is one line)
except ImportError:
    sys.exit("evaluate.py: no measurement: PyYAML is missing: ./setup")

import corpus
import retrieval

HERE = Path(__file__).parent
DEEPEST = 10  # for the extras that look further down


def main() -> None:
    how = retrieval.settings((HERE / "config.yaml").read_text(encoding="utf-8"))
    documents = corpus.documents()
    tuning, held_out = corpus.split(documents)
    print(f"{len(documents)} documents of Python {platform.python_version()}", flush=True)

    started = time.perf_counter()
    index = retrieval.Index([d.name for d in documents], [d.body for d in documents], how)
    ranks = {i: rank(index.search(documents[i].query, DEEPEST), i) for i in tuning + held_out}
    seconds = time.perf_counter() - started

    for i in [i for i in tuning if ranks[i] != 1][:15]:
        place = ranks[i] or f"not in {DEEPEST}"
        print(f"  {place}: {documents[i].name}: {documents[i].query}")
    print(f"retrieval_precision: {sum(ranks[i] == 1 for i in tuning) / len(tuning):.4f}")
    print(f"held_out_precision: {sum(ranks[i] == 1 for i in held_out) / len(held_out):.4f}")
    print(f"reciprocal_rank: {sum(1 / ranks[i] for i in tuning if ranks[i]) / len(tuning):.4f}")
    print(f"recall_at_10: {sum(ranks[i] > 0 for i in tuning) / len(tuning):.4f}")
    print(f"search_seconds: {seconds:.2f}")


def rank(hits: list[int], wanted: int) -> int:
    """1 for the first; 0 where it is not among the hits."""
    return hits.index(wanted) + 1 if wanted in hits else 0


if __name__ == "__main__":
    try:
        main()
    except (corpus.NoCorpus, retrieval.Misconfigured) as error:
        sys.exit(f"evaluate.py: no measurement: {error}")
