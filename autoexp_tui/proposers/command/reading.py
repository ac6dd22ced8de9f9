"""What an agent prints, read as it comes: its words, the tools it calls, what it has used.

Owns the forms in which programs tell these. What a line of JSON means is a rule of the agent's
preset; whatever is no such line is its words.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from autoexp_tui.proposers.command.presets import Pattern, Preset, Rule
from autoexp_tui.text.safe import Safe, clean, clean_line

_LONGEST_LINE = 1 << 20
"""Characters of a line of JSON; what is longer is passed over."""
_KEPT = 1 << 16
_ERRORS = 5
_ASIDE = 1 << 14
_ASIDE_LINES = 6
_ABOUT = 200
_FACTORS = {"k": 1_000, "M": 1_000_000}
KINDS = ("input", "cache_write", "cache_read", "output")
"""Of tokens."""


@dataclass(frozen=True, slots=True)
class Used:
    """What was used of one model."""

    model: str = ""
    tokens: dict[str, int] = field(default_factory=dict)
    usd: float | None = None
    """What the program says that it costs; None where it doesn't say."""


@dataclass(slots=True)
class Account:
    """What one run of the agent has used, as far as it says."""

    steps: dict[object, Used] = field(default_factory=dict)
    """By request."""
    whole: dict[str, Used] = field(default_factory=dict)
    """Of all requests, by model, where the program adds them up."""

    @property
    def parts(self) -> list[Used]:
        """What it comes to: the program's own sum where it has told one."""
        return list((self.whole or self.steps).values())

    @property
    def tokens(self) -> dict[str, int]:
        """By kind, those that there are."""
        parts = self.parts if any(one.tokens for one in self.parts) else self.steps.values()
        sums = {kind: sum(one.tokens.get(kind, 0) for one in parts) for kind in KINDS}
        return {kind: count for kind, count in sums.items() if count}


