"""The vocabulary of the journal: everything that a viewer or a resumed run needs to know.

An event is written in the past tense, is immutable, and stands alone: nothing that is shown
comes from anywhere else, except high-rate text (proposal deltas, harness output), which lives in
files of its own beside the journal.

A field of type Safe is text to be shown. One of type `str` is for the program to work with (a path,
a digest): as it is, so that whoever shows it has to clean it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from autoexp_tui.model.contract import Budget, Contract
from autoexp_tui.model.evidence import Evidence
from autoexp_tui.model.measurement import Centre, Figures, Measurement, Sample
from autoexp_tui.text.intake import KEYS, SHOWN
from autoexp_tui.text.safe import NOTHING, Safe
from autoexp_tui.text.value_changes import ValueChange

Status = Literal["keep", "discard", "crash"]
Commit: TypeAlias = Annotated[str, SHOWN]
"""A commit: 40 hexadecimal digits in a run of ours, anything in a table."""
Purpose: TypeAlias = Literal["", "confirm", "incumbent", "guard", "holdout", "verify", "mutant"]
"""What the harness is run for. `confirm` and `incumbent`: a would-be keep is compared with the best
so far once more. `guard`: it is another command, which must succeed before anything is kept.
`holdout`: a command that prints the hold-out.
`verify`: of a verification, which has events of its own and leaves what experiments printed.
"""
Mark: TypeAlias = Literal[
    "",
    "unconfirmed",
    "guard failed",
    "suspicious",
    "stopped early",
    "skipped",
    "unjudged",
    "superseded",
    "stale",
    "lost",
]
"""What is special about a verdict. `unconfirmed`: it looked better, and was not when it was looked
at again. `suspicious`: its gain was beyond what the run's history makes plausible, so it was run
again. `stopped early`: its run was ended, since it was far behind at the same step. `skipped`: a
person ended it. `unjudged`: another program's table gives no verdict on the row; a keep is a new
best when it came, and nothing was discarded. `superseded`: it was better than what it was made
from, and what became the best meanwhile is better still. `stale`: its change doesn't go together
with that of the new best. `lost`: the node or the line that it ran on went away each time, which
says nothing about the idea.
"""
Names: TypeAlias = tuple[Safe, ...]
Counts: TypeAlias = Annotated[dict[str, int], KEYS]


class Event(msgspec.Struct, frozen=True, tag_field="kind", tag=True):
    """Base of all events; `kind` in JSON is the class name."""


class RunStarted(Event, frozen=True):
    """Always the first event: what this run is, for ever."""

    tag: Safe
    project: Safe
    """Name of the project's folder."""
    folder: str
    """Its path relative to the repository's root; empty at the root."""
    base: Commit
    """The commit that the run starts from (40 hex digits)."""
    contract: Contract
    proposer: Safe
    seed: int
    protection: Safe
    """In words: what keeps the target from cheating, and what does not."""
    version: Safe
    directed: bool = True
    """False: which way is better is not known, as may be in another program's table."""
    origin: Literal["run", "table"] = "run"
    """`table`: read from an experiment table that another program wrote; no journal has it."""
    judged: bool = True
    """False: that table has no verdicts. Its rows' marks say so; what they keep was a new best."""
    known_by: Safe = NOTHING
    """In words: how it is known which way is better in that table; a guess is called one."""
    texts: Names = ()
    """Columns of words of that table; `Decided.texts` are their cells."""


class RunnerStarted(Event, frozen=True):
    """A runner process took the run; again after every resume."""

    pid: int
    host: Safe
    root: str
    """The checkout it was started from; only its ignored files are linked, nothing is written.
    Relative to `RunDirectory.home` where it is inside, as `results` is.
    """
    results: str
    """The table that people read: the project's `results.tsv`, unless another path was given."""
    resumed: bool
    protection: Safe = NOTHING
    """What keeps what is measured from now on honest; as `RunStarted.protection` where nothing."""
    slots: Names = ()
    """By name, where several experiments run at once."""


class BudgetChanged(Event, frozen=True):
    """The run was given other caps: while it goes on, or stands still."""

    budget: Budget
    by: Safe = NOTHING
    """Who asked for them; empty where it was the command that resumed the run."""


