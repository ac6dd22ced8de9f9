"""Languages with braces, and others of their sort: numbers of the code by what stands around them.

Pygments says what is text or comment; the rest is read here, as its notion of a number differs
from language to language. A function comes first (`train.lr`), a call's argument has the call's
name (`clip.arg2`), an entry that of its object (`options.depth`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from autoexp_tui.proposers.tuner import structural
from autoexp_tui.proposers.tuner.found import Literal
from autoexp_tui.proposers.tuner.syntaxes.code_text import told_apart

_ROW = 16
"""A longer row of numbers is data, not settings."""
_LONGEST_NAME = 200
"""Characters of what a name begins with; deeper nesting is no person's."""
_TOKEN = re.compile(
    r"(?P<number>0[xXbBoO][\w.]+"
    r"|(?:\d[\d_']*(?:\.(?![.\w])|\.\d[\d_]*)?|(?<![\w)\]])\.\d[\d_]*)(?:[eE][-+]?\d+)?)"
    r"(?P<suffix>[A-Za-z_]\w*)?"
    r"|(?P<word>(?:[^\W\d]|[$@][^\W\d])[\w$]*(?:!(?=[\[({]))?)|(?P<string>\x01+)|(?P<end>\n)"
    r"|(?P<operator>=>|->|:=|<-|\*\*|\+\+|--|<<|>>|&&|\|\||::|\.\.[.=<]?|[-+*/%|&^<>=!]=+|[^\s\w])"
)
_SUFFIX = re.compile(r"_?(?:[fFdDlLuUmnzZ]|[uUzZ]?[lL]{1,2}|[lL]{1,2}[uU]|[fiu]\d{1,3}|[iu]size)")
_DEFINE = re.compile(
    r"^[ \t]*#[ \t]*define[ \t]+(?P<name>\w+)[ \t]+[(]?-?"
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?P<suffix>[A-Za-z]*)[)]?[ \t]*$",
    re.MULTILINE,
)
_CONTROL = frozenset(
    "if else elif elsif unless for foreach while until loop switch match catch return when do in of"
    " and or not throw raise new await yield delete typeof sizeof alignof where then case".split()
)
_NAMING = frozenset(
    "function func fn def fun sub class struct interface trait impl mod module namespace".split()
)
_CONSTANT = frozenset("const constexpr final static val define".split())
_IMPORTING = frozenset("import use using package require include from".split())
_GROUPING = frozenset("const var let type import".split())
"""What may declare several at once, in brackets."""
_ASSIGNING = frozenset("= := <- += -= *= /= %=".split())
_POWERS = frozenset(["pow", "powi", "powf", "Pow"])
_BITS = frozenset("<< >> & | ^ ~ <<= >>= &= |= ^=".split())
_BEFORE_VALUE = frozenset([*_ASSIGNING, ":", "=>", "-", "+"])
_SIGNS = frozenset("+-")
_AFTER_VALUE = frozenset([",", ";", ")", "}", "]", "\n", ""])
_ENDS_TERM = frozenset([",", ")", "+", "-"])
_OPENERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Habits:
    """How a language differs from the others."""

    lexer: str
    """As Pygments calls it."""
    by_line: bool = False
    """Whether a statement ends with its line."""
    flat: bool = False
    """Whether functions end with a word, not with a brace."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    suffix: str = ""


@dataclass(slots=True)
class _Frame:
    """What stands between two brackets."""

    kind: str
    """block, group, call, list, index or object."""
    path: str = ""
    """What its entries are called after; empty for a block."""
    scope: str = ""
    """Functions and classes around it, with a dot behind each."""
    control: str = ""
    """The word before it: `for`, `if`."""
    why: str = ""
    argument: int = 0
    part: int = 0
    """Counts `;` in it."""
    number: int = 0
    """Which of the frames it is."""
    key: str = ""
    bound: str = ""
    words: list[str] = field(default_factory=list)
    """Of the statement."""
    closed: str = ""
    """The last call of the statement."""

    def next(self, *, statement: bool) -> None:
        """Begin the next entry, or the next statement."""
        self.key = self.bound = ""
        if statement:
            self.words, self.closed = [], ""


def literals(text: str, habits: Habits) -> list[Literal]:
    """Every number of the code, in order; none where the text takes too long to be told apart."""
    apart = told_apart(text, habits.lexer)
    if apart is None:
        return []
    code, directives = apart
    found = [*_Reader(code, text, habits).literals(), *_defined(directives)]
    return sorted(found, key=lambda literal: literal.start)


def _defined(directives: str) -> Iterator[Literal]:
    """The constants of `#define NAME 64`; conditions and the like are none."""
    for match in _DEFINE.finditer(directives):
        if not match["suffix"] or _SUFFIX.fullmatch(match["suffix"]):
            why = structural.by_name(match["name"])
            if not why and structural.is_start(match["number"]):
                why = structural.SMALL
            yield Literal(match["name"], *match.span("number"), standing="named", why=why)


class _Reader:
    """A pass over the tokens of one text."""

    def __init__(self, code: str, text: str, habits: Habits) -> None:
        self._code, self._text, self._habits = code, text, habits
        self._tokens = [
            _Token(str(match.lastgroup if match["number"] is None else "number"),
                   match["number"] or match[0], match.start(), match["suffix"] or "")
            for match in _TOKEN.finditer(code)
        ]  # fmt: skip
        self._frames = [_Frame("block")]
        self._opened = 0
        self._pending = ""
        """The function or class whose brace is awaited."""
        self._enum = False
        self._at = 0

    def literals(self) -> list[Literal]:
        found: list[tuple[Literal, int]] = []
        for at, token in enumerate(self._tokens):
            self._at = at
            match token.kind:
                case "number":
                    found.append((self._number(token), self._frame.number))
                case "word":
                    self._word(token.text)
                case "end":
                    self._line_end()
                case "operator":
                    self._operator(token.text)
                case _:
                    pass
        rows = Counter(frame for _, frame in found)
        return [
            replace(literal, why=literal.why or structural.DATA)
            if frame and rows[frame] > _ROW
            else literal
            for literal, frame in found
        ]

    @property
    def _frame(self) -> _Frame:
        return self._frames[-1]

    def _near(self, step: int) -> _Token:
        """The token so many before or behind; lines' ends are counted behind alone."""
        at = self._at + step
        if step < 0:
            at = self._at
            for _ in range(-step):
                at -= 1
                while at >= 0 and self._tokens[at].kind == "end":
                    at -= 1
        if 0 <= at < len(self._tokens):
            return self._tokens[at]
        return _Token("operator", "", len(self._code))

    def _said(self, token: _Token) -> str:
        """A word or the content of a string, as a key."""
        if token.kind == "string":
            said = self._text[token.start : token.start + len(token.text)].strip("\"'`")
            return said if 0 < len(said) <= 40 and said.isprintable() else ""
        return token.text.lstrip("$@") if token.kind == "word" else ""

    # What is read.

    def _word(self, word: str) -> None:
        before = self._near(-1)
        if before.text in _NAMING and word not in _NAMING:
            if self._habits.flat:
                self._frames[0].scope = f"{word}."
            else:
                self._pending = word
        if word == "enum":
            self._enum = True
        self._frame.words.append(word)

    def _line_end(self) -> None:
        if self._habits.by_line and self._frame.kind == "block":
            before = self._near(-1)
            if before.kind != "operator" or before.text in {")", "]", "}", ";", "++", "--", ","}:
                self._frame.next(statement=True)

    def _operator(self, text: str) -> None:
        frame = self._frame
        if text in _OPENERS:
            self._open(text)
        elif text in {")", "]", "}"}:
            self._close(text)
        elif text == ",":
            frame.argument += 1
            frame.next(statement=False)
        elif text == ";":
            frame.part += 1
            self._pending = ""
            frame.next(statement=True)
        elif text in _ASSIGNING:
            frame.bound = frame.key or self._assigned()
            if frame.kind == "block":
                self._pending = ""
            frame.key = ""
        elif text == ":" and "case" in frame.words:
            frame.next(statement=True)
        elif text == ":" or (text == "=>" and self._is_hashed()):
            frame.key = self._said(self._near(-1))

    def _is_hashed(self) -> bool:
        """Whether `=>` follows the key of a hash, not the arguments of a function."""
        return self._near(-1).kind == "string" or self._near(-2).text == ":"

    def _assigned(self) -> str:
        words = [word for word in self._frame.words if word not in _CONTROL]
        if self._habits.lexer == "go" and words[:1] in (["var"], ["const"]) and len(words) > 1:
            return words[1]
        return words[-1].lstrip("$@") if words else ""

    def _open(self, bracket: str) -> None:
        outer, before = self._frame, self._near(-1)
        word = self._said(before) if before.kind == "word" else ""
        self._opened += 1
        frame = _Frame(
            "group",
            self._path()[:_LONGEST_NAME],
            outer.scope[:_LONGEST_NAME],
            why=self._by_frame(),
            number=self._opened,
        )
        if bracket == "(":
            if word in _CONTROL:
                frame = replace(frame, path="", control=word)
            elif word in _GROUPING:
                frame = replace(frame, kind="block", path="")
            elif self._habits.flat and self._near(-2).text in _NAMING:
                frame.path = ""
            elif word:
                frame = replace(frame, kind="call", path=word)
        elif bracket == "[":
            is_index = before.text in {")", "]"} or before.kind == "string"
            is_index = is_index or (bool(word) and word not in _CONTROL and not word.endswith("!"))
            frame.kind = "index" if is_index else "list"
            frame.path = (word or frame.path) if is_index else frame.path
        else:
            frame = self._brace(frame, before, word)
        if bracket != "{":
            outer.closed = outer.closed if frame.kind != "call" else frame.path
        self._frames.append(frame)

    def _brace(self, frame: _Frame, before: _Token, word: str) -> _Frame:
        outer = self._frame
        why = frame.why or (structural.ENUM if self._enum else "")
        self._enum = False
        if self._pending:
            scope, self._pending = f"{frame.scope}{self._pending}.", ""
            return replace(frame, kind="block", path="", scope=scope, why=why)
        if before.text == "=>":
            name = outer.bound or (outer.key if outer.kind == "object" else "")
            return replace(
                frame, kind="block", path="", scope=frame.scope + f"{name}." * bool(name)
            )
        if before.text in {*_ASSIGNING, "(", ",", "[", ":", "return"} or word == "return":
            return replace(frame, kind="object", why=why)
        is_control = outer.control or any(known in _CONTROL for known in outer.words)
        if outer.closed and not is_control and not outer.bound and outer.kind == "block":
            return replace(
                frame, kind="block", path="", scope=f"{frame.scope}{outer.closed}.", why=why
            )
        if word and not is_control and not self._habits.flat and not why and word not in _NAMING:
            return replace(frame, kind="object", path=word)
        return replace(frame, kind="block", path="", why=why)

    def _close(self, bracket: str) -> None:
        if len(self._frames) > 1:
            closed = self._frames.pop()
            if bracket == "}" and closed.kind == "block":
                self._frame.next(statement=True)

    # What a number is.

    def _path(self) -> str:
        """What an expression is called at this place, without the functions around it."""
        frame = self._frame
        own = frame.key or frame.bound
        match frame.kind:
            case "call":
                return f"{frame.path}.{own or f'arg{frame.argument + 1}'}"
            case "object":
                base = frame.path or "value"
                return f"{base}.{own}" if own else f"{base}[{frame.argument}]"
            case "index":
                return f"{frame.path}[]"
            case "list":
                return f"{frame.path or 'value'}[{frame.argument}]"
            case _:
                return own or frame.path

    def _number(self, token: _Token) -> Literal:
        digits = token.text.rstrip("_")
        is_plain = not token.suffix or _SUFFIX.fullmatch(token.suffix) is not None
        named = self._is_named()
        beside = [word for word in self._frame.words if word not in _CONTROL]
        label = self._path() or (beside[-1].lstrip("$@") if beside else "value")
        before = self._near(-1)
        if before.kind == "word" and before.text not in _CONTROL and self._frame.kind == "block":
            label = before.text
        is_sign = before.text in _SIGNS and (self._is_whole() or self._begins(-2))
        is_signed = is_sign and before.start + 1 == token.start
        why = self._why(digits, token, named=named)
        if why == structural.SMALL and is_signed and self._near(1).text in {",", ")"}:
            why = "" if structural.is_chosen(f"-{digits}") and before.text == "-" else why
        may_cross = is_signed or (self._is_whole() and not is_sign) or self._is_term(token)
        return Literal(
            self._frame.scope + label,
            token.start - is_signed,
            token.start + len(digits),
            low=-float("inf") if may_cross else 0.0,
            standing="named" if named else "inner",
            why=why if is_plain else structural.NOTATION,
        )

    def _is_named(self) -> bool:
        """Whether the number is all of a value that has a name."""
        return self._is_whole() and bool(self._frame.key or self._frame.bound)

    def _is_whole(self) -> bool:
        """Whether the number, with its sign, is all of a value or an argument."""
        before, after = self._near(-1), self._near(1)
        if before.text in _SIGNS:
            before = self._near(-2)
        return before.text in _BEFORE_VALUE and after.text in _AFTER_VALUE

    def _begins(self, at: int) -> bool:
        """Whether an argument begins behind the token there, and ends or goes on as a sum."""
        is_first = self._frame.kind == "call" and self._near(at).text in {"(", ","}
        return is_first and self._near(1).text in {",", ")", *_SIGNS}

    def _is_term(self, token: _Token) -> bool:
        """Whether it is a term of a sum in an argument, with room for a sign before it."""
        before, after = self._near(-1), self._near(1).text
        if self._begins(-1) and after in _SIGNS:
            return True
        is_binary = self._near(-2).kind in {"word", "number"} or self._near(-2).text in {")", "]"}
        has_room = before.text in _SIGNS and before.start + 1 < token.start
        return is_binary and has_room and self._frame.kind == "call" and after in _ENDS_TERM

    def _why(self, digits: str, token: _Token, *, named: bool) -> str:
        return (
            self._by_frame()
            or self._by_count()
            or structural.by_name(self._frame.key or self._frame.bound)
            or self._by_neighbours(digits, token)
            or self._by_value(digits, named=named)
        )

    def _by_frame(self) -> str:
        """Why all that stands in this bracket, or in those around it, is left alone."""
        frame = self._frame
        if frame.why:
            return frame.why
        if frame.kind == "index" or (frame.kind == "list" and frame.part):
            return structural.INDEX
        if frame.words[:1] == ["type"]:
            return structural.NOTATION
        if frame.kind == "call":
            position = -1 if frame.key or frame.bound else frame.argument
            why = structural.by_call(frame.path.rstrip("!"), position)
            if why or self._habits.lexer != "sql":
                return why
            return structural.by_type(frame.path)
        return ""

    def _by_count(self) -> str:
        """Why the parts of a `for (…; …; …)` are left alone, but for where it ends."""
        frame = self._frame
        is_first = frame.part == 0 and self._near(1).text == ";"
        is_counting = frame.control == "for" and (is_first or frame.part > 1)
        return structural.START if is_counting else ""

    def _by_neighbours(self, digits: str, token: _Token) -> str:
        before, after, frame = self._near(-1).text, self._near(1).text, self._frame
        is_bits = before in _BITS or (after in _BITS and after != "|")  # `|x|` is no pattern
        is_import = not self._path() and bool(_IMPORTING & {*frame.words[:1]})
        tests = (
            (structural.INDEX, self._is_index(token)),
            (structural.CHECK, "case" in frame.words),
            (structural.VERSION, is_import),
            (structural.EXIT, before == "return" and after == ";" and digits.isdigit()),
            (structural.BITS, is_bits),
            (structural.START, after.startswith("..")),
            (structural.POWER, before == "**" or (frame.path in _POWERS and digits.isdigit())),
        )
        return next((why for why, holds in tests if holds), "")

    def _is_index(self, token: _Token) -> bool:
        """Whether it is a tuple's member, the size of an array's type, or a column's number."""
        before, after = self._near(-1).text, self._near(1).text
        return (
            before == "."
            or (before == "[" and after == "]" and self._near(2).kind == "word")
            or (after == ">" and before in {"<", ","} and self._is_typed(token.start))
            or (self._habits.lexer == "sql" and before.upper() == "BY")
        )

    def _is_typed(self, start: int) -> bool:
        """Whether `<` before it stands at a name, as in `array<double, 3>`."""
        line = self._code[self._code.rfind("\n", 0, start) + 1 : start]
        return re.search(r"\w<[^<>()]*$", line) is not None

    def _by_value(self, digits: str, *, named: bool) -> str:
        frame = self._frame
        if named and frame.key:
            return ""
        if named:
            is_constant = any(word in _CONSTANT for word in frame.words)
            if structural.is_start(digits):
                return structural.SMALL if is_constant else structural.START
            return ""
        if structural.is_small(digits):
            return structural.SMALL
        return structural.GUARD if structural.is_guard(digits) else ""
