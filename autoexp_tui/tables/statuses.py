"""Verdicts in other people's words: kept, rejected, failed, or something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from autoexp_tui.tables.model import Cell, Outcome

_KEPT = frozenset(
    "keep kept keeps accept accepted improve improved improvement improves better best newbest "
    "champion winner win won promote promoted merge merged commit committed baseline base adopt "
    "adopted advance advanced select selected approve approved ship shipped root initial seed "
    "retain retained keeper record".split()
)
_REJECTED = frozenset(
    "discard discarded discards reject rejected revert reverted reverts rollback worse regress "
    "regressed regression drop dropped prune pruned lose lost loss undo undone abandon abandoned "
    "scrap scrapped refuse refused decline declined noimprovement noimprove nogain superseded "
    "kill deadend".split()
)
_FAILED = frozenset(
    "crash crashed crashes fail failed fails failure error errored err exception timeout "
    "timedout oom killed abort aborted blocked invalid broken infeasible diverged nan incorrect "
    "cancelled canceled segfault".split()
)
_RAN = frozenset(
    "ok done success successful succeed succeeded complete completed finish finished pass passed "
    "ran measured valid true yes y".split()
)
"""Says that it ran: a verdict only where no other words give one."""
_EXACT: dict[str, Outcome] = {
    "false": "rejected", "no": "rejected", "n": "rejected",
    "✓": "kept", "✔": "kept", "✅": "kept", "+": "kept",
    "✗": "rejected", "✘": "rejected", "❌": "rejected",
}  # fmt: skip
_OTHER = frozenset(
    "run running pending queued waiting partial same neutral unchanged equal tie tied noop skip "
    "skipped verify verified contender candidate ceiling interesting inconclusive mixed note "
    "plateau active started planned info review unknown evaluated tentative hold".split()
)
_NEGATED = re.compile(
    r"\b(?:no|not|un)[\s_-]*(?=improve|improvement|kept|keep|gain|better|op\b|change|accepted)"
)
_SIMPLE = frozenset("=%;|")
"""Characters that no verdict has."""
_WORDS = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=4096)
def outcome_of(word: str) -> Outcome | None:
    """What a verdict amounts to; None for a word that isn't known to be one.

    What only says that the experiment ran (`ok`, `done`, `true`) counts as kept.
    """
    if not word or len(word) > 40 or not _SIMPLE.isdisjoint(word):
        return None
    text = word.strip().lower().rpartition("trialstate.")[2]
    if text in _EXACT:
        return _EXACT[text]
    rest = _NEGATED.sub("", text)
    words = _WORDS.findall(rest)
    if not words or len(words) > 5:
        return None
    if rest != text:
        return "other" if {"op", "change"} & set(words) else "rejected"
    return _known("".join(words)) or next(
        (
            _known(word)
            for vocabulary in (_FAILED, _REJECTED, _KEPT, _OTHER, _RAN)
            for word in words
            if word in vocabulary
        ),
        None,
    )


def _known(word: str) -> Outcome | None:
    if word in _KEPT or word in _RAN:
        return "kept"
    if word in _REJECTED:
        return "rejected"
    if word in _FAILED:
        return "failed"
    return "other" if word in _OTHER else None


def is_verdict(cell: Cell) -> bool:
    """Whether a cell holds a word that is known as a verdict."""
    if cell is True or cell is False:
        return True
    return type(cell) is str and outcome_of(cell) is not None


def only_ran(word: str) -> bool:
    """Whether a word says that the experiment ran, not what was thought of it."""
    return word.strip().lower().rpartition("trialstate.")[2] in _RAN


def outcomes_of(words: Iterable[str]) -> dict[str, Outcome]:
    """What each word of one table amounts to.

    `ok` and its like are no verdict where as many rows or more say `keep` in plainer words.
    """
    counts = Counter(word for word in words if word)
    known = {word: outcome_of(word) or "other" for word in counts}
    kept = [word for word, found in known.items() if found == "kept" and not is_baseline(word)]
    plainly = sum(counts[word] for word in kept if not only_ran(word))
    vaguely = sum(counts[word] for word in kept if only_ran(word))
    if plainly >= max(1, vaguely):
        known |= {word: "other" for word in kept if only_ran(word)}
    return known


def is_baseline(word: str) -> bool:
    """Whether a verdict marks a starting point rather than a judgement."""
    return word.strip().lower() in {"baseline", "base", "root", "initial", "seed"}
