"""Installs the agent programs that presets name into one folder: `python install.py FOLDER`.

Each in the version that its preset was tried with. What can't be installed here is said, and is no
failure: its test is skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from autoexp_tui.proposers.command import presets
from autoexp_tui.proposers.command.presets import Preset

_SCRIPTS = ("@anthropic-ai/claude-code", "opencode-ai", "@ampcode/cli")
"""Packages that fetch or link their program when they are installed, and may."""


def main(folder: Path) -> int:
    """Install everything; 0 when at least one program is there."""
    folder.mkdir(parents=True, exist_ok=True)
    packages: dict[str, list[str]] = {"npm": [], "pip": []}
    for name in presets.names({}):
        preset = presets.named(name, {})
        if preset is None or not (package := _package(preset)):
            print(f"{name}: no package to install")
            continue
        packages[package[0]].append(package[1])
    _npm(folder, packages["npm"])
    _pip(folder, packages["pip"])
    there = [
        name
        for name in presets.names({})
        if (one := presets.named(name, {})) and shutil.which(one.program, path=search_path(folder))
    ]
    print(f"installed in {folder}: {', '.join(there) or 'nothing'}")
    return 0 if there else 1


def search_path(folder: Path) -> str:
    """Where the programs are."""
    return f"{folder / 'node_modules' / '.bin'}:{folder / 'python' / 'bin'}"


def _package(preset: Preset) -> tuple[str, str] | None:
    found = re.search(r"(npm|pip) install (?:-g )?(\S+)", preset.install)
    if found is None:
        return None
    by = "@" if found[1] == "npm" else "=="
    return found[1], found[2] + (f"{by}{preset.tested}" if preset.tested else "")


def _npm(folder: Path, packages: list[str]) -> None:
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not here: its programs are left out")
        return
    prefix = [npm, "--prefix", str(folder)]
    for package in packages:  # one by one: what can't be had holds up nothing else
        _run([*prefix, "install", "--no-audit", "--no-fund", package])
    for package in _SCRIPTS:  # newer versions of npm ask first
        if (folder / "node_modules" / package).is_dir():
            _run([*prefix, "install-scripts", "approve", package], cwd=folder)
            _run([*prefix, "rebuild", package], cwd=folder)


def _pip(folder: Path, packages: list[str]) -> None:
    python = folder / "python"
    if not (python / "bin" / "python").exists():
        _run([sys.executable, "-m", "venv", str(python)])
    for package in packages:
        _run([str(python / "bin" / "python"), "-m", "pip", "install", "--quiet", package])


def _run(argv: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        print(f"`{' '.join(argv)}` failed: {last}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
