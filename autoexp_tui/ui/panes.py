"""Where the five panes stand, at every size: a pure plan, and the layout that follows it."""

from __future__ import annotations

from typing import Literal

from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

Name = Literal["hypothesis", "diff", "output", "plot", "results"]
BoardShape = Literal["narrow", "middle", "wide"]

PANES: tuple[Name, ...] = ("hypothesis", "diff", "output", "plot", "results")


def shape_of(width: int, height: int) -> BoardShape:
    """Which plan suits a terminal of this size."""
    if width < 100 or height < 28:
        return "narrow"
    return "wide" if width >= 170 and height >= 36 else "middle"


def plan(
    shape: BoardShape,
    size: Size,
    only: Name | None = None,
    *,
    below: bool = True,
    telling: bool = False,
) -> dict[Name, Region]:
    """The region of every pane that is shown; `only` one when it is enlarged or alone.

    Args:
        below: the table has the whole width under the others; else it stands beside them.
        telling: the first pane has a whole run to tell, and not one experiment.
    """
    width, height = size
    if only is not None:
        return {only: Region(0, 0, width, height)}
    if below:
        return _table_below(shape, width, height, telling=telling)
    if shape == "middle":
        left = width // 2
        hypothesis = max(5, min(9, height // 5))
        output = max(6, (height - hypothesis) * 2 // 5)
        plot = height * 2 // 5
        return {
            "hypothesis": Region(0, 0, left, hypothesis),
            "diff": Region(0, hypothesis, left, height - hypothesis - output),
            "output": Region(0, height - output, left, output),
            "plot": Region(left, 0, width - left, plot),
            "results": Region(left, plot, width - left, height - plot),
        }
    now, evidence = width * 31 // 100, width * 31 // 100
    hypothesis = max(6, min(12, height // 4))
    plot = height // 2
    history = width - now - evidence
    return {
        "hypothesis": Region(0, 0, now, hypothesis),
        "diff": Region(0, hypothesis, now, height - hypothesis),
        "plot": Region(now, 0, evidence, plot),
        "output": Region(now, plot, evidence, height - plot),
        "results": Region(now + evidence, 0, history, height),
    }


def _table_below(
    shape: BoardShape, width: int, height: int, *, telling: bool
) -> dict[Name, Region]:
    results = max(8, height * 2 // 5)
    top = height - results
    hypothesis = top - max(6, top // 3) if telling else max(5, min(9, top // 4))
    if shape == "middle":
        left, right = width // 2, width - width // 2
        output = max(5, top * 2 // 5 - (2 if telling else 0))
        plot = top - output
        regions: dict[Name, Region] = {
            "plot": Region(left, 0, right, plot),
            "output": Region(left, plot, right, output),
        }
    else:
        left, right = width * 36 // 100, width * 28 // 100
        centre = width - left - right
        regions = {
            "plot": Region(left, 0, centre, top),
            "output": Region(left + centre, 0, right, top),
        }
    return {
        "hypothesis": Region(0, 0, left, hypothesis),
        "diff": Region(0, hypothesis, left, top - hypothesis),
        **regions,
        "results": Region(0, top, width, results),
    }


class PanesLayout(Layout):
    """Puts each pane, known by its id, where the plan says."""

    name = "panes"

    def __init__(self) -> None:
        self.shape: BoardShape = "middle"
        self.only: Name | None = None
        self.below = True
        self.telling = False

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,
    ) -> ArrangeResult:
        parent.pre_layout(self)
        planned = plan(self.shape, size, self.only, below=self.below, telling=self.telling)
        regions = {str(name): region for name, region in planned.items()}
        return [
            WidgetPlacement(regions[child.id], NULL_OFFSET, Spacing(), child)
            for child in children
            if child.id in regions
        ]
