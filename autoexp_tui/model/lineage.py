"""What the best of a run was made from, step by step."""

from __future__ import annotations

from autoexp_tui.model.state import Row, RunState


def kept_chain(state: RunState) -> list[Row]:
    """The baseline and every kept experiment that the last one builds on, in their order.

    Empty where there is no baseline; a near miss that something was made from is a part of the
    step that came of it.
    """
    found, row = [], state.incumbent
    while row is not None:
        if row.status == "keep":
            found.append(row)
        row = state.row(row.made_from) if not row.is_baseline else None
    return found[::-1] if found and found[-1].is_baseline else []
