"""The training images, handed out until the compute budget is used up.

The budget is what the field calls steps × batch: so many images in all, however they are batched.
Processor seconds are counted as well, against a yardstick that is timed beside: they end a training
whose steps are so dear that the image count alone would let it buy its gain with compute.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

PIXELS, CLASSES = 64, 10
PASSES = 60
"""How often the training images are handed out in all."""
YARDSTICKS = 42_000
"""Processor time of one training, in that of `yardstick()`: some six times the baseline's."""
_ROUNDS = 12


class Stream:
    """Batches of images (n, 64) in 0..1 and labels (n,), each pass in a new order."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> None:
        self._images, self._labels, self._rng = images, labels, rng
        self._given = 0
        self._images_budget = PASSES * len(images)
        self._seconds_budget = YARDSTICKS * yardstick()
        self._began = time.process_time()
        self._used = 0.0

    @property
    def progress(self) -> float:
        """The share of the budget that is used, 0 to 1: what a schedule goes by."""
        return min(1.0, max(self._given / self._images_budget, self._used))

    @property
    def cut_short(self) -> bool:
        """Whether processor seconds ended it, before all images were handed out."""
        return self._given < self._images_budget and self._used >= 1

    def batches(self, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Batches of at most `size`, until the budget is used up; again and again if need be."""
        order: np.ndarray = np.arange(0)
        while self.progress < 1:
            if not len(order):
                order = self._rng.permutation(len(self._images))
            most = min(max(int(size), 1), self._images_budget - self._given)
            rows, order = order[:most], order[most:]
            self._given += len(rows)
            yield self._images[rows], self._labels[rows]
            self._used = (time.process_time() - self._began) / self._seconds_budget


def yardstick() -> float:
    """Processor seconds of one step's worth of arithmetic, the least of several."""
    x, w = np.ones((32, PIXELS)), np.ones((PIXELS, 128))
    least = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(20):
            x.T @ np.maximum(x @ w, 0)
        least = min(least, (time.process_time() - began) / 20)
    return least
