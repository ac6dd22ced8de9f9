"""The pipeline that config.yaml describes: BM25 with feedback, an embedding model, reranking."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import yaml

COMMON = frozenset(
    "a an and are as at be been but by can do does for from had has have if in into is it its may"
    " must no nor not of on or over shall should so such than that the their them then there these"
    " they this to under up was were what when where which while will with would you".split()
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


class Misconfigured(Exception):
    """config.yaml can't be followed; the message names the key."""


@dataclass(frozen=True)
class Settings:
    """config.yaml; the comments there say what each does."""

    stem: str
    split_identifiers: bool
    drop_common_words: bool
    shortest_word: int
    k1: float
    b: float
    name_weight: float
    pair_weight: float
    passage_words: int
    passage_overlap: float
    feedback_documents: int
    feedback_words: int
    feedback_weight: float
    fusion: str
    dense_weight: float
    dense_parts: str
    rank_offset: int
    rerank_documents: int
    rerank_window: int
    rerank_weight: float


LIMITS = {
    "shortest_word": (1, 6),
    "k1": (0.0, 20.0),
    "b": (0.0, 1.0),
    "name_weight": (0.0, 20.0),
    "pair_weight": (0.0, 20.0),
    "passage_words": (10, 2000),
    "passage_overlap": (0.0, 0.9),
    "feedback_documents": (0, 20),
    "feedback_words": (0, 50),
    "feedback_weight": (0.0, 5.0),
    "dense_weight": (0.0, 1.0),
    "rank_offset": (1, 1000),
    "rerank_documents": (0, 50),
    "rerank_window": (5, 1000),
    "rerank_weight": (0.0, 1.0),
}


def settings(text: str) -> Settings:
    """Raises Misconfigured."""
    try:
        given: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Misconfigured(f"it is not YAML: {str(error).splitlines()[0]}") from error
    names = {field.name for field in fields(Settings)}
    if not isinstance(given, dict) or set(given) != names:
        wrong = sorted(names ^ set(given)) if isinstance(given, dict) else sorted(names)
        raise Misconfigured(f"missing or unknown: {', '.join(map(str, wrong))}")
    for name, (low, high) in LIMITS.items():
        whole = isinstance(low, int)
        fits = isinstance(given[name], int if whole else int | float)
        if not fits or isinstance(given[name], bool) or not low <= given[name] <= high:
            kind = "a whole number" if whole else "a number"
            raise Misconfigured(f"{name}: {given[name]!r} is not {kind} from {low} to {high}")
    for name in ("split_identifiers", "drop_common_words"):
        if not isinstance(given[name], bool):
            raise Misconfigured(f"{name}: {given[name]!r} is not true or false")
    words = {"stem": tuple(STEMMERS), "fusion": FUSIONS, "dense_parts": PARTS}
    for name, known in words.items():
        if given[name] not in known:
            raise Misconfigured(f"{name}: {given[name]!r} is none of {', '.join(known)}")
    return Settings(**given)


