"""What a run of the harness came to, wherever it ran: which figures are believed, what is to blame.

Owns the rules between what was printed and found and the `Result` that the loop judges. How a
command is run, and how a workspace is looked through, is for the evaluators.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autoexp_tui.evaluation.harness import HarnessOutcome
from autoexp_tui.evaluation.metrics import MetricReading
from autoexp_tui.evaluation.products import Change, Products
from autoexp_tui.evaluation.progress import ProgressReader
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.model.contract import Metric
from autoexp_tui.text.mask import Mask
from autoexp_tui.text.safe import clean_line

_MOST_DAMAGE = 50
"""Paths that are written down of one evaluation."""


def result_of(  # noqa: PLR0913 - what it rests on, by name
    outcome: HarnessOutcome,
    reading: MetricReading,
    *,
    metrics: Sequence[Metric],
    primary: str,
    job: Job,
    tampered: Sequence[Change],
    made: tuple[str, ...],
    progress: ProgressReader | None,
    cancelled: bool,
    mask: Mask,
) -> Result:
    """The result of a command that has ended.

    Args:
        reading: all figures, of what was printed and of files.
        metrics: those that the command was to print; without one of them there is no measurement.
        tampered: what it is to blame for, see `to_blame`; nothing excuses it.
        progress: of a run that may be ended early, which is told by the name `primary`.
        cancelled: whether a person has ended it.
    """
    counts_tests = any(metric.source != "lines" for metric in metrics)
    failure = outcome.failure
    if outcome.exit_code == 0 and outcome.ended == "exited":
        failure = reading.failure
    elif outcome.exit_code == 1 and counts_tests and not reading.failure:
        failure = ""  # some tests have failed, and it is told how many
    stopped = False
    if progress is not None and progress.lag is not None and outcome.ended == "interrupted":
        stopped = not (tampered or cancelled)
        if stopped:
            failure = clean_line(progress.lag.words(primary))
    if tampered:
        failure = _blame(tampered, honest=job.n == 1)
    return Result(
        seconds=outcome.seconds,
        metrics={} if failure else {m.name: reading.metrics[m.name] for m in metrics},
        extras={mask.text(name): value for name, value in reading.extras.items()},
        failure=mask.text(failure),
        units=reading.units,
        forms=reading.forms,
        cut_short=outcome.ended in {"interrupted", "time limit"},
        stopped_early=stopped,
        tail=outcome.tail,
        tampered=bool(tampered),
        notes=tuple(_notes(outcome)),
        damaged=_stamped(tampered),
        made=made,
        cores=round(outcome.cpu_seconds / outcome.seconds, 2) if outcome.seconds else 0.0,
    )


def to_blame(
    changes: Sequence[Change], job: Job, products: Products
) -> tuple[list[Change], tuple[str, ...]]:
    """What is to blame; and what the baseline has made for the first time, which is not."""
    if job.n != 1 or job.purpose == "mutant":
        return list(changes), ()
    made = products.allow(path for change in changes for path in change.makes)
    # What can't be printed can't be written down either: the next runner learns it anew.
    return [change for change in changes if not change.makes], tuple(
        path for path in made if path.isprintable()
    )


def forms_after(
    known: Mapping[str, Sequence[str]] | None, run: Result, metrics: Sequence[Metric]
) -> dict[str, tuple[str, ...]]:
    """The baseline's forms, which add up over its runs."""
    before, new = known or {}, run.forms or {}
    return {
        metric.name: (*dict.fromkeys((*before.get(metric.name, ()), *new.get(metric.name, ()))),)
        for metric in metrics
    }


def stamp_of(path: Path) -> int:
    """When the system last changed its record, in ns; 0 for what isn't there."""
    try:
        return path.lstat().st_ctime_ns
    except OSError:
        return 0


def _blame(changes: Sequence[Change], *, honest: bool) -> str:
    """What was tampered with. Only what an honest target has run is told how to be left alone with
    files that judge it.
    """
    named = ", ".join(map(str, changes[:3]))
    more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
    remedy = f"; {changes[0].remedy}" if changes[0].remedy and (honest or changes[0].makes) else ""
    return clean_line(f"tampered with {named}{more}{remedy}", 900)


def _stamped(changes: Sequence[Change]) -> dict[str, int]:
    """Of what nobody here can bring back, the state it is in now."""
    lasting = [each for each in changes if each.source is not None and each.path.isprintable()]
    return {each.path: stamp_of(each.source) for each in lasting[:_MOST_DAMAGE] if each.source}


def _notes(outcome: HarnessOutcome) -> Iterator[str]:
    """What a person should know of a run beside its figures."""
    if outcome.survivors:
        yield f"{outcome.survivors} processes of the harness could not be killed"
    if outcome.log_error:
        yield f"its output could not be kept: {outcome.log_error}"
