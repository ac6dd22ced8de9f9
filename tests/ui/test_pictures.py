"""A few whole screens, as text, against what was looked at and found good.

`UPDATE_PICTURES=1 make test` takes them anew; look at them before you commit them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from support.moments import held_screen, lanes_screen, picture_of

from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.screens.run import RunScreen

PICTURES = Path(__file__).parent / "pictures"


@pytest.mark.parametrize(
    ("name", "size", "keys"),
    [
        ("small", (80, 24), []),
        ("small-diff", (80, 24), ["2"]),
        ("small-leave", (80, 24), ["q"]),
        ("middle", (120, 40), []),
        ("middle-looking-back", (120, 40), ["b"]),
        ("middle-experiment", (120, 40), ["b", "enter"]),
        ("middle-help", (120, 40), ["question_mark"]),
        ("middle-plot-enlarged", (120, 40), ["4", "z"]),
        ("large", (200, 50), []),
    ],
)
async def test_the_screen_is_as_it_was_found_good(
    name: str, size: tuple[int, int], keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    screen, held = held_screen(24)
    await compare(screen, held.count, name, size, keys)


@pytest.mark.parametrize(
    ("name", "size", "keys"),
    [
        ("lanes-80x24", (80, 24), []),
        ("lanes-120x40", (120, 40), ["J", "J"]),
        ("lanes-120x40-help", (120, 40), ["question_mark"]),
        ("lanes-200x50", (200, 50), ["0", "down"]),
    ],
)
async def test_lanes_are_as_they_were_found_good(
    name: str,
    size: tuple[int, int],
    keys: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    screen, held = lanes_screen(tmp_path)
    await compare(screen, held.count, name, size, keys)


async def compare(
    screen: RunScreen, count: int, name: str, size: tuple[int, int], keys: list[str]
) -> None:
    """Look whether the screen is the picture of that name once `count` records are shown."""
    app = AutoexpApp(screen)
    async with app.run_test(size=size) as pilot:
        while screen.state.seq < count:
            await pilot.pause(0.02)
        await pilot.pause(0.3)
        await pilot.press(*keys)
        path = PICTURES / f"{name}.txt"
        if os.environ.get("UPDATE_PICTURES"):
            await pilot.pause(3)
            path.parent.mkdir(exist_ok=True)
            path.write_text(picture_of(app), encoding="utf-8")
        wanted, end = path.read_text(encoding="utf-8"), time.monotonic() + 60
        while picture_of(app) != wanted and time.monotonic() < end:
            await pilot.pause(0.1)
        assert picture_of(app) == wanted
