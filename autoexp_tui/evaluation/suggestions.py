"""The numbers that a harness did print, as metrics that would read them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from autoexp_tui.evaluation import documents
from autoexp_tui.evaluation.metrics import MetricReader
from autoexp_tui.evaluation.units import quantity_at
from autoexp_tui.model.contract import Direction, Metric
from autoexp_tui.model.keys import METRIC, Refused
from autoexp_tui.text.safe import Safe, clean

_TRIED = 64
_NAMED = re.compile(r"([A-Za-z_][\w.@/-]{0,39})([\"']?\s{0,3}[:=]?\s{0,40}[\"']?)(?=[-+.\d])")


def suggestions(output: str, direction: Direction) -> dict[Metric, float]:
    """Metrics that are in `output`, each with what is read for it there; those of one text only.

    Of several ways to read a number the simplest comes first, and the others are left out.
    """
    found: dict[Metric, float] = {}
    for number, metric in enumerate(_candidates(output, direction)):
        if number >= _TRIED:
            break
        reader = MetricReader([metric])
        reader.feed(output.encode("utf-8", "replace"))
        reading = reader.finish()
        names = {(known.name, value) for known, value in found.items()}
        for name, value in reading.metrics.items():
            if (name, value) not in names:
                found[metric] = value
    return found


def _candidates(output: str, direction: Direction) -> Iterator[Metric]:
    """The usual forms first, then documents, then patterns."""
    lines = output.split("\n")
    named = [(line, match) for line in lines for match in _NAMED.finditer(line)]
    for _, match in named:
        if name := _metric_name(match[1]):
            yield Metric(name, direction)
    with contextlib.suppress(ValueError):  # its figures can't be read by any path
        for document in documents.json_documents(output.encode("utf-8", "replace")):
            for path, _ in documents.numbers(document):
                if name := _metric_name(path.rpartition(".")[2]):
                    yield Metric(name, direction, json=path)
    if any(documents.pytest_counts(line) for line in lines):
        yield Metric(clean("passed"), "higher", source="pytest")
    for line, match in named:
        if (name := _metric_name(match[1])) and quantity_at(line, match.end()):
            beside = re.escape(match[0]).replace("\\ ", " ")
            yield Metric(name, direction, pattern=rf"{beside}([-+.\deE]+)")


def _metric_name(text: str) -> Safe | None:
    """`text` where it can be a metric's name."""
    try:
        return clean(METRIC.read(text))
    except Refused:
        return None
