"""Evaluates in the slots of this machine: one `LocalEvaluator` for each, made when it is needed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from autoexp_tui.evaluation.local import LocalEvaluator, LocalHandle
from autoexp_tui.evaluation.slots import Slot, choose_slots, crowded, usable_cores, usable_gpus
from autoexp_tui.loop.ports import Job
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.events import RunStarted
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.repository.repository import Repository
from autoexp_tui.text.safe import Safe


def first_slot(contract: Contract, state: RunState) -> Slot | None:
    """Where a run's baseline was measured, for what is to be compared with it; None: anywhere."""
    if contract.evaluator is not None:
        return None
    gpus = usable_gpus(os.environ) if contract.parallel != 1 else ()
    return next(iter(choose_slots(contract, gpus, usable_cores(), state.cores_used)), None)


class LocalSlots:
    """Implements `loop.ports.Evaluator` for one run, with a workspace for each slot."""

    def __init__(self, run: RunDirectory, root: Path, started: RunStarted, state: RunState) -> None:
        """Materialises the workspace of the first slot. `root` is the user's checkout.

        `state` is the run's, as it is now at any time. Raises what `LocalEvaluator` does.
        """
        self._run = run
        self._root = root
        self._started = started
        self._state = state
        self._gpus = usable_gpus(os.environ) if started.contract.parallel != 1 else ()
        self._repositories: list[Repository] = []
        self._making = threading.Lock()
        self._chosen: tuple[Slot, ...] = ()
        self.first = self._make(next(iter(self._slots()), None), 1)
        """That of the baseline."""
        self._at: dict[Safe, LocalEvaluator] = {}

    @property
    def slots(self) -> tuple[Safe, ...]:
        return tuple(slot.name for slot in self._slots())

    def at(self, name: Safe) -> LocalEvaluator:
        """The evaluator of a slot; empty: of the only one, or the first.

        What is not there yet is made. Raises what `LocalEvaluator` does.
        """
        if not name:
            return self.first
        with self._making:
            if name not in self._at:
                slots = self._slots()
                k = [slot.name for slot in slots].index(name)
                if k == 0:
                    self.first.slot = slots[0]
                self._at[name] = self.first if k == 0 else self._make(slots[k], k + 1)
            return self._at[name]

    def submit(self, job: Job) -> LocalHandle:
        """As the port says; a slot's workspace is made first where there is none yet."""
        return self.at(job.slot).submit(job)

    def crowded(self) -> str:
        """What a person should know of slots that have less than the baseline used; or nothing."""
        return crowded(self._slots(), len(usable_cores()), self._state.cores_used)

    def remove(self) -> None:
        """Remove the workspaces. What is linked into them stays. Raises OSError."""
        for each in {id(one): one for one in (self.first, *self._at.values())}.values():
            each.workspace.remove()
        self.close()

    def close(self) -> None:
        """No more jobs come; the workspaces stay."""
        for each in self._at.values():
            each.close()
        for repository in self._repositories:
            repository.close()

    def _slots(self) -> tuple[Slot, ...]:
        """The same from the moment that they are known, whatever becomes of the machine."""
        if not self._chosen:
            self._chosen = choose_slots(
                self._started.contract, self._gpus, usable_cores(), self._state.cores_used
            )
        return self._chosen

    def _make(self, slot: Slot | None, place: int) -> LocalEvaluator:
        repository = Repository.open(self._root)  # each is for one thread at a time
        self._repositories.append(repository)
        return LocalEvaluator(
            self._run,
            repository,
            self._started,
            self._state.units,
            forms=self._state.forms,
            products=self._state.products,
            damaged=lambda: self._state.damaged,
            slot=slot,
            place=place,
        )
