"""An opened experiment tells what measuring it again has told."""

from __future__ import annotations

from support.moments import picture_of
from support.realistic_run import recorded, whole_run
from support.sources import FinishedSource

from autoexp_tui.model import events
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.screens.run import RunScreen


async def test_an_opened_experiment_tells_whether_it_holds() -> None:
    effect = events.Effect("step", 2, "gone", 0.1, 0.001, -0.002, 0.004)
    run = [
        *whole_run(["keep", "keep"]),
        events.VerificationStarted(1, (2,), (), 5, 7),
        events.VerificationFinished("measured", True, 5, None, (effect,)),
    ]
    screen = RunScreen(FinishedSource(recorded(run)), None)
    app = AutoexpApp(screen)
    async with app.run_test(size=(120, 40)) as pilot:
        while screen.state.verification is None:
            await pilot.pause()
        await pilot.press("b")
        await pilot.pause()
        assert "verified: gone: +0.001" in picture_of(app)
