"""The harness: has compressor.py pack the texts, and leaves what came of it to score.py.

    python harness.py              # into packed/, for score.py
    python harness.py --held-out   # the other texts: packed, unpacked and counted at once

It prints no metric that is judged: those come from score.py, when all this has gone.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import cage
import corpus
import score

HERE = Path(__file__).parent
SOURCE = HERE / "compressor.py"
PACKED = HERE / "packed"


def main(arguments: list[str]) -> None:
    held_out = "--held-out" in arguments
    started = time.perf_counter()
    texts = corpus.texts(corpus.HELD_OUT if held_out else corpus.TUNING)
    packed = {name: cage.run(SOURCE, "compress", text) for name, text in texts.items()}
    if held_out:
        print(f"held_out_bits_per_byte: {score.bits_per_byte(SOURCE, texts, packed):.4f}")
        return
    PACKED.mkdir(exist_ok=True)
    for name, content in packed.items():
        (PACKED / name).write_bytes(content)
    print(f"packed {len(texts)} texts in {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (cage.Refused, corpus.NoCorpus, score.NotTheSame, SyntaxError) as error:
        sys.exit(f"harness.py: no measurement: {error}")
