"""A compressor of texts: `compress` and its inverse. The one file that may change.

Each bit is guessed from the bytes before it, and coded in as many bits as it was surprising: an
adaptive binary arithmetic coder.
"""

from __future__ import annotations

ORDER = 1  # tune: 0 .. 4
SLOWEST = 16  # tune: 2 .. 500 log
TABLE_BITS = 18  # tune: 12 .. 22


class Model:
    """How likely the next bit is a 1, after ORDER bytes and the bits of this one so far."""

    def __init__(self) -> None:
        self.chances = [2048] * (1 << TABLE_BITS)  # of 4096
        self.seen = bytearray(1 << TABLE_BITS)
        self.before = 0  # the last ORDER bytes
        self.bits = 1  # those of the byte at hand, behind a leading 1
        self.at = 0
        self.move()

    def move(self) -> None:
        """Find the place of the present context."""
        key = (self.before * 256 + self.bits) * 0x9E3779B1 & 0xFFFFFFFFFFFF
        self.at = key >> (48 - TABLE_BITS)

    def chance(self) -> int:
        return min(max(self.chances[self.at], 1), 4095)

    def learn(self, bit: int) -> None:
        at = self.at
        seen = self.seen[at] = min(self.seen[at] + 1, 254)
        self.chances[at] += int((bit * 4096 - self.chances[at]) / min(seen + 1, SLOWEST))
        self.bits = self.bits * 2 + bit
        if self.bits >= 256:
            self.before = (self.before * 256 + self.bits - 256) % 256**ORDER
            self.bits = 1
        self.move()


def compress(data: bytes) -> bytes:
    """The length in four bytes, and then what the coder says."""
    model, out = Model(), bytearray(len(data).to_bytes(4, "big"))
    low, high = 0, 0xFFFFFFFF
    for byte in data:
        for place in range(7, -1, -1):
            bit = byte >> place & 1
            middle = low + (high - low) * model.chance() // 4096
            if bit:
                high = middle
            else:
                low = middle + 1
            model.learn(bit)
            while not (low ^ high) >> 24:
                out.append(high >> 24)
                low, high = low << 8 & 0xFFFFFFFF, high << 8 & 0xFFFFFFFF | 255
    out += high.to_bytes(4, "big")
    return bytes(out)


def decompress(packed: bytes) -> bytes:
    """What `compress` was given."""
    model, out = Model(), bytearray()
    size = int.from_bytes(packed[:4], "big")
    low, high = 0, 0xFFFFFFFF
    value, at = int.from_bytes(packed[4:8], "big"), 8
    for _ in range(size):
        byte = 0
        for _ in range(8):
            middle = low + (high - low) * model.chance() // 4096
            bit = int(value <= middle)
            if bit:
                high = middle
            else:
                low = middle + 1
            model.learn(bit)
            byte = byte * 2 + bit
            while not (low ^ high) >> 24:
                low, high = low << 8 & 0xFFFFFFFF, high << 8 & 0xFFFFFFFF | 255
                value = value << 8 & 0xFFFFFFFF | (packed[at] if at < len(packed) else 0)
                at += 1
        out.append(byte)
    return bytes(out)
