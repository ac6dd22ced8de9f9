"""The harness: serves the handler, puts it under load, checks every answer, and times it.

Rounds of the handler stand beside rounds of a reference handler, and what is judged is the ratio of
their p99, each of its quieter rounds: a machine that is busy or warm slows both. The p99 itself is
printed too, in ms as it came. Answers that
differ from the reference's are no measurement: exit status 1, one line that says why, no metric.
"""

from __future__ import annotations

import gc
import http.client
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

HERE = Path(__file__).parent
sys.dont_write_bytecode = True

from catalogue import Request, items, reads, updates  # noqa: E402
from reference import Handler as Reference  # noqa: E402

ITEMS, HELD_OUT_SEED = 10_000, 2
SEED = 1 if "AUTOEXP_SEED" not in os.environ else 3 + int(os.environ["AUTOEXP_SEED"])
CLIENTS = 4  # connections that ask as fast as they are answered
REQUESTS = 100  # of a round, over all connections
UPDATES = 6  # prices that change before a round
CHECKS = 60  # answers to requests that are drawn anew in every run
ROUNDS = range(8, 31)  # at least and at most
HELD_OUT_ROUNDS = range(4, 5)
SECONDS = 3.0  # no new round after these
SLOWEST = 5.0  # seconds that an answer may take


class NoMeasurement(Exception):
    """Nothing that could be trusted was measured; the message says why, in one line."""


class Answer(NamedTuple):
    """One answer, and how long it took in ms, from the request's first byte to its last."""

    request: Request
    status: int
    body: bytes
    ms: float