class ExperimentStarted(Event, frozen=True):
    """The loop has read the state and asks for a hypothesis."""

    n: int
    parent: Commit
    """The commit that it builds on."""
    slot: Safe = NOTHING
    """Where it runs, one of `RunnerStarted.slots`; empty where there is one."""


class Rebased(Event, frozen=True):
    """Its parent is no longer the best: its change was put on the best, to be measured there."""

    n: int
    parent: Commit
    """What is the best now."""
    attempt: int
    """Of the text that came of it."""


class ProposalAnswered(Event, frozen=True):
    """A proposal that was not worth a run of the harness: no change, a repeat, an unusable edit."""

    n: int
    description: Safe
    reason: Safe


class InstructionsRead(Event, frozen=True):
    """What the person told the proposer is not what it was at the last proposal."""

    n: int
    """The experiment from which on it counts."""
    digest: str
    lines: int


class CostReserved(Event, frozen=True):
    """A request is about to be made: the most that it can cost, until it is settled."""

    id: int
    """1 for the first request of a run, then without a gap."""
    n: int
    model: Safe
    input_tokens: int
    output_tokens: int
    usd: float


class CostSettled(Event, frozen=True):
    """What a request did cost."""

    id: int
    n: int
    model: Safe
    tokens: Counts
    """By kind, as priced: `input`, `cache_write`, `cache_write_1h`, `cache_read`, `output`."""
    usd: float
    exact: bool
    """False: the provider did not report all of it, so it is estimated."""
    outcome: Safe
    possible_usd: float = 0.0
    """That may have been billed besides: the line was dropped, and nobody will ever say."""


class WaitBegan(Event, frozen=True):
    """The proposer waits for what it depends on: the provider is overloaded, say."""

    n: int
    seconds: float
    reason: Safe


class AgentActed(Event, frozen=True):
    """An agent program has used a tool; the first of each proposal are told."""

    n: int
    tool: Safe
    about: Safe = NOTHING
    """What it was used on or for: a path, a command."""


class Proposed(Event, frozen=True):
    """A hypothesis and the edit that tests it."""

    n: int
    hypothesis: Safe
    """What is expected and why; may have several lines."""
    description: Safe
    """One line for the table."""
    added: int
    removed: int
    digest: str
    """Of the target's whole text (`model.proposal.digest`): the same idea is not run twice."""
    memo: dict[str, Any] = {}
    """What the proposer wants to find again in the history."""
    attempt: int = 1
    """2 and more: a repair of what crashed, under the same hypothesis."""
    changes: tuple[ValueChange, ...] = ()
    """What it changed, where that is values and nothing else."""
    likeness: str = ""
    """Of the text, whatever it looks like (`text.likeness`); empty in earlier versions."""


class RepairBegan(Event, frozen=True):
    """It crashed by what may be a slip: the proposer is asked to mend it."""

    n: int
    attempt: int
    failure: Safe


class Committed(Event, frozen=True):
    """The candidate is in the repository, under `refs/autoexp/<tag>/<n>`."""

    n: int
    commit: Commit
    attempt: int = 1


class EvaluationStarted(Event, frozen=True):
    """The harness is about to run; its output goes to `experiments/<n>/output.log`."""

    n: int
    attempt: int = 1
    turn: int = 1
    of: int = 1
    """How many runs there will be, of which this is number `turn`."""
    purpose: Purpose = ""
    name: Safe = NOTHING
    """Of the guard."""


class EvaluationLost(Event, frozen=True):
    """The node or the line went away while it was measured: it is measured again."""

    n: int
    reason: Safe


class ProductsAllowed(Event, frozen=True):
    """The baseline makes these as well, so no experiment is blamed for them."""

    n: int
    paths: tuple[str, ...]
    """New files that would be read in place of others, and changes in linked folders; with `/` at
    its end: new files in that folder. Relative to the repository's root."""


class Damaged(Event, frozen=True):
    """What a sandbox would have kept was changed for good: what is measured with it is not believed
    until somebody has mended it, or has resumed the run.
    """

    n: int
    stamps: Counts
    """Paths in linked folders, relative to the repository's root, or outside of it; and when the
    system last changed their record, in ns, 0 for what is gone: another time tells that they were
    mended."""


