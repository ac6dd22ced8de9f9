"""A scope of its own only where systemd and lingering are there to give it."""

from __future__ import annotations

import getpass
from pathlib import Path

from autoexp_tui.runner.detaching import scope


def machine(folder: Path, *, linger: bool, systemd: bool) -> tuple[dict[str, str], Path]:
    programs = folder / "bin"
    programs.mkdir()
    if systemd:
        program = programs / "systemd-run"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    (folder / "systemd").mkdir()
    (folder / "systemd" / "private").touch()
    lingering = folder / "linger"
    lingering.mkdir()
    if linger:
        (lingering / getpass.getuser()).touch()
    return {"PATH": str(programs), "XDG_RUNTIME_DIR": str(folder)}, lingering


def test_with_systemd_and_lingering_it_gets_a_scope(tmp_path: Path) -> None:
    environ, linger = machine(tmp_path, linger=True, systemd=True)
    assert scope(environ, linger)[1:] == ["--user", "--scope", "--quiet", "--collect"]


def test_without_lingering_it_does_not(tmp_path: Path) -> None:
    environ, linger = machine(tmp_path, linger=False, systemd=True)
    assert scope(environ, linger) == []


def test_without_systemd_it_does_not(tmp_path: Path) -> None:
    environ, linger = machine(tmp_path, linger=True, systemd=False)
    assert scope(environ, linger) == []
