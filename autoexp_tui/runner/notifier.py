"""Tells somebody who is not watching, by a command or an address; the loop never waits."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping

from autoexp_tui.evaluation.environment import NEVER
from autoexp_tui.model import events
from autoexp_tui.model.contract import Notify
from autoexp_tui.model.events import Record
from autoexp_tui.model.state import RunState
from autoexp_tui.summary.headline import best_line
from autoexp_tui.system.processes import unblocked
from autoexp_tui.text.safe import clean_line

_TIMEOUT_S = 10.0
_WAITING = 50
"""News that may wait to be told; more are dropped, and counted."""
_NEARLY = 0.9


class Notifier:
    """Takes every record, picks what is news, and tells it in a thread of its own."""

    def __init__(self, notify: Notify, warn: Callable[[str], None]) -> None:
        """`warn` takes what goes wrong with the telling, once."""
        self._notify = notify
        self._warn = warn
        self._warned = False
        self._nearly = False
        self._queue: queue.Queue[dict[str, str] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._tell_all, name="notifier", daemon=True)
        if notify.run or notify.url:
            self._thread.start()

    def take(self, record: Record, state: RunState) -> None:
        """Look at one record; `state` has it applied already. Returns at once."""
        if not self._thread.is_alive():
            return
        for event, text in self._news(record, state):
            news = {
                "event": event,
                "run": state.started.tag if state.started else "",
                "text": clean_line(text, 500),
            }
            with contextlib.suppress(queue.Full):  # whoever is told is slower than the run
                self._queue.put_nowait(news)

    def close(self) -> None:
        """Tell what waits, within the usual patience."""
        if self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._queue.put(None, timeout=_TIMEOUT_S)
            self._thread.join(_TIMEOUT_S)

    def _news(self, record: Record, state: RunState) -> Iterator[tuple[str, str]]:
        match record.event:
            case events.Decided(status="keep", n=n) if n > 1:
                yield "best", f"#{n}: {best_line(state)}"
            case events.Paused(reason=reason):
                yield "waiting", reason
            case events.RunFinished(reason=reason, ok=ok):
                yield "end", f"{'finished' if ok else 'failed'}: {reason}; {best_line(state)}"
            case events.Noticed(level="alarm", text=text):
                yield "alarm", text
        if not self._nearly and _spent(state) >= _NEARLY:
            self._nearly = True
            yield "budget", f"90 % of the budget is used; {best_line(state)}"

    def _tell_all(self) -> None:
        while (news := self._queue.get()) is not None:
            try:
                self._tell(news)
            except (
                OSError,
                subprocess.SubprocessError,
                ValueError,
            ) as error:
                if not self._warned:
                    self._warned = True
                    self._warn(f"notify: {clean_line(str(error), 200)}")

    def _tell(self, news: dict[str, str]) -> None:
        if self._notify.run:
            variables = {f"AUTOEXP_{name.upper()}": value for name, value in news.items()}
            subprocess.run(
                unblocked(["sh", "-c", self._notify.run]),
                env={**_others(os.environ), **variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_TIMEOUT_S,
                check=True,
            )
        if self._notify.url:
            import urllib.request  # noqa: PLC0415 - HTTP and e-mail, for who wants them

            request = urllib.request.Request(  # noqa: S310 - http and https only, see the config
                self._notify.url,
                json.dumps(news).encode(),
                {"content-type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
                pass


def _others(environ: Mapping[str, str]) -> dict[str, str]:
    """All but the proposer's own keys, which nobody who is told of a run has to do with."""
    return {name: value for name, value in environ.items() if name not in NEVER}


def _spent(state: RunState) -> float:
    """The largest share of a cap that is used up."""
    budget = state.budget
    shares = [
        len(state.rows) / budget.max_experiments,
        state.elapsed / (budget.max_wall_clock_hours * 3600),
    ]
    if budget.max_cost_usd > 0:
        shares.append(state.spent_usd / budget.max_cost_usd)
    return max(shares)
