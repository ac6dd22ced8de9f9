"""Parts of this machine that experiments have to themselves: GPUs, or cores.

What a slot has is told to the harness by its environment and, for cores, by the affinity of its
process. Nothing keeps a harness from taking more.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from autoexp_tui.model.contract import Contract
from autoexp_tui.text.safe import Safe, clean_line

_GPU, _CORES = "gpu:", "cores:"
_LISTING_S = 20.0
_SPARE = 0.1
"""Of a core: what keeps so little of another one busy leaves it to others."""
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)
"""What tells libraries how many threads to start, where the user doesn't."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What one experiment at a time has to itself."""

    name: Safe
    gpu: str = ""
    """As CUDA_VISIBLE_DEVICES names it; empty: it is given none, and none is kept from it."""
    cores: tuple[int, ...] = ()
    """Processors by number; empty: any."""
    threads: int = 0
    """Its share of the machine's cores; 0: nobody says."""

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """`given`, with what tells a harness its slot."""
        own = {name: str(self.threads) for name in THREADS} if self.threads else {}
        gpu = {"CUDA_VISIBLE_DEVICES": self.gpu} if self.gpu else {}
        return {**own, **given, **gpu, "AUTOEXP_SLOT": self.name}


def usable_cores() -> tuple[int, ...]:
    """The processors that this process may use, by number."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def usable_gpus(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them; none without CUDA."""
    named = environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        names = [name.strip() for name in named.split(",")]
        return tuple(name for name in names if name and name != "-1")
    program = shutil.which("nvidia-smi", path=environ.get("PATH"))
    if program is None:
        return ()
    try:
        listed = subprocess.run(
            [program, "-L"], capture_output=True, check=True, timeout=_LISTING_S
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    lines = listed.stdout.decode(errors="replace").splitlines()
    return tuple(line.removeprefix("GPU ").partition(":")[0] for line in lines
                 if line.startswith("GPU "))  # fmt: skip


def choose_slots(
    contract: Contract, gpus: Sequence[str], cores: Sequence[int], used: float
) -> tuple[Slot, ...]:
    """The slots of a run, as `parallel` and `slots` say; empty: one at a time, anywhere.

    Args:
        gpus: that there are, as `usable_gpus` names them.
        cores: that the process may use.
        used: how many of them the baseline kept busy, on average; 0 while nobody knows. With
            `parallel: auto` and neither GPUs nor named slots there are as many slots as that,
            rounded up, goes into the cores: none before it is known.
    """
    count = contract.parallel
    if contract.evaluator is not None:  # who takes them elsewhere chooses what they run on
        many = count if isinstance(count, int) and count > 1 else 0
        return tuple(Slot(clean_line(str(k + 1))) for k in range(many))
    if contract.slots:
        named = [_named(name) for name in contract.slots]
        return _cycled(named, len(named) if count == "auto" else count, len(cores))
    if gpus and count != 1:
        each = [Slot(clean_line(f"{_GPU}{gpu}", 80), gpu=gpu) for gpu in gpus]
        wanted = len(each) if count == "auto" else count
        return _cycled(each, wanted, len(cores)) if wanted > 1 else ()
    if isinstance(count, int):
        wanted = count
    else:
        wanted = len(cores) // max(1, math.ceil(used - _SPARE)) if used else 1
    if wanted <= 1:
        return ()
    shares = [_of_cores(part) for part in _parts(cores, min(wanted, len(cores)))]
    return _cycled(shares, wanted, len(cores))


def crowded(slots: Sequence[Slot], cores: int, used: float) -> str:
    """What a person should know where experiments at once want more cores than there are.

    `used` is what the baseline kept busy alone. Empty where they don't, or nobody knows.
    """
    wanted = used * len(slots)
    if wanted <= cores + _SPARE * len(slots) or used <= _SPARE:
        return ""
    return (
        f"the baseline kept {used:.1f} cores busy, and {len(slots)} at once have {cores} in all: "
        f"they slow each other down; `autoexp check --parallel {len(slots)}` tells by how much"
    )


def _cycled(slots: Sequence[Slot], count: int, cores: int) -> tuple[Slot, ...]:
    """So many of them, each under a name of its own: several experiments may share a GPU."""
    found: list[Slot] = []
    share = max(1, cores // count)
    for k in range(count):
        slot = slots[k % len(slots)]
        times = sum(slot.name == known.name.partition(" ")[0] for known in found)
        name = clean_line(f"{slot.name} ({times + 1})") if times else slot.name
        threads = min(share, len(slot.cores)) if slot.cores else share
        found.append(replace(slot, name=name, threads=threads if count > 1 else 0))
    return tuple(found)


def _named(name: str) -> Slot:
    """The slot that a contract names."""
    told = clean_line(name, 200)
    if name.startswith(_GPU):
        return Slot(told, gpu=name.removeprefix(_GPU))
    return Slot(told, cores=tuple(_numbers(name.removeprefix(_CORES))))


def _numbers(text: str) -> Iterator[int]:
    """Of `0-3,8`: 0, 1, 2, 3 and 8."""
    for part in text.split(","):
        first, *last = part.split("-")
        yield from range(int(first), int(last[-1] if last else first) + 1)


def _parts(cores: Sequence[int], count: int) -> Iterator[Sequence[int]]:
    """Equal shares; what is left over belongs to none."""
    size = len(cores) // count
    for k in range(count):
        yield cores[k * size : (k + 1) * size]


def _of_cores(cores: Sequence[int]) -> Slot:
    first, last = cores[0], cores[-1]
    if last - first + 1 == len(cores):
        name = f"{first}-{last}" if last > first else f"{first}"
    else:
        name = ",".join(map(str, cores))
    return Slot(clean_line(f"{_CORES}{name}", 200), cores=tuple(cores))
