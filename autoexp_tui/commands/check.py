"""`autoexp check`: is this project ready for a night? The baseline is run for real."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from autoexp_tui.commands.machine import machine
from autoexp_tui.commands.pulse import pulse
from autoexp_tui.config.declared import settings
from autoexp_tui.config.writer import flow
from autoexp_tui.console import echo, say
from autoexp_tui.loop.confirming import as_evaluations, guard_failure, until_spread_is_known
from autoexp_tui.loop.measuring import Runs
from autoexp_tui.loop.mutating import ask_mutants, unread
from autoexp_tui.loop.ports import Evaluator, Job, Result
from autoexp_tui.model.calibration import Calibration
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.measurement import Measurement
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.project import Project, find_project
from autoexp_tui.proposers import registry
from autoexp_tui.sources.journals import read_state
from autoexp_tui.summary.company import company_words
from autoexp_tui.summary.trust import check_words
from autoexp_tui.system.scratch import scratch_folder
from autoexp_tui.text.numbers import format_duration, format_number, format_runs
from autoexp_tui.text.safe import Safe, clean, cut

_TAG = "check"
_TAIL = 12
_SUGGESTIONS = 8
_DEAR_S = 120.0
"""Two runs that take longer tell enough: a person waits for it."""


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--include-dirty", is_flag=True, help="Check uncommitted changes as they are.")
@click.option("--parallel", type=click.IntRange(2, 1000), metavar="N",
              help="Also run N baselines at once: do slots disturb each other?")  # fmt: skip
def check(  # noqa: PLR0915 - one after the other
    directory: Path, include_dirty: bool, parallel: int | None
) -> int:
    """Validate the project in DIRECTORY and run its baseline isolated, until its noise is known."""
    from autoexp_tui.evaluation.launch.elsewhere import evaluating  # noqa: PLC0415
    from autoexp_tui.evaluation.local_slots import LocalSlots  # noqa: PLC0415
    from autoexp_tui.repository.candidates import Candidates  # noqa: PLC0415
    from autoexp_tui.repository.repository import Repository  # noqa: PLC0415
    from autoexp_tui.runner import claiming, preparation  # noqa: PLC0415 - git
    from autoexp_tui.runner.base import choose_base  # noqa: PLC0415

    project = find_project(directory)
    contract = project.contract()
    with (
        contextlib.closing(Repository.open(project.place.root)) as repository,
        scratch_folder() as folder,
        contextlib.ExitStack() as stack,
    ):
        base = choose_base(project, repository, contract, include_dirty=include_dirty)
        run = project.run(_TAG)
        place = claiming.claim(project, repository, run, read_state(run), None)
        contract = msgspec.structs.replace(contract, parallel=parallel or contract.parallel)
        started = preparation.first_event(project, contract, _TAG, base.commit, seed=0)
        scratch, known = RunDirectory(folder / _TAG), RunState()
        slots = LocalSlots(scratch, project.place.root, started, known)
        evaluator = slots.first
        try:
            measuring = evaluating(scratch, slots, evaluator.workspace, started, known)
            measures = stack.enter_context(measuring)
            text = Candidates(repository, started).text_of(base.commit)
            unable = preparation.problems(project, contract, started.proposer, text)
            offered = registry.passed_over(contract.proposer, started.proposer, os.environ)
            notes = (*base.notes, *place.notes, *offered, *unable)
            _tell_project(project, contract, text, started.proposer, notes)
            limit = format_duration(contract.time_limit)
            _tell("running", f"the baseline, for at most {limit} …")
            runs = _evaluate_baseline(measures, text, contract)
            broken = "" if runs.failure else _run_guards(contract, measures, text)
            if not (runs.failure or broken):
                bypasses = tuple if contract.evaluator else evaluator.bypasses
                broken = _ask_mutants(contract, measures, bypasses, text, runs)
            if parallel and not (runs.failure or broken):
                known.forms, known.units = runs.last.forms, runs.last.units
                broken = _measure_company(contract, measures, text, runs)
            if contract.evaluator:
                _tell_way(getattr(measures, "way_words", ""), evaluator.workspace.linked)
            else:
                linked = [f"{path} ({mode})" for path, mode in evaluator.workspace.modes.items()]
                _tell("linked", ", ".join(linked) or "nothing")
            for remark in (*evaluator.workspace.taken, *evaluator.workspace.lacking):
                _tell("note", remark)
            for name, why in evaluator.workspace.not_linked:
                _tell("not linked", f"{name}: {why}")
            if evaluator.led_back:
                _tell("led back", f"{', '.join(evaluator.led_back)}: to the workspace's own")
            _tell("withheld", ", ".join(evaluator.withheld) or "nothing")
            if evaluator.near:
                _tell("passed on", f"{', '.join(evaluator.near)}: named or formed like a secret")
            things = machine(
                contract,
                repository.git_version,
                evaluator.workspace.root,
                evaluator.sandbox.name,
                os.environ,
            )
        finally:
            slots.remove()
    for name, words in things:
        _tell(name, words)
    _tell("protection", started.protection)
    if not contract.score and (how := _shared_process(project, contract)):
        _tell("consider", f"{how}, and can print any figure there: `score:` judges it from outside")
    impossible = Objective.of(contract).impossible(runs.measurement.metrics)
    return _tell_result(contract, runs, impossible or broken or "; ".join(unable))


def _shared_process(project: Project, contract: Contract) -> str:
    from autoexp_tui.evaluation.apart import shared_process  # noqa: PLC0415
    from autoexp_tui.runner.base import harness_files  # noqa: PLC0415

    programs = [
        (name, (project.path / name).read_text(encoding="utf-8", errors="replace"))
        for name in harness_files(project, contract)
    ]
    return shared_process(contract.harness, contract.target, programs)


def _result(evaluator: Evaluator, job: Job) -> Result:
    """Of one evaluation, which ends with this command however that ends."""
    handle = evaluator.submit(job)
    try:
        with pulse(handle.output):
            return handle.result()
    except BaseException:
        handle.cancel()
        with contextlib.suppress(Exception):
            handle.result()
        raise


def _tell(name: str, text: str) -> None:
    say(f"{name:<10} {cut(text, 400)}")


def _tell_project(
    project: Project, contract: Contract, text: str, proposer: str, notes: Sequence[str]
) -> None:
    """Tell what is known before anything runs."""
    _tell("project", str(project.path))
    _tell("target", f"{contract.target}, {text.count(chr(10))} lines, changed by {proposer}")
    _tell("harness", contract.harness)
    factory = registry.factory(proposer)
    look = factory.look(contract, text)
    for name, line in (*factory.notes(contract), *look.notes):
        _tell(name, line)
    for note in notes:
        _tell("note", note)


def _evaluate_baseline(evaluator: Evaluator, text: str, contract: Contract) -> Runs:
    def once() -> Runs:
        results: list[Result] = []
        while len(results) < contract.repeats and not (results and results[-1].failure):
            job = Job(1, text, contract.time_limit)
            results.append(_result(evaluator, job))
        return Runs(tuple(results))

    return until_spread_is_known(once, Objective.of(contract), contract.repeats, _DEAR_S)


def _run_guards(contract: Contract, evaluator: Evaluator, text: str) -> str:
    """The first guard that the baseline doesn't pass, in words; empty where all pass."""
    for guard in contract.guard:
        job = Job(1, text, guard.time_limit, "guard", guard.run)
        result = _result(evaluator, job)
        if result.failure:
            return f"the baseline fails guard {guard.title}: {guard_failure(result)}"
        _tell("guard", f"{guard.title} passes, in {format_duration(result.seconds)}")
    return ""


