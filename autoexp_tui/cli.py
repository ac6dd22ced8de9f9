"""The command line: names the commands, and turns problems into one line and an exit code."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from autoexp_tui import __version__
from autoexp_tui.console import err, prepare_streams, warn
from autoexp_tui.model.problem import INTERRUPTED, Problem
from autoexp_tui.system.shielding import shield
from autoexp_tui.text.safe import clean

_COMMANDS = {
    "new": ("new:new", "Copy a sample project into a new repository; alone, list them."),
    "init": ("init:init", "Look at a project, try what measures it, write autoexp.yaml."),
    "check": ("check:check", "Validate a project, and measure its baseline and its noise."),
    "config": ("config:config", "Show every setting of a project, and where it comes from."),
    "run": ("run:run", "Start a run of a project, or go on with one, and watch it."),
    "attach": ("attach:attach", "Watch a run; leaving it changes nothing for the run."),
    "replay": ("replay:replay", "Play a run or any experiment table again."),
    "serve": ("serve:serve", "Show a run, a table or an archive in a browser, to look at."),
    "ls": ("ls:ls", "List the runs of a repository, the latest first."),
    "pause": ("control:pause", "Let the current experiment end, then wait for `resume`."),
    "resume": ("control:resume", "End a pause."),
    "skip": ("control:skip", "End the current experiment at once and go on with the next."),
    "stop": ("control:stop", "End the run after the current experiment."),
    "hint": ("hint:hint", "Give the researcher a hint."),
    "notebook": (
        "notebook:notebook",
        "Show what a run has taught, as the researcher is told it.",
    ),
    "note": ("note:note", "Note something of an experiment."),
    "budget": ("budget:budget", "Give a run other caps, at once; alone, what is used of them."),
    "instructions": (
        "instructions:instructions",
        "Show the instructions that a run reads, or edit them.",
    ),
    "show": ("show:show", "Show an experiment: hypothesis, diff, metrics, output."),
    "brief": ("brief:brief", "Tell what a run has come to: what was won, what it cost."),
    "summary": ("summary:summary", "Sum up a run, or any experiment table."),
    "report": ("report:report", "Tell a run, a table or an archive on one page."),
    "verify": ("verify:verify", "Measure the gains of a run again: which of its steps hold?"),
    "finish": ("finish:finish", "Make a branch of what a run has kept, ready for review."),
    "compare": ("compare:compare", "Lay the running bests of runs or tables over each other."),
    "watch": ("watch:watch", "Watch any experiment table while another program writes it."),
    "export": ("export:export", "Pack a run into a file that `autoexp replay` plays anywhere."),
    "prompt": ("prompt:prompt", "Print what the next request of a run would contain."),
    "repair": ("repair:repair", "Mend the journal of a run, when it was damaged."),
    "clean": ("clean:clean_", "Remove the workspaces of ended runs, and our lines of exclude."),
}
"""Where each command is, and what it does, in a line: to list them, none is imported."""


class _Commands(click.Group):
    """Imports a command's module when that command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Also says which command was meant, where one is like what was typed."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib  # noqa: PLC0415 - 14 ms, for a mistake

            close = difflib.get_close_matches(args[0], _COMMANDS, n=2)
            if not close:
                raise
            meant = " or ".join(f"`autoexp {name}`" for name in close)
            raise click.UsageError(f"{error.message} Did you mean {meant}?", ctx) from None

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(f"autoexp_tui.commands.{module}"), name)
        return command if isinstance(command, click.Command) else None


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="autoexp")
@click.option(
    "-C",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Work as if started in this folder.",
)
@click.option("--all", "everywhere", is_flag=True, help="Alone: known runs of this machine.")
@click.pass_context
def autoexp(context: click.Context, directory: Path | None, everywhere: bool) -> int:
    """A laboratory that never sleeps: an agent edits one file, your harness judges it.

    Alone it shows the runs of this repository, to watch, replay, compare and take home.

    Exit codes: 0 fine, 1 the run failed, 2 usage or configuration, 130 interrupted.
    """
    if directory is not None:
        os.chdir(directory)
    if context.invoked_subcommand is not None:
        if everywhere:
            raise click.UsageError("--all stands alone, or behind `ls`")
        return 0
    from autoexp_tui.commands.home import home  # noqa: PLC0415 - where it is shown

    return home(everywhere=everywhere)


def main() -> None:
    """The entry point of the `autoexp` command."""
    shield()  # it may hold keys while programs that nobody has read run beside it
    prepare_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup, say, wants it to be ignored
            signal.signal(number, _end)
    sys.exit(run_command(sys.argv[1:]))


def _end(number: int, _frame: FrameType | None) -> None:
    """End as after an interrupt, with what is to be put away; a second signal ends it at once."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    raise SystemExit(128 + number)


def run_command(arguments: list[str]) -> int:
    """Run one command line; returns its exit code."""
    try:
        code = autoexp.main(arguments, prog_name="autoexp", standalone_mode=False)
    except (KeyboardInterrupt, click.exceptions.Abort):
        return INTERRUPTED
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)  # it names what was typed, and a shell types file names by itself
        err(clean(told.getvalue().rstrip("\n")))
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone: nothing more to say, and no traceback at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Problem, OSError) as problem:
        for line in _in_a_line(problem).split("\n"):
            warn(f"autoexp: {line}")
        return problem.exit_code if isinstance(problem, Problem) else 1
    return code if isinstance(code, int) else 0


def _in_a_line(problem: Exception) -> str:
    """What went wrong; of the system's errors (a full disk, say) the file and the reason."""
    if not isinstance(problem, OSError):
        return str(problem)
    where = f"{problem.filename}: " if problem.filename else ""
    return f"{where}{problem.strerror or problem}"
