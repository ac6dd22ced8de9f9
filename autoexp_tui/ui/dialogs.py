"""The questions that the app asks, and its help: small windows over the panes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from autoexp_tui.summary.outcomes import MARKS, Outcome
from autoexp_tui.text.safe import Safe
from autoexp_tui.ui import ink
from autoexp_tui.ui.keys import GROUPS, MOVES_IN_A_PANE, Hotkey


class Choice(ModalScreen[str | None]):
    """One question, a few answers; the first is the default. Esc is None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Back", show=False),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, question: str, answers: Sequence[tuple[str, str]]) -> None:
        """`answers` are names, given back, and what a person reads."""
        super().__init__()
        self._question = question
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield _line(self._question, "dialog-title")
            answers = (Option(ink.text(text), id=name) for name, text in self._answers)
            yield OptionList(*answers, markup=False)
            yield _line("⏎ choose   esc back", "dialog-foot")

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


class Ask(ModalScreen[str | None]):
    """One line of text. Esc is None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back", show=False)]

    def __init__(self, question: str, *, placeholder: str = "", value: str = "") -> None:
        super().__init__()
        self._question = question
        self._placeholder = placeholder
        self._value = value

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield _line(self._question, "dialog-title")
            field = Input(self._value, placeholder=self._placeholder, select_on_focus=False)
            field.cursor_blink = False  # a blinking cursor is bytes down the wire, all night
            yield field
            yield _line("⏎ done   esc back", "dialog-foot")

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())


class Told(ModalScreen[None]):
    """Some lines to read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,space,q", "dismiss(None)", "Back", show=False)
    ]

    def __init__(self, title: str, lines: Sequence[Safe]) -> None:
        super().__init__()
        self._title_text = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog"):
            yield _line(self._title_text, "dialog-title")
            yield Static(ink.text("\n".join(self._lines)), markup=False)
            yield _line("⏎ on", "dialog-foot")


class Help(ModalScreen[None]):
    """Every key, by what it is for: in two columns where there is room."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss(None)", "Back", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, keys: Sequence[Hotkey], outcomes: Sequence[Outcome]) -> None:
        super().__init__()
        self._keys = keys
        self._outcomes = outcomes

    def compose(self) -> ComposeResult:
        groups: list[tuple[str, list[tuple[str, str]]]] = [
            (group, self._rows(group)) for group in GROUPS
        ]
        groups.append(("In a pane", list(MOVES_IN_A_PANE)))
        outcomes = [(str(mark), mark.help) for mark in self._outcomes]
        groups.append(("Marks", [*outcomes, *MARKS]))
        texts = [_group(name, rows) for name, rows in groups if rows]
        with VerticalScroll(classes="dialog help"):
            with Horizontal(classes="help-columns"):
                for column in ([*texts[:2], texts[-1]], texts[2:-1]):
                    between = ink.text("\n\n")
                    yield Static(between.join(column), classes="help-column", markup=False)
            yield _line("esc back", "dialog-foot")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        self.set_class(self.size.width < 118, "-stacked")

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def _rows(self, group: str) -> list[tuple[str, str]]:
        return [(" ".join(key.all_shown), key.help) for key in self._keys if key.group == group]


def _group(name: str, rows: Sequence[tuple[str, str]]) -> Text:
    lines = "".join(f"\n{keys:<10} {words}" for keys, words in rows)
    return ink.text((name, "bold"), lines)


def _line(words: str, classes: str) -> Static:
    return Static(ink.text(words), classes=classes, markup=False)
