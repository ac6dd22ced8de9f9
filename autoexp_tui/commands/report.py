"""`autoexp report`: a run or a table as one page that a person can send."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from autoexp_tui.console import say, write
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.report import account_of, as_html, as_markdown
from autoexp_tui.report.page import GENERATOR
from autoexp_tui.sources.opening import opened

_HEAD = 2000


@click.command()
@click.argument("which", metavar="[TAG|FILE]", required=False)
@click.option("--html", "form", flag_value="html", help="A self-contained page (the default).")
@click.option("--md", "form", flag_value="md", help="Markdown.")
@click.option(
    "-o", "output", metavar="PATH", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option(
    "--direction",
    type=click.Choice(["lower", "higher"]),
    help="Which way is better, for a table that doesn't tell.",
)
def report(
    which: str | None,
    form: Literal["html", "md"] | None,
    output: Path | None,
    direction: Literal["lower", "higher"] | None,
) -> None:
    """Tell a run, a table or an archive on one page: story, plot, diffs, lessons, cost.

    Without -o the page goes to the standard output where that is no terminal, or is Markdown;
    else to `autoexp-NAME.html` here.
    """
    if form is None:
        form = "md" if output is not None and output.suffix in {".md", ".markdown"} else "html"
    with opened(which, direction) as found:
        account = account_of(found.state, found.diff, caveats=found.caveats)
    page = as_html(account) if form == "html" else as_markdown(account)
    if output is None and form == "html" and sys.stdout.isatty():
        output = Path(f"autoexp-{found.name}.html")
        if output.exists() and not _is_ours(output):
            raise UsageProblem(f"{output} is there already, and not ours: name a file with -o")
    if output is None or str(output) == "-":
        write(page)
        return
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"{output}: can't be written ({error.strerror or error})") from None
    say(f"{output}: {len(account.rows)} rows, {account.digest.kept} kept")


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return GENERATOR.encode() in file.read(_HEAD)