class Evaluated(Event, frozen=True):
    """The harness has ended and its metrics were read."""

    n: int
    seconds: float
    metrics: Figures
    """Complete and finite, or empty."""
    extras: Figures = {}
    """Other numbers that the harness printed; shown, never judged."""
    failure: Safe = NOTHING
    """Why there is no measurement, in words; empty when there is one."""
    attempt: int = 1
    samples: tuple[Sample, ...] = ()
    """The runs, where there were several; `metrics` and `extras` are their medians. With a failure,
    those that came before it.
    """
    units: Annotated[dict[str, str], KEYS] = {}
    """What each metric was printed in, where the contract doesn't say; empty: a bare number."""
    forms: Annotated[dict[str, tuple[str, ...]], KEYS] | None = None
    """In what forms, beside its own, each metric's name stood when the baseline ran; None for what
    is no baseline, and in earlier versions.
    """
    cores: float = 0.0
    """How many processors the baseline kept busy, on average; 0 for what is none."""

    @property
    def measurement(self) -> Measurement:
        """Every run of it; empty with a failure."""
        if self.failure:
            return Measurement()
        return Measurement.recorded(self.samples, self.metrics, self.seconds, self.extras)


class Decided(Event, frozen=True):
    """A row of the table. What the journal holds up to here is never lost."""

    n: int
    status: Status
    commit: Commit
    parent: Commit
    description: Safe
    reason: Safe
    """The verdict in words, or why it crashed."""
    metrics: Figures
    """Empty for a crash."""
    seconds: float
    cost_usd: float = 0.0
    samples: tuple[Sample, ...] = ()
    """The runs that the verdict rests on, where they are not the one that `Evaluated` tells."""
    against: tuple[Sample, ...] = ()
    """The incumbent's fresh runs that they were judged against, where there were any."""
    centre: Centre = "median"
    """What `metrics` are of several samples."""
    evidence: Evidence | None = None
    """What speaks for it; None where the harness' noise is not known, or nobody asks."""
    mark: Mark = ""
    holdout: float | None = None
    """Of what is kept: the figure that is never judged."""
    others: Figures = {}
    """Of a table's row without a measurement: its other numbers, by column."""
    texts: Names = ()
    """Of a table's row: what stands in the columns of `RunStarted.texts`."""


class Remeasured(Event, frozen=True):
    """The best so far was evaluated again: beside a candidate, or since machines drift."""

    n: int
    """The experiment in flight."""
    incumbent: int
    """Number of the experiment that was evaluated."""
    sample: Sample


class Retried(Event, frozen=True):
    """After a streak of crashes, what was measured once was measured again."""

    n: int
    """The experiment in flight."""
    of: int
    """The experiment whose text it was: the best so far, or the baseline."""
    failure: Safe = NOTHING
    """Why there is no measurement; empty when there is one: harness and machine work."""


class Abandoned(Event, frozen=True):
    """An experiment that was skipped before anything was committed: no row."""

    n: int
    reason: Safe


class PauseRequested(Event, frozen=True):
    """Takes effect between experiments."""

    by: Safe


class Paused(Event, frozen=True):
    """The loop stands still until it is resumed."""

    reason: Safe


BY_ITSELF = frozenset({"room on the disk", "trying again"})
"""Who resumes a run where no person does."""


class Resumed(Event, frozen=True):
    """The loop goes on, or a pause that had not taken effect was withdrawn."""

    by: Safe


class SkipRequested(Event, frozen=True):
    """The current experiment is to end at once."""

    by: Safe
    n: int


GONE = Safe("a signal of a process that has gone")
"""Who asks for a stop where nobody can be told: a person's `kill`, or what is measured."""


class StopRequested(Event, frozen=True):
    """The run is to end: after the current experiment, or now."""

    by: Safe
    now: bool


class HintGiven(Event, frozen=True):
    """A person's suggestion for the next proposals."""

    by: Safe
    text: Safe


class NotebookWritten(Event, frozen=True):
    """What the run has taught so far, in words: by the proposer every so often, or by a person."""

    n: int
    """The experiment from which on it counts."""
    by: Safe
    text: Safe
    """May have several lines; empty takes it away."""


