"""Evaluates on other machines: every job goes there by a way of its own, as many at once as come.

What is measured there is judged here, by the rules that hold for this machine: what was printed is
read by the same reader, and what was changed in the workspace is judged by the same `Products`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Any

import msgspec

from autoexp_tui.evaluation.environment import NEVER, harness_environment, mask_of
from autoexp_tui.evaluation.harness import Output, Report, told
from autoexp_tui.evaluation.launch.bundle import Parcel, packed
from autoexp_tui.evaluation.launch.channel import Channel, PrefixWay, Way
from autoexp_tui.evaluation.launch.conversation import Conversation, Step
from autoexp_tui.evaluation.launch.frames import Torn
from autoexp_tui.evaluation.launch.ray_way import RayWay
from autoexp_tui.evaluation.leavings import VARIABLE, MetricFiles
from autoexp_tui.evaluation.local import LocalHandle, log_of
from autoexp_tui.evaluation.metrics import MetricReader, MetricReading
from autoexp_tui.evaluation.output_log import OutputLog
from autoexp_tui.evaluation.own_places import with_own_places
from autoexp_tui.evaluation.products import Change, Products
from autoexp_tui.evaluation.progress import ProgressReader, remember, remembered
from autoexp_tui.evaluation.results import forms_after, result_of, to_blame
from autoexp_tui.evaluation.slots import choose_slots
from autoexp_tui.evaluation.workspace import Workspace
from autoexp_tui.loop.ports import Evaluator, Job, Result
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.events import RunStarted
from autoexp_tui.model.pruning import Race
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.text.numbers import format_duration
from autoexp_tui.text.safe import clean_line

_MOST_ENVIRONMENTS = 100
"""That one job may meet before it runs: each process of a cluster may have another."""
_MB = 1 << 20
_WRITTEN = "was written to, and put back"


class Lost(Exception):
    """Nobody knows what came of a job; why, in words."""


class _Again(Exception):
    """The same job is to be sent once more."""


class ElsewhereEvaluator:
    """Implements `loop.ports.Evaluator` for one run, by a `Way`."""

    way_words = ""
    """Where the last job ran and how long it took to get there, for a person."""

    def __init__(
        self,
        run: RunDirectory,
        started: RunStarted,
        workspace: Workspace,
        way: Way,
        units: Mapping[str, str] | None = None,
        forms: Mapping[str, Sequence[str]] | None = None,
        products: Sequence[str] = (),
    ) -> None:
        """`workspace` has the commit's files; all else is as for `LocalEvaluator`.

        Raises RepositoryError, OSError.
        """
        self._run = run
        self._contract = contract = started.contract
        self._started = started
        self._workspace = workspace
        self._way = way
        self.slots = tuple(slot.name for slot in choose_slots(contract, (), (), 0))
        self._units = dict(units or {})
        self._forms = None if forms is None else {name: (*each,) for name, each in forms.items()}
        written = [metric.file for metric in contract.metrics if metric.file is not None]
        self._products = Products(
            started.folder,
            keep=contract.keep,
            declared=[*contract.leaves, *written],
            allowed=products,
        )
        self.mask = mask_of(os.environ)
        self._parcels = self._packed()
        self._known: dict[str, list[str]] = {}
        """Of each environment there that was seen, by its digest: the names that pass."""
        self._lock = threading.Lock()
        """Of what jobs learn from each other: units, forms, products, environments."""

    def close(self) -> None:
        """No more jobs come."""
        self._way.close()

    def submit(self, job: Job) -> LocalHandle:
        handle = LocalHandle(log_of(self._run, job))

        def work() -> None:
            try:
                handle.future.set_result(self._result(job, handle))
            except BaseException as error:  # noqa: BLE001 - raised by `result`, where it is waited for
                handle.future.set_exception(error)

        threading.Thread(target=work, name=f"evaluation of {job.n}").start()
        return handle

    def _result(self, job: Job, handle: LocalHandle) -> Result:
        """A result, wherever the way breaks."""
        began = time.monotonic()
        for _ in range(_MOST_ENVIRONMENTS):
            try:
                return self._evaluate(job, handle, began)
            except _Again:
                continue
            except Lost as lost:
                if handle.cancelled.is_set():
                    words = "interrupted"
                    return Result(time.monotonic() - began, {}, {}, words, cut_short=True)
                why = clean_line(self.mask.text(str(lost)), 400)
                return Result(time.monotonic() - began, {}, {}, why, lost=why)
        changing = "each process there has another environment, and none is known"
        return Result(time.monotonic() - began, {}, {}, changing, lost=changing)

    def _evaluate(self, job: Job, handle: LocalHandle, began: float) -> Result:
        contract = self._contract
        with contextlib.ExitStack() as stack:
            progress = self._follow(job)
            if job.command:
                wanted = [(job.command, job.reads, handle.output)]
            elif contract.score is None:
                wanted = [(contract.harness, contract.metrics, handle.output)]
            else:
                score = handle.output.with_name("score.log")
                wanted = [
                    (contract.harness, (), handle.output),
                    (contract.score, contract.metrics, score),
                ]
            usual = None if job.n == 1 or job.command else self._forms
            steps = [
                Step(
                    command,
                    metrics,
                    Output(
                        stack.enter_context(contextlib.closing(OutputLog(log, mask=self.mask))),
                        MetricReader(
                            [metric for metric in metrics if metric.file is None],
                            self._units,
                            usual,
                        ),
                        progress.take if progress is not None and number == 0 else None,
                        lambda: None,
                        self.mask,
                        str,
                    ),
                )
                for number, (command, metrics, log) in enumerate(wanted)
            ]
            if not handle.cancelled.is_set():
                self._exchange(job, steps, handle, began)
            results = [
                self._judged(step, job, handle, progress, usual)
                for step in steps
                if step is steps[0] or step.end is not None
            ]
        result = _together(results)
        if len(steps) > len(results) and not result.failure:
            left = (steps[0].end or {}).get("left", "the second command was not run")
            why = clean_line(f"there is nothing to score: {left}")
            return msgspec.structs.replace(result, failure=why, metrics={})
        if not result.failure and job.purpose != "mutant" and not job.command:
            result = self._remember(job, result, progress)
        return result

    # The way there.

    def _exchange(self, job: Job, steps: Sequence[Step], handle: LocalHandle, began: float) -> None:
        """Send the job and take what comes. `began` is when. Raises Lost, _Again."""
        tree, hidden = self._parcels
        mark = token_hex(16)
        try:
            channel = self._way.open(mark, tree.digest)
        except OSError as error:
            program = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise Lost(f"{self._way.name} can't be started: {program}") from error
        conversation = Conversation(channel, mark, steps, handle)
        if channel.one_way:
            self._send(channel, job, steps, tree, hidden, has=False)
        why = ""
        try:
            for kind, body in conversation.frames():
                match kind:
                    case "hello":
                        told_there = json.loads(body)
                        seconds = time.monotonic() - began
                        self.way_words = clean_line(_way_words(told_there, seconds, tree, hidden))
                        if not channel.one_way:
                            has = bool(told_there["have"])
                            self._send(channel, job, steps, tree, hidden, has=has)
                    case "need":
                        head = json.dumps({"bodies": [len(tree.data)]}).encode()
                        channel.send(head + b"\n", {"tree": tree.data})
                    case "environment":
                        self._learn(json.loads(body), channel)
                    case "failed":
                        where = self.way_words.partition(",")[0] or self._way.name
                        raise Lost(
                            f"{where}: {json.loads(body)['why']}{conversation.setup_words()}"
                        )
        except Torn as torn:
            why = f"what came from there is torn: {torn}"
        finally:
            ended = channel.close(at_once=conversation.cut and not conversation.heard)
        if conversation.done or conversation.cut:
            return
        raise Lost(why or conversation.end_words(self._way.name, ended))

    def _packed(self) -> tuple[Parcel, Parcel | None]:
        """The files, and those that the harness must not see. Raises RepositoryError, OSError."""
        folder = self._started.folder
        hidden = {str(PurePosixPath(folder, path)) for path in self._contract.hidden}
        shown: list[tuple[str, str, bytes]] = []
        kept: list[tuple[str, str, bytes]] = []
        for entry in self._workspace.contents():
            parents = (entry[0], *map(str, PurePosixPath(entry[0]).parents))
            (shown if hidden.isdisjoint(parents) else kept).append(entry)
        return packed(shown), packed(kept) if hidden else None

    @property
    def _target(self) -> str:
        return str(PurePosixPath(self._started.folder, self._contract.target))

    def _send(
        self,
        channel: Channel,
        job: Job,
        steps: Sequence[Step],
        tree: Parcel,
        hidden: Parcel | None,
        *,
        has: bool,
    ) -> None:
        contract = self._contract
        parts = {} if has else {"tree": tree.data}
        if hidden is not None:
            parts["hidden"] = hidden.data
        limits = {"DATA": contract.limits.memory, "FSIZE": contract.limits.file_size}
        own = {} if job.seed is None else {"AUTOEXP_SEED": str(job.seed)}
        if job.slot:
            own["AUTOEXP_SLOT"] = job.slot
        allowed = {name: os.environ[name] for name in contract.env.allow if name in os.environ}
        content = job.text.encode("utf-8", "surrogateescape")
        message = {
            "tree": tree.digest,
            "parts": list(parts),
            "bodies": [len(part) for part in parts.values()],
            "folder": self._started.folder,
            "target": {"path": self._target, "content": base64.b64encode(content).decode()},
            "setup": (contract.evaluator and contract.evaluator.setup) or "",
            "limit": job.time_limit,
            "limits": {name: most * _MB for name, most in limits.items() if most is not None},
            "leaves": list(contract.leaves),
            "known": self._known,
            "one_way": channel.one_way,
            "define": {
                "AUTOEXP_COMMIT": self._started.base,
                **{name: value for name, value in allowed.items() if name not in NEVER},
                **contract.env.define,
            },
            "steps": [
                {
                    "command": step.command,
                    "env": own,
                    "files": sorted({m.file for m in step.metrics if m.file is not None}),
                    "hidden": number > 0,
                    "leaves": list(contract.leaves) if len(steps) > 1 and number == 0 else [],
                }
                for number, step in enumerate(steps)
            ],
        }
        channel.send(json.dumps(message).encode() + b"\n", parts)

    def _learn(self, told_there: Mapping[str, Any], channel: Channel) -> None:
        """What passes of an environment there, by the rules that hold for the one here."""
        environ = {str(name): str(value) for name, value in told_there["environ"].items()}
        passed, _, _ = harness_environment(environ, self._contract.env)
        own = with_own_places(passed, {}, Path("/"), "")
        names = sorted(name for name in passed if name in own and name in environ)
        with self._lock:
            self._known = {**self._known, told_there["digest"]: names}
        if channel.one_way:
            raise _Again
        channel.send(json.dumps({"names": names}).encode() + b"\n", {})

    # What came of it.

    def _judged(
        self,
        step: Step,
        job: Job,
        handle: LocalHandle,
        progress: ProgressReader | None,
        usual: Mapping[str, Sequence[str]] | None,
    ) -> Result:
        end = step.end or {"report": ""}
        if step.end is None:
            outcome = step.output.outcome("interrupted", "interrupted")
        elif (report := Report.parse(end["report"])) is None:
            why = end["report"] or "its supervisor was killed"
            outcome = step.output.outcome("exited", f"the harness was lost: {why}")
        else:
            outcome = told(step.output, report, job.time_limit)
        reading = outcome.reading
        if any(metric.file is not None for metric in step.metrics):
            with tempfile.TemporaryDirectory(prefix="autoexp-figures-") as folder:
                reading = _with_files(step, Path(folder), self._units, usual, reading)
        with self._lock:
            tampered, made = to_blame(list(self._changes(end)), job, self._products)
        return result_of(
            outcome,
            reading,
            metrics=step.metrics,
            primary=self._contract.primary.name,
            job=job,
            tampered=tampered,
            made=made,
            progress=progress,
            cancelled=handle.cancelled.is_set(),
            mask=self.mask,
        )

    def _changes(self, end: Mapping[str, Any]) -> Iterator[Change]:
        """What the worker has found, by the rules of a workspace here."""
        for path in end.get("wrong", ()):
            if not self._products.is_kept(path):
                yield Change(path)
        for path in end.get("folders", ()):
            yield Change(path)
        for path in end.get("written", ()):
            if not self._products.is_kept(path):
                yield Change(path, _WRITTEN, self._products.keeping(path))
        foreign = end.get("foreign", ())
        new = set(foreign)
        for path in foreign:
            in_new_folder = path.rpartition("/")[0] in new
            if change := self._products.shadow(path, in_new_folder=in_new_folder):
                yield change
        for path in end.get("environment", ()):
            yield Change(path, "of what setup made there")

    def _remember(self, job: Job, result: Result, progress: ProgressReader | None) -> Result:
        """What later runs are held to: the units, the baseline's forms, how fast it went."""
        with self._lock:
            self._units = {**result.units, **self._units}
            if job.n != 1 or job.purpose:
                result = msgspec.structs.replace(result, forms=None)
            else:
                self._forms = forms_after(self._forms, result, self._contract.metrics)
                result = msgspec.structs.replace(result, forms=self._forms)
        if progress is not None and not job.purpose:
            try:
                remember(self._run.progress(job.n), progress.curve)
            except OSError as error:
                note = f"its progress could not be kept: {error.strerror or error}"
                result = msgspec.structs.replace(result, notes=(*result.notes, note))
        return result

    def _follow(self, job: Job) -> ProgressReader | None:
        pattern, primary = self._contract.progress, self._contract.primary
        if pattern is None or job.command:
            return None
        best = remembered(self._run.progress(job.beside)) if job.beside else ()
        return ProgressReader(pattern, Race(best, primary.direction) if best else None)


