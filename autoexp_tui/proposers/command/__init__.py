"""Any agent program as the researcher: it edits a scratch copy, and the target's change is taken.

The copy keeps an agent's slips away from the project, and a sandbox, where there is one, the rest
of what the user has. Its environment is the user's without the secrets that are not its own. What
it costs is what it says.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.model.proposal import Crash, Proposal, Situation, Stream, Unable, Unusable
from autoexp_tui.proposers.command import prompt
from autoexp_tui.proposers.command.calling import BadCommand, Called
from autoexp_tui.proposers.command.failures import could_not_work, judge
from autoexp_tui.proposers.command.metering import Meter, OverCap
from autoexp_tui.proposers.command.reading import Output
from autoexp_tui.proposers.command.scratch import Scratch, TargetLost
from autoexp_tui.proposers.command.supervised import AgentRun, RunAgent, Supervised
from autoexp_tui.proposers.command.watching import Watch, is_whole
from autoexp_tui.proposers.context import Context, GatherContext, no_context
from autoexp_tui.proposers.waiting import EndedWaiting, Passing, Waiter
from autoexp_tui.text.safe import Safe, clean_line

__all__ = ["AgentRun", "BadCommand", "Called", "CommandProposer", "Meter", "RunAgent", "Supervised"]

_SAID = re.compile(
    r"^\W*(HYPOTHESIS|DESCRIPTION)\W*:(?:\*\*)?[ \t]*(\S.*?)(?:\*\*)?[ \t]*$", re.MULTILINE
)
_HYPOTHESIS = 2_000
_NAMED = 3
"""How many of the other changes are named."""
_LONGEST_RETRY_S = 600.0
"""Seconds between attempts, at most, when the agent names no time."""
_HANGS = 5
"""How often in a row its time limit may end it for one experiment."""
_UNKNOWN = 12
"""How often in a row it may fail in words that nobody knows: within three quarters of an hour."""
_NOT_FOUND = frozenset({126, 127})
"""The shell's word for a program that is not there, or is none."""
_IDLE = 4
"""How often an agent that has never edited anything may leave the first experiment's target."""
_ACTS = 200
"""Tools of one proposal that are told."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What the agent is to do."""

    situation: Situation
    before: str
    """The target as it finds it."""
    prompt: str
    mends: Proposal | None = None
    """The proposal that it is to repair: its hypothesis stays unless the agent says another."""


