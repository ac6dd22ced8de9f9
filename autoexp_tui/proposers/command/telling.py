"""What a person is told of agent programs: what is here, which version, how it is used."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.proposers.command import presets
from autoexp_tui.proposers.command.calling import Called, installed
from autoexp_tui.proposers.command.presets import Preset
from autoexp_tui.text.safe import clean, clean_line

_VERSION = re.compile(r"\d+(?:\.\d+)+(?:[.+-]\w+)*")
_PATIENCE_S = 20.0


def notes(contract: Contract, environ: Mapping[str, str] = os.environ) -> Sequence[tuple[str, str]]:
    """What `autoexp check` says of a contract's agent: its version, and what binds its cost."""
    try:
        called = Called.of(contract.command, environ)
    except UsageProblem:
        return ()  # told as a problem
    preset, cap = called.preset, contract.budget.max_cost_usd
    found = [("agent", f"{preset.title}: {version_words(preset, environ)}")] if preset.title else []
    if not preset.is_metered:
        unknown = "does not say what it costs: max_cost_usd can't bind it, max_experiments does"
        return (*found, ("cost", f"{preset.title or 'the program'} {unknown}"))
    if not (preset.tells_usd or preset.tells_model or called.model or contract.command.prices):
        how = "name it (`command: {model: …}`), or max_cost_usd can't bind it"
        return (*found, ("cost", f"{preset.title} does not say which model it uses: {how}"))
    model = f"{called.model}, " if called.model else ""
    return (*found, ("cost", f"{model}at most ${cap:.2f} in all, as it tells what it has used"))


def version_words(preset: Preset, environ: Mapping[str, str]) -> str:
    """The installed version beside the one that the preset was tried with."""
    if not preset.version:
        return "its version is not known"
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", preset.version],
            env={**environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return f"`{preset.version}` does not answer"
    said = clean(
        f"{done.stdout.decode('utf-8', 'replace')}\n{done.stderr.decode('utf-8', 'replace')}"
    )
    here = _VERSION.search(said)
    if done.returncode or here is None:
        last = clean_line(clean(done.stderr.decode("utf-8", "replace")).strip(), 120)
        return f"`{preset.version}` gives no version" + (f" ({last})" if last else "")
    if not preset.tested:
        return f"{here[0]}; not tried by us"
    if here[0] == preset.tested:
        return f"{here[0]}, as tried"
    return f"{here[0]}, tried with {preset.tested}: if it is not understood, tell us"


def offers(environ: Mapping[str, str]) -> list[str]:
    """Which agent programs could propose here, with how they are asked to; empty for none."""
    try:
        agents = installed(environ)
    except UsageProblem as problem:
        return [str(problem)]
    if not agents:
        return []
    first, rest = agents[0], f" (or {', '.join(agents[1:])})" if agents[1:] else ""
    how = f"`proposer: command` with `command: {{run: {first}}}` has it propose"
    return [f"{first}{rest} is installed: {how}"]


def as_markdown() -> str:
    """The table of our presets, as `docs/proposers.md` has it."""
    rows = ["| `run:` | program | tried | tells | log in |", "|---|---|---|---|---|"]
    for name in presets.names({}):
        preset = presets.named(name, {})
        if preset is None:
            continue
        costs = "its cost" if preset.tells_usd else "its tokens"
        told = [
            *(["tools"] if any(rule.tool for rule in preset.lines) else []),
            *([costs] if preset.is_metered else []),
        ]
        rows.append(
            f"| `{name}` | {preset.title} | {preset.tested or 'not by us'} | "
            f"{', '.join(told) or 'words'} | {preset.login} |"
        )
    return "\n".join(rows) + "\n"