def _tell_way(words: str, left: Sequence[str]) -> None:
    """Where evaluations run, and what of this machine isn't there."""
    if words:
        _tell("there", words)
    if left:
        _tell(
            "not sent",
            f"{', '.join(left)}, which git ignores: `setup:` below `evaluator:` makes such things "
            "there, or name a path that is there",
        )


def _ask_mutants(
    contract: Contract,
    evaluator: Evaluator,
    bypasses: Callable[[], Sequence[str]],
    text: str,
    runs: Runs,
) -> str:
    """Why the target is not what is measured; empty where it is."""
    measured = as_evaluations(runs.measurement, contract.repeats)

    def run(mutant: str, limit: float) -> Result:
        return _result(evaluator, Job(1, mutant, limit, "mutant"))

    killed = ask_mutants(run, contract, text, measured)
    if killed is None:
        return unread(contract, measured, bypasses())
    _tell("is read", f"{contract.target}: {killed.by}")
    return ""


def _measure_company(contract: Contract, measures: Evaluator, text: str, alone: Runs) -> str:
    """Tell what runs at once do to each other; why that can't be told, else nothing."""
    names = measures.slots
    _tell("running", f"{len(names)} at once: {', '.join(names)} …")
    jobs = [Job(n, text, contract.time_limit, slot=name) for n, name in enumerate(names, 1)]
    handles = [measures.submit(job) for job in jobs]
    try:
        with pulse(handles[0].output):
            results = [handle.result() for handle in handles]
    except BaseException:
        for handle in handles:
            handle.cancel()
        raise
    failed = [result.failure for result in results if result.failure]
    if failed:
        return f"{len(failed)} of {len(names)} at once give no measurement: {failed[0]}"
    together = Runs(tuple(results)).measurement.samples
    for line in company_words(alone.measurement.samples, together):
        _tell("at once", line)
    return ""


