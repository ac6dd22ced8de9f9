"""Speaks with a Ray cluster, in a process of its own: a cluster that dies takes no runner with it.

Run as a file, by a Python that has Ray; it needs nothing else of autoexp. Lines of JSON come on
standard input, whose end means: cancel all, and end. `do` is

    connect   address (`local` starts a cluster that ends with this process), namespace, resources
    put       digest, size, behind the line so many bytes: files of a commit, kept for all jobs
    start     id, tree, mark, program, message: a job; `mark` and all that follows are the worker's
    cancel    id

and answered on standard output, as lines of JSON:

    {"connected": words} or {"failed": words}, once
    {"id": …, "data": base64}      what the worker of a job has said
    {"id": …, "end": words}        no more of it will come; why, empty where all is well
"""

from __future__ import annotations

import base64
import json
import os
import queue
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

_FORCE_S = 5.0
"""Seconds after which a job that was cancelled is killed with Ray's own worker."""
_CLOSE_S = 1.0
"""For a connection that nobody wants any more to come about."""
_BUFFERED = 256
"""Pieces of output that may wait for their reader."""


def evaluate(
    program: str, mark: str, message: dict[str, Any], trees: list[Any], hidden: bytes | None
) -> Iterator[bytes]:
    """On a node: have the worker of this process do a job; what it says.

    The worker is a Python of its own, and stays for the next job of this process. Raises
    RuntimeError where there can be none.
    """
    import ray  # noqa: PLC0415 - the node's own

    kept = sys.__dict__.setdefault("_autoexp_worker", {})
    if "process" not in kept or kept["process"].poll() is not None or kept["program"] != program:
        _end(kept)
        kept.update(process=_worker(program), program=program, sent="")
    process = kept["process"]
    parts = {}
    if message["tree"] != kept["sent"]:
        parts["tree"] = ray.get(trees[0])
    if hidden is not None:
        parts["hidden"] = hidden
    told = {
        **message,
        "mark": mark,
        "environ": dict(os.environ),
        "parts": list(parts),
        "bodies": [len(part) for part in parts.values()],
    }
    output, done, end = process.stdout.fileno(), f"{mark} done ".encode(), b""
    try:
        view = memoryview(b"".join((json.dumps(told).encode(), b"\n", *parts.values())))
        while view:
            view = view[process.stdin.write(view) :]
        while done not in end or not end.endswith(b"\n"):
            # Not for long: Ray's way to cancel is seen between two steps of Python only.
            if select.select([output], [], [], 0.1)[0]:
                data = os.read(output, 256 << 10)
                if not data:
                    raise RuntimeError("the worker there was killed")  # noqa: TRY301 - as others
                end = (end + data)[-4096:]
                yield data
        kept["sent"] = message["tree"]
    except BaseException:
        _end(kept)
        raise


