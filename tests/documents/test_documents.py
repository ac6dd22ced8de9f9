"""What the tutorial and the recipes say is done to the letter, in a folder of its own for each."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from support.gitrepos import git

from autoexp_tui.commands.serve import PORT
from autoexp_tui.config.reader import parse
from autoexp_tui.proposers import registry
from autoexp_tui.samples import recording
from autoexp_tui.ui.keys import as_markdown

_HOME = pwd.getpwuid(os.getuid()).pw_dir
"""Where a user's toolchains are, whatever tests make of HOME."""
DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NEEDS = re.compile(r"<!-- needs: (.*) -->")


class Section(NamedTuple):
    title: str
    needs: tuple[str, ...]
    """Programs without which it can't be done here."""
    blocks: tuple[tuple[str, str, str], ...]
    """Language, file that it is, text; a block of `sh` without a file is run."""


def sections(name: str) -> Iterator[Section]:
    for part in (DOCS / name).read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        needs = [word for found in _NEEDS.findall(text) for word in found.split(", ")]
        yield Section(title, tuple(needs), tuple(_BLOCK.findall(text)))


def do(blocks: tuple[tuple[str, str, str], ...], folder: Path) -> str:
    """Write the files, run the commands in their order; what they printed."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", f"{_HOME}/.rustup"),
        "CARGO_HOME": os.environ.get("CARGO_HOME", f"{_HOME}/.cargo"),
        "HOME": str(folder.parent),
        "AUTOEXP_CACHE": str(folder.parent / "cache"),
        "XDG_RUNTIME_DIR": str(folder.parent),
        **{
            f"GIT_{who}_{what}": "a@b.c"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }
    environment.pop("ANTHROPIC_API_KEY", None)
    printed = ""
    for language, name, text in blocks:
        if name:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif language == "sh":
            done = subprocess.run(
                ["/bin/sh", "-ec", text],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
            printed += done.stdout
            assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return printed


@pytest.mark.parametrize("section", [*sections("recipes.md")], ids=lambda section: section.title)
def test_a_recipe_is_ready(tmp_path: Path, section: Section) -> None:
    for program in section.needs:
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program}")
    if not any(name for _, name, _ in section.blocks):
        pytest.skip("its project is somebody else's")
    folder = tmp_path / "project"
    folder.mkdir()
    assert "ready: `autoexp run` starts" in do(section.blocks, folder)


_SETTINGS = [
    pytest.param(text, id=f"{name}: {section.title}")
    for name in ("servers.md", "proposers.md")
    for section in sections(name)
    for language, _, text in section.blocks
    if language == "yaml" and text.startswith(("proposer:", "anthropic:"))  # not an agent's preset
]
_KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "LITELLM_API_KEY")


@pytest.mark.parametrize("text", _SETTINGS)
def test_a_block_of_settings_can_be_pasted(text: str) -> None:
    contract = parse(f"target: t.py\nharness: python t.py\nmetrics: {{loss: lower}}\n{text}", "it")
    if contract.proposer in {"anthropic", "openai"}:
        environ = dict.fromkeys(_KEYS, "sk-canary-0123456789")
        assert registry.factory(contract.proposer).problems(contract, environ) == ()


def test_the_tutorial_ends_with_the_best_in_ones_own_branch(tmp_path: Path) -> None:
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    folder = tmp_path / "home"
    folder.mkdir()
    printed = do(tuple(_BLOCK.findall(text)), folder)
    assert "ready: `autoexp run` starts" in printed
    assert "finished: all 6 experiments done" in printed
    words = folder / "words"
    table = (words / "results.tsv").read_text().splitlines()
    assert len(table) == 7
    kept = [n for n, line in enumerate(table) if "\tkeep\t" in line]
    run = next((words / ".git" / "autoexp").glob("*/journal.jsonl")).parent
    best = run / "experiments" / f"{kept[-1]:04d}" / "target"
    assert (words / "count.py").read_bytes() == best.read_bytes()


def test_the_page_of_keys_has_every_key() -> None:
    assert "\n".join(as_markdown()) in (DOCS / "keys.md").read_text(encoding="utf-8")


def test_what_watches_from_afar_prints_an_address_or_writes_a_page(tmp_path: Path) -> None:
    text = (DOCS / "faq.md").read_text(encoding="utf-8")
    commands = re.findall(r"^autoexp .*?(?= *#|$)", text, re.MULTILINE)
    assert len(commands) == 3
    git(tmp_path, "init", "--quiet")
    shutil.copytree(recording().path, tmp_path / ".git" / "autoexp" / "demo")
    for command in commands:
        words = re.sub(r"--port \d+", "--port 0", command).split()[1:]
        words += ["--port", "0"] * (words == ["serve"])
        with subprocess.Popen(
            [sys.executable, "-m", "autoexp_tui", *words],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            said = process.stdout.readline()
            served = "--port" in words
            assert said.startswith("http://127.0.0.1:" if served else "night.html")
            if served:
                process.send_signal(signal.SIGINT)
            assert process.wait(60) == (130 if served else 0)
    forwarded = re.findall(r"^ssh -L (\d+):localhost:(\d+) ", text, re.MULTILINE)
    assert forwarded == [(str(PORT), str(PORT))]


def test_the_moving_picture_is_small_and_needs_nothing_from_elsewhere() -> None:
    picture = DOCS.parent / "screenshots" / "moving.svg"
    text = picture.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert picture.stat().st_size < 2 << 20
    assert text.count("://") == 1  # the name of what SVG is
    assert re.search(r"animation:film 1[0-5](\.\d+)?s", text)
    names = {line.get("id") for line in root.iter("{http://www.w3.org/2000/svg}g")}
    uses = [each.get("href", "") for each in root.iter("{http://www.w3.org/2000/svg}use")]
    assert uses
    assert {use.removeprefix("#") for use in uses} <= names
    assert all(f" {words}" in text.replace("&#160;", " ") for words in ("Hypothesis", "keep"))


def test_the_line_for_completion_works_in_bash(tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    (line,) = re.findall(r"^eval .*$", (DOCS / "faq.md").read_text(encoding="utf-8"), re.MULTILINE)
    script = f"cat > line.sh <<'END'\n{line}\ntype _autoexp_completion\nEND\nbash -e line.sh\n"
    folder = tmp_path / "home"
    folder.mkdir()
    assert "is a function" in do((("sh", "", script),), folder)
