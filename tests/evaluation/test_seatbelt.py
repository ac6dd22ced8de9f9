"""The profile for macOS, as text: no machine here can run it."""

from __future__ import annotations

from pathlib import Path

from autoexp_tui.evaluation.sandbox.confinement import Confinement
from autoexp_tui.evaluation.sandbox.seatbelt import profile


def test_the_profile_denies_writing_and_hidden_places_but_for_what_is_given(tmp_path: Path) -> None:
    root, private = tmp_path / "w", tmp_path / 'p"q'
    rules = profile(
        Confinement(
            root,
            private,
            protected=("a.py",),
            folders=("lib",),
            writable=(tmp_path / "shared",),
            readable=(tmp_path / "h/given", tmp_path / "elsewhere"),
            hidden=(tmp_path / "h",),
        )
    ).splitlines()
    at = {rule: n for n, rule in enumerate(rules)}
    hides = f'(deny file-read* file-write* (subpath "{tmp_path}/h"))'
    given = f'(allow file-read* (subpath "{tmp_path}/h/given"))'
    works = f'(allow file-read* file-write* (subpath "{root}"))'
    keeps = f'(deny file-write* (literal "{root}/a.py"))'
    # Of several rules that fit, the last holds.
    assert at["(deny file-write*)"] < at[hides] < at[given] < at[works] < at[keeps]
    assert f'(allow file-read* file-write* (subpath "{tmp_path}/p\\"q/tmp"))' in at
    assert f'(deny file-write-unlink (literal "{root}/lib"))' in at
    assert "elsewhere" not in "".join(rules)
    assert "(deny network*)" in at


def test_the_network_is_left_open_where_it_is_wanted(tmp_path: Path) -> None:
    assert "(deny network" not in profile(Confinement(tmp_path, tmp_path, network=True))
