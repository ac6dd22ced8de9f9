"""Handles people's commands: each is journalled with its sender, then signalled to the loop."""

from __future__ import annotations

from autoexp_tui.loop.control import Command, Controls, Reply
from autoexp_tui.loop.journal import DiskFull
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import budget, events
from autoexp_tui.model.budget import Caps
from autoexp_tui.model.state import RunState
from autoexp_tui.text.safe import Safe, clean, clean_line, part_of

_HINT = 2_000
NOTEBOOK_MOST = 12_000
"""Characters of a notebook that a person writes."""


def handle_command(command: Command, recorder: Recorder, controls: Controls) -> Reply:
    """Do what one command asks, one at a time; the reply comes at once."""
    try:
        return _handle(command, recorder, controls)
    except DiskFull as full:
        if command.verb in {"stop", "stop-now"}:
            controls.stop(now=command.verb == "stop-now")
            return _done("stopping, though the disk is too full to write it down")
        return _refused(f"{full}: only a stop is heard until there is room")


def _handle(  # noqa: PLR0911 - one answer per verb
    command: Command, recorder: Recorder, controls: Controls
) -> Reply:
    with recorder.transaction() as state:
        if command.verb == "note":  # also of a run that has just ended
            return give_note(command, state, recorder)
        if state.finished:
            return _refused(f"the run has ended: {state.finished.reason}")
        match command.verb:
            case "pause":
                return _pause(command.by, state, recorder, controls)
            case "resume":
                return _resume(command.by, state, recorder, controls)
            case "skip":
                return _skip(command, state, recorder, controls)
            case "stop" | "stop-now":
                now = command.verb == "stop-now"
                recorder.record(events.StopRequested(command.by, now))
                controls.stop(now=now)
                return _done("stopping now" if now else f"stopping {_after(state)}")
            case "hint" | "notebook":
                return _told(command, state, recorder)
            case "budget":
                return change_budget(command, state, recorder)


def _done(words: str) -> Reply:
    return Reply(ok=True, text=clean_line(words))


def _refused(words: str) -> Reply:
    return Reply(ok=False, text=clean_line(words))


def _after(state: RunState) -> str:
    if not state.in_flight:
        return "now"
    if len(state.in_flight) > 1:
        return f"after those that are in flight: waiting for {len(state.in_flight)}"
    ((n, current),) = state.in_flight.items()
    doing = "the harness" if current.phase == "evaluating" else "the proposal"
    return f"after #{n}: waiting for {doing}"


def _pause(by: Safe, state: RunState, recorder: Recorder, controls: Controls) -> Reply:
    if state.paused or state.pause_requested:
        return _done("already paused" if state.paused else "already pausing")
    recorder.record(events.PauseRequested(by))
    controls.pause()
    return _done(f"pausing {_after(state)}")


def _resume(by: Safe, state: RunState, recorder: Recorder, controls: Controls) -> Reply:
    if not (state.paused or state.pause_requested):
        return _done("not paused")
    recorder.record(events.Resumed(by))
    controls.resume()
    return _done("resumed")


def _skip(command: Command, state: RunState, recorder: Recorder, controls: Controls) -> Reply:
    if not state.in_flight:
        return _refused("nothing to skip: no experiment is in flight")
    n = command.n or min(state.in_flight)
    if command.n and n not in state.in_flight:
        return _refused(f"#{n} is not in flight, {_in_flight(state)}")
    if not command.n and len(state.in_flight) > 1:
        return _refused(f"{_in_flight(state)} in flight: `autoexp skip -n {n}` skips one of them")
    if not state.rows:
        return _refused("the baseline can't be skipped: everything is compared with it")
    recorder.record(events.SkipRequested(command.by, n))
    controls.skip(n)
    return _done(f"skipping #{n}")


def _in_flight(state: RunState) -> str:
    """`#7, #8 and #9 are`."""
    *others, last = (f"#{n}" for n in sorted(state.in_flight))
    return f"{', '.join(others)} and {last} are" if others else f"{last} is"


def _told(command: Command, state: RunState, recorder: Recorder) -> Reply:
    if command.verb == "notebook":
        written = part_of(clean(command.text.strip()), 0, NOTEBOOK_MOST)
        recorder.record(events.NotebookWritten(state.next_n, command.by, written))
        return _done("notebook noted: the next proposal sees it")
    text = clean_line(command.text, _HINT)
    if not text:
        return _refused("a hint needs words")
    recorder.record(events.HintGiven(command.by, text))
    return _done("hint noted: the next proposal sees it")


def give_note(command: Command, state: RunState, recorder: Recorder) -> Reply:
    """Write down what a person says of an experiment; also where no runner is."""
    text, row = clean_line(command.text, _HINT), state.row(command.n)
    if row is None:
        return _refused(f"there is no experiment {command.n} to note: it has {len(state.rows)}")
    if not text and command.never is None:
        return _refused("a note needs words, or --never")
    recorder.record(events.NoteGiven(row.n, command.by, text, command.never))
    told = "the proposals to come are told" if not state.finished else "a further run is told"
    never = f"its idea is {'not to' if command.never else 'may'} be tried again"
    return _done(f"#{row.n} noted" + (f", {never}" if command.never is not None else f"; {told}"))


def change_budget(command: Command, state: RunState, recorder: Recorder) -> Reply:
    """Give a run other caps, at once; also where no runner is."""
    old = state.budget
    new = (command.caps or Caps()).over(old)
    if new == old:
        return _done(f"as it was: {'; '.join(budget.use_words(state, recorder.elapsed))}")
    recorder.record(events.BudgetChanged(new, command.by))
    words = "; ".join(budget.change_words(old, new))
    if spent := budget.used_up(state, recorder.elapsed):
        ends = "it is complete" if state.finished or state.current is None else "it ends"
        return _done(f"{words}: {ends}: {spent}")
    return _done(words)
