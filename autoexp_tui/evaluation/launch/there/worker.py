"""Runs evaluations at the other side of a launcher, with what any Python from 3.8 on has.

`bundle.py` sends it, together with `supervisor.py`, as one line to an interactive Python: no file,
no quoting and nothing installed is needed there. From then on standard input is for messages, each
a line of JSON, behind it as many bytes as its `bodies` say; its end means: end everything. What is
answered goes to standard output as lines of its own, since launchers hold back what is none:

    <mark> <kind> <number> <base64>

The mark is random, and known to both sides alone: what else is printed there is a launcher's. No
line's number is missing, and `end` tells how many bytes of output there were: a stream that was cut
is noticed. Kinds, with what they hold:

    hello        JSON: host, python, pid; whether the tree is in the cache here (`have`)
    need         nothing: the tree must be sent
    environment  JSON: what programs here find, its digest: wanted is a message `names`
    phase        JSON: `name` is what begins: unpacking, setup, a step
    setup, out   bytes that were printed
    dropped      nothing: what is printed now is dropped, since the command made its pipe not wait
    ended        nothing: the command has ended, and something that it started has not
    file         JSON: of a file with figures: path, when (before, ended, after), its bytes
    end          JSON: of a step: the supervisor's report, what was changed, how much was printed
    failed       JSON: why nothing was run
    done         nothing: the job is over
    beat         nothing: still here

A run's workspace is a fresh folder, which `flock` keeps while somebody works in it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import signal
import stat
from typing import Any

from autoexp_tui.evaluation import supervisor
from autoexp_tui.evaluation.launch.there.cache import Cache, Environment
from autoexp_tui.evaluation.launch.there.files import Stamp, Tree, discard, read, stamp
from autoexp_tui.evaluation.launch.there.line import Gone, Line, Unable
from autoexp_tui.evaluation.launch.there.place import Place
from autoexp_tui.evaluation.launch.there.running import Command, Output, Running

SETUP_S = 3600.0
"""For one run of `setup`."""
_DOCUMENT = (16 << 20) + 1
"""Bytes of a file with figures that are sent."""
_METRICS = "AUTOEXP_METRICS"


class Work:
    """One job: its workspace, what is run in it, what is told of it."""

    def __init__(
        self,
        line: Line,
        cache: Cache,
        job: dict[str, Any],
        tree: Tree,
        hidden: Tree | None,
        environ: dict[str, str],
    ) -> None:
        self._line = line
        self._job = job
        self._cache = cache
        self._tree, self._hidden = tree, hidden
        self._left = job["limit"]
        self._store = ""
        self._env = {
            name: value
            for name, value in environ.items()
            if name in job["names"] or _VISIBLE in name
        }
        self._environment: Environment | None = None

    def do(self) -> None:
        """Every step, until one fails. Raises Unable, Gone, OSError."""
        if self._job["setup"]:
            self._line.tell("phase", {"name": "setup"})
            self._environment = Environment(self._cache, self._job, self._tree)
            self._environment.ready(self._line, self._build)
        with self._cache.workspace() as home:
            for number, step in enumerate(self._job["steps"]):
                self._line.tell("phase", {"name": "unpacking"})
                if not self._step(os.path.join(home, str(number)), step, home):
                    return

    def _build(self, tree: str) -> None:
        output = Output(self._line, "setup")
        folder = os.path.join(tree, self._job["folder"])
        env = {**self._env, **self._job["define"]}
        command = Command(self._job["setup"], folder, env, SETUP_S, {})
        report = Running(command, self._line, output, _nothing).report()
        if self._line.closed:
            raise Gone
        words = report.split()
        if words[:2] != ["exited", "0"]:
            why = "it took more than an hour" if words[:1] == ["limit"] else _status(words)
            raise Unable("setup failed: %s" % why)

    def _step(self, folder: str, step: dict[str, Any], home: str) -> bool:
        """Whether the next may follow."""
        root, private = os.path.join(folder, "tree"), os.path.join(folder, "private")
        for each in (folder, private, os.path.join(private, "tmp")):
            os.mkdir(each, 0o700)
        self._cache.adopt(self._job["tree"], root)
        target = self._job["target"]
        mode, _ = self._tree.files[target["path"]]
        files = {**self._tree.files, target["path"]: (mode, base64.b64decode(target["content"]))}
        if step["hidden"] and self._hidden is not None:
            files.update(self._hidden.files)
        place = Place(root, files, self._line)
        project = os.path.join(root, self._job["folder"])
        os.makedirs(project, exist_ok=True)
        env = {
            **self._env,
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_CEILING_DIRECTORIES": folder,
            "TMPDIR": os.path.join(private, "tmp"),
            _METRICS: os.path.join(private, _METRICS),
            **self._job["define"],
            **step["env"],
        }
        if self._environment is not None:
            for path, source in self._environment.made():
                place.link(path, source)
            env = _with_python(env, project, root)
            self._environment.look()
        if self._store:
            _put_back(project, self._job["leaves"], self._store)
        place.settle()
        where = {
            name: env[_METRICS] if name == "$" + _METRICS else os.path.join(project, name)
            for name in step["files"]
        }
        before = {name: self._tell_file(name, path, root, "before") for name, path in where.items()}
        output = Output(self._line, "out")

        def ended() -> None:
            for name, path in where.items():
                self._tell_file(name, path, root, "ended")

        self._line.tell("phase", {"name": "running"})
        command = Command(step["command"], project, env, max(self._left, 0.0), self._job["limits"])
        report = Running(command, self._line, output, ended).report()
        for name, path in where.items():
            self._tell_file(name, path, root, "after", before[name])
        changes = place.changes()
        if self._environment is not None:
            changes["environment"] = self._environment.changes()
        end = {"report": report, "bytes": output.size, "digest": output.digest.hexdigest()}
        good = report.startswith("exited 0 ")
        if good and (why := self._take(step["leaves"], project, home)):
            good, end["left"] = False, why
        self._left -= float(report.split()[2]) if good else 0.0
        self._line.tell("end", {**end, **changes})
        if not step["hidden"] and place.is_there():
            place.tidy()
            self._cache.give_back(self._job["tree"], root)
        discard(folder)
        return good

    def _take(self, leaves: list[str], project: str, home: str) -> str:
        """Keep what is left for the next step; why that can't be, in words."""
        if leaves:
            self._store = os.path.join(home, "leaves")
            try:
                _take(project, leaves, self._store)
            except OSError as error:
                return str(error.strerror or error)
        return ""

    def _tell_file(
        self, name: str, path: str, root: str, when: str, before: Stamp | None = None
    ) -> Stamp | None:
        """Send a file with figures, where it is one and is another than `before`; its stamp."""
        try:
            found = stamp(os.lstat(path))
            real = os.path.realpath(os.path.dirname(path))
            inside = os.path.realpath(os.path.dirname(root))
            if not (real + "/").startswith(inside + "/"):
                self._line.tell("file", {"path": name, "when": when, "why": "outside"})
            elif found != before:
                content = base64.b64encode(read(path, _DOCUMENT)).decode()
                self._line.tell("file", {"path": name, "when": when, "content": content})
        except OSError as error:
            if os.path.lexists(path):
                why = "link" if os.path.islink(path) else str(error.strerror or error)
                self._line.tell("file", {"path": name, "when": when, "why": why})
            return None
        return found