class Output:
    """What an agent prints, on its way to the screen and to the books."""

    def __init__(
        self, preset: Preset, say: Callable[[Safe], None], act: Callable[[Safe, Safe], None]
    ) -> None:
        """`say` takes the agent's words as they come, `act` each tool and what it is about."""
        self._preset = preset
        self._say = say
        self._act = act
        self._patterns = [(re.compile(one.line), one) for one in preset.patterns]
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._line = ""
        self.text = ""
        """The end of its words, cleaned."""
        self.aside = ""
        """The end of what is no line of JSON where the program speaks in these, cleaned."""
        self.errors: list[Safe] = []
        """What it says went wrong since it last did anything, the latest last."""
        self.acted = False
        self.model = ""
        self.session = ""
        self.account = Account()

    def take(self, data: bytes) -> None:
        """Whole lines are read: an escape sequence may be cut anywhere else."""
        *lines, self._line = (self._line + self._decode(data)).split("\n")
        for line in lines:
            self._read(line, "\n")
        if len(self._line) > _LONGEST_LINE:
            self._line = ""  # a line of JSON that nobody needs whole: a file that it has read

    def finish(self) -> None:
        """There is no more."""
        line, self._line = self._line + self._decode(b"", True), ""
        if line:
            self._read(line, "")

    def _read(self, line: str, end: str) -> None:
        stripped = line.strip()
        if self._preset.lines and stripped.startswith("{"):
            try:
                document = msgspec.json.decode(stripped.encode("utf-8", "replace"))
            except msgspec.DecodeError:
                document = None
            if isinstance(document, dict):
                for number, rule in enumerate(self._preset.lines):
                    for item in _items(rule, document):
                        self._heed(number, rule, item)
                return
        hidden = False
        for expression, pattern in self._patterns:
            if found := expression.search(clean(line)):
                self._match(found, pattern)
                hidden = hidden or pattern.hide
        if hidden:
            return
        if self._preset.lines:
            self.aside = (self.aside + clean(line) + "\n")[-_ASIDE:]
        else:
            self._tell(clean(line) + end)

    @property
    def is_silent(self) -> bool:
        """Whether it has neither said nor done anything."""
        return not (self.text.strip() or self.acted)

    @property
    def complaint(self) -> str:
        """The end of what may say why it could not work."""
        if self._preset.lines:
            return "\n".join([*self.aside.split("\n")[-_ASIDE_LINES:], *self.errors])
        return "\n".join(self.errors) or self.text

    @property
    def last_words(self) -> Safe:
        """One line of it."""
        return clean_line(self.complaint.strip().rpartition("\n")[2], 300)

    def _tell(self, words: str) -> None:
        if shown := clean(words):
            self.text = (self.text + shown)[-_KEPT:]
            self._say(shown)

    def _heed(self, number: int, rule: Rule, item: Any) -> None:
        if words := _text(item, rule.text):
            self.errors = []
            self._tell(words if words.endswith("\n") else f"{words}\n")
        if tool := clean_line(_text(item, rule.tool), 80):
            self.errors = []
            about = next(filter(None, (_text(item, path) for path in rule.about)), "")
            self.acted = True
            self._act(tool, clean_line(about, _ABOUT))
        if error := clean_line(_text(item, rule.error), 500):
            self._complain(error)
        self.session = clean_line(_text(item, rule.session), 100) or self.session
        model = clean_line(_text(item, rule.model), 100)
        if not (rule.usd or rule.tokens):
            self.model = model or self.model
            return
        tokens = {kind: int(_number(item, path) or 0) for kind, path in rule.tokens.items()}
        used = Used(model or self.model, self._told(tokens), _number(item, rule.usd))
        if not used.tokens and used.usd is None:
            return
        if rule.whole:
            self.account.whole[used.model] = used
        else:
            key = _text(item, rule.key) or len(self.account.steps)
            self.account.steps[(number, key)] = used

    def _told(self, tokens: dict[str, int]) -> dict[str, int]:
        """No token twice: some count with the input what was read from a cache."""
        if self._preset.input_holds_cache and "input" in tokens:
            cached = tokens.get("cache_read", 0) + tokens.get("cache_write", 0)
            tokens = {**tokens, "input": max(0, tokens["input"] - cached)}
        return {kind: count for kind, count in tokens.items() if count > 0}

    def _match(self, found: re.Match[str], pattern: Pattern) -> None:
        groups = {name: text for name, text in found.groupdict().items() if text}
        if tool := groups.get("tool"):
            self.acted = True
            self._act(clean_line(tool, 80), clean_line(groups.get("about", ""), _ABOUT))
        if "error" in groups:
            self._complain(clean_line(found[0], 500))
        self.model = clean_line(groups.get("model", self.model), 100)
        self.session = clean_line(groups.get("session", self.session), 100)
        tokens = {kind: int(_figure(groups[kind])) for kind in KINDS if kind in groups}
        usd = _figure(groups["usd"]) if "usd" in groups else None
        if tokens:
            step = Used(self.model, self._told(tokens), None if pattern.whole else usd)
            self.account.steps[len(self.account.steps)] = step
        if usd is not None and pattern.whole:
            self.account.whole[""] = Used(self.model, {}, usd)

    def _complain(self, error: Safe) -> None:
        if not self.errors or self.errors[-1] != error:
            self.errors = [*self.errors, error][-_ERRORS:]


def _items(rule: Rule, document: dict[str, Any]) -> Iterator[Any]:
    """What the rule's paths start at; nothing where the line is of another kind."""
    if not all(_find(document, path) == value for path, value in rule.when.items()):
        return
    if not rule.each:
        yield document
        return
    match _find(document, rule.each):
        case list() as items:
            candidates = items
        case dict() as items:
            candidates = [
                {**value, "@": key} for key, value in items.items() if isinstance(value, dict)
            ]
        case _:
            candidates = []
    for item in candidates:
        if all(_find(item, path) == value for path, value in rule.where.items()):
            yield item


def _find(document: Any, path: str) -> Any:
    """What stands at a path; None where nothing does."""
    if isinstance(document, dict) and path in document:
        return document[path]
    for part in path.split("."):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def _text(item: Any, path: str) -> str:
    found = _find(item, path) if path else None
    return found if isinstance(found, str) else ""


def _number(item: Any, path: str) -> float | None:
    found = _find(item, path) if path else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if 0 <= found < 1e12 else None


def _figure(text: str) -> float:
    """`2.0k` is 2,000."""
    factor = _FACTORS.get(text[-1], 1)
    try:
        return float(text.rstrip("kM").replace(",", "").rstrip(".")) * factor
    except ValueError:
        return 0.0