def _tell_result(contract: Contract, runs: Runs, broken: str) -> int:
    result = runs.last
    _tell("took", ", ".join(format_duration(one.seconds) for one in runs.results))
    if result.failure:
        earlier = len(runs.results) - 1
        after = f" in run {earlier + 1}, where {earlier} had given one" if earlier else ""
        _tell("read", f"no measurement{after}: {result.failure}")
        tail = "\n  ".join(clean(result.tail).rstrip("\n").split("\n")[-_TAIL:])
        echo(clean(f"\nthe last lines of output:\n  {tail}\n"))
        if not (result.tampered or result.cut_short or "exit" in result.failure):
            _tell_printed(contract, result)
        say(f"not ready: {_remedy(contract, result)}")
        return 1
    measured = as_evaluations(runs.measurement, contract.repeats)
    for metric in contract.metrics:
        found = format_number(measured.metrics[metric.name])
        values = measured.values(metric.name)
        several = format_runs(values) if len(set(values)) > 1 else ""
        _tell("read", f"{metric.name} {found}{several} ({metric.direction} is better)")
    for name, value in measured.extras.items():
        held = contract.holdout is not None and name == contract.holdout.metric
        why = "held out: never judged, never shown to the proposer" if held else "not judged"
        _tell("also read", f"{name} {format_number(value)} ({why})")
    if broken:
        echo()
        say(f"not ready: {cut(broken, 600)}")
        return 1
    _tell_noise(contract, measured)
    for advice in _advice(contract, max(one.seconds for one in runs.results)):
        _tell("consider", advice)
    echo(Safe("\nready: `autoexp run` starts"))
    return 0


def _tell_printed(contract: Contract, result: Result) -> None:
    """The numbers that were printed, each with the line that makes it the metric."""
    from autoexp_tui.evaluation.suggestions import suggestions  # noqa: PLC0415 - after a run only

    setting = next(setting for setting in settings() if setting.name == "metrics")
    found = suggestions(result.tail, contract.primary.direction)
    for metric, value in [*found.items()][:_SUGGESTIONS]:
        line = flow(setting, (metric,))
        _tell("printed", f"{metric.name} {format_number(value)}: write `metrics: {line}`")


def _tell_noise(contract: Contract, measured: Measurement) -> None:
    objective = Objective.of(contract).relative_to(measured.metrics)
    known = Calibration().began(measured.samples, objective)
    if words := check_words(known, objective, contract):
        _tell("noise", words)
    if len(measured.samples) == 2 and not known.is_exact:
        _tell("", "only two runs, for they take minutes: a run learns more as it goes")


def _remedy(contract: Contract, result: Result) -> str:  # noqa: PLR0911 - one for each cause
    if result.lost:
        return "evaluations don't get to where `evaluator:` sends them, or don't come back"
    if result.tampered:
        return "the harness or the target changes protected files: list what may change in keep:"
    if result.cut_short:
        return (
            "one run must fit into time_limit, and a night should hold dozens: "
            "measure on less data, or raise time_limit"
        )
    if result.remedy:
        return result.remedy
    if "exit" in result.failure:
        return "make the harness' command work from a fresh checkout; link: names what it needs"
    if "write `" in result.failure:
        return "put what is said above below the metric in autoexp.yaml"
    names = ", ".join(f"`{metric.name}: 0.123`" for metric in contract.metrics)
    return (
        f"the harness must print {names} on a line of its own; "
        "quality that no number tells is not for this loop"
    )


def _advice(contract: Contract, seconds: float) -> list[str]:
    advice = []
    if seconds > 0.8 * contract.time_limit:
        advice.append(
            f"the baseline takes {format_duration(seconds)} of a time limit of "
            f"{format_duration(contract.time_limit)}: slower ideas will be cut"
        )
    fits = int(contract.budget.max_wall_clock_hours * 3600 / max(seconds, 0.01))
    if fits < contract.budget.max_experiments:
        advice.append(
            f"about {fits} experiments fit into max_wall_clock_hours "
            f"({contract.budget.max_wall_clock_hours:g}), not {contract.budget.max_experiments}"
        )
    return advice
