"""The figures that a run gave, each as the metric that reads it, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, starmap
from typing import NamedTuple

import msgspec

from autoexp_tui.evaluation.metrics import MetricReader
from autoexp_tui.evaluation.suggestions import suggestions
from autoexp_tui.model.contract import Direction, Metric
from autoexp_tui.model.keys import METRIC, Refused
from autoexp_tui.tables import names
from autoexp_tui.text.safe import Safe, clean, clean_line

_WITH_UNIT = re.compile(
    r"(?<![\w.,])([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(\s{0,3})"
    r"((?:[kMG]i?B|ops|it|req|rows|tok|tokens|items|iters|frames|samples|ops)/s(?:ec)?|ns/op|ns/iter"
    r"|[nmuµ]s|s|sec|seconds|fps|%)(?![\w/])"
)
_NAME_BEFORE = re.compile(r"([A-Za-z_][\w.@/-]{0,39})\W*$")
_FINAL = frozenset("val valid validation test eval final combined overall total mean best".split())
_ASIDE = frozenset(
    "train training std stdev min max lr learning_rate elapsed total startup wall time".split()
)
_MOST = 40


class _Reading(NamedTuple):
    """What a metric reads in a text."""

    metric: Metric
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that was printed or written."""

    metric: Metric
    """Reads it; its direction is a guess."""
    value: float
    reason: str
    """Where it was found, and why that direction."""
    sure: bool
    """Whether the name tells the direction."""
    score: float


def figures(output: str, written: Mapping[str, str], own: Collection[str] = ()) -> list[Figure]:
    """What can be read in `output`, and in each file that was `written`, the likeliest first.

    `own` are words of the project's name and target: a benchmark of several prints them too.
    """
    found: dict[tuple[str, float], Figure] = {}
    for reading in (*_readable(output), *chain(*starmap(_in_file, written.items()))):
        key = reading.metric.name, reading.value
        if key not in found:
            found[key] = _figure(reading, own)
    return sorted(found.values(), key=lambda figure: -figure.score)[:_MOST]


def direction_by_name(name: str) -> tuple[Direction, bool]:
    """Which way is better by a metric's name, and whether it tells at all."""
    way, strength = names.name_direction(name)
    return ("higher" if way == "higher" else "lower"), strength > 0 and way != "unknown"


def _readable(output: str) -> Iterator[_Reading]:
    for metric in suggestions(output, "lower"):
        yield from _reads(output, metric)
    yield from _repeated(output)
    yield from _beside_units(output)


def _repeated(output: str) -> Iterator[_Reading]:
    """Names that are printed again and again, such as a loss: the last value counts."""
    counted: dict[str, int] = {}
    for name in re.findall(r"^\s*([A-Za-z_][\w.@/-]{0,39})\s*[:=]\s*[-+.\d]", output, re.MULTILINE):
        counted[name] = counted.get(name, 0) + 1
    for name, times in counted.items():
        if times > 1 and (safe := _name(name)):
            yield from _reads(output, Metric(safe, "lower", take="last"))


def _beside_units(output: str) -> Iterator[_Reading]:
    """Numbers with a unit behind them, found by what stands before them on their line."""
    used: dict[str, int] = {}
    for line in output.replace("\r", "\n").split("\n")[-200:]:
        for match in _WITH_UNIT.finditer(line):
            before = line[max(match.start() - 32, 0) : match.start()]
            named = _NAME_BEFORE.search(re.sub(r"[(\[].*$", "", before))
            unit = match[3].replace("/", "_per_").replace("%", "percent")
            name = f"{named[1]}_{unit}" if named else unit
            used[name] = used.get(name, 0) + 1
            if used[name] > 1 or (safe := _name(name)) is None:
                continue
            start = "^" if match.start() <= 32 else ""
            gap = re.sub(r"\s+", r"\\s+", _generalised(before))
            unit_pattern = r"\s*" + re.escape(match[3])
            pattern = rf"{start}{gap}([-+.\deE]+){unit_pattern}"
            if len(pattern) <= 200:
                yield from _reads(output, Metric(safe, "lower", pattern=pattern))


def _generalised(text: str) -> str:
    """A pattern for a piece of a line, whatever numbers stand in it."""
    parts = re.split(r"([-+]?\d+(?:[.,]\d+)*)", text)
    escaped = (
        r"[-+\d.,]+" if at % 2 else re.escape(part).replace("\\ ", " ")
        for at, part in enumerate(parts)
    )
    return "".join(escaped)


def _in_file(path: str, text: str) -> Iterator[_Reading]:
    for metric in suggestions(text, "lower"):
        yield from _reads(text, msgspec.structs.replace(metric, file=path), is_file=True)


def _reads(text: str, metric: Metric, *, is_file: bool = False) -> Iterator[_Reading]:
    """The metric with what it reads in a text; nothing where that is not one finite number."""
    reader = MetricReader([metric], file=is_file)
    reader.feed(text.encode("utf-8", "replace"))
    reading = reader.finish()
    for name, value in reading.metrics.items():
        yield _Reading(metric, value, reading.units.get(name, ""))


def _name(text: str) -> Safe | None:
    try:
        return clean(METRIC.read(text[:40].rstrip("-./@")))
    except Refused:
        return None


def _figure(reading: _Reading, own: Collection[str]) -> Figure:
    metric, value, unit = reading
    direction, sure = direction_by_name(metric.name)
    tells = "its name"
    if metric.source == "pytest":
        direction, sure = "higher", True
    elif not sure and unit:
        (direction, sure), tells = direction_by_name(unit), f"its unit {unit}"
    metric = msgspec.structs.replace(metric, direction=direction)
    where = f"in {metric.file}" if metric.file else "printed"
    if metric.source == "pytest":
        where = "in pytest's last line"
    way = f"{direction} is better by {tells}" if sure else "which way is better is for you to say"
    last = "; the last one counts" * (metric.take == "last")
    return Figure(
        metric, value, clean_line(f"{where}{last}; {way}"), sure, _score(metric, own, sure=sure)
    )


def _score(metric: Metric, own: Collection[str], *, sure: bool) -> float:
    words = names.tokens(metric.name)
    score = 2.0 * max(names.name_direction(metric.name)[1], 1) if sure else 0.0
    resource = not names.RESOURCE.isdisjoint(words)
    if sure and not resource and not {*words}.isdisjoint(names.WEAK):
        score += 1  # a score of all is what is wanted, where there is one
    if resource:
        score -= 1
    if names.is_setting(metric.name):
        score -= 4
    score += 1.5 * (not _FINAL.isdisjoint(words)) - 1.5 * (not _ASIDE.isdisjoint(words))
    score += 1.5 * (not {*own}.isdisjoint(words))
    score += 3 * (metric.source == "pytest")
    simple = metric.pattern is None and metric.json is None and metric.take == "only"
    return score + 0.25 * simple - 0.25 * (metric.file is not None)
