"""The tokens of a request, as they are priced and written into the journal."""

from __future__ import annotations

import msgspec


class Tokens(msgspec.Struct, frozen=True):
    """The tokens of one request by kind, as they are priced; no token counts twice."""

    input: int = 0
    """Neither written to the cache nor read from it."""
    cache_write: int = 0
    """Written for five minutes."""
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    """Thinking included."""

    def by_kind(self) -> dict[str, int]:
        """Those that there are, as the journal holds them."""
        return {kind: count for kind, count in msgspec.structs.asdict(self).items() if count}

    @property
    def all_input(self) -> int:
        return self.input + self.cache_write + self.cache_write_1h + self.cache_read

    def with_output(self, output: int) -> Tokens:
        """The same input, with so many tokens of output."""
        return msgspec.structs.replace(self, output=output)