def _worker(program: str) -> Any:
    """A worker that has begun. Raises RuntimeError."""
    process: Any = subprocess.Popen(
        [sys.executable, "-ISqi"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    )
    process.stdin.write(program.encode())
    line = process.stdout.readline()
    if b" hello " not in line:
        process.kill()
        process.wait()
        why = base64.b64decode(line.split(b" ")[-1]) if b" failed " in line else b"it ended"
        raise RuntimeError(f"no worker could be started there: {why.decode(errors='replace')}")
    return process


def _end(kept: dict[str, Any]) -> None:
    """End the worker that there is, with all that it has started."""
    process = kept.pop("process", None)
    if process is None:
        return
    process.stdin.close()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Helper:
    """The jobs of one run."""

    def __init__(self, out: int) -> None:
        self._out = out
        self._writing = threading.Lock()
        self._ray: Any = None
        self._remote: Any = None
        self._trees: dict[str, Any] = {}
        self._running: dict[int, Any] = {}

    def tell(self, **words: Any) -> None:
        """Answer; who doesn't listen any more has closed standard input too."""
        view = memoryview(json.dumps(words).encode() + b"\n")
        try:
            with self._writing:
                while view:
                    view = view[os.write(self._out, view) :]
        except BrokenPipeError:
            return

    def connect(self, address: str, namespace: str, resources: dict[str, Any]) -> None:
        if address.partition(":")[0] in {"127.0.0.1", "localhost"}:
            # Else Ray puts this machine's outer address in its place, where nobody listens.
            os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        try:
            import ray  # noqa: PLC0415 - whoever has no cluster has none of it
        except ImportError:
            self.tell(failed=f"{sys.executable} has no Ray: pip install 'autoexp-tui[ray]'")
            return
        options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
        try:
            ray.init(
                address=address,
                namespace=namespace,
                log_to_driver=False,
                logging_level="ERROR",
                **options,
            )
            has = ray.cluster_resources()
        except Exception as error:  # noqa: BLE001 - told to who asked
            self.tell(failed=_words(error))
            return
        self._ray = ray
        wanted = {"CPU": resources["cpus"], "GPU": resources["gpus"], **resources["custom"]}
        for name, amount in wanted.items():
            if amount > has.get(name, 0):
                told = ", ".join(
                    f"{known} {has[known]:g}" for known in ("CPU", "GPU") if known in has
                )
                self.tell(failed=f"the cluster has no {amount:g} {name} for one evaluation: {told}")
                return
        self._remote = ray.remote(evaluate).options(
            num_cpus=resources["cpus"],
            num_gpus=resources["gpus"],
            resources=resources["custom"] or None,
            num_returns="streaming",
            max_retries=0,
            name="autoexp",
            _generator_backpressure_num_objects=_BUFFERED,
        )
        nodes = sum(1 for node in ray.nodes() if node["Alive"])
        self.tell(connected=f"Ray {ray.__version__}, {nodes} nodes")

    def put(self, digest: str, content: bytes) -> None:
        self._trees = {digest: self._ray.put(content)}

    def start(self, number: int, job: dict[str, Any]) -> None:
        hidden = base64.b64decode(job["hidden"]) if job.get("hidden") else None
        tree = self._trees[job["tree"]]
        words = (job["program"], job["mark"], job["message"], [tree], hidden)
        pieces = self._remote.remote(*words)
        self._running[number] = pieces
        threading.Thread(target=self._follow, args=(number, pieces), daemon=True).start()

    def _follow(self, number: int, pieces: Any) -> None:
        why = ""
        try:
            for piece in pieces:
                data = base64.b64encode(self._ray.get(piece)).decode()
                self.tell(id=number, data=data)
        except BaseException as error:  # noqa: BLE001 - Ray ends some of its waits by SystemExit
            why = _words(error)
        self._running.pop(number, None)
        self.tell(id=number, end=why)

    def cancel(self, number: int) -> None:
        """End a job, in order where it can be."""

        def end() -> None:
            for force in (False, True):
                pieces = self._running.get(number)
                if pieces is None:
                    return
                self._ray.cancel(pieces, force=force)
                until = time.monotonic() + _FORCE_S
                while number in self._running and time.monotonic() < until:
                    time.sleep(0.05)

        threading.Thread(target=end, daemon=True).start()

    def close(self) -> None:
        """Cancel all; a cluster that was there before stays."""
        if self._ray is None:
            return
        for pieces in [*self._running.values()]:
            self._ray.cancel(pieces, force=True)
        self._ray.shutdown()


def _words(error: BaseException) -> str:
    """In one line, what is known of a failure of Ray's."""
    text = " ".join(str(error).split())
    versions = re.findall(r"Ray: (\S+) Python: (\S+)", text)
    if "ersion mismatch" in text and len(versions) == 2:
        (ray_there, python_there), (ray_here, python_here) = versions
        return (
            f"the cluster has Ray {ray_there} and Python {python_there}, here are {ray_here} and "
            f"{python_here}: name a Python that has the cluster's by `python:` below `evaluator:`"
        )
    name = type(error).__name__
    return f"{name}: {text[:300]}" if text else name


def main() -> None:
    """Until standard input ends."""
    out = os.dup(1)
    os.dup2(2, 1)  # what Ray prints is no answer
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    helper = Helper(out)
    wishes: queue.Queue[dict[str, Any] | None] = queue.Queue()
    connected = threading.Event()

    def listen() -> None:
        while line := sys.stdin.buffer.readline():
            wish = json.loads(line)
            if "size" in wish:
                wish["content"] = sys.stdin.buffer.read(wish.pop("size"))
            wishes.put(wish)
        wishes.put(None)
        if not connected.wait(_CLOSE_S):
            os._exit(1)  # Ray waits for a cluster that isn't there

    threading.Thread(target=listen, daemon=True).start()
    while wish := wishes.get():
        match wish.pop("do"):
            case "connect":
                helper.connect(**wish)
                connected.set()
            case "put":
                helper.put(wish["digest"], wish["content"])
            case "start":
                helper.start(wish.pop("id"), wish)
            case "cancel":
                helper.cancel(wish["id"])
    helper.close()


if __name__ == "__main__":
    main()
    os._exit(0)  # Ray's threads wait for nobody