def _nothing() -> None:
    """What setup leaves running is of no interest."""


def _with_python(env: dict[str, str], project: str, root: str) -> dict[str, str]:
    """Let `python` mean the `.venv` of the project, or of a folder up to `root` that it is in."""
    folder = project.rstrip("/")
    while True:
        programs = os.path.join(folder, ".venv", "bin")
        if os.path.isdir(programs):
            path = programs + os.pathsep + env.get("PATH", os.defpath)
            return {**env, "PATH": path, "VIRTUAL_ENV": os.path.dirname(programs)}
        if folder == root or len(folder) <= len(root):
            return env
        folder = os.path.dirname(folder)


def _take(project: str, leaves: list[str], store: str) -> None:
    """Move what was left into `store`. Raises OSError: it isn't there, or it is or holds a link."""
    os.mkdir(store, 0o700)
    for number, name in enumerate(leaves):
        path = os.path.join(project, name)
        if not (os.path.realpath(path) + "/").startswith(os.path.realpath(project) + "/"):
            raise OSError(name + " leads out of the project")
        inner = [os.path.join(at, each) for at, dirs, files in os.walk(path)
                 for each in (*dirs, *files)]  # fmt: skip
        for each in (path, *inner):
            mode = os.lstat(each).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise OSError(name + " is or holds what is no regular file")
        os.rename(path, os.path.join(store, str(number)))


