"""Verdicts in other people's words: kept, rejected, failed, or something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from autoexp_tui.tables import foreign, names
from autoexp_tui.tables.model import Cell, Outcome

_KEPT = frozenset(
    "keep kept keeps accept accepted improve improved improvement improves better best newbest "
    "champion winner win won promote promoted merge merged commit committed baseline adopt "
    "adopted advance advanced select selected approve approved ship shipped "
    "retain retained keeper record".split()
)
_STARTS = frozenset("baseline base root initial seed start".split())
"""Verdicts that mark where the search began, where they stand alone: many a model is a `base`."""
_REJECTED = frozenset(
    "discard discarded discards reject rejected revert reverted reverts rollback worse regress "
    "regressed regression drop dropped prune pruned lose lost loss undo undone abandon abandoned "
    "scrap scrapped refuse refused decline declined noimprovement noimprove nogain superseded "
    "kill deadend".split()
)
_FAILED = frozenset(
    "crash crashed crashes fail failed fails failure error errored err exception timeout "
    "timedout oom killed abort aborted blocked invalid broken infeasible diverged nan incorrect "
    "cancelled canceled segfault infeasible unbounded stalled".split()
)
_RAN = frozenset(
    "ok done success successful succeed succeeded complete completed finish finished pass passed "
    "ran measured valid true yes y terminated optimal feasible converged".split()
)
"""Says that it ran: a verdict only where others of the table say that something was refused."""
_ENDED = frozenset("pruned killed cancelled canceled stopped earlystopped".split())
"""Says that a scheduler ended it: refused, where people decide; else how the run ended."""
_EXACT: dict[str, Outcome] = {
    "false": "rejected", "no": "rejected", "n": "rejected",
    "✓": "kept", "✔": "kept", "✅": "kept", "+": "kept",
    "✗": "rejected", "✘": "rejected", "❌": "rejected",
}  # fmt: skip
_MARKS = frozenset("✓✔✅✗✘❌")
"""Marks that decide, whatever is written behind them."""
_OTHER = frozenset(
    "run running pending queued waiting partial same neutral unchanged equal tie tied noop skip "
    "skipped verify verified contender candidate ceiling interesting inconclusive mixed note "
    "plateau active started planned info review unknown evaluated tentative hold stopped "
    "plausible followup rerun".split()
)
REFERENCES = frozenset(
    "ref reference references control controls comparison competitor competitors sota oracle "
    "yardstick theirs human placebo".split()
)
"""Rows that are there to be compared with, and never the best."""
_ACCEPTING = frozenset(
    "kept keep accepted accept adopted adopt promoted promote improved improvement merged merge "
    "selected select approved committed retained shipped decision verdict disposition judgement "
    "judgment won keep_discard keep_or_discard".split()
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
    if text in _EXACT or text[:1] in _MARKS:
        return _EXACT[text if text in _EXACT else text[0]]
    if text in _STARTS or text in REFERENCES:
        return "kept" if text in _STARTS else "other"
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
        _known(foreign.english_verdict(text)),
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


def accepts(name: str) -> bool:
    """Whether a column's name asks if something was kept, so that 1, true or OK say it was."""
    return "_".join(w for w in names.tokens(name.rpartition(".")[2]) if w not in _ASKING) in (
        _ACCEPTING
    )


_ASKING = frozenset("is was did be has been the".split())
_YES_OR_NO: dict[str, Outcome] = {
    "1": "kept", "1.0": "kept", "0": "rejected", "0.0": "rejected", "-1": "rejected",
    "t": "kept", "f": "rejected", "fail": "rejected", "failed": "rejected", "nok": "rejected",
    **dict.fromkeys("是 はい 예 да ja oui si sí sì sim tak evet".split(), "kept"),
    **dict.fromkeys("否 いいえ 아니오 нет nein non não nee nie hay\u0131r".split(), "rejected"),
}  # fmt: skip


def is_flag(cell: Cell) -> bool:
    """Whether a cell is one of the marks that answer yes or no."""
    return (isinstance(cell, bool | int) and cell in {0, 1}) or (
        isinstance(cell, str) and cell.strip().lower() in _YES_OR_NO
    )  # fmt: skip


def only_ran(word: str) -> bool:
    """Whether a word says that the experiment ran, not what was thought of it."""
    text = word.strip().lower().rpartition("trialstate.")[2]
    return text in _RAN or foreign.english_verdict(text) == "ok"


def was_stopped(word: str) -> bool:
    """Whether a word says that a scheduler ended the run."""
    return word.strip().lower().rpartition("trialstate.")[2] in _ENDED


def outcomes_of(words: Iterable[str], *, accepting: bool = False) -> dict[str, Outcome]:
    """What each word of one column amounts to.

    Where nobody says `keep` and nothing was refused there are no verdicts: `ok` and its like are
    states of a run, `none` here, and so is a baseline. Where as many rows or more say `keep` in
    plainer words, `ok` is `other`. `accepting`: the column's name asks what was kept, so
    that yes, OK, PASS and 1 mean it.
    """
    counts = Counter(word for word in words if word)
    known: dict[str, Outcome] = {word: outcome_of(word) or "other" for word in counts}
    if accepting:
        marks = {word: _YES_OR_NO.get(word.strip().lower()) for word in counts}
        known.update({word: mark for word, mark in marks.items() if mark is not None})
        return known
    ran = [word for word, found in known.items() if found == "kept" and only_ran(word)]
    starts = [word for word in known if is_baseline(word)]
    plainly = sum(
        counts[word]
        for word, found in known.items()
        if found == "kept" and word not in ran and word not in starts
    )
    refused = [word for word, found in known.items() if found == "rejected"]
    if plainly >= max(1, sum(counts[word] for word in ran)):
        known.update(dict.fromkeys(ran, "other"))
    elif not plainly and all(was_stopped(word) for word in refused):
        known.update(dict.fromkeys(refused, "other"))
        known.update(dict.fromkeys([*ran, *starts], "none"))
    return known


def is_baseline(word: str) -> bool:
    """Whether a verdict marks a starting point rather than a judgement."""
    text = word.strip().lower()
    return text in _STARTS or foreign.english_verdict(text) == "baseline"


def is_reference(word: str) -> bool:
    """Whether a word marks a row that others are compared with, and which never is the best."""
    return not is_baseline(word) and any(part in REFERENCES for part in names.tokens(word)[:2])
