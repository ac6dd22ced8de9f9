"""What a harness leaves in the workspace beside its output: files of figures, and to be scored."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from autoexp_tui.evaluation.metrics import DOCUMENT_BYTES, MetricReader, MetricReading
from autoexp_tui.model.contract import Metric
from autoexp_tui.text.safe import clean_line

VARIABLE = "AUTOEXP_METRICS"
"""Names a file, in a private folder, that the harness may write its metrics to."""


class MetricFiles:
    """The files that metrics are read from; made before the harness runs.

    One that was there before and is still the same has not been written: its figures are those of
    another candidate.
    """

    def __init__(self, metrics: Sequence[Metric], project: Path, measured: Path) -> None:
        self._names = {metric.name for metric in metrics}
        self._metrics: dict[Path, list[Metric]] = {}
        for metric in metrics:
            if metric.file is not None:
                path = measured if metric.file == f"${VARIABLE}" else project / metric.file
                self._metrics.setdefault(path, []).append(metric)
        self._root = measured.parents[1]
        self._before = {path: _stamp(path) for path in self._metrics}
        self._at_the_end: dict[Path, bytes] = {}

    def ended(self) -> None:
        """The harness has ended, and something that it started has not: see `MetricReader.ended`"""
        for path in self._metrics:
            try:
                self._at_the_end[path] = self._content(path)
            except OSError:
                continue  # not there yet

    def read(
        self,
        printed: MetricReading,
        units: Mapping[str, str],
        usual: Mapping[str, Sequence[str]] | None = None,
    ) -> MetricReading:
        """What was printed, and what stands in the files beside it."""
        readings = [printed]
        for path, metrics in self._metrics.items():
            try:
                content = self._content(path)
                reader = MetricReader(metrics, units, usual, file=True)
                reader.feed(content)
                reading = reader.finish()
                before = self._at_the_end.get(path, content)
                if before != content and (changed := _changed(metrics, before, reading)):
                    reading = MetricReading({}, reading.extras, changed)
                readings.append(reading)
            except OSError as error:
                why = clean_line(f"{metrics[0].file}: {error.strerror or error}")
                readings.append(
                    MetricReading({}, {}, f"{metrics[0].name} can't be read from {why}")
                )
        failure = next(filter(None, (reading.failure for reading in readings)), "")
        return MetricReading(
            {} if failure else {n: v for part in readings for n, v in part.metrics.items()},
            {
                name: value
                for part in readings
                for name, value in part.extras.items()
                if name not in self._names
            },
            failure,
            {name: unit for part in readings for name, unit in part.units.items()},
            {name: found for part in readings for name, found in part.forms.items()},
        )

    def _content(self, path: Path) -> bytes:
        """Raises OSError."""
        if path.is_symlink():
            raise OSError("it is a link: name a file that only the harness writes")
        if not _is_in(path.parent, self._root):
            raise OSError("it leads out of the workspace")
        if _stamp(path) == self._before[path]:
            raise OSError("the harness did not write it")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError("it is no regular file")
            return file.read(DOCUMENT_BYTES + 1)


def _changed(metrics: Sequence[Metric], before: bytes, reading: MetricReading) -> str:
    """Why a file's figures aren't those that it held when the harness had ended."""
    reader = MetricReader(metrics, file=True)
    reader.feed(before)
    for name, value in reader.finish().metrics.items():
        if reading.metrics.get(name, value) != value:
            why = "became another after the harness had ended: what it leaves running"
            return f"{name} {why} is not believed"
    return ""


def take(project: Path, leaves: Sequence[str], store: Path) -> None:
    """Move what was left into `store`. Raises OSError: it isn't there, or it is or holds a link."""
    store.mkdir(mode=0o700)
    for number, name in enumerate(leaves):
        path = project / name
        if not _is_in(path, project):
            raise OSError(f"{name} leads out of the project")
        for found in (path, *(path.rglob("*") if path.is_dir() else ())):
            mode = found.lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise OSError(f"{name} is or holds what is no regular file")
        path.rename(store / str(number))


def put_back(project: Path, leaves: Sequence[str], store: Path) -> None:
    """The inverse of `take`, into a workspace in which nothing else is left. Raises OSError."""
    for number, name in enumerate(leaves):
        if os.path.lexists(project / name):
            raise OSError(f"{name} is tracked by git: leave what is not")
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (store / str(number)).rename(project / name)


def _is_in(path: Path, folder: Path) -> bool:
    """Whether a path, links followed, is a folder or in it."""
    real, outer = os.path.realpath(path), os.path.realpath(folder)
    return os.path.commonpath((real, outer)) == outer


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_ctime_ns
