"""What a run has kept, as its user takes it home: messages of commits, the text of a pull request.

Numbers of experiments are written out: on most forges `#7` would be an issue, and `fixes #7` in a
hypothesis would close it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from autoexp_tui.model.lineage import kept_chain
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.report.markup import safe_line
from autoexp_tui.summary.gains import progress
from autoexp_tui.summary.headline import moves
from autoexp_tui.summary.holdout import holdout_words
from autoexp_tui.summary.trust import confirmed_words, evidence_words
from autoexp_tui.summary.verified import verified_line, verified_step
from autoexp_tui.text.numbers import format_duration, format_number, money
from autoexp_tui.text.safe import Safe, clean, clean_line, cut

_SUBJECT = 72
"""Characters of a commit's first line, as `git log --oneline` and forges show them."""
_LEAST = 24
"""Of which a description has these, however long the figures are."""


class Handover:
    """The kept steps of a run that its best is made of, in words."""

    def __init__(self, state: RunState) -> None:
        """Raises UsageProblem where the run has kept nothing."""
        self.state = state
        self.rows = kept_chain(state)
        """The baseline, then each step."""
        if len(self.rows) < 2:
            tag = f" {state.run.tag}" if state.started else ""
            raise UsageProblem(f"run{tag} has kept nothing yet: there is nothing to take home")

    @property
    def steps(self) -> Sequence[Row]:
        return self.rows[1:]

    def before(self, row: Row) -> Row:
        """The step that `row` builds on."""
        return self.rows[self.rows.index(row) - 1]

    @property
    def headline(self) -> Safe:
        """The whole gain: `train.py: val_loss 0.6183 → 0.056 (91.0 % better)`."""
        first, last = self.rows[0], self.rows[-1]
        return clean_line(
            f"{self.state.contract.target}: {self._change(last, first)} "
            f"({self._gain(last, first)})",
            300,
        )

    def line(self, row: Row) -> Safe:
        """A step: `val_loss 0.6183 → 0.1596 · EPOCHS 200 → 634`."""
        change = self._change(row, self.before(row))
        return clean_line(f"{change} · {cut(row.description, 160)}", 300)

    def message(self, row: Row) -> str:
        """What the commit of one step says."""
        subject = _subject(row.description, self._brief(row, self.before(row)))
        facts = [*self._measured(row, self.before(row)), *self._trailers([row])]
        return _as_message(subject, row.hypothesis, facts)

    def squashed(self) -> str:
        """What one commit of all the steps says."""
        first, last = self.rows[0], self.rows[-1]
        many = f"{len(self.steps)} changes" if len(self.steps) > 1 else last.description
        subject = _subject(f"{self.state.contract.target}: {many}", self._brief(last, first))
        steps = [f"- {self.line(row)}" for row in self.steps]
        facts = [f"Measured: {moves(self.state.objective, last.metrics, first.metrics)}"]
        return _as_message(subject, "\n".join(steps), [*facts, *self._trailers(self.steps)])

    def pull_request(self, base: str, notes: Sequence[str] = ()) -> Safe:
        """The text for a pull request, in Markdown; its first line is the title.

        `base` is the commit that the figures were measured on top of; `notes` are said beside.
        """
        parts = [
            f"# {_told(self.headline)}",
            "\n".join(self._intro(base)),
            *(_told(note) for note in notes),
            "## What changed",
            "\n".join(self._table()),
            *self._hypotheses(),
            "## How far to trust it",
            "\n".join(f"- {_told(words)}" for words in self._trust()),
        ]
        return clean("\n\n".join(parts) + "\n")

    # What these are made of.

    def _intro(self, base: str) -> Iterator[str]:
        state = self.state
        contract, tried = state.contract, len(state.rows) - 1
        yield (
            f"autoexp tried {tried} change{'s' * (tried != 1)} to `{_code(contract.target)}` "
            f"(run {_told(state.run.tag)}, {format_duration(state.elapsed)}"
            + (f", {money(state.spent_usd)}" if state.spent_usd else "")
            + f"); {len(self.steps)} of them make up this one. Each was judged by "
            f"`{_code(contract.harness)}` on top of {base[:7]}."
        )

    def _table(self) -> Iterator[str]:
        yield "| experiment | what | measured | effect |"
        yield "|--:|---|---|---|"
        for row in self.steps:
            measured = moves(self.state.objective, row.metrics, self.before(row).metrics)
            cells = row.description, measured, evidence_words(row)
            yield f"| {row.n} | {' | '.join(map(_told, cells))} |"

    def _hypotheses(self) -> Iterator[str]:
        told = [row for row in self.steps if row.hypothesis.strip() not in {"", row.description}]
        if told:
            yield "## Why"
            yield "\n".join(
                f"- **{_told(row.description)}** ({_told(self._maker(row))}): "
                f"{_told(row.hypothesis, 1500)}"
                for row in told
            )

    def _trust(self) -> Iterator[str]:
        state = self.state
        yield confirmed_words(state)
        for words in (holdout_words(state), verified_line(state)):
            if words:
                yield words
        yield f"what was measured was fenced in: {state.protection}"

    def _measured(self, row: Row, before: Row) -> Iterator[str]:
        yield f"Measured: {moves(self.state.objective, row.metrics, before.metrics)}"
        if words := evidence_words(row):
            against = " (against the best at that time)" if row.aside else ""
            yield f"Effect: {words}{against}"
        if row.holdout is not None:
            yield f"Held out: {format_number(row.holdout)}"
        if words := verified_step(self.state, row.n):
            yield f"Verified: {words}"

    def _trailers(self, rows: Sequence[Row]) -> Iterator[str]:
        for maker in dict.fromkeys(map(self._maker, rows)):
            yield f"Proposed-by: {maker}"
        yield f"Autoexp-run: {self.state.run.tag}"
        yield f"Autoexp-experiment: {', '.join(str(row.n) for row in rows)}"

    def _maker(self, row: Row) -> Safe:
        """Who proposed it, with the model that was asked, where one is known."""
        models = dict.fromkeys(
            settled.model for _, settled in self.state.settled if settled.n == row.n
        )
        return clean_line(self.state.run.proposer + (f" ({', '.join(models)})" if models else ""))

    def _change(self, row: Row, before: Row) -> str:
        return self._brief(row, before) or moves(self.state.objective, row.metrics, before.metrics)

    def _brief(self, row: Row, before: Row) -> str:
        """What is optimised, from old to new; empty for a front, whose area says little."""
        objective = self.state.objective
        if objective.decide.rule == "pareto":
            return ""
        old, new = (format_number(objective.figure(found.metrics)) for found in (before, row))
        return f"{objective.title} {old} → {new}"

    def _gain(self, row: Row, before: Row) -> str:
        objective = self.state.objective
        return progress(objective, objective.gain(row.metrics, before.metrics))


def _subject(what: str, figures: str) -> str:
    end = f" ({figures})" if figures else ""
    return f"{clean_line(_unlinked(what), max(_LEAST, _SUBJECT - len(end)))}{end}"


def _as_message(subject: str, body: str, facts: Sequence[str]) -> str:
    """The last paragraph is nobody else's, so no line of a hypothesis passes for a trailer."""
    parts = [subject, _unlinked(clean(body)).strip(), "\n".join(map(_unlinked, facts))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _told(text: str, limit: int = 300) -> str:
    """As one line of Markdown that means nothing but what it says."""
    return safe_line(_unlinked(text), limit)


def _code(text: str) -> str:
    """For between backticks, in one line."""
    return clean_line(text, 200).replace("`", "'")


def _unlinked(text: str) -> str:
    """Without what a forge takes for the number of an issue."""
    text = re.sub(r"(?<![\w#])#(?=\d)", "experiment ", text)
    text = re.sub(r"#(?=\d)", "no. ", text)
    return re.sub(r"\bGH-(?=\d)", "GH ", text, flags=re.IGNORECASE)
