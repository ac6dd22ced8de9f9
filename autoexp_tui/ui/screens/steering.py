"""Keys that ask something of the loop: pause, skip, stop, hint, and leave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from textual import on, work
from textual.app import SuspendNotSupported
from textual.message import Message

from autoexp_tui.loop.control import Command, Reply, Verb
from autoexp_tui.loop.guidance import instructions_of
from autoexp_tui.model.budget import read_caps, use_words
from autoexp_tui.model.problem import Problem
from autoexp_tui.summary.lanes import lanes_of
from autoexp_tui.system.person import whoami
from autoexp_tui.text.safe import clean_line, cut
from autoexp_tui.ui.dialogs import Ask, Choice
from autoexp_tui.ui.screens.view import RunView

Steer = Callable[[Command], Reply]
Edit = Callable[[Path], str]


Next = Literal["finish", "run", "verify", "report"]
"""What a person may want when a run has ended: the app's result."""


class Answered(Message):
    """The loop answered a command, or nobody did."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class StopTaken(Message):
    """The loop took the wish to stop, of one who leaves."""


class Steering(RunView):
    """Sends commands; what comes of them is shown when the journal tells it."""

    _steer: Steer | None
    edit: Edit | None = None
    """Opens a file in the person's editor, once the terminal is given up; says what went wrong.
    None where no file of theirs is to be changed from here."""
    _hosted: bool

    def _ask(self, verb: Verb, text: str = "") -> None:
        self._send(Command(verb, whoami(), clean_line(text, 2000)))

    @work(thread=True, exit_on_error=False)
    def _send(self, command: Command) -> None:
        """Send a command without making anything wait for its answer."""
        if self._steer is None:
            return
        try:
            words = self._steer(command).text
        except Problem as problem:
            words = problem.message
        self.post_message(Answered(words))

    @on(Answered)
    def _say_answer(self, message: Answered) -> None:
        self.say(message.words)

    def action_toggle_pause(self) -> None:
        going = not (self.state.paused or self.state.pause_requested)
        self.say("pausing …" if going else "resuming …")
        self._ask("pause" if going else "resume")

    def action_skip(self) -> None:
        lanes = lanes_of(self.state)
        if not lanes:
            self.say("skipping …")
            self._ask("skip")
            return
        lane = lanes[min(self.look.lane, len(lanes) - 1)]
        if lane.flight is None:
            self.say(f"{lane.slot} is idle: J and K choose another lane")
            return
        self.say(f"skipping #{lane.flight.n} …")
        self._send(Command("skip", whoami(), n=lane.flight.n))

    def action_stop_after(self) -> None:
        self.say("stopping after this experiment …")
        self._ask("stop")

    def action_stop_now(self) -> None:
        def chosen(answer: str | None) -> None:
            if answer == "stop":
                self.say("stopping …")
                self._ask("stop-now")

        self.app.push_screen(
            Choice(
                "Stop the run now?",
                [
                    ("back", "No, go on"),
                    ("stop", "Stop now: the experiment in flight is measured again on resume"),
                ],
            ),
            chosen,
        )

    def action_hint(self) -> None:
        def given(text: str | None) -> None:
            if text:
                self.say("noting the hint …")
                self._ask("hint", text)

        self.app.push_screen(
            Ask("A hint for the next proposals", placeholder="try a cosine schedule"), given
        )

    def action_instructions(self) -> None:
        path = instructions_of(self._run, self.state) if self._run and self.state.started else None
        if self.edit is None or path is None:
            why = "this run began without instructions" if path is None else "not from here"
            self.say(f"{why}: `autoexp instructions --edit` writes some")
            return
        try:
            with self.app.suspend():
                problem = self.edit(path)
        except SuspendNotSupported:
            problem = "not in this terminal: `autoexp instructions --edit`"
        self.say(problem or "the next experiment reads the instructions as they are now")

    def action_note(self) -> None:
        subject = self._decided()
        if subject is None:
            return

        def given(text: str | None) -> None:
            if text:
                self._send(Command("note", whoami(), clean_line(text, 2000), n=subject))

        known = self.state.note(subject)
        question = f"A note on #{subject}" + (f" ({cut(known, 100)})" if known else "")
        self.app.push_screen(Ask(question, placeholder="overfits: leave the schedule"), given)

    def action_never(self) -> None:
        n = self._decided()
        if n is not None:
            self._send(Command("note", whoami(), n=n, never=not self.state.is_never(n)))

    def _decided(self) -> int | None:
        """The experiment that is looked at, if it has a row; says where it has none."""
        row = self.state.row(self.look.selected) if self.look.selected else self.state.latest
        if row is None:
            self.say("no experiment is decided yet: there is nothing to note")
        return row.n if row else None

    def action_budget(self) -> None:
        def given(text: str | None) -> None:
            if text:
                try:
                    caps = read_caps(text)
                except ValueError as error:
                    self.say(str(error))
                    return
                self._send(Command("budget", whoami(), caps=caps))

        used = "; ".join(use_words(self.state, self.state.elapsed))
        self.app.push_screen(
            Ask(f"Other caps than now: {used}", placeholder="200 experiments, 10 h, $5"), given
        )

    def action_next(self, what: Next) -> None:
        """Leave for what comes after the run's end; whoever shows the screen does it.

        The next run starts from the experiment that is looked at, else from the best.
        """
        n = self.look.selected if what == "run" else None
        self.app.exit(f"{what}:{n}" if n else what)

    def leave(self) -> bool:
        over = self.state.finished is not None or not self.alive or self._steer is None
        if over:
            self.app.exit()
            return True
        stay = [("leave", "Leave it running: `autoexp attach` comes back")]
        ends = [
            ("after", "Stop the run after this experiment, and leave"),
            ("now", "Stop the run now, and leave"),
        ]
        if self._hosted:
            stay = [("stay", "Stay: the loop lives in this window")]
        self.app.push_screen(Choice("Leave?", [*stay, *ends]), self._leave)
        return True

    def _leave(self, answer: str | None) -> None:
        if answer == "leave":
            self.app.exit()
        elif answer in {"after", "now"}:
            self._stop_and_leave("stop" if answer == "after" else "stop-now")

    @work(thread=True, exit_on_error=False)
    def _stop_and_leave(self, verb: Verb) -> None:
        try:
            if self._steer is not None:
                self._steer(Command(verb, whoami()))
        except Problem as problem:
            self.post_message(Answered(str(problem)))
            return
        self.post_message(StopTaken())

    @on(StopTaken)
    def _leave_after_stop(self) -> None:
        self.app.exit()
