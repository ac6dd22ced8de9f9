"""Any agent program as the researcher: it edits a scratch copy, and the target's change is taken.

The copy keeps an agent's slips away from the project; it is no sandbox. The agent runs as the user,
with the user's environment, and what it costs is not known here.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Callable
from pathlib import Path

from autoexp_tui.model.proposal import Proposal, Situation, Stream, Unable, Unusable
from autoexp_tui.proposers.anthropic.prompt import briefing
from autoexp_tui.proposers.command.presets import PRESETS, BadCommand, command_line, filled
from autoexp_tui.proposers.command.scratch import Scratch, TargetLost
from autoexp_tui.proposers.command.supervised import AgentRun, RunAgent, Supervised
from autoexp_tui.proposers.context import GatherContext, no_context
from autoexp_tui.text.safe import clean, clean_line

__all__ = ["PRESETS", "AgentRun", "BadCommand", "CommandProposer", "RunAgent", "Supervised"]

_SAID = re.compile(
    r"^\W*(HYPOTHESIS|DESCRIPTION)\W*:(?:\*\*)?[ \t]*(\S.*?)(?:\*\*)?[ \t]*$", re.MULTILINE
)
_HYPOTHESIS = 2_000
_NAMED = 3
"""How many of the other changes are named."""
_NOT_FOUND = frozenset({126, 127})
"""The shell's word for a program that is not there, or is none."""


class CommandProposer:
    """Runs an agent once for each proposal."""

    name = "command"

    def __init__(
        self,
        command: str,
        *,
        root: Path,
        folder: str,
        home: Path,
        run: RunAgent,
        gather_context: GatherContext = no_context,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`command` is a command line or a preset's name.

        Args:
            root: the workspace, in which nothing runs meanwhile.
            folder: the project's, relative to it.
            home: a folder for the scratch copy; whatever is there is removed.
            notice: takes what a person should know, a line each.

        Raises BadCommand.
        """
        self._line = command_line(command)
        self._word = command.strip() if command.strip() in PRESETS else "command"
        self._root = root
        self._folder = folder
        self._home = home
        self._run = run
        self._gather_context = gather_context
        self._notice = notice

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        """What the agent made of the target.

        Raises:
            Unable: the program is not there.
            Unusable: it failed, or left nothing to try.
            Exception: whatever the runner and `stream` raise; the agent has gone then.
        """
        target = situation.contract.target
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
            if ended.failure:
                raise Unusable(f"the agent failed: {clean_line(ended.failure)}")
            try:
                text = scratch.text()
            except TargetLost as lost:
                raise Unusable(str(lost)) from None
        if text == situation.text:
            raise Unusable(f"the agent left {target} as it was")
        stream("target", text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        said = dict(_SAID.findall(output.text))
        hypothesis = said.get("HYPOTHESIS") or clean(ended.tail).strip()[-_HYPOTHESIS:]
        return Proposal(
            hypothesis=hypothesis or "The agent did not say.",
            description=clean_line(said.get("DESCRIPTION", "")) or f"an edit by {self._word}",
            text=text,
            memo={"agent": self._word},
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
        return "\n\n".join([*briefing(situation, self._gather_context(situation)), ask]) + "\n"

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
