"""Settles what `autoexp.yaml` is to say: harness, target, what is linked, metric, time limit.

By guessing, each command that may measure is tried until one prints a figure; by asking, a person
picks, sees the command run, and picks among the figures that it gave.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from autoexp_tui.console import say
from autoexp_tui.model.contract import Contract, Direction, Metric
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.onboarding import answers, asking
from autoexp_tui.onboarding.amending import amended
from autoexp_tui.onboarding.figures import Figure, direction_by_name, figures
from autoexp_tui.onboarding.guess import Guess
from autoexp_tui.onboarding.harnesses import harnesses, script_of, uncommitted_programs
from autoexp_tui.onboarding.linking import Links, links_for
from autoexp_tui.onboarding.scripts import printed_names, words_of
from autoexp_tui.onboarding.survey import Survey
from autoexp_tui.onboarding.targets import targets
from autoexp_tui.onboarding.trial import Trial, try_out
from autoexp_tui.project import Project
from autoexp_tui.repository.repository import Repository
from autoexp_tui.text.numbers import format_duration, format_number
from autoexp_tui.text.safe import Safe, clean_line

_TRIED = 4
"""Commands that are run by guessing before it is given up."""
_PATIENCE_S = 900.0
"""For the first run of a harness, where no time limit is wished for."""
_UNKNOWN_S = 300.0
_TAIL = 8
_LIMITS_S = (30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0)
_SOME = Metric(clean_line("metric"), "lower")
"""Stands for the metric before it is known."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says; nothing of it is asked or guessed."""

    target: str = ""
    harness: str = ""
    metrics: tuple[tuple[Safe, Direction | None], ...] = ()
    time_limit: float | None = None
    link: tuple[str, ...] = ()
    guess: bool = False
    """Ask nothing."""
    run: bool = True
    """Try the harness."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of a harness; complete once it has metrics."""

    harness: Guess
    target: Guess
    links: Links
    trial: Trial | None = None
    figures: Sequence[Figure] = ()
    metrics: tuple[Metric, ...] = ()
    time_limit: float = _UNKNOWN_S
    """Seconds."""

    def contract(self) -> Contract:
        """As it is to be written down."""
        return Contract(
            target=self.target.text,
            harness=self.harness.text,
            metrics=self.metrics or (_SOME,),
            time_limit=self.time_limit,
            link=self.links.setting,
        )


