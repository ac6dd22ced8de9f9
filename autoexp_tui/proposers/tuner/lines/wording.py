"""Hypotheses about lines in words: what is changed, and what the history says for it."""

from __future__ import annotations

from collections.abc import Sequence

from autoexp_tui.proposers.tuner.lines.choice import Lessons, Made, mentioned
from autoexp_tui.proposers.tuner.lines.line_edits import EditKind, LineEdit
from autoexp_tui.proposers.tuner.lines.passages import bare, same
from autoexp_tui.text.safe import clean_line

_SHOWN = 60
_NOUNS: dict[EditKind, str] = {
    "drop": "drop",
    "move": "move",
    "repeat": "repetition",
    "insert": "insertion",
    "swap": "swap",
}


def description(chosen: Sequence[LineEdit]) -> str:
    """One line: "drop line 7 `Think step by step`"."""
    return "; then ".join(_said(edit) for edit in chosen)


def hypothesis(chosen: Sequence[LineEdit], past: Lessons, hints: Sequence[str]) -> str:
    """What is changed and why, for a person to read while the harness runs."""
    facts = [_fact(edit, past, hints) for edit in chosen]
    reason = facts[0] if len(facts) == 1 else "; ".join(dict.fromkeys(facts))
    both = ", two changes at once" if len(chosen) > 1 else ""
    return f"{description(chosen)}{both}: {reason}."


def _said(edit: LineEdit) -> str:
    subject, idea = _quoted(edit.subject), _quoted(edit.idea)
    origin = " again, as in the baseline" if edit.source == "baseline" else f" from {edit.source}"
    match edit.kind:
        case "drop":
            return f"drop {edit.where} {subject}"
        case "move":
            return f"move {edit.where}: {subject}"
        case "repeat":
            return f"repeat {edit.where}: {subject}"
        case "insert":
            return f"insert {edit.where} {idea}{origin}"
        case "swap":
            return f"swap {edit.where} {subject} for {idea}{origin}"


def _quoted(text: str) -> str:
    return f"`{clean_line(bare(text), _SHOWN).replace('`', chr(39))}`"


def _fact(edit: LineEdit, past: Lessons, hints: Sequence[str]) -> str:
    """The strongest thing that is known of one edit."""
    facts = []
    if hints and (mentioned(edit.subject, hints) or mentioned(edit.idea, hints)):
        facts.append("a hint names it")
    if edit.keyed:
        facts.append(f"both are about `{edit.keyed}`")
    facts.append(_earlier(edit, past))
    return "; ".join(facts)


def _earlier(edit: LineEdit, past: Lessons) -> str:
    if edit.idea and (last := past.last_with(edit.idea)):
        before = f"its {_NOUNS[last.kind]} in #{last.n} {_outcome(last)}"
        again = last.kind == edit.kind and same(last.subject) == same(edit.subject)
        return f"{before}; {'other lines have changed since' if again else 'now elsewhere'}"
    if edit.kind != "insert" and (last := past.last_of(edit.subject)):
        return f"the last {_NOUNS[last.kind]} of it, in #{last.n}, {_outcome(last)}"
    kept, tried = past.counts(edit.kind)
    if not tried:
        return f"no {_NOUNS[edit.kind]} was tried before"
    times = f"{kept} of {tried} {_NOUNS[edit.kind]}s"
    return f"not tried before, and {times} helped so far"


def _outcome(made: Made) -> str:
    if made.status == "crash":
        outcome = "crashed"
    elif made.status == "keep":
        outcome = "helped"
    else:
        outcome = "changed no figure" if made.gain == 0 else "did not help"
    return outcome if made.alone else f"{outcome} among others"