def _way_words(
    told_there: Mapping[str, Any], seconds: float, tree: Parcel, hidden: Parcel | None
) -> str:
    kib = (len(tree.data) + (len(hidden.data) if hidden else 0)) / 1024
    sent = "its files are there already" if told_there["have"] else f"{kib:.0f} KiB to be sent"
    return (
        f"{told_there['host']} (Python {told_there['python']}), "
        f"reached in {format_duration(seconds)}, {sent}"
    )


def _together(results: Sequence[Result]) -> Result:
    """Of the harness and of what scored it."""
    first, *rest = results
    if not rest or first.failure:
        return first
    return msgspec.structs.replace(
        rest[0],
        seconds=first.seconds + rest[0].seconds,
        notes=first.notes + rest[0].notes,
        made=first.made + rest[0].made,
        cores=max(first.cores, rest[0].cores),
    )


def _with_files(
    step: Step,
    folder: Path,
    units: Mapping[str, str],
    usual: Mapping[str, Sequence[str]] | None,
    printed: MetricReading,
) -> MetricReading:
    """What was printed, and the figures of the files: they are laid out here as they were there."""
    project, private = folder / "project", folder / "private"
    for each in (project, private):
        each.mkdir()
    measured = private / VARIABLE

    def lay(when: str) -> None:
        for (told_when, name), found in step.files.items():
            if told_when != when:
                continue
            path = measured if name == f"${VARIABLE}" else project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if found.get("why") == "link":
                path.symlink_to("elsewhere")
            elif "content" in found:
                path.write_bytes(base64.b64decode(found["content"]))

    lay("before")
    files = MetricFiles(step.metrics, project, measured)
    if any(when == "ended" for when, _ in step.files):
        lay("ended")
        files.ended()
    lay("after")
    return files.read(printed, units, usual)


@contextlib.contextmanager
def evaluating(
    run: RunDirectory,
    here: Evaluator,
    workspace: Workspace,
    started: RunStarted,
    state: RunState,
) -> Iterator[Evaluator]:
    """Who evaluates for a run: `here`, or what takes the files to where the contract says.

    Raises RepositoryError, OSError.
    """
    way = way_of(started.contract)
    if way is None:
        yield here
        return
    made = ElsewhereEvaluator(
        run, started, workspace, way, state.units, state.forms, state.products
    )
    with contextlib.closing(made):
        yield made


def way_of(contract: Contract) -> Way | None:
    """The way that a contract names; None where evaluations run on this machine."""
    launcher = contract.evaluator
    if launcher is None:
        return None
    if launcher.prefix is not None:
        return PrefixWay(launcher.prefix, launcher.python or "python3", launcher_environment())
    return RayWay(launcher, launcher_environment())


def launcher_environment() -> dict[str, str]:
    """What a launcher is given: all it may sign in with, but for the proposer's own credentials."""
    return {name: value for name, value in os.environ.items() if name not in NEVER}
