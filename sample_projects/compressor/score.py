"""Unpacks what harness.py left in packed/, compares every byte, and prints bits per byte.

The source counts too, as whoever unpacks must have it: without comments and docstrings, packed by
xz. Words of the texts that are written into it are paid for.
"""

from __future__ import annotations

import ast
import bz2
import lzma
import shutil
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

import cage
import corpus

HERE = Path(__file__).parent
SOURCE = HERE / "compressor.py"
PACKED = HERE / "packed"


class NotTheSame(Exception):
    """A text did not come back as it was; the message says which."""


def bits_per_byte(source: Path, texts: Mapping[str, bytes], packed: Mapping[str, bytes]) -> float:
    """Of all texts and the source together. Raises NotTheSame, and cage.Refused."""
    for name, text in texts.items():
        found = cage.run(source, "decompress", packed[name])
        if found != text:
            differ = next(
                (i for i, (a, b) in enumerate(zip(found, text, strict=False)) if a != b), -1
            )
            raise NotTheSame(
                f"{name} comes back with {len(found)} bytes, the first that differs is {differ}"
            )
    size = sum(map(len, packed.values())) + source_size(source.read_text(encoding="utf-8"))
    return 8 * size / sum(map(len, texts.values()))


def source_size(text: str) -> int:
    """Bytes of a program without comments and docstrings, packed by xz."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return len(lzma.compress(ast.unparse(tree).encode(), format=lzma.FORMAT_ALONE, preset=9))


def references(texts: Mapping[str, bytes]) -> dict[str, float]:
    """Bits per byte of known compressors, text by text, without their own programs."""
    packers = {"zlib": lambda text: zlib.compress(text, 9), "bzip2": bz2.compress}
    packers["xz"] = lambda text: lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)
    try:
        import zstandard  # noqa: PLC0415 - shown where ./setup has installed it
    except ImportError:
        pass
    else:
        packers["zstd"] = zstandard.ZstdCompressor(level=22).compress
    whole = sum(map(len, texts.values()))
    return {
        name: 8 * sum(len(pack(text)) for text in texts.values()) / whole
        for name, pack in packers.items()
    }


def main() -> None:
    texts = corpus.texts(corpus.TUNING)
    missing = [name for name in texts if not (PACKED / name).is_file()]
    if missing:
        raise NotTheSame(f"packed/{missing[0]} is not there: python harness.py")
    packed = {name: (PACKED / name).read_bytes() for name in texts}
    # Taken away: in a run, a folder that git ignores would stand there for reading only.
    shutil.rmtree(PACKED, ignore_errors=True)
    found = bits_per_byte(SOURCE, texts, packed)
    for name, text in texts.items():
        print(f"  {name}: {len(text)} bytes, {len(packed[name])} packed")
    print(f"bits_per_byte: {found:.4f}")
    print(f"source_bytes: {source_size(SOURCE.read_text(encoding='utf-8'))}")
    for name, value in references(texts).items():
        print(f"{name}_bits_per_byte: {value:.4f}")


if __name__ == "__main__":
    try:
        main()
    except (cage.Refused, corpus.NoCorpus, NotTheSame, OSError, SyntaxError) as error:
        sys.exit(f"score.py: no measurement: {error}")