class Service:
    """One handler in a server process of its own."""

    def __init__(self, module: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.module = module
        self._process = process
        port, _, startup = process.stdout.readline().partition(" ")
        if not startup:
            raise NoMeasurement(f"{module}.py did not start: {_last_line(process)}")
        self.startup_ms = float(startup)
        self._connections = [
            http.client.HTTPConnection("127.0.0.1", int(port), timeout=SLOWEST)
            for _ in range(CLIENTS)
        ]

    def ask(self, requests: Sequence[Request], clients: int = 1) -> list[Answer]:
        """The answers, asked over that many connections at once. Raises NoMeasurement."""
        with ThreadPoolExecutor(clients) as pool:
            shares = [
                pool.submit(self._ask, self._connections[i], requests[i::clients])
                for i in range(clients)
            ]
            return [answer for share in shares for answer in share.result()]

    def stop(self) -> float:
        """End it; its peak memory in MB."""
        for connection in self._connections:
            connection.close()
        told, _ = self._process.communicate()
        return float(told or "nan")

    def _ask(
        self, connection: http.client.HTTPConnection, requests: Sequence[Request]
    ) -> list[Answer]:
        answers = []
        for request in requests:
            started = time.perf_counter()
            try:
                method = "GET" if request.body is None else "PUT"
                connection.request(method, request.path, request.body)
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                reason = f"{self.module}.py did not answer {request.path}: {error!r}"
                raise NoMeasurement(reason) from None
            ms = 1000 * (time.perf_counter() - started)
            answers.append(Answer(request, response.status, body, ms))
        return answers


def _last_line(process: subprocess.Popen[str]) -> str:
    _, said = process.communicate()
    return (said.strip().splitlines() or ["it said nothing"])[-1][:200]


@contextmanager
def serve(module: str) -> Iterator[Service]:
    """A handler's server, ended afterwards."""
    command = [sys.executable, "server.py", module, str(SEED), str(ITEMS)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=HERE, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield Service(module, process)
        finally:
            process.kill()


def check(answers: Sequence[Answer], truth: Reference) -> None:
    """Compare with what the reference says now. Raises NoMeasurement at the first difference."""
    known: dict[str, Any] = {}
    for request, status, body, _ in answers:
        if status != 200:
            said = body[:160].decode(errors="replace")
            raise NoMeasurement(f"{request.path} was answered with {status}: {said}")
        path, _, query = request.path.partition("?")
        if request.path not in known:
            known[request.path] = truth.answer(path, dict(parse_qsl(query)))
        try:
            same = json.loads(body) == known[request.path]
        except ValueError:
            same = False
        if not same:
            raise NoMeasurement(f"wrong answer to {request.path}")


def change(draw: random.Random, services: Sequence[Service], truth: Reference) -> None:
    """Change some prices everywhere, one at a time, and check the answers."""
    for request in updates(draw, UPDATES, ITEMS):
        assert request.body is not None
        truth.put(request.path, request.body)
        for service in services:
            check(service.ask([request]), truth)


def p99(answers: Sequence[Answer]) -> float:
    times = sorted(answer.ms for answer in answers)
    return times[math.ceil(0.99 * len(times)) - 1]


class Rounds(NamedTuple):
    """What the rounds gave, in ms: a p99 and a median for each, two p99 of the reference."""

    p99s: list[float]
    medians: list[float]
    yardsticks: list[float]

    def ratio(self) -> float:
        """The p99 of the quieter rounds, in that of the reference's.

        A round that another process disturbed has a p99 several times as large; the lower quartile
        leaves such rounds out, of the handler and of the reference alike.
        """
        return quartiles(self.p99s)[0] / quartiles(self.yardsticks)[0]


def quartiles(times: Sequence[float]) -> list[float]:
    return statistics.quantiles(times, n=4, method="inclusive")


def measure(
    draw: random.Random, services: tuple[Service, Service], truth: Reference, rounds: range
) -> Rounds:
    """Rounds of load, handler and reference in turns, until enough or `SECONDS` are over."""
    handler, reference = services
    found = Rounds([], [], [])
    started = time.perf_counter()
    while len(found.p99s) < rounds.start or (
        len(found.p99s) < rounds.stop - 1 and time.perf_counter() - started < SECONDS
    ):
        change(draw, services, truth)
        load = reads(draw, REQUESTS, ITEMS)
        found.yardsticks.append(p99(reference.ask(load, CLIENTS)))
        answers = handler.ask(load, CLIENTS)
        found.yardsticks.append(p99(reference.ask(load, CLIENTS)))
        check(answers, truth)
        found.p99s.append(p99(answers))
        found.medians.append(statistics.median(answer.ms for answer in answers))
    return found


def main() -> None:
    truth = Reference(items(SEED, ITEMS))
    # What is timed is the servers, not the clients' turns with each other nor their collector.
    sys.setswitchinterval(0.0002)
    gc.freeze()
    gc.disable()
    new = random.Random(int.from_bytes(os.urandom(4)))  # nobody can have learnt these by heart
    with serve("handler") as handler, serve("reference") as reference:
        services = handler, reference
        for _ in range(2):
            check(handler.ask(reads(new, CHECKS // 2, ITEMS)), truth)
            change(new, services, truth)
        found = measure(random.Random(SEED), services, truth, ROUNDS)
        yardstick = quartiles(found.yardsticks)[0]
        print(f"{len(found.p99s)} rounds of {REQUESTS} requests over {CLIENTS} connections;")
        print(f"the reference's p99 is {yardstick:.2f} ms here", flush=True)
        others = measure(random.Random(HELD_OUT_SEED), services, truth, HELD_OUT_ROUNDS)
        memory = handler.stop()

    quarters = quartiles(found.p99s)
    print(f"p99_ratio: {found.ratio():.4f}")
    print(f"heldout_ratio: {others.ratio():.4f}")
    print(f"p99_latency: {quarters[0]:.3f}")
    print(f"median_latency: {statistics.median(found.medians):.3f}")
    print(f"spread_percent: {100 * (quarters[2] - quarters[0]) / quarters[1]:.1f}")
    print(f"startup_ms: {handler.startup_ms:.0f}")
    print(f"memory_mb: {memory:.1f}")


if __name__ == "__main__":
    try:
        main()
    except NoMeasurement as error:
        sys.exit(f"loadtest.py: no measurement: {error}")