def _put_back(project: str, leaves: list[str], store: str) -> None:
    for number, name in enumerate(leaves):
        path = os.path.join(project, name)
        if os.path.lexists(path):
            raise Unable(name + " is tracked by git: leave what is not")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.rename(os.path.join(store, str(number)), path)


def _status(words: list[str]) -> str:
    if len(words) < 2 or not words[1].lstrip("-").isdigit() or int(words[1]) < 0:
        return "its process was lost"
    status = int(words[1])
    return "exit %d" % os.WEXITSTATUS(status) if os.WIFEXITED(status) else "it was killed"


def _answer(line: Line, cache: Cache) -> None:
    """Do one job. Raises Gone."""
    job, bodies = line.message()
    environ = job.get("environ") or dict(os.environ)
    if "mark" in job:
        line.begin(job["mark"])
        _greet(line, cache, job["tree"])
    sent = dict(zip(job["parts"], bodies))
    try:
        tree = cache.add(job["tree"], sent["tree"]) if "tree" in sent else cache.tree(job["tree"])
        if tree is None:
            line.tell("need")
            tree = cache.add(job["tree"], line.message()[1][0])
        hidden = Tree(sent["hidden"]) if "hidden" in sent else None
        digest = _digest_of(environ)
        if digest not in job["known"]:
            line.tell("environment", {"digest": digest, "environ": environ})
            if job["one_way"]:
                return
            job["names"] = line.message()[0]["names"]
        else:
            job["names"] = job["known"][digest]
        Work(line, cache, job, tree, hidden, environ).do()
    except (Unable, OSError) as error:
        words = str(error) if isinstance(error, Unable) else _words(error)
        line.tell("failed", {"why": words})


def _words(error: OSError) -> str:
    return "%s: %s" % (error.filename, error.strerror) if error.filename else str(error)


_VISIBLE = "_VISIBLE_"
"""In names of what says which devices a program may use: another for each task."""


def _digest_of(environ: Any) -> str:
    """Names one environment, whatever devices it shows."""
    pairs = sorted("%s=%s" % pair for pair in environ.items() if _VISIBLE not in pair[0])
    return hashlib.sha256("\0".join(pairs).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _greet(line: Line, cache: Cache, tree: str) -> None:
    hello = {"host": platform.node(), "python": platform.python_version(), "pid": os.getpid()}
    line.tell("hello", {**hello, "have": cache.tree(tree) is not None})


def main(mark: str, tree: str) -> None:
    """Work until standard input ends; `tree` is what the first job is likely to want."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = Line(mark)
    try:
        supervisor.set_dumpable(on=False)
        try:
            cache = Cache()
        except Unable as error:
            line.tell("failed", {"why": str(error)})
            return
        _greet(line, cache, tree)
        while True:
            _answer(line, cache)
            line.tell("done")
    except Gone:
        return