def _plural(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "su" else word


def _suffixes(word: str) -> str:
    word = _plural(word)
    for ending in ("ations", "ation", "ings", "ing", "edly", "ers", "ed", "er", "ly", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


STEMMERS: dict[str, Callable[[str], str]] = {"none": str, "plural": _plural, "suffixes": _suffixes}


FUSIONS = ("sum", "ranks")
PARTS = ("first", "mean", "best")
DEEP = 100  # documents that BM25 and the model each bring to the fusion


class Index:
    """BM25 (Robertson and Zaragoza, 2009) over passages; a document counts as its best one.

    `likeness(query)` gives the cosines of a query with each part of each document, where there is
    an embedding model.
    """

    def __init__(
        self,
        names: Sequence[str],
        bodies: Sequence[str],
        how: Settings,
        likeness: Callable[[str], Sequence[Sequence[float]]] | None = None,
    ) -> None:
        self._how = how
        self._likeness = likeness if how.dense_weight else None
        self._texts = [self.terms(body) for body in bodies]
        self._owner: list[int] = []
        self._passages: list[dict[str, float]] = []
        for number, (name, terms) in enumerate(zip(names, self._texts, strict=True)):
            title = Counter(self.terms(name.replace(".", " ")))
            for passage in self._cut(terms):
                counts: dict[str, float] = defaultdict(float, Counter(self._with_pairs(passage)))
                for term, count in title.items():
                    counts[term] += count * how.name_weight
                self._owner.append(number)
                self._passages.append({term: n for term, n in counts.items() if n > 0})
        lengths = [sum(counts.values()) for counts in self._passages]
        mean = sum(lengths) / len(lengths) or 1.0
        self._norms = [how.k1 * (1 - how.b + how.b * length / mean) for length in lengths]
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for at, counts in enumerate(self._passages):
            for term, weight in counts.items():
                self._postings[term].append((at, weight))

    def terms(self, text: str) -> list[str]:
        """The words of a text as they are compared, in order."""
        how = self._how
        words = _WORD.findall(text)
        if how.split_identifiers:
            words = [part for word in words for part in _PARTS.findall(word)]
        words = [word.strip("_").lower() for word in words]
        words = [word for word in words if len(word) >= how.shortest_word]
        if how.drop_common_words:
            words = [word for word in words if word not in COMMON]
        return [STEMMERS[how.stem](word) for word in words]

    def search(self, query: str, most: int) -> list[int]:
        """The documents that fit best, best first; the earlier one among equals."""
        scores = self._fused(self._lexical(query), query)
        best = sorted(scores, key=lambda i: (-scores[i], i))
        again = best[: self._how.rerank_documents]
        if again and self._how.rerank_weight:
            close = self._closeness(query, again)
            share, top = self._how.rerank_weight, scores[best[0]] or 1.0
            mixed = {i: (1 - share) * scores[i] / top + share * close[i] for i in again}
            best = sorted(again, key=lambda i: (-mixed[i], i)) + best[len(again) :]
        return best[:most]

    def _fused(self, lexical: dict[int, float], query: str) -> dict[int, float]:
        """Both scores as one: as shares of the highest, or by rank (Cormack and others, 2009)."""
        how = self._how
        if self._likeness is None:
            return lexical
        dense = {i: self._pooled(parts) for i, parts in enumerate(self._likeness(query))}
        first = sorted(dense, key=lambda i: (-dense[i], i))[:DEEP]
        fused: dict[int, float] = defaultdict(float)
        for found, share in ((lexical, 1 - how.dense_weight), (dense, how.dense_weight)):
            kept = first if found is dense else sorted(found, key=lambda i: (-found[i], i))[:DEEP]
            top = found[kept[0]] if kept and found[kept[0]] > 0 else 1.0
            for rank, i in enumerate(kept, 1):
                value = found[i] / top if how.fusion == "sum" else 1 / (how.rank_offset + rank)
                fused[i] += share * value
        return fused

    def _pooled(self, parts: Sequence[float]) -> float:
        if self._how.dense_parts == "first":
            return parts[0]
        return max(parts) if self._how.dense_parts == "best" else sum(parts) / len(parts)

    def _closeness(self, query: str, among: Sequence[int]) -> dict[int, float]:
        """How much of the query's rarity stands within one window of each document, 0 to 1."""
        wanted = {term: self._rarity(term) for term in set(self.terms(query))}
        whole, found = sum(wanted.values()) or 1.0, {}
        for i in among:
            places = [(at, term) for at, term in enumerate(self._texts[i]) if term in wanted]
            most, start = 0.0, 0
            inside: Counter[str] = Counter()
            for at, term in places:
                inside[term] += 1
                while places[start][0] <= at - self._how.rerank_window:
                    inside[places[start][1]] -= 1
                    start += 1
                most = max(most, sum(wanted[term] for term, n in inside.items() if n))
            found[i] = most / whole
        return found

    def _lexical(self, query: str) -> dict[int, float]:
        """BM25's scores of the documents that it finds, each by its best passage."""
        how = self._how
        wanted: dict[str, float] = dict(Counter(self._with_pairs(self.terms(query))))
        for term in wanted:
            if " " in term:
                wanted[term] *= how.pair_weight
        scores = self._scored(wanted)
        if how.feedback_documents and how.feedback_words and how.feedback_weight:
            seen: dict[str, float] = defaultdict(float)
            best = sorted(scores, key=lambda at: (-scores[at], at))
            for at in best[: how.feedback_documents]:
                for term in self._passages[at].keys() - wanted.keys():
                    seen[term] += self._rarity(term)
            top = sorted(seen.items(), key=lambda item: (-item[1], item[0]))[: how.feedback_words]
            share = how.feedback_weight / max(len(top), 1)
            scores = self._scored({**wanted, **{term: share for term, _ in top}})
        found: dict[int, float] = {}
        for at, score in scores.items():
            found[self._owner[at]] = max(score, found.get(self._owner[at], 0.0))
        return found

    def _scored(self, wanted: dict[str, float]) -> dict[int, float]:
        """BM25 of each passage that has one of the terms."""
        scores: dict[int, float] = defaultdict(float)
        for term, weight in wanted.items():
            rarity = self._rarity(term) * weight
            for at, count in self._postings.get(term, ()):
                scores[at] += rarity * count * (self._how.k1 + 1) / (count + self._norms[at])
        return scores

    def _rarity(self, term: str) -> float:
        n = len(self._postings.get(term, ()))
        return math.log(1 + (len(self._passages) - n + 0.5) / (n + 0.5))

    def _with_pairs(self, terms: list[str]) -> list[str]:
        if not self._how.pair_weight:
            return terms
        return [*terms, *(f"{a} {b}" for a, b in pairwise(terms))]

    def _cut(self, terms: list[str]) -> list[list[str]]:
        size = self._how.passage_words
        step = max(int(size * (1 - self._how.passage_overlap)), 1)
        starts = range(0, max(len(terms) - size, 0) + step, step)
        return [terms[start : start + size] for start in starts]
