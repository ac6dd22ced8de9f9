"""`docs/configuration.md`: every key of `autoexp.yaml`, from the declarations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from autoexp_tui.config.declared import Setting, describe, settings
from autoexp_tui.config.writer import flow
from autoexp_tui.model.contract import Contract

_INTRODUCTION = """\
# Configuration

`autoexp.yaml` stands in the project's folder. Three keys are enough:

```yaml
target: train.py
harness: python evaluate.py
metrics: {loss: lower}
```

`autoexp init` writes one with a comment on each key, `autoexp check` runs its harness, and
`autoexp config` shows what is in force and where each setting comes from: the file, the command
line, or the default. All mistakes of a file are told at once, with their lines and remedies.

For completion in an editor, `autoexp config --schema > .autoexp.schema.json` writes a JSON Schema;
`# yaml-language-server: $schema=.autoexp.schema.json` as the first line of `autoexp.yaml` names it.

The file is plain YAML: no anchors, aliases, tags or repeated keys. Texts need no quotes unless YAML
gives their characters a meaning; `no` and `1:30` stay texts. Lengths of time are written like 90s,
5m or 1h30m. Paths are relative to the file's folder, with `/`. A run keeps the settings that it
began with; its caps alone may be raised when it is taken up again.

A harness that draws random numbers may take its seed from `$AUTOEXP_SEED`, a whole number that
`autoexp verify` sets anew [in every round](verification.md); in a run it is not set. The workspace
is no git repository: `$AUTOEXP_COMMIT` is the commit that it was made from, but for the target.

A harness may leave what it likes in the workspace, which is swept; but a new file that is read in
place of another or as settings (`*.py` beside a script, `conftest.py`, `Makefile`) makes a
crash, unless the baseline makes it too, or `keep`, `leaves` or a metric's `file` names it.

Of autoexp's own, two variables of the environment: `AUTOEXP_CACHE`, the folder for workspaces where
the user's cache can't be written, has no room or forbids programs, and `TMPDIR`, for archives that
are looked at.

What lies in the workspace: the base commit as git stores it; files that a filter makes (LFS,
`filter=` in `.gitattributes`) as the checkout or the LFS store has them; submodules that are
checked out, and what git ignores in the project's folder, linked. A partial clone lacks what was
not fetched.

*This page is made by `autoexp config --docs`.*
"""


def page(section: type[msgspec.Struct] = Contract) -> str:
    """The page, as Markdown."""
    return _INTRODUCTION + "".join(_tables(section, "Keys", "", None))


def _tables(
    section: type[msgspec.Struct], title: str, prefix: str, owner: Setting | None
) -> Iterator[str]:
    """A section's table, and after it those of the sections in it."""
    yield f"\n## {title}\n\n"
    if owner is not None:
        yield f"{owner.key.help}{_in_short(owner)}\n\n"
    yield "| key | what it does | value | default | example |\n|---|---|---|---|---|\n"
    for setting in settings(section):
        cells = (
            f"`{setting.name}`",
            setting.key.help + _condition(setting),
            describe(setting.shapes, setting.key) + _unit(setting),
            _default(setting),
            f"`{setting.name}: {example(setting)}`",
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    for setting in settings(section):
        if setting.section is not None:
            path = prefix + setting.name
            yield from _tables(setting.section, f"`{path}`", f"{path}.", setting)


def example(setting: Setting) -> str:
    """How its value may look in the file."""
    return setting.key.example or flow(setting, setting.default)


def _default(setting: Setting) -> str:
    value: Any = setting.default
    if setting.must:
        return "must be given"
    if value is None or value in ((), {}, ""):
        return "none"
    return "see below" if setting.section is not None else f"`{flow(setting, value)}`"


def _unit(setting: Setting) -> str:
    return f", in {setting.key.unit}" if setting.key.unit else ""


def _condition(setting: Setting) -> str:
    return "" if setting.key.when is None else " Only with `{}: {}`.".format(*setting.key.when)


def _in_short(setting: Setting) -> str:
    match setting.key.short:
        case (one,):
            return f" `{setting.name}: x` is short for `{setting.name}: {{{one}: x}}`."
        case (first, second):
            return f" `{setting.name}: {{x: y}}` is short for `[{{{first}: x, {second}: y}}]`."
        case _:
            return ""
