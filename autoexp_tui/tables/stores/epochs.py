"""What trainers write, a line for each epoch or step: ultralytics, Lightning, Keras."""

from __future__ import annotations

from autoexp_tui.tables.model import InferredWay
from autoexp_tui.tables.sheet import Config, Sheet
from autoexp_tui.tables.stores.source import Source

_FITNESS = (
    "metrics/mAP50-95(M)", "metrics/mAP50-95(P)", "metrics/mAP50-95(B)", "metrics/accuracy_top1",
    "metrics/mIoU", "fitness",
)  # fmt: skip
"""What ultralytics chooses its best weights by, the task's own first."""
_CHOSEN = frozenset({"epoch", "step", "learning_rate", "lr"})


def ultralytics(source: Source) -> Sheet | None:
    """`results.csv`: an epoch a line, with the seconds since the beginning."""
    header = source.header
    if header[:1] != ("epoch",) or not any(name.startswith("metrics/") for name in header):
        return None
    sheet = source.records()
    if sheet is None:
        return None
    metric = next((name for name in _FITNESS if name in header), "")
    says = "ultralytics, which keeps the weights of the highest"
    if metric:
        sheet.configs = [Config(0, 0, metric, way="higher", source=says)]
        sheet.ways = {metric: InferredWay("higher", says, "high")}
    return _epochs(sheet, "ultralytics results", {"time"})


def lightning(source: Source) -> Sheet | None:
    """`metrics.csv` of its CSVLogger: training and validation on lines of their own."""
    header = source.header
    measured = [name for name in header if name not in _CHOSEN]
    if not {"epoch", "step"} <= set(header) or not measured or not _plain(measured):
        return None
    sheet = source.records()
    return None if sheet is None else _epochs(sheet, "lightning metrics", set())


def keras(source: Source) -> Sheet | None:
    """What its CSVLogger writes; its checkpoints go by the loss of the validation."""
    header = source.header
    measured = [name for name in header if name not in _CHOSEN]
    if header[:1] != ("epoch",) or "loss" not in measured or not _plain(measured):
        return None
    sheet = source.records()
    if sheet is None:
        return None
    metric = "val_loss" if "val_loss" in header else "loss"
    sheet.configs = [Config(0, 0, metric, way="lower", source="Keras, whose losses are minimised")]
    return _epochs(sheet, "keras log", set())


def _plain(names: list[str]) -> bool:
    """Whether they are names of measures alone, as a trainer logs them: no verdicts, no texts."""
    return all(
        "loss" in name or "/" in name or "_" in name or "-" in name or name.islower()
        for name in names
    ) and not _TEXTS.intersection(names)


_TEXTS = frozenset(
    "status verdict decision description notes note commit timestamp kept keep result state name"
    " hypothesis change summary outcome accepted".split()
)


def _epochs(sheet: Sheet, flavour: str, aside: set[str]) -> Sheet:
    sheet.flavour = flavour
    sheet.settings = frozenset(
        name
        for name in sheet.columns
        if name in (_CHOSEN - {"epoch"}) | aside or name.lower().startswith(("lr/", "lr-", "lr_"))
    )
    return sheet
