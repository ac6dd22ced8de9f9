"""Agent programs that are known: one file each, ours in this folder, and those of the user's own.

A preset says how a program is called so that it works without a person to answer, may edit files
and no more, and how what it prints is read. `~/.config/autoexp/agents/NAME.yaml` adds one, or
takes the place of ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.text.safe import clean_line

_OURS = Path(__file__).parent
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}")
Where: TypeAlias = str
"""Where something stands in a JSON document: `message.content.0.text`; `@` is a mapping's key."""


class BadPreset(UsageProblem):
    """A preset's file can't be read; the message says which, and why."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is read of one kind of line. Every field is a path; what isn't there is not read."""

    when: dict[str, str | bool | int] = {}
    """Which lines: by path, what must stand there."""
    each: Where = ""
    """A list or mapping; the other paths start at each of its items."""
    where: dict[str, str | bool | int] = {}
    """Which of its items."""
    text: Where = ""
    """What the agent says."""
    tool: Where = ""
    """The tool that it calls."""
    about: tuple[Where, ...] = ()
    """What it calls it with; the first that is there."""
    error: Where = ""
    session: Where = ""
    model: Where = ""
    usd: Where = ""
    tokens: dict[str, Where] = {}
    """By kind: `input`, `output`, `cache_read`, `cache_write`."""
    key: Where = ""
    """Lines with the same one tell of the same request: the last of them counts."""
    whole: bool = False
    """Cost and tokens are of all that was done, and take the place of what came before."""


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is read of a line of plain text, by the groups of an expression.

    Groups: `tool`, `about`, `error`, `session`, `model`, `usd`, and the kinds of tokens.
    """

    line: str
    whole: bool = False
    """As in `Rule`."""
    hide: bool = False
    """Whether the line is no word of the agent's."""


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One agent program."""

    title: str
    run: str
    """Its command line, in which `{prompt_file}`, `{target}`, `{model}`, `{budget}` and `{sandbox}`
    are filled in.
    """
    model: str = ""
    """What names a model to it: `--model {}`, the option in place of `{model}`."""
    budget: str = ""
    """What tells it how many USD it may spend, in place of `{budget}`."""
    alone: str = ""
    """In place of `{sandbox}`: what has it confine itself, where nothing else does."""
    confined: str = ""
    """The same where it runs in the run's sandbox, in which it may be unable to make its own."""
    version: str = ""
    """The command line that prints its version."""
    tested: str = ""
    """The version that this file was last tried with; empty where it can't be tried by us."""
    install: str = ""
    login: str = ""
    """What a person does so that it may work: a sentence without its full stop."""
    keeps: tuple[str, ...] = ()
    """Where in HOME its login and settings are: it may write there, and nothing else may read."""
    hosts: tuple[str, ...] = ()
    """Whom it talks to."""
    usd: float = 1.0
    """What one proposal may cost at most, until the run knows better."""
    input_holds_cache: bool = False
    """Whether its input tokens are counted with those that were read from a cache."""
    lines: tuple[Rule, ...] = ()
    """How its lines of JSON are read. Without any, and for other lines: plain text."""
    patterns: tuple[Pattern, ...] = ()
    passes: str = ""
    """Words of its own for an outage that passes: an expression."""
    lasts: dict[str, str] = {}
    """By what a person has to do, words of its own for what doesn't pass."""

    @property
    def program(self) -> str:
        """What is run: the first word that sets no variable."""
        return next((word for word in self.run.split() if "=" not in word), "")

    @property
    def failures(self) -> dict[str, str]:
        """Its own words as `failures.judge` takes them."""
        return {**self.lasts, **({"": self.passes} if self.passes else {})}

    @property
    def tells_usd(self) -> bool:
        """Whether it tells what it costs in USD."""
        told = any("(?P<usd>" in one.line for one in self.patterns)
        return told or any(rule.usd for rule in self.lines)

    @property
    def tells_model(self) -> bool:
        told = any("(?P<model>" in one.line for one in self.patterns)
        return told or any(rule.model for rule in self.lines)

    @property
    def is_metered(self) -> bool:
        """Whether it tells what it costs, in USD or tokens."""
        told = any("(?P<input>" in one.line for one in self.patterns)
        return told or self.tells_usd or any(rule.tokens for rule in self.lines)


def folder_of(environ: Mapping[str, str]) -> Path | None:
    """Where the user's own presets are, or would be."""
    if config := environ.get("XDG_CONFIG_HOME"):
        return Path(config, "autoexp", "agents")
    home = environ.get("HOME")
    return Path(home, ".config", "autoexp", "agents") if home else None


def names(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Every preset's name, ours first; nothing is read but the folders."""
    ours = sorted(path.stem for path in _OURS.glob("*.yaml"))
    own = folder_of(environ)
    theirs = sorted(path.stem for path in own.glob("*.yaml")) if own and own.is_dir() else []
    return list(dict.fromkeys([*ours, *(name for name in theirs if _NAME.fullmatch(name))]))


def named(name: str, environ: Mapping[str, str] = os.environ) -> Preset | None:
    """The preset of that name, the user's own before ours; None where there is none.

    Raises BadPreset.
    """
    if not _NAME.fullmatch(name):
        return None
    own = folder_of(environ)
    for folder in (own, _OURS):
        if folder is not None and (path := folder / f"{name}.yaml").is_file():
            return read(path)
    return None


def of_command(command: str, environ: Mapping[str, str] = os.environ) -> tuple[str, Preset | None]:
    """The name and preset that a command means, or whose program it calls; ("", None) for neither.

    Raises BadPreset.
    """
    word = command.strip()
    if (preset := named(word, environ)) is not None:
        return word, preset
    program = next((one for one in word.split() if "=" not in one), "")
    first = Path(program).name
    for name in names(environ):
        if first and (found := named(name, environ)) is not None and found.program == first:
            return name, found
    return "", None


def read(path: Path) -> Preset:
    """The preset in a file. Raises BadPreset."""
    import yaml  # noqa: PLC0415 - nothing else that is light needs it

    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        preset = msgspec.convert(found, Preset)
        for one in preset.patterns:
            re.compile(one.line)
        for expression in preset.failures.values():
            re.compile(expression)
    except (OSError, UnicodeError, yaml.YAMLError, msgspec.ValidationError, re.error) as error:
        why = clean_line(str(error).replace("\n", " "), 300)
        raise BadPreset(f"the agent in {clean_line(str(path))} can't be read: {why}") from error
    return preset