class CommandProposer:
    """Runs an agent once for each proposal, and once for each repair."""

    name = "command"

    def __init__(  # noqa: PLR0913 - what it depends on, by name
        self,
        called: Called,
        *,
        root: Path,
        folder: str,
        home: Path,
        run: RunAgent,
        waiter: Waiter,
        meter: Meter | None = None,
        gather_context: GatherContext = no_context,
        notice: Callable[[str], None] = lambda _: None,
        refresh: Callable[[], None] = lambda: None,
        acted: Callable[[Safe, Safe], None] = lambda _tool, _about: None,
        confined: bool = False,
    ) -> None:
        """`called` is the program.

        Args:
            root: the workspace, in which nothing runs meanwhile.
            folder: the project's, relative to it.
            home: a folder for the scratch copy; whatever is there is removed.
            waiter: waits while the agent can't work; nothing that it does ends before.
            meter: the books; without it nobody asks what it costs.
            notice: takes what a person should know, a line each.
            refresh: makes the workspace exact again.
            acted: takes each tool that the agent uses, and what it is about.
            confined: whether `run` has a sandbox around it.
        """
        self._called = called
        self._root = root
        self._folder = folder
        self._home = home
        self._run = run
        self._waiter = waiter
        self._meter = meter
        self._hangs = (0, 0)
        """An experiment's number, and how often in a row the time limit has ended the agent."""
        self._unknown = 0
        """How often in a row it has failed in words that nobody knows."""
        self._gather_context = gather_context
        self._notice = notice
        self._refresh = refresh
        self._acted = acted
        self._confined = confined
        self._scratch: Scratch | None = None
        self._latest: tuple[Situation, Context, Proposal] | None = None
        """The last proposal and what it was made from: a crash goes back to its author."""

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        """What the agent made of the target; a failure that passes is waited out.

        What it has written when its time limit ends it is taken as it is.

        Raises:
            Unable: it can't work before a person has done something, which the message names.
            Unusable: it left nothing to try.
            Exhausted: its next run could cost more than may be spent.
            Exception: whatever the runner, the waiter and `stream` raise; the agent has gone then.
        """
        context = self._gather_context(situation)
        task = _Task(situation, situation.text, prompt.for_proposal(situation, context))
        try:
            proposal = self._until_it_works(task, stream)
        except EndedWaiting as end:
            if len(situation.history) > 1:
                raise
            raise Unable(f"{end}; the agent has made no proposal at all") from end
        self._latest = situation, context, proposal
        return proposal

    def repair(self, crash: Crash, text: str, stream: Stream) -> Proposal | None:
        """A repair of the last proposal, which was `text` and crashed; None when it is given up.

        Raises as `propose` does, but not Unusable.
        """
        if self._latest is None or self._latest[0].n != crash.n:
            return None
        situation, context, proposal = self._latest
        ask = prompt.for_repair(situation, context, crash, proposal)
        try:
            repair = self._until_it_works(_Task(situation, text, ask, proposal), stream)
        except Unusable:
            return None
        self._latest = situation, context, repair
        return repair

    def _until_it_works(self, task: _Task, stream: Stream) -> Proposal:
        again = False

        def attempt() -> Proposal:
            nonlocal again
            if again:
                stream("again", "")
            again = True
            return self._ask(task, stream)

        return self._waiter.until_it_passes(attempt, _LONGEST_RETRY_S)

    def _ask(self, task: _Task, stream: Stream) -> Proposal:
        """Run the agent once. Raises Passing, Unable, Unusable, Exhausted."""
        target = task.situation.contract.target
        self._refresh()
        scratch = self._prepared(task)
        watch = Watch(scratch, task.before, stream)
        output = Output(
            self._called.preset, lambda words: stream("hypothesis", words), self._limited()
        )
        ended = self._run_once(task, scratch, watch, output)
        if ended.exit_code in _NOT_FOUND:
            raise Unable(
                f"the agent can't be run ({clean_line(ended.failure)}): "
                f"{self._called.preset.install or 'install it'}, or mend the command "
                f"`{clean_line(self._called.line)}`"
            )
        self._report(scratch.other_changes(), target)
        if ended.failure and not ended.timed_out:
            raise self._trouble(output, f"the agent failed: {self._why(ended, output)}")
        self._unknown = 0
        text = self._text(scratch, watch, task, ended)
        if text != task.before or not ended.timed_out:
            self._hangs = (0, 0)
        if text == task.before:
            raise self._nothing(task.situation, ended, output)
        if ended.timed_out:
            self._notice(
                f"#{task.situation.n}: the agent's {clean_line(ended.failure)} was over: "
                "what it had written is tried"
            )
        watch.show(text)
        said = dict(_SAID.findall(output.text))
        memo = {"agent": self._called.name}
        hypothesis = output.text.strip()[-_HYPOTHESIS:] or "The agent did not say."
        description = f"an edit by {self._called.name}"
        if task.mends is not None:
            hypothesis, description = task.mends.hypothesis, task.mends.description
        return Proposal(
            hypothesis=said.get("HYPOTHESIS") or hypothesis,
            description=clean_line(said.get("DESCRIPTION", "")) or description,
            text=text,
            memo=memo | {"session": output.session} if output.session else memo,
        )

    def _prepared(self, task: _Task) -> Scratch:
        """The copy, as the agent is to find it. Raises Unable."""
        if self._scratch is None:
            target = task.situation.contract.target
            self._scratch = Scratch(self._home, self._root, self._folder, target)
        try:
            self._scratch.prepare(task.before)
        except OSError as error:
            raise Unable(
                f"the workspace can't be copied for the agent ({error}): see that the disk has room"
            ) from error
        return self._scratch

    def close(self) -> None:
        """Remove the copy that the agent works in."""
        if self._scratch is not None:
            self._scratch.close()

    def _run_once(self, task: _Task, scratch: Scratch, watch: Watch, output: Output) -> AgentRun:
        """Have the agent work in the copy; what it costs is in the books when this returns."""
        n = task.situation.n
        tab = self._meter.begin(n) if self._meter is not None else None

        def take(data: bytes) -> None:
            output.take(data)
            if tab is not None:
                tab.look(output)

        outcome, whole = "cut off", False
        try:
            ended = self._run(
                self._called.filled(
                    scratch.beside("prompt.md", task.prompt),
                    task.situation.contract.target,
                    tab.left if tab is not None else None,
                    confined=self._confined,
                ),
                cwd=scratch.project,
                log=scratch.log,
                on_output=take,
                on_poll=watch.look,
            )
            output.finish()
            outcome = self._why(ended, output) or "answered"
            whole = not ended.timed_out
            if tab is not None and ended.failure:
                tab.look(output)
        except OverCap:
            outcome = "ended at the cap"
            if tab is None:  # only a tab raises it
                raise
            raise tab.over(output) from None
        finally:
            if tab is not None:
                tab.settle(output, clean_line(outcome, 200), whole=whole)
        return ended

    def _limited(self) -> Callable[[Safe, Safe], None]:
        """Tells the tools of one run, as many as anybody reads."""
        count = 0

        def act(tool: Safe, about: Safe) -> None:
            nonlocal count
            count += 1
            if count <= _ACTS:
                self._acted(tool, self._short(about))

        return act

    def _short(self, about: Safe) -> Safe:
        """Paths as the agent sees them: relative to the project."""
        home = self._home / (self._root.name or "root") / self._folder
        return clean_line(about.replace(f"{home}/", ""))

    def _text(self, scratch: Scratch, watch: Watch, task: _Task, ended: AgentRun) -> str:
        """The target as the agent left it, or as it last was whole. Raises Unusable."""
        try:
            text = scratch.text()
        except TargetLost as lost:
            if not ended.timed_out:
                raise Unusable(str(lost)) from None
            return watch.latest
        if ended.timed_out and not is_whole(scratch.target.name, text, task.before):
            return watch.latest
        return text

    def _nothing(self, situation: Situation, ended: AgentRun, output: Output) -> Exception:
        """What an agent that ended well, or was ended, and changed nothing means for the run."""
        if ended.timed_out:
            return self._hang(situation, ended, output)
        own = self._called.preset.failures
        if output.errors or (not self._called.preset.lines and could_not_work(output.text, own)):
            return self._trouble(output, f"the agent changed nothing: {output.last_words}")
        target = situation.contract.target
        if len(situation.history) == 1 and len(situation.answers) >= _IDLE:
            said = clean_line(output.text.strip()[-300:])
            return Unable(
                f"the agent has left {target} as it was {len(situation.answers) + 1} times and "
                f"never edited it: may it? try `{clean_line(self._called.line, 200)}` by hand"
                + (f"; it says: {said}" if said else "")
            )
        return Unusable(f"the agent left {target} as it was")

    def _why(self, ended: AgentRun, output: Output) -> str:
        """Why it failed, in a line; empty where it did not."""
        if not ended.failure or ended.timed_out or not self._called.preset.lines:
            return clean_line(ended.failure)
        code = "" if ended.exit_code is None else f"exit {ended.exit_code}: "
        return f"{code}{output.last_words}" if output.last_words else clean_line(ended.failure)

    def _trouble(self, output: Output, words: str) -> Exception:
        """What a failure of the agent, told as `words`, means for the run."""
        preset, now = self._called.preset, dt.datetime.now().astimezone()
        failure = judge(f"{output.complaint}\n{words}", now, preset.failures)
        if failure.kind == "lasts":
            remedy = failure.remedy
            if preset.login and "log in" in remedy:
                remedy = preset.login
            return Unable(f"{words}; {remedy}, then `autoexp run` goes on from here")
        self._unknown = self._unknown + 1 if failure.kind == "unknown" else 0
        if self._unknown > _UNKNOWN:
            return Unable(
                f"{words}, {self._unknown} times in a row: try "
                f"`{clean_line(self._called.line, 200)}` by hand, then `autoexp run` goes on from "
                "here"
            )
        return Passing(words, failure.after)

    def _hang(self, situation: Situation, ended: AgentRun, output: Output) -> Exception:
        """What it means that the time limit ended an agent which had written nothing.

        Some programs try again by themselves for longer than that, and not all say so.
        """
        limit = clean_line(ended.failure)
        words = f"the agent has written nothing: {limit}"
        if output.complaint.strip():
            failure = judge(output.complaint, dt.datetime.now().astimezone())
            if output.errors and failure.kind != "unknown":
                return self._trouble(output, f"{words}: {output.last_words}")
            if failure.kind == "passes" and output.is_silent:
                return Passing(words, failure.after)
        if output.is_silent and len(situation.history) > 1:
            return Passing(words)  # it has worked before
        count = self._hangs[1] + 1 if self._hangs[0] == situation.n else 1
        self._hangs = (situation.n, count)
        if count > _HANGS:
            return Unable(
                f"the agent has brought nothing new {count} times in a row within its "
                f"{limit}: raise command.time_limit, or mend the command"
            )
        return Passing(words)

    def _report(self, others: list[str], target: str) -> None:
        if others:
            named = ", ".join(clean_line(path, 100) for path in others[:_NAMED])
            more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
            self._notice(f"the agent changed more than {target}; dropped: {named}{more}")
