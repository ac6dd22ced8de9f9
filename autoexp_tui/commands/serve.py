"""`autoexp serve`: a run's screen in a browser of this machine."""

from __future__ import annotations

import asyncio
import os
import socket
from importlib.util import find_spec
from pathlib import Path

import click

from autoexp_tui.console import say, warn
from autoexp_tui.model.problem import INTERRUPTED, UsageProblem
from autoexp_tui.project import run_here
from autoexp_tui.sources.naming import named
from autoexp_tui.sources.tables import is_table

PORT = 8765
"""Where nobody asks for another."""


@click.command()
@click.argument("which", metavar="[TAG|FILE]", required=False)
@click.option("--port", default=PORT, show_default=True, help="0 takes any that is free.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; other machines reach anything but loopback.",
)
@click.option("--steer", is_flag=True, help="Let the page pause, skip, stop and hint.")
def serve(which: str | None, port: int, host: str, steer: bool) -> int:
    """Show the screen of a run, a table or an archive in a browser, to look at.

    Whoever has the address that is printed is let in. From another machine: `ssh -L`.
    """
    if find_spec("textual_serve") is None:
        raise UsageProblem("textual-serve is not installed: `pip install 'autoexp-tui[serve]'`")
    if not 0 <= port < 1 << 16:
        raise UsageProblem(f"--port {port}: there are 1 to 65535, and 0 for any that is free")
    from autoexp_tui.serving.gate import Gate, is_loopback  # noqa: PLC0415 - where served
    from autoexp_tui.serving.screens import screen_environment  # noqa: PLC0415 - as above
    from autoexp_tui.serving.web import Server, listen  # noqa: PLC0415 - as above

    gate = Gate(host)
    server = Server(gate, _arguments(which, steer), screen_environment(os.environ))

    def opened(actual: int) -> None:
        if not is_loopback(host):
            warn(
                f"autoexp: whoever reaches {host} and has the address can "
                f"{'steer' if steer else 'see'} the run, and nothing is encrypted on the way"
            )
        say(gate.address(actual))
        may = "the page may pause, skip, stop and hint" if steer else "to look at; --steer lets it"
        say(f"{may}; ^C ends it")
        if is_loopback(host):
            here = socket.gethostname()
            say(f"from another machine: `ssh -L {actual}:localhost:{actual} {here}`, then the same")

    asyncio.run(listen(server, host, port, opened))
    return INTERRUPTED


def _arguments(which: str | None, steer: bool) -> list[str]:
    """The command line behind every tab."""
    which = named(which)
    if which is not None and is_table(which):
        if steer:
            raise UsageProblem(f"{which} is played again: there is nothing to steer")
        return ["replay", "--", str(Path(which).resolve())]
    run = run_here(which)
    return ["attach", *([] if steer else ["--read-only"]), "--", run.tag]
