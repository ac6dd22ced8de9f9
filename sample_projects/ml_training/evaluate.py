"""The harness: trains on one part of the digits, measures on parts the training never gets.

Every training has the same compute budget (`stream.py`): a longer one is not on offer.
`val_loss` decides; `test_loss` never does, it shows how far the winner fits the validation images
only by luck. Anything that isn't a trustworthy number ends with exit status 1 and no metric.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

# More threads change the order of additions, hence the last digits. Set before numpy is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np

# A cached train.pyc is trusted by second and size: `0.01` over `0.02` could run the old one.
sys.dont_write_bytecode = True

from stream import CLASSES, Stream  # noqa: E402  (after the line above, or it would be cached)
from train import train  # noqa: E402

DATA = Path(__file__).parent / "data" / "digits.npz"
TRAIN, VALIDATION, TEST = 0, 1, 2
SEEDS = (1, 2, 3)  # the loss is the mean over these, so that one lucky start wins nothing
FRESH = os.environ.get("AUTOEXP_SEED")  # set where a gain is measured again: other seeds then
FLOOR = 1e-12  # one confident mistake costs at most 27.6 nats


class Untrustworthy(Exception):
    """The model's answer can't be turned into a measurement."""


def load(part: int) -> tuple[np.ndarray, np.ndarray]:
    """The images (n, 64), scaled to 0..1, and labels (n,) of one part of the data."""
    with np.load(DATA, allow_pickle=False) as data:
        rows = data["split"] == part
        return data["images"][rows] / 16.0, data["labels"][rows].astype(np.int64)


def ask(predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """The model's log-probabilities (n, 10), checked, clipped at `FLOOR`."""
    logits: np.ndarray = np.asarray(predict(images.copy()))
    if logits.shape != (len(images), CLASSES):
        raise Untrustworthy(f"predict() gave shape {logits.shape}, not {(len(images), CLASSES)}")
    if not (np.issubdtype(logits.dtype, np.floating) and np.isfinite(logits).all()):
        raise Untrustworthy("predict() gave something other than finite floating-point numbers")
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    clipped: np.ndarray = np.maximum(logits, np.log(FLOOR))
    return clipped


def loss(log_p: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy in nats."""
    return float(-log_p[np.arange(len(labels)), labels].mean())


def main() -> None:
    images, labels = load(TRAIN)
    predictors, used, cut = [], [], 0
    for seed in SEEDS:
        entropy = [seed, int(FRESH)] if FRESH else [seed]
        model, order = map(np.random.default_rng, np.random.SeedSequence(entropy).spawn(2))
        stream = Stream(images.copy(), labels.copy(), order)
        started = time.process_time()
        predictors.append(train(stream, model))
        used.append(time.process_time() - started)
        cut += stream.cut_short
        print(f"seed {seed}: {used[-1]:.2f} processor seconds", flush=True)

    # Read only now: while it trains, the target isn't handed what it will be judged by.
    val_images, val_labels = load(VALIDATION)
    test_images, test_labels = load(TEST)
    on_val = [ask(predict, val_images) for predict in predictors]
    on_test = [ask(predict, test_images) for predict in predictors]

    print(f"val_loss: {np.mean([loss(p, val_labels) for p in on_val]):.6f}")
    print(f"test_loss: {np.mean([loss(p, test_labels) for p in on_test]):.6f}")
    print(f"test_accuracy: {np.mean([p.argmax(axis=1) == test_labels for p in on_test]):.4f}")
    print(f"train_seconds: {np.mean(used):.3f}")
    print(f"cut_short: {cut}")


if __name__ == "__main__":
    try:
        main()
    except (Untrustworthy, FloatingPointError) as error:
        sys.exit(f"evaluate.py: no measurement: {error}")
