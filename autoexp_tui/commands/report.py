"""`autoexp report`: a run or a table as one page that a person can send."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import click

from autoexp_tui.commands.judged_by import judged_by
from autoexp_tui.console import say, warn, write
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.report.account import account_of
from autoexp_tui.report.markdown import as_markdown
from autoexp_tui.report.page import GENERATOR, as_html
from autoexp_tui.sources.archive import is_archive
from autoexp_tui.sources.journals import JournalSource
from autoexp_tui.sources.opening import Opened, opened
from autoexp_tui.sources.watching import TableWatch
from autoexp_tui.system.files import replace_file
from autoexp_tui.tables import TableChoice
from autoexp_tui.text.safe import Safe

_HEAD = 2000


@click.command()
@click.argument("which", metavar="[TAG|FILE]", required=False)
@click.option("--html", "form", flag_value="html", help="A self-contained page (the default).")
@click.option("--md", "form", flag_value="md", help="Markdown.")
@click.option(
    "-o", "output", metavar="PATH", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--follow", is_flag=True, help="Write the page anew while the run goes on.")
@click.option("--port", type=int, help="Serve the page that is followed on this port; 0: any.")
@judged_by
def report(
    which: str | None,
    form: Literal["html", "md"] | None,
    output: Path | None,
    follow: bool,
    port: int | None,
    choice: TableChoice,
) -> None:
    """Tell a run, a table or an archive on one page: story, plot, diffs, lessons, cost.

    Without -o the page goes to the standard output where that is no terminal, or is Markdown;
    else to `autoexp-NAME.html` here. A page that is followed refreshes itself in the browser.
    """
    if form is None:
        form = "md" if output is not None and output.suffix in {".md", ".markdown"} else "html"
    if port is not None and not follow:
        raise UsageProblem("--port serves a page that is followed: add --follow")
    if follow:
        if form == "md" or str(output) == "-":
            raise UsageProblem("--follow writes an HTML page to a file: name it with -o")
        _follow(which, output, choice, port)
        return
    with opened(which, choice) as found:
        account = account_of(found.state, found.diff, caveats=found.caveats)
    page = as_html(account) if form == "html" else as_markdown(account)
    if output is None and form == "html" and sys.stdout.isatty():
        output = _own_name(found)
    if output is None or str(output) == "-":
        write(page)
        return
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"{output}: can't be written ({error.strerror or error})") from None
    kept = f", {account.digest.kept} kept" if account.is_judged else ""
    say(f"{output}: {len(account.rows)} rows{kept}")


def _own_name(found: Opened) -> Path:
    """The file of a page that nobody gave a name."""
    output = Path(f"autoexp-{found.name}.html")
    if output.exists() and not _is_ours(output):
        raise UsageProblem(f"{output} is there already, and not ours: name a file with -o")
    return output


def _follow(
    which: str | None,
    output: Path | None,
    choice: TableChoice,
    port: int | None,
) -> None:
    """Write the page until the run ends; a served one is there until an interrupt."""
    from autoexp_tui.serving.following import Follower  # noqa: PLC0415 - a page is rarely followed

    if which is not None and is_archive(Path(which)):
        raise UsageProblem(f"{which}: an archive doesn't grow, so there is nothing to follow")
    with ExitStack() as stack:
        found = stack.enter_context(opened(which, choice))
        output = output or _own_name(found)
        server = None
        if port is not None:
            from autoexp_tui.serving.one_page import PageServer  # noqa: PLC0415 - as above

            server = stack.enter_context(PageServer(port))
            say(server.address)
        run = found.run
        source = JournalSource(run) if run else TableWatch(Path(which or ""), choice)
        page = _Page(output, server.show if server else None)
        say(f"{output}: refreshes itself in a browser; ^C ends it")
        Follower(source, page.put, diff_of=found.diff, caveats=found.caveats).follow()
        say(f"{output}: the run has ended")
        if server is not None:
            say("its last page is served until ^C")
            server.wait()


class _Page:
    """Where a page that is followed goes; a disk that is full for a while doesn't end it."""

    def __init__(self, output: Path, show: Callable[[bytes], None] | None) -> None:
        self._output = output
        self._show = show
        self._warned = ""
        self._is_there = False

    def put(self, page: Safe) -> None:
        """Replace the page. Raises UsageProblem where the first can't be written."""
        content = page.encode()
        if self._show is not None:
            self._show(content)
        try:
            replace_file(self._output, content)
        except OSError as error:
            why = f"{self._output}: can't be written ({error.strerror or error})"
            if not self._is_there:
                raise UsageProblem(why) from None
            if why != self._warned:
                warn(f"autoexp: {why}; it is tried again")
            self._warned = why
            return
        self._is_there, self._warned = True, ""


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return GENERATOR.encode() in file.read(_HEAD)
