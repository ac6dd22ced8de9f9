"""Learns to tell handwritten digits apart: the one file that may change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

HIDDEN = 32
EPOCHS = 200
BATCH = 32
LEARNING_RATE = 0.001
FINAL_RATE = 1.0  # the last epoch's rate, as a share of the first's
MOMENTUM = 0.5
WEIGHT_DECAY = 0.0001
INIT_SCALE = 1.0  # 1.0 is He's initialisation
DROPOUT = 0.1  # share of the hidden units silenced in each step


def train(
    images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> Callable[[np.ndarray], np.ndarray]:
    """Fits a network with one hidden layer by stochastic gradient descent.

    `images` is (n, 64) in 0..1 and `labels` (n,) in 0..9. The function returned takes images
    (m, 64) to logits (m, 10). All randomness comes from `rng`.
    """
    n, pixels = images.shape
    classes = int(labels.max()) + 1
    targets = np.eye(classes)[labels]

    w1 = rng.normal(0, INIT_SCALE * np.sqrt(2 / pixels), (pixels, HIDDEN))
    w2 = rng.normal(0, INIT_SCALE * np.sqrt(2 / HIDDEN), (HIDDEN, classes))
    weights = [w1, np.zeros(HIDDEN), w2, np.zeros(classes)]
    velocity = [np.zeros_like(w) for w in weights]

    for epoch in range(EPOCHS):
        rate = LEARNING_RATE * FINAL_RATE ** (epoch / max(EPOCHS - 1, 1))
        order = rng.permutation(n)
        total = 0.0
        for start in range(0, n, BATCH):
            rows = order[start : start + BATCH]
            x, y = images[rows], targets[rows]
            mask = (rng.random((len(rows), HIDDEN)) >= DROPOUT) / (1 - DROPOUT)

            hidden = np.maximum(x @ weights[0] + weights[1], 0) * mask
            p = softmax(hidden @ weights[2] + weights[3])
            total -= float(np.sum(y * np.log(p + 1e-12)))

            error = (p - y) / len(rows)
            back = (error @ weights[2].T) * mask * (hidden > 0)
            gradients = [x.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]
            for i, gradient in enumerate(gradients):
                step = rate * (gradient + WEIGHT_DECAY * weights[i])
                velocity[i] = MOMENTUM * velocity[i] - step
                weights[i] = weights[i] + velocity[i]

        if not np.isfinite(total):
            raise FloatingPointError(f"the training loss is no longer finite in epoch {epoch + 1}")
        if (epoch + 1) % max(EPOCHS // 10, 1) == 0:
            print(f"epoch {epoch + 1:4d}/{EPOCHS}  training loss {total / n:.4f}", flush=True)

    def predict(x: np.ndarray) -> np.ndarray:
        logits: np.ndarray = np.maximum(x @ weights[0] + weights[1], 0) @ weights[2] + weights[3]
        return logits

    return predict


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    e: np.ndarray = np.exp(logits - logits.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e
