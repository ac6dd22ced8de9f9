"""`autoexp new`: a sample project in a git repository of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autoexp_tui.console import echo, say
from autoexp_tui.samples import copy_sample, samples
from autoexp_tui.text.safe import Safe


@click.command()
@click.argument("sample", required=False)
@click.argument("directory", type=click.Path(path_type=Path), required=False)
def new(sample: str | None, directory: Path | None) -> None:
    """Copy SAMPLE into a new git repository at DIRECTORY; alone, list the samples."""
    if sample is None:
        known = samples()
        width = max(map(len, known), default=0)
        for name, title in known.items():
            say(f"{name:<{width}}  {title}")
        echo(Safe("\n`autoexp new NAME DIR` copies one"))
        return
    from autoexp_tui.repository.creation import create  # noqa: PLC0415 - git

    path = (directory or Path(sample)).resolve()
    copy_sample(sample, path)
    create(path, f"Start from the sample {sample}\n")
    if sys.prefix != sys.base_prefix:
        # Its harness needs what autoexp itself was installed with: numpy, say.
        (path / ".venv").symlink_to(sys.prefix)
    for line in (f"{path}", f"  cd {path}", "  autoexp check", "  autoexp run"):
        say(line)
