"""What a plan costs and how fast it answers at the peak: prices, queues, and what may fail.

Each stage is a queue with Poisson arrivals and exponential service times (M/M/c); the waiting time
is Erlang's C formula and its exponential tail (Erlang 1917; Kleinrock, Queueing Systems I, 3.5).
The stages' 95th percentiles are added up, which is more than the 95th percentile of the sum. What
can't keep up answers as late as the whole peak and more, in proportion to what is missing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plan import NoMeasurement

CATALOGUE = json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8"))
FIELDS: dict[str, frozenset[str]] = {
    "web": frozenset({"role", "kind", "purchase", "workers"}),
    "cache": frozenset({"role", "kind", "purchase", "memory_gb"}),
    "database": frozenset({"role", "kind", "purchase", "storage_gb"}),
}

# The load, and what a request costs on a core of speed 1.
PEAK = 500.0  # requests per second
SURGE = 1.2  # times the peak: what a plan must carry all the same
PEAK_SECONDS = 600.0
WEB_SECONDS = 0.012
LOOKUPS, WRITES = 4.0, 0.4  # per request
LOOKUP_SECONDS = 0.0004  # of the cache
QUERY_SECONDS = 0.0015  # of the database
DISK_SECONDS = 0.002  # of one disk operation

# What must fit.
WORKER_GB, SYSTEM_GB = 0.25, 0.5
HOT_GB = 5.0  # a cache of this size finds 63 % of what it ever could
MOST_HITS = 0.95
DATABASE_HOT_GB = 40.0  # in so much memory a database never reads from disk
DATA_GB = 240.0  # stored on every database server
SPOT_LOSS = 1 / 3  # of the spot servers may be taken away at once, rounded up


@dataclass(frozen=True)
class Server:
    """One planned server with what the catalogue says of its kind."""

    address: str
    role: str
    purchase: str
    cores: int
    memory_gb: float
    speed: float
    per_hour: float
    settings: Mapping[str, float]


@dataclass(frozen=True)
class Stage:
    """A queue: `rate` arrivals per second for `places` servers that take `seconds` each."""

    rate: float
    places: float
    seconds: float

    @property
    def used(self) -> float:
        """Work over what can be worked, infinite where there is no place; below 1 it keeps up."""
        return self.rate * self.seconds / self.places if self.places > 0 else math.inf

    def waiting_share(self) -> float:
        """Erlang's C: the share of arrivals that find every place taken."""
        load, blocked = self.rate * self.seconds, 1.0
        for n in range(1, max(int(self.places), 1) + 1):
            blocked = load * blocked / (n + load * blocked)
        return min(blocked / (1 - self.used * (1 - blocked)), 1.0)

    def mean(self) -> float:
        """Seconds from arrival to answer, for a stage that keeps up."""
        return self.seconds + self.waiting_share() / self._spare()

    def wait_p95(self) -> float:
        """Seconds that all but a twentieth wait at most."""
        return math.log(max(self.waiting_share() / 0.05, 1.0)) / self._spare()

    def p95(self) -> float:
        """The wait, and an exponential service time that all but a twentieth stay below."""
        return self.wait_p95() + self.seconds * math.log(20)

    def _spare(self) -> float:
        return (self.places - self.rate * self.seconds) / self.seconds


@dataclass(frozen=True)
class Figures:
    """What is measured of a plan."""

    cost_per_hour: float
    surge_p95_ms: float
    """With a fifth more requests than the peak: what the limit is on."""
    p95_ms: float
    """At the peak."""
    breaks_at: float
    """Requests per second from which on something can't keep up."""
    hit_percent: float
    servers: int


def figures(inputs: Mapping[str, Mapping[str, Any]]) -> Figures:
    """All figures of a plan. Raises NoMeasurement for one that could not run."""
    servers = [_server(address, values) for address, values in inputs.items()]
    roles = {role: [s for s in servers if s.role == role] for role in FIELDS}
    for role, least in (("web", 2), ("database", 2)):
        if len(roles[role]) < least:
            raise NoMeasurement(f"{len(roles[role])} {role} servers: one of {least} may fail")
    for server in servers:
        _check_fit(server)
    cost = sum(server.per_hour for server in servers)
    for server in roles["database"]:
        cost += server.settings["storage_gb"] * CATALOGUE["disk"]["gb"]
    normal, surge = (1e3 * _p95_seconds(roles, rate) for rate in (PEAK, SURGE * PEAK))
    if not math.isfinite(normal):
        raise NoMeasurement("no server is left to answer when those that may fail have failed")
    hits = 100 * _hit_rate(roles["cache"])
    return Figures(cost, surge, normal, _breaks_at(roles), hits, len(servers))


def _server(address: str, values: Mapping[str, Any]) -> Server:
    role = values.get("role")
    if not isinstance(role, str) or role not in FIELDS:
        raise NoMeasurement(f"{address}: role is {role!r}, not web, cache or database")
    if values.keys() != FIELDS[role]:
        odd = ", ".join(sorted(values.keys() ^ FIELDS[role]))
        raise NoMeasurement(f"{address}: a {role} needs {sorted(FIELDS[role])}; see {odd}")
    kind, purchase = values["kind"], values["purchase"]
    cores, memory_gb = _size(address, kind)
    family = str(kind).split("-")[0]
    if purchase not in CATALOGUE["families"][family]:
        raise NoMeasurement(f"{address}: catalogue.json has no {kind} {purchase}")
    settings = {key: values[key] for key in FIELDS[role] - {"role", "kind", "purchase"}}
    for key, value in settings.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value < math.inf:
            raise NoMeasurement(f"{address}: {key} is {value!r}, not a number above 0")
    price = CATALOGUE["families"][family][purchase]
    return Server(
        address=address,
        role=role,
        purchase=purchase,
        cores=cores,
        memory_gb=memory_gb,
        speed=CATALOGUE["speed"][family],
        per_hour=cores * price["vcpu"] + memory_gb * price["gb"],
        settings=settings,
    )