class NoteGiven(Event, frozen=True):
    """What a person says of an experiment that was decided."""

    n: int
    by: Safe
    text: Safe
    """Empty where only `never` is told."""
    never: bool | None = None
    """True: its idea is not to be tried again; False: it may be; None: as it was."""


class Variant(msgspec.Struct, frozen=True):
    """A text that a verification measures."""

    n: int
    """A kept experiment, or the baseline."""
    without: int = 0
    """The step that was taken out of it again; 0 for the text as it is."""


EffectKind: TypeAlias = Literal["whole", "step", "without"]
"""From the baseline to the last step; of a step over the one before it; of a step in the last text,
which was measured without it too.
"""
Outcome: TypeAlias = Literal["holds", "unclear", "gone", "failed"]
"""`unclear` can't be told from luck, `failed` gave no measurement."""


class Effect(msgspec.Struct, frozen=True):
    """What a change is worth, measured again; larger is better, see `Objective.merits`."""

    kind: EffectKind
    n: int
    """The step; of the whole gain the last one."""
    outcome: Outcome
    kept_for: float
    """The gain that the run kept it for."""
    effect: float = 0.0
    low: float = 0.0
    high: float = 0.0


class VerificationStarted(Event, frozen=True):
    """The gains of a run that stands still are measured again; its rows stay as they are."""

    baseline: int
    steps: tuple[int, ...]
    """The kept experiments that the last one builds on, oldest first, and that one."""
    alone: tuple[int, ...]
    """Steps that can be taken out of the last text by themselves."""
    rounds: int
    """In each of which every text is evaluated once; at most so many."""
    seed: int
    """What the values of `AUTOEXP_SEED` are counted from."""

    @property
    def variants(self) -> tuple[Variant, ...]:
        """What is evaluated in each round."""
        as_they_are = (Variant(n) for n in (self.baseline, *self.steps))
        return (*as_they_are, *(Variant(self.steps[-1], k) for k in self.alone))


class Verified(Event, frozen=True):
    """One evaluation of a verification."""

    round: int
    """From 1; 0 is an evaluation without a seed, as the run itself measured."""
    variant: Variant
    seconds: float
    metrics: Figures
    """Complete and finite, or empty."""
    failure: Safe = NOTHING


class VerificationFinished(Event, frozen=True):
    """A verification has ended, or was ended and may be gone on with."""

    reason: Safe
    complete: bool
    """False: `autoexp verify` goes on with what is missing."""
    rounds: int
    """That are whole, and so count."""
    reproduced: bool | None
    """Whether a harness that repeats itself gave the run's own figures; None where it is noisy."""
    effects: tuple[Effect, ...]
    """The whole gain, then the steps. Empty where too little was measured."""


class Noticed(Event, frozen=True):
    """Something that a person should know."""

    level: Literal["info", "warning", "alarm"]
    text: Safe


class RunFinished(Event, frozen=True):
    """The loop has ended; a later runner may take the run up again."""

    reason: Safe
    ok: bool


AnyEvent: TypeAlias = (
    RunStarted
    | RunnerStarted
    | BudgetChanged
    | ExperimentStarted
    | Rebased
    | ProposalAnswered
    | InstructionsRead
    | CostReserved
    | CostSettled
    | WaitBegan
    | AgentActed
    | Proposed
    | RepairBegan
    | Committed
    | EvaluationStarted
    | EvaluationLost
    | ProductsAllowed
    | Damaged
    | Evaluated
    | Remeasured
    | Retried
    | Decided
    | Abandoned
    | PauseRequested
    | Paused
    | Resumed
    | SkipRequested
    | StopRequested
    | HintGiven
    | NotebookWritten
    | NoteGiven
    | VerificationStarted
    | Verified
    | VerificationFinished
    | Noticed
    | RunFinished
)


class Record(msgspec.Struct, frozen=True):
    """An event as the journal holds it."""

    seq: int
    """1 for the first event of a run, then without a gap."""
    time: float
    """Wall clock, seconds since the epoch; may jump, as clocks do."""
    elapsed: float
    """Seconds that runners of this run were alive so far; never goes back."""
    event: AnyEvent
