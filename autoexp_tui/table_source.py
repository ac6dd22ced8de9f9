"""A bare `results.tsv` as a source of events: rows and plot, without what led to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import get_args

from autoexp_tui.core import events
from autoexp_tui.core.contract import Contract, Direction, Metric
from autoexp_tui.core.events import AnyEvent, Record, Status
from autoexp_tui.core.problem import UsageProblem
from autoexp_tui.core.state import RunState
from autoexp_tui.core.text import clean_line, decode

_STATUSES: tuple[Status, ...] = get_args(Status)


class TableSource:
    """Reads a table once; its records have no times, for the table tells none."""

    def __init__(self, path: Path) -> None:
        """Raises UsageProblem where it is not a table in our form."""
        self._records = [
            Record(seq, 0.0, 0.0, event) for seq, event in enumerate(_events(path), start=1)
        ]

    def read(self) -> list[Record]:
        records, self._records = self._records, []
        return records

    def alive(self) -> bool:
        return False

    def state(self) -> RunState:
        """What the whole table adds up to."""
        state = RunState()
        for record in self.read():
            state.apply(record)
        return state


def _events(path: Path) -> list[AnyEvent]:
    lines = decode(path.read_bytes()).removesuffix("\n").split("\n")
    header = lines[0].rstrip("\r").split("\t")
    names = header[1:-2]
    if header[:1] != ["commit"] or header[-2:] != ["status", "description"] or not names:
        raise UsageProblem(
            f"{path}:1: not a results table: the header must be "
            "`commit`, one or two metrics, `status`, `description`, with tabs between"
        )
    rows = [
        _row(line.rstrip("\r").split("\t"), names, f"{path}:{number}")
        for number, line in enumerate(lines[1:], start=2)
        if line.strip()
    ]
    decided = [
        events.Decided(
            n=n,
            status=status,
            commit=commit,
            parent="",
            description=description,
            reason="",
            metrics={} if status == "crash" else metrics,
            seconds=0.0,
        )
        for n, (commit, metrics, status, description) in enumerate(rows, start=1)
    ]
    contract = Contract(
        target="",
        harness="",
        metrics=tuple(Metric(clean_line(name, 40), _direction(decided, name)) for name in names),
    )
    started = events.RunStarted(
        tag=path.name,
        project=path.resolve().parent.name,
        folder="",
        base="",
        contract=contract,
        proposer="",
        seed=0,
        protection="unknown",
        version="",
    )
    finished = events.RunFinished(f"the table ends after {len(rows)} rows", ok=True)
    return [started, *decided, finished]


def _row(
    cells: Sequence[str], names: Sequence[str], where: str
) -> tuple[str, dict[str, float], Status, str]:
    if len(cells) != len(names) + 3:
        raise UsageProblem(f"{where}: {len(cells)} cells, the header has {len(names) + 3}")
    status = next((known for known in _STATUSES if known == cells[-2]), None)
    if status is None:
        raise UsageProblem(f"{where}: status {cells[-2]!r} is not keep, discard or crash")
    try:
        values = [float(cell) for cell in cells[1:-2]]
    except ValueError as error:
        raise UsageProblem(f"{where}: {error}") from None
    if not all(map(math.isfinite, values)):
        raise UsageProblem(f"{where}: a metric is not a finite number")
    return cells[0], dict(zip(names, values, strict=True)), status, cells[-1]


def _direction(decided: Sequence[events.Decided], name: str) -> Direction:
    """Which way the kept rows went: a table doesn't say which way is better."""
    kept = [row.metrics[name] for row in decided if row.status == "keep"]
    fell = sum(after < before for before, after in pairwise(kept))
    return "lower" if fell >= len(kept) - 1 - fell else "higher"