def _size(address: str, kind: object) -> tuple[int, float]:
    """vCPUs and GB of memory of `n2-standard-4`. Raises NoMeasurement."""
    family, _, shape = str(kind).partition("-")
    shape, _, cores = shape.partition("-")
    sizes = [str(size) for size in CATALOGUE["vcpus"].get(family, ())]
    known = cores in sizes and shape in CATALOGUE["gb_per_vcpu"]
    if not known or (family == "c2" and shape != "standard"):
        raise NoMeasurement(f"{address}: catalogue.json has no {kind}")
    return int(cores), CATALOGUE["gb_per_vcpu"][shape] * int(cores)


def _check_fit(server: Server) -> None:
    """Memory and disks that are full are no plan, however cheap. Raises NoMeasurement."""
    needed = {
        "web": WORKER_GB * server.settings.get("workers", 0) + SYSTEM_GB,
        "cache": server.settings.get("memory_gb", 0) + SYSTEM_GB,
        "database": SYSTEM_GB,
    }[server.role]
    if needed > server.memory_gb:
        raise NoMeasurement(f"{server.address} needs {needed:g} GB and has {server.memory_gb:g}")
    if server.settings.get("workers", 1) % 1:
        raise NoMeasurement(f"{server.address}: workers is no whole number")
    if server.role == "database" and server.settings["storage_gb"] < DATA_GB:
        raise NoMeasurement(f"{server.address}: the data need {DATA_GB:g} GB of storage")
    if server.role == "database" and server.purchase == "spot":
        raise NoMeasurement(f"{server.address}: a spot server loses its data when it is taken away")


def _left(servers: list[Server]) -> list[Server]:
    """Without a third of the spot servers, and without the strongest of the others."""
    spot = sorted((s for s in servers if s.purchase == "spot"), key=_power)
    steady = sorted((s for s in servers if s.purchase != "spot"), key=_power)
    return spot[: len(spot) - math.ceil(SPOT_LOSS * len(spot))] + steady[:-1]


def _power(server: Server) -> float:
    return server.cores * server.speed


def _hit_rate(caches: list[Server]) -> float:
    memory = sum(server.settings["memory_gb"] for server in caches)
    return MOST_HITS * (1 - math.exp(-memory / HOT_GB))


def _p95_seconds(roles: Mapping[str, list[Server]], rate: float) -> float:
    """The time of a request at `rate` per second, with the servers that are left."""
    web, databases = _left(roles["web"]), _left(roles["database"])
    caches = [s for s in roles["cache"] if s.purchase != "spot"] + _left(
        [s for s in roles["cache"] if s.purchase == "spot"]
    )
    hits = _hit_rate(caches)
    reads = LOOKUPS * (1 - hits)
    # Every database does all writes; what its memory doesn't hold is read from disk.
    per_server = rate * (reads / max(len(databases), 1) + WRITES)
    memory = min((s.memory_gb for s in databases), default=0.0)
    queries = reads + WRITES
    on_disk = max(0.0, 1 - memory / DATABASE_HOT_GB) * reads / queries + WRITES / queries
    disk = min((s.settings["storage_gb"] for s in databases), default=0.0)
    iops = CATALOGUE["disk"]["iops_per_gb"] * disk
    cpu = Stage(rate, _total(web), WEB_SECONDS)
    behind = [
        (queries, Stage(per_server, _least(databases), QUERY_SECONDS)),
        (queries, Stage(per_server * on_disk, iops * DISK_SECONDS, DISK_SECONDS)),
    ]
    if caches:
        behind.append((LOOKUPS, Stage(LOOKUPS * rate, _total(caches), LOOKUP_SECONDS)))
    used = max(stage.used for _, stage in ((1.0, cpu), *behind))
    if used < 1:
        inside = cpu.mean() + sum(times * stage.mean() for times, stage in behind)
        workers = Stage(rate, sum(s.settings["workers"] for s in web), inside)
        used = workers.used
    if used >= 1:
        return PEAK_SECONDS * used
    # A worker is busy while the others work for it: only the wait for one comes on top.
    behind_p95 = sum(times * stage.p95() for times, stage in behind)
    return cpu.p95() + behind_p95 + workers.wait_p95()


def _breaks_at(roles: Mapping[str, list[Server]]) -> float:
    """Requests per second from which on the plan is overloaded, to one per second."""
    low, high = 0.0, 64 * PEAK
    while high - low > 1:
        middle = (low + high) / 2
        keeps_up = _p95_seconds(roles, middle) < PEAK_SECONDS
        low, high = (middle, high) if keeps_up else (low, middle)
    return low


def _total(servers: list[Server]) -> float:
    return sum(map(_power, servers))


def _least(servers: list[Server]) -> float:
    return min(map(_power, servers), default=0.0)