class Settling:
    """One project, and what the command line says of it."""

    def __init__(
        self, project: Project, repository: Repository, survey: Survey, wishes: Wishes
    ) -> None:
        self._project, self._repository = project, repository
        self._survey, self._wishes = survey, wishes

    def settle(self) -> Settled:
        """Everything that is to be written. Raises UsageProblem where it can't be known."""
        found = harnesses(self._survey)[: asking.SHOWN]
        if given := self._wishes.harness:
            found = [Guess(given, "as it was given", 0, script_of(self._survey, given))]
        return self._by_guessing(found) if self._wishes.guess else self._by_asking(found)

    # By guessing: the likeliest that works.

    def _by_guessing(self, guesses: Sequence[Guess]) -> Settled:
        refused = []
        pending = list(guesses[:_TRIED])
        while pending:
            guess = pending.pop(0)
            settled = self._begin(guess, self._guess_target(guess))
            if not self._wishes.run:
                return self._with_metrics(settled, self._untried_metrics(guess))
            settled = self._try(settled)
            why = self._objection(settled)
            if not why:
                return self._with_metrics(settled, self._tried_metrics(settled))
            say(f"  not this one: {why}")
            if again := self._amended(settled):
                pending.insert(0, again)
            else:
                refused.append(f"`{guess.text}`: {why}")
        match refused:
            case []:
                why = "nothing here looks like a command that prints a measurement"
                if new := uncommitted_programs(self._survey):
                    add = f"git add {' '.join(map(shlex.quote, new))}"
                    why = f"{new[0]} is not committed: `{add} && git commit -m start`"
            case [only]:
                why = only
            case _:
                why = f"none of the {len(refused)} commands that were tried gives a measurement"
        raise UsageProblem(
            f"{why}; nothing was written: give --harness 'COMMAND' that prints a line such as "
            "`score: 0.5`, and --target FILE"
        )

    def _guess_target(self, harness: Guess) -> Guess:
        if self._wishes.target:
            return Guess(self._wishes.target, "as it was given", 0)
        guesses = targets(self._survey, harness)
        if not guesses:
            raise UsageProblem("no file here looks like the one to change: give --target FILE")
        return guesses[0]

    def _objection(self, settled: Settled) -> str:
        """Why what was tried doesn't serve; empty where it does."""
        if (trial := settled.trial) is None or trial.failure:
            return _in_words(trial) if trial else "it was not tried"
        known = list(dict.fromkeys(figure.metric.name for figure in settled.figures))
        printed = f"what it printed is {', '.join(known[:6])}" if known else "it printed no figure"
        for name, _ in self._wishes.metrics:
            if name not in known:
                return f"{name} was not found: {printed}"
        if not known:
            return "it ended well, but printed no number with a name"
        best = _best(settled.figures)
        if not (best.sure or self._wishes.metrics):
            name = best.metric.name
            return (
                f"which way of {name} ({format_number(best.value)}) is better can't be guessed: "
                f"give --metric {name}:lower or --metric {name}:higher"
            )
        return ""

    def _tried_metrics(self, settled: Settled) -> tuple[Metric, ...]:
        return self._wished(settled.figures) or (_best(settled.figures).metric,)

    def _untried_metrics(self, harness: Guess) -> tuple[Metric, ...]:
        """Those wished for, or the first that the program seems to print."""
        if wished := self._wished(()):
            return wished
        text = self._survey.text(harness.script) if harness.script else ""
        for name in printed_names(text):
            way, sure = direction_by_name(name)
            if sure:
                return (Metric(answers.metric(name)[0], way),)
        raise UsageProblem("without a run no metric can be guessed: give --metric NAME:lower")

    # By asking: a person picks, and sees it run.

    def _by_asking(self, guesses: Sequence[Guess]) -> Settled:
        while True:
            settled = self._ask(guesses)
            if not self._wishes.run:
                break
            settled = self._try(settled)
            if settled.trial and not settled.trial.failure and settled.figures:
                break
            self._tell_failure(settled)
            if asking.agree(Safe("Write it down all the same, with a metric that you name?")):
                break
            if self._wishes.harness:
                raise UsageProblem(
                    f"`{self._wishes.harness}` doesn't measure yet; nothing was written"
                )
        return self._with_metrics(
            settled, self._wished(settled.figures) or asking.choose_metrics(settled.figures)
        )

    def _ask(self, guesses: Sequence[Guess]) -> Settled:
        """Harness and target."""
        if self._wishes.harness:
            harness = guesses[0]
        else:
            harness = asking.choose(
                Safe("\nWhat measures it? It runs in a copy of what is committed."),
                "A number, or a command",
                guesses,
                lambda text: Guess(text, "as it was typed", 0, script_of(self._survey, text)),
            )
        if self._wishes.target:
            target = self._guess_target(harness)
        else:
            target = asking.choose(
                Safe("\nWhich one file may change?"),
                "A number, or a file",
                targets(self._survey, harness)[: asking.SHOWN],
                lambda text: Guess(
                    self._there(answers.path(self._project.path, text)), "as it was typed", 0
                ),
            )
        return self._begin(harness, target)

    def _typed_target(self, text: str) -> Guess:
        name = answers.path(self._project.path, text)
        return Guess(self._there(name) if self._wishes.run else name, "as it was typed", 0)

    def _tell_failure(self, settled: Settled) -> None:
        trial = settled.trial
        if trial is None:
            return
        for line in trial.output.rstrip("\n").split("\n")[-_TAIL:]:
            say(f"  | {line}")
        say(
            f"that is no measurement yet: {_in_words(trial) or 'no number with a name was printed'}"
        )
        if again := self._amended(settled):
            say(f"  perhaps: {again.text}")

    def _amended(self, settled: Settled) -> Guess | None:
        """The command in a form that may do, where its failure tells how."""
        trial = settled.trial
        if trial is None or self._wishes.harness or (settled.figures and not trial.failure):
            return None
        return amended(self._survey, settled.harness, trial.failure, trial.output[-4000:])

    # What both do.

    def _begin(self, harness: Guess, target: Guess) -> Settled:
        if self._wishes.run:
            self._there(target.text)
        wished = self._wishes.link
        links = Links(wished, wished, ()) if wished else links_for(self._survey, harness.text)
        return Settled(harness, target, links)

    def _there(self, target: str) -> str:
        """`target`, which HEAD has. Raises UsageProblem."""
        if self._survey.has(target):
            return target
        if (self._project.path / target).exists():
            name = shlex.quote(target)
            raise UsageProblem(
                f"{target} is not committed: `git add {name} && git commit -m start`"
            )
        raise UsageProblem(f"{target} does not exist: write and commit it first")

    def _try(self, settled: Settled) -> Settled:
        limit = self._wishes.time_limit or _PATIENCE_S
        say(f"trying  {settled.harness.text}")
        say(f"        in a copy, for at most {format_duration(limit)}; Ctrl-C ends it")
        contract = msgspec.structs.replace(settled.contract(), time_limit=limit)
        trial = try_out(self._repository, self._project, contract, limit)
        own = words_of(self._project.path.name) | words_of(settled.target.text)
        found = figures(trial.printed, trial.written, own)
        return replace(settled, trial=trial, figures=found)

    def _wished(self, found: Sequence[Figure]) -> tuple[Metric, ...]:
        """The metrics of the command line, read as they were found."""
        known = {figure.metric.name: figure for figure in reversed(found)}
        return tuple(_directed(name, known.get(name), way) for name, way in self._wishes.metrics)

    def _with_metrics(self, settled: Settled, metrics: tuple[Metric, ...]) -> Settled:
        limit = self._wishes.time_limit or _fitting(settled.trial)
        return replace(settled, metrics=metrics, time_limit=limit)


def _directed(name: Safe, figure: Figure | None, way: Direction | None) -> Metric:
    """The metric with the direction that is wished for, or that its name or unit tells."""
    guess, sure = direction_by_name(name)
    if figure is not None:
        guess, sure = figure.metric.direction, figure.sure
    if way is None and not sure:
        raise UsageProblem(
            f"which way of {name} is better can't be guessed: "
            f"give --metric {name}:lower or --metric {name}:higher"
        )
    metric = figure.metric if figure else Metric(name, "lower")
    return msgspec.structs.replace(metric, direction=way or guess)


def _in_words(trial: Trial) -> str:
    """Its failure, and what to do about it where that is known."""
    return "; ".join(filter(None, (trial.failure, trial.remedy)))


def _best(found: Sequence[Figure]) -> Figure:
    """The likeliest whose direction is known, where there is one."""
    return next((figure for figure in found if figure.sure), found[0])


def _fitting(trial: Trial | None) -> float:
    """A time limit that leaves a candidate three times what the first run took."""
    if trial is None or trial.failure:
        return _UNKNOWN_S
    return next((limit for limit in _LIMITS_S if limit >= 3 * trial.seconds), 4 * trial.seconds)
