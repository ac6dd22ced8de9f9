"""The harness: searches for the answers to frequently asked questions, and counts what it found.

Every query has exactly one right answer. K is 1 and belongs to the harness: `retrieval_precision`
is the share of queries whose first hit is that answer, and decides; `precision_low` and `_high` are
the interval in which it lies for other such queries (Wilson, 95 %). `held_out_precision`, on other
queries, never decides.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

try:
    import yaml  # noqa: F401  (asked for here, so that its lack is one line)
except ImportError:
    sys.exit("evaluate.py: no measurement: PyYAML is missing: ./setup")

import corpus
import retrieval
import similarity

HERE = Path(__file__).parent
DEEPEST = 10  # for the extras that look further down


def main() -> None:
    how = retrieval.settings((HERE / "config.yaml").read_text(encoding="utf-8"))
    what, documents = corpus.documents()
    tuning, held_out = corpus.split(documents)
    print(f"{len(documents)} documents, {len(tuning)} and {len(held_out)} queries: {what}")
    likeness = by_model(documents, [documents[i].query for i in tuning + held_out], how)

    started = time.perf_counter()
    names, bodies = [d.name for d in documents], [d.body for d in documents]
    index = retrieval.Index(names, bodies, how, likeness)
    ranks = {i: rank(index.search(documents[i].query, DEEPEST), i) for i in tuning + held_out}
    seconds = time.perf_counter() - started

    for i in [i for i in tuning if ranks[i] != 1][:15]:
        place = ranks[i] or f"not in {DEEPEST}"
        print(f"  {place}: {documents[i].name}: {documents[i].query}")
    hits = sum(ranks[i] == 1 for i in tuning)
    low, high = wilson(hits, len(tuning))
    print(f"retrieval_precision: {hits / len(tuning):.4f}")
    print(f"precision_low: {low:.4f}")
    print(f"precision_high: {high:.4f}")
    print(f"held_out_precision: {sum(ranks[i] == 1 for i in held_out) / len(held_out):.4f}")
    print(f"reciprocal_rank: {sum(1 / ranks[i] for i in tuning if ranks[i]) / len(tuning):.4f}")
    print(f"recall_at_10: {sum(ranks[i] > 0 for i in tuning) / len(tuning):.4f}")
    print(f"search_seconds: {seconds:.2f}")


def by_model(
    documents: Sequence[corpus.Document], queries: Sequence[str], how: retrieval.Settings
) -> Callable[[str], list[list[float]]] | None:
    """Cosines of a query with each document's parts; None, and said so, without the model."""
    model = similarity.best_available()
    if isinstance(model, similarity.SharedWords):
        print(f"dense_weight counts for nothing: {model.name.partition(', as ')[2]}", flush=True)
        return None
    if not how.dense_weight:
        return None
    parts = [document.parts() for document in documents]
    table = model.compare(queries, [part for each in parts for part in each])
    rows = dict(zip(queries, table, strict=True))
    ends = list(accumulate(map(len, parts)))

    def likeness(query: str) -> list[list[float]]:
        row = rows[query]
        return [row[end - len(each) : end] for end, each in zip(ends, parts, strict=True)]

    return likeness


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share (Wilson, 1927), 95 % for z = 1.96."""
    share, extra = hits / of, z * z / of
    middle = share + extra / 2
    reach = z * math.sqrt((share * (1 - share) + extra / 4) / of)
    return (middle - reach) / (1 + extra), (middle + reach) / (1 + extra)


def rank(hits: list[int], wanted: int) -> int:
    """1 for the first; 0 where it is not among the hits."""
    return hits.index(wanted) + 1 if wanted in hits else 0


if __name__ == "__main__":
    try:
        main()
    except (corpus.NoCorpus, retrieval.Misconfigured, similarity.Unusable) as error:
        sys.exit(f"evaluate.py: no measurement: {error}")
