"""Learns to tell handwritten digits apart: the one file that may change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from stream import CLASSES, PIXELS, Stream

HIDDEN = 32
BATCH = 32
LEARNING_RATE = 0.01
FINAL_RATE = 1.0  # the last step's rate, as a share of the first's
MOMENTUM = 0.5
WEIGHT_DECAY = 0.0001
INIT_SCALE = 1.0  # 1.0 is He's initialisation
DROPOUT = 0.1  # share of the hidden units silenced in each step


def train(stream: Stream, rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Fits a network with one hidden layer by stochastic gradient descent.

    `stream` gives batches until the budget is used up, whatever their size. The function returned
    takes images (m, 64) in 0..1 to logits (m, 10). All randomness comes from `rng`.
    """
    w1 = rng.normal(0, INIT_SCALE * np.sqrt(2 / PIXELS), (PIXELS, HIDDEN))
    w2 = rng.normal(0, INIT_SCALE * np.sqrt(2 / HIDDEN), (HIDDEN, CLASSES))
    weights = [w1, np.zeros(HIDDEN), w2, np.zeros(CLASSES)]
    velocity = [np.zeros_like(w) for w in weights]

    for images, labels in stream.batches(BATCH):
        rate = LEARNING_RATE * FINAL_RATE**stream.progress
        targets = np.eye(CLASSES)[labels]
        mask = (rng.random((len(images), HIDDEN)) >= DROPOUT) / (1 - DROPOUT)

        hidden = np.maximum(images @ weights[0] + weights[1], 0) * mask
        p = softmax(hidden @ weights[2] + weights[3])
        if not np.isfinite(p).all():
            raise FloatingPointError("the training loss is no longer finite")

        error = (p - targets) / len(images)
        back = (error @ weights[2].T) * mask * (hidden > 0)
        gradients = [images.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]
        for i, gradient in enumerate(gradients):
            velocity[i] = MOMENTUM * velocity[i] - rate * (gradient + WEIGHT_DECAY * weights[i])
            weights[i] = weights[i] + velocity[i]

    def predict(x: np.ndarray) -> np.ndarray:
        logits: np.ndarray = np.maximum(x @ weights[0] + weights[1], 0) @ weights[2] + weights[3]
        return logits

    return predict


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    e: np.ndarray = np.exp(logits - logits.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e
