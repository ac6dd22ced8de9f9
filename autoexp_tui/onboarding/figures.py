"""The figures that a run gave, each as the metric that reads it, the likeliest first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, starmap
from typing import NamedTuple

import msgspec

from autoexp_tui import config
from autoexp_tui.evaluation.metrics import MetricReader
from autoexp_tui.evaluation.suggestions import suggestions
from autoexp_tui.model.contract import Contract, Direction, Metric
from autoexp_tui.model.keys import METRIC, Refused
from autoexp_tui.tables import names
from autoexp_tui.text.safe import Safe, clean, clean_line

_UNIT = (
    r"(?:[kMG]i?B|ops|it|req|rows|tok|tokens|items|iters|frames|samples)/s(?:ec)?|ns/op|ns/iter"
    r"|[nmuµ]s|s|sec|seconds|fps|%"
)
_NUMBER = r"(?<![\w.])(?<!\d,)(?<!±)(?<!± )([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_WITH_UNIT = re.compile(rf"{_NUMBER}\s{{0,3}}({_UNIT})(?![\w/])")
_IS_UNIT = re.compile(rf"{_UNIT}|[A-Za-z]{{1,8}}/(?:op|iter|s|sec)")
_WORD = re.compile(r"[A-Za-z_][\w.@/-]*\w")
_FILLERS = frozenset(
    "is of at in to was the and with after took than running x s epoch step".split()
)
"""Words before a number that don't name it."""
_TITLE = re.compile(
    r"^\s*([A-Za-z]\w*(?: [A-Za-z]\w*){1,3})\s{0,3}[:=]\s{0,40}(?=[-+.\d])", re.MULTILINE
)
_BESIDE = re.compile(r"(?<![\w.@/-])([A-Za-z_][\w.@/-]{0,39})\s{0,3}[:=]\s{0,40}(?=[-+.\d])")
_FINAL = frozenset("val valid validation test eval final combined overall total mean best".split())
_ASIDE = frozenset("train training std stdev min max lr learning_rate total startup wall".split())
_MOST = 40
_BEFORE = 48
_LINES, _LONGEST = 200, 500


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
    for reading in (*_readable(output, own), *chain(*starmap(_in_file, written.items()))):
        key = reading.metric.name, reading.value
        if key not in found and not any(_is_same(known, reading) for known in found.values()):
            found[key] = _figure(reading, own)
    likeliest = sorted(found.values(), key=lambda figure: -figure.score)[:_MOST]
    return [figure for figure in likeliest if _can_be_written(figure.metric)]


def _can_be_written(metric: Metric) -> bool:
    """Whether `autoexp.yaml` may have it: a pattern can be too long, a path in JSON no path."""
    try:
        config.parse(config.render(Contract("x", "x", (metric,)), comments=False), "autoexp.yaml")
    except config.ConfigError:
        return False
    return True


def _is_same(known: Figure, reading: _Reading) -> bool:
    """Whether a pattern finds what the usual form of the name reads already."""
    metric, name = known.metric, reading.metric.name
    if reading.metric.pattern is None or metric.pattern is not None:
        return False
    return known.value == reading.value and (metric.name in name or name in metric.name)


def direction_by_name(name: str) -> tuple[Direction, bool]:
    """Which way is better by a metric's name, and whether it tells at all."""
    way, strength = names.name_direction(name)
    return ("higher" if way == "higher" else "lower"), strength > 0 and way != "unknown"


def _readable(output: str, own: Collection[str]) -> Iterator[_Reading]:
    """What is found in the text as it is shown, where it is read in what was printed too."""
    shown = clean(output)
    usual = (metric for metric in suggestions(shown, "lower") if _is_named(metric))
    for metric in chain(usual, _repeated(shown), _titled(shown), _beside_units(shown, own)):
        yield from _reads(output, metric)


def _is_named(metric: Metric) -> bool:
    """Whether what stands before a number is a name: no unit, and no word of a sentence."""
    if metric.pattern is None:
        return True
    filler = metric.name.lower() in _FILLERS and not re.search(r"[:=]", metric.pattern)
    return not (filler or _IS_UNIT.fullmatch(metric.name) or not metric.name[-1].isalnum())


def _repeated(output: str) -> Iterator[Metric]:
    """Names that are printed again and again, such as a loss: the last value counts."""
    counted = Counter(_BESIDE.findall(output))
    for name in [name for name, times in counted.items() if times > 1][:_MOST]:
        if safe := _name(name):
            yield Metric(safe, "lower", take="last")
            beside = rf"(?:^|[^\w.-]){re.escape(name)}\s*[:=]\s*([-+.\deE]+)"
            yield Metric(safe, "lower", take="last", pattern=beside)


def _titled(output: str) -> Iterator[Metric]:
    """Lines whose name is of several words: `Test accuracy: 0.93`."""
    for match in list(_TITLE.finditer(output))[-_MOST:]:
        words = match[0].strip().rstrip(":= ")
        if safe := _name(match[1].replace(" ", "_")):
            pattern = rf"^\s*{re.escape(words)}\s*[:=]\s*([-+.\deE]+)".replace("\\ ", " ")
            yield Metric(safe, "lower", pattern=pattern)
            yield Metric(safe, "lower", pattern=pattern, take="last")


def _beside_units(output: str, own: Collection[str]) -> Iterator[Metric]:
    """Numbers with a unit behind them, found by what stands before them on their line."""
    patterns: dict[str, str] = {}
    for line in output.split("\n")[-_LINES:]:
        if len(patterns) >= _MOST or len(line) > _LONGEST:
            continue
        for match in _WITH_UNIT.finditer(line):
            before = line[: match.start()].lstrip()
            start = r"^\s*"
            if len(before) > _BEFORE:
                before, start = before[-_BEFORE:].partition(" ")[2].lstrip(), ""
            gap = _generalised(re.sub(r"\s+", " ", before)).replace(" ", r"\s+")
            pattern = rf"{start}{gap}([-+.\deE]+)\s*{re.escape(match[2])}"
            if len(pattern) > 200 or pattern in patterns.values():
                continue
            name = _name_beside(before, match[2], own, patterns)
            if safe := _name(name):
                patterns[name] = pattern
                yield Metric(safe, "lower", pattern=pattern)
                yield Metric(safe, "lower", pattern=pattern, take="last")


def _name_beside(before: str, unit: str, own: Collection[str], taken: Collection[str]) -> str:
    """The word before a number, with its unit; another one than those that are taken."""
    words = [
        word
        for word in _WORD.findall(re.sub(r"[(\[].*$", "", before))
        if word.lower() not in _FILLERS and not _IS_UNIT.fullmatch(word)
    ]
    ours = [word for word in words if word.lower() in own]
    unit_word = unit.replace("/", "_per_").replace("%", "percent")
    name = "_".join([*(ours or words)[-1:], unit_word])
    numbered = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
    return next(one for one in numbered if one not in taken)


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
    if _IS_UNIT.fullmatch(metric.name.replace("_per_", "/").rstrip("_23456789")):
        score -= 1.5  # nothing says of what it is
    if names.is_setting(metric.name):
        score -= 4
    score += 1.5 * (not _FINAL.isdisjoint(words)) - 1.5 * (not _ASIDE.isdisjoint(words))
    score += 1.5 * (not {*own}.isdisjoint(words))
    score += 3 * (metric.source == "pytest")
    simple = metric.pattern is None and metric.json is None and metric.take == "only"
    return score + 0.25 * simple - 0.25 * (metric.file is not None)
