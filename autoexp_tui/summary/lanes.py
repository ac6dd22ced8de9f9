"""Several experiments at once: which is in which lane, and how much of the slots' time was used.

With one slot there are no lanes, and every viewer is as it is without this module.
"""

from __future__ import annotations

from dataclasses import dataclass

from autoexp_tui.model.events import WaitBegan
from autoexp_tui.model.state import Experiment, Phase, RunState
from autoexp_tui.text.safe import NOTHING, Safe, cut

_SIGNS: dict[Phase, str] = {
    "starting": "○",
    "reading": "○",
    "proposing": "✎",
    "evaluating": "▶",
    "deciding": "◆",
    "paused": "‖",
    "finished": "■",
}


@dataclass(frozen=True, slots=True)
class Lane:
    """What one slot is doing."""

    slot: Safe
    """Its name; of what a dead runner left, that of the slot that it was in."""
    flight: Experiment | None
    """None while the slot is idle."""

    @property
    def words(self) -> str:
        """`▶ evaluating`, `▶ confirming 2 of 4`, `‖ waiting`; `idle`."""
        if self.flight is None:
            return "idle"
        if self.flight.waiting is not None:
            return "‖ waiting"
        return f"{_SIGNS[self.flight.phase]} {activity(self.flight, self.flight.phase)}"

    @property
    def idea(self) -> Safe:
        """What is tried, in its own words, or why it waits; empty before it is known."""
        if self.flight is None:
            return NOTHING
        if self.flight.waiting is not None:
            return self.flight.waiting[1].reason
        return self.flight.description or self.flight.hypothesis

    def seconds(self, time: float) -> float:
        """For how long it has been doing that, at wall clock `time`; of an idle one 0."""
        if self.flight is None:
            return 0.0
        since = self.flight.phase_time
        if self.flight.waiting is not None:
            since = self.flight.waiting[0]
        return max(0.0, time - since)


def lanes_of(state: RunState) -> tuple[Lane, ...]:
    """A lane for each slot, in their order; empty with one slot, before a run and after its end.

    What a dead runner left stands at the end, where its slot is another's now, or gone.
    """
    slots = state.slots
    if state.finished is not None or len(slots) < 2:
        return ()
    there: dict[Safe, Experiment | None] = dict.fromkeys(slots)
    left = []
    for flight in state.in_flight.values():
        if flight.slot in there and there[flight.slot] is None:
            there[flight.slot] = flight
        else:
            left.append(Lane(flight.slot, flight))
    return (*(Lane(slot, flight) for slot, flight in there.items()), *left)


def activity(flight: Experiment | None, phase: Phase) -> str:
    """A phase in words: `evaluating`, `confirming 2 of 4`, `measuring the best again`."""
    evaluation = flight.evaluation if flight else None
    if phase == "proposing" and flight and flight.repairs > 0:
        return f"repairing ({flight.repairs})"
    if phase == "evaluating" and evaluation and evaluation.purpose in {"guard", "holdout"}:
        return f"{evaluation.purpose} {evaluation.name}"
    if phase != "evaluating" or evaluation is None:
        return phase
    if evaluation.purpose == "mutant":
        return "asking whether the target is read"
    if evaluation.purpose == "incumbent":
        return "measuring the best again"
    word: str = "confirming" if evaluation.purpose else phase
    if flight and flight.rebased and not evaluation.purpose:
        word = f"{word} on #{flight.made_from}"
    return word if evaluation.of == 1 else f"{word} {evaluation.turn} of {evaluation.of}"


def first_wait(state: RunState) -> tuple[float, WaitBegan] | None:
    """Since when, and for what, the run waits: for all that is in flight; None where it goes on."""
    waits = [flight.waiting for flight in state.in_flight.values()]
    found = [wait for wait in waits if wait is not None]
    if not found or len(found) < len(waits):
        return None
    return min(found, key=lambda wait: wait[0] + wait[1].seconds)


def busy_words(state: RunState) -> str:
    """`◐ 3 of 4 busy`; empty where there are no lanes."""
    lanes = lanes_of(state)
    if not lanes:
        return ""
    busy, slots = sum(lane.flight is not None for lane in lanes), len(state.slots)
    busy = min(busy, slots)
    return f"{'○' if not busy else '●' if busy == slots else '◐'} {busy} of {slots} busy"


@dataclass(frozen=True, slots=True)
class SlotUse:
    """How well a run has used what it may run on, so far."""

    slots: int
    """Of its last runner."""
    evaluating_s: float
    """Seconds of all evaluations of experiments, side by side or not."""
    elapsed_s: float
    """Seconds that the run's runners were alive."""
    slot_s: float
    """The same for each slot, added up."""

    @property
    def share(self) -> float:
        """Of the slots' time that in which something was evaluated, 0 to 1."""
        return min(1.0, self.evaluating_s / self.slot_s) if self.slot_s > 0 else 0.0

    @property
    def speed_up(self) -> float:
        """Seconds of evaluation in each second that went by: 1 is one slot without a pause."""
        return self.evaluating_s / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def briefly(self) -> str:
        """`slots used 91 %, 3.6×`."""
        return f"slots used {100 * self.share:.0f} %, {self.speed_up:.1f}×"

    @property
    def words(self) -> str:
        """`4 slots, evaluating in 91 % of their time: speed-up 3.6×`."""
        share = f"{self.slots} slots, evaluating in {100 * self.share:.0f} % of their time"
        return f"{share}: speed-up {self.speed_up:.1f}×"


def use_of(state: RunState, elapsed: float | None = None) -> SlotUse | None:
    """How the slots were used until `elapsed` on the run's clock, in seconds; by default until now.

    None with one slot, and before anything was measured. Evaluations under way count as far as they
    have come.
    """
    if len(state.slots) < 2 or not state.rows:
        return None
    now = state.elapsed if elapsed is None else max(elapsed, state.elapsed)
    evaluated = sum(
        sum(sample.seconds for sample in row.samples) or row.seconds for row in state.rows
    )
    for flight in state.in_flight.values():
        if flight.measuring:
            evaluated += max(0.0, state.time - flight.phase_time) + now - state.elapsed
        if (done := flight.evaluated) is not None:
            evaluated += sum(sample.seconds for sample in done.samples) or done.seconds
    slot_s = state.slot_seconds + (now - state.slots_since) * len(state.slots)
    return SlotUse(len(state.slots), evaluated, now, slot_s)


def in_flight_words(state: RunState, limit: int = 160) -> str:
    """`2 of 4 busy: #7 a wider net; #9 proposing`; empty where there are no lanes."""
    lanes = lanes_of(state)
    if not lanes:
        return ""
    flights = [lane.flight for lane in lanes if lane.flight is not None]
    ideas = (
        f"#{one.n} {cut(one.description or one.hypothesis or one.phase, 60)}" for one in flights
    )
    what = "; ".join(ideas)
    busy = busy_words(state).partition(" ")[2]
    return cut(f"{busy}: {what}" if what else busy, limit)
