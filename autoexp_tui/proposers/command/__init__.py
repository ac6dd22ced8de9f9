"""Any agent program as the researcher: it edits a scratch copy, and the target's change is taken.

The copy keeps an agent's slips away from the project, and a sandbox, where there is one, the rest
of what the user has. Its environment is the user's without the secrets that are not its own. What
it costs is not known here.
"""

from __future__ import annotations

import codecs
import contextlib
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

from autoexp_tui.model.proposal import (
    Exhausted,
    Proposal,
    Situation,
    Stream,
    Unable,
    Unusable,
)
from autoexp_tui.proposers.briefing import Briefing
from autoexp_tui.proposers.command.failures import could_not_work, judge
from autoexp_tui.proposers.command.presets import PRESETS, BadCommand, command_line, filled
from autoexp_tui.proposers.command.scratch import Scratch, TargetLost
from autoexp_tui.proposers.command.supervised import AgentRun, RunAgent, Supervised
from autoexp_tui.proposers.context import GatherContext, no_context
from autoexp_tui.proposers.waiting import Passing, Waiter
from autoexp_tui.text.safe import clean, clean_line

__all__ = ["PRESETS", "AgentRun", "BadCommand", "CommandProposer", "RunAgent", "Supervised"]

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


class CommandProposer:
    """Runs an agent once for each proposal."""

    name = "command"

    def __init__(  # noqa: PLR0913 - what it depends on, by name
        self,
        command: str,
        *,
        root: Path,
        folder: str,
        home: Path,
        run: RunAgent,
        waiter: Waiter,
        gather_context: GatherContext = no_context,
        notice: Callable[[str], None] = lambda _: None,
        refresh: Callable[[], None] = lambda: None,
    ) -> None:
        """`command` is a command line or a preset's name.

        Args:
            root: the workspace, in which nothing runs meanwhile.
            folder: the project's, relative to it.
            home: a folder for the scratch copy; whatever is there is removed.
            waiter: waits while the agent can't work; nothing that it does ends before.
            notice: takes what a person should know, a line each.
            refresh: makes the workspace exact again.

        Raises BadCommand.
        """
        self._line = command_line(command)
        self._word = command.strip() if command.strip() in PRESETS else "command"
        self._root = root
        self._folder = folder
        self._home = home
        self._run = run
        self._waiter = waiter
        self._hangs = (0, 0)
        """An experiment's number, and how often in a row the time limit has ended the agent."""
        self._unknown = 0
        """How often in a row it has failed in words that nobody knows."""
        self._gather_context = gather_context
        self._notice = notice
        self._refresh = refresh

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        """What the agent made of the target; a failure that passes is waited out.

        What it has written when its time limit ends it is taken as it is.

        Raises:
            Unable: it can't work before a person has done something, which the message names.
            Unusable: it left nothing to try.
            Exception: whatever the runner, the waiter and `stream` raise; the agent has gone then.
        """
        again = False

        def attempt() -> Proposal:
            nonlocal again
            if again:
                stream("again", "")
            again = True
            return self._ask(situation, stream)

        try:
            return self._waiter.until_it_passes(attempt, _LONGEST_RETRY_S)
        except Exhausted as end:
            if len(situation.history) > 1:
                raise
            raise Unable(f"{end}; the agent has made no proposal at all") from end

    def _ask(self, situation: Situation, stream: Stream) -> Proposal:
        """Run the agent once. Raises Passing, Unable, Unusable."""
        target = situation.contract.target
        self._refresh()
        with contextlib.ExitStack() as stack:
            scratch = Scratch(self._home, self._root, self._folder, target, situation.text)
            try:
                stack.enter_context(scratch)
            except OSError as error:
                raise Unable(
                    f"the workspace can't be copied for the agent ({error}): "
                    "see that the disk has room"
                ) from error
            prompt = scratch.beside("prompt.md", self.prompt(situation))
            output = _Output(stream)
            ended = self._run(
                filled(self._line, prompt, target),
                cwd=scratch.project,
                log=scratch.log,
                on_output=output.take,
            )
            output.finish()
            if ended.exit_code in _NOT_FOUND:
                raise Unable(
                    f"the agent can't be run ({clean_line(ended.failure)}): "
                    f"install it, or mend the command `{clean_line(self._line)}`"
                )
            self._report(scratch.other_changes(), target)
            if ended.failure and not ended.timed_out:
                raise self._trouble(ended, f"the agent failed: {clean_line(ended.failure)}")
            self._unknown = 0
            try:
                text = scratch.text()
            except TargetLost as lost:
                raise Unusable(str(lost)) from None
        self._count_hang(situation.n, ended)
        if text == situation.text:
            if ended.timed_out:
                raise Passing(f"the agent has written nothing: {clean_line(ended.failure)}")
            if could_not_work(ended.tail):
                last = clean_line(ended.tail.strip().rpartition("\n")[2], 200)
                raise self._trouble(ended, f"the agent changed nothing: {last}")
            raise Unusable(f"the agent left {target} as it was")
        if ended.timed_out:
            self._notice(
                f"#{situation.n}: the agent's {clean_line(ended.failure)} was over: "
                "what it had written is tried"
            )
        stream("target", text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        said = dict(_SAID.findall(output.text))
        hypothesis = said.get("HYPOTHESIS") or clean(ended.tail).strip()[-_HYPOTHESIS:]
        return Proposal(
            hypothesis=hypothesis or "The agent did not say.",
            description=clean_line(said.get("DESCRIPTION", "")) or f"an edit by {self._word}",
            text=text,
            memo={"agent": self._word},
        )

    def _trouble(self, ended: AgentRun, words: str) -> Exception:
        """What a failure of the agent, told as `words`, means for the run."""
        now = dt.datetime.now().astimezone()
        failure = judge(f"{ended.tail}\n{ended.failure}", now)
        if failure.kind == "lasts":
            return Unable(f"{words}; {failure.remedy}, then `autoexp run` goes on from here")
        self._unknown = self._unknown + 1 if failure.kind == "unknown" else 0
        if self._unknown > _UNKNOWN:
            return Unable(
                f"{words}, {self._unknown} times in a row: try `{clean_line(self._line, 200)}` by "
                "hand, then `autoexp run` goes on from here"
            )
        return Passing(words, failure.after)

    def _count_hang(self, n: int, ended: AgentRun) -> None:
        """Raise Unable when its time limit has ended it too often for one experiment."""
        if not ended.timed_out:
            self._hangs = (0, 0)
            return
        count = self._hangs[1] + 1 if self._hangs[0] == n else 1
        self._hangs = (n, count)
        if count > _HANGS:
            raise Unable(
                f"the agent has brought nothing new {count} times in a row within its "
                f"{clean_line(ended.failure)}: raise command.time_limit, or mend the command"
            )

    def prompt(self, situation: Situation) -> str:
        """What the agent is given to read."""
        target = situation.contract.target
        ask = (
            f"Make experiment #{situation.n} now: read `{target}`, then edit that file in place, "
            "in the current folder. Whatever else you change is dropped. Don't run the harness: "
            "that is done afterwards. End your answer with two lines of this form:\n\n"
            "HYPOTHESIS: what you expect of the change, and why\n"
            "DESCRIPTION: what is changed, in at most 100 characters"
        )
        told = Briefing.of(situation, self._gather_context(situation), shows_target=False)
        return "\n\n".join([told.as_text(), ask]) + "\n"

    def _report(self, others: list[str], target: str) -> None:
        if others:
            named = ", ".join(clean_line(path, 100) for path in others[:_NAMED])
            more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
            self._notice(f"the agent changed more than {target}; dropped: {named}{more}")


class _Output:
    """What the agent prints, on its way to the screen."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._line = ""
        self.text = ""
        """The end of it, cleaned."""

    def take(self, data: bytes) -> None:
        """Whole lines are shown: an escape sequence may be cut anywhere else."""
        *lines, self._line = (self._line + self._decode(data)).split("\n")
        if lines or len(self._line) > 1 << 16:
            self._show("\n".join(lines) + "\n" if lines else self._take_line())

    def finish(self) -> None:
        """There is no more."""
        self._line += self._decode(b"", True)
        self._show(self._take_line())

    def _take_line(self) -> str:
        line, self._line = self._line, ""
        return line

    def _show(self, text: str) -> None:
        if shown := clean(text):
            self.text = (self.text + shown)[-(1 << 16) :]
            self._stream("hypothesis", shown)
