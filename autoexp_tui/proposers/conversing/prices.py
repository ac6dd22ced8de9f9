"""What requests cost in USD: by the prices of `genai-prices`, or by those given in the config."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.proposers.conversing.tokens import Tokens

_KINDS = frozenset({"input", "output", "cache_write", "cache_write_1h", "cache_read"})
_MILLION = 1_000_000


class UnknownPrice(UsageProblem):
    """Nobody knows what the model costs, so no cap could be kept; the message names the remedy."""


class Prices:
    """The prices of one model."""

    def __init__(
        self,
        model: str,
        given: Mapping[str, float] | None = None,
        *,
        section: str = "anthropic",
        provider: str = "anthropic",
        url: str = "",
    ) -> None:
        """Take the prices that are given, or look the model up, as the provider's or the URL's.

        `given`: USD per million tokens of `input` and `output`, and where they differ from `input`
        of `cache_write`, `cache_write_1h` and `cache_read`. `section` is where a person gives them.
        Raises UnknownPrice.
        """
        self.model = model
        self._section = section
        self._place: dict[str, Any] = (
            {"provider_api_url": url} if url else {"provider_id": provider}
        )
        self._given = dict(given) if given is not None else None
        if self._given is not None:
            _check(self._given)
        else:
            self._look_up(Tokens())

    def cost(self, tokens: Tokens) -> float:
        """What these tokens cost, to a millionth of a dollar."""
        return round(self._exact(tokens), 6)

    def worst(self, input_tokens: int, output_tokens: int, *, long_cache: bool) -> float:
        """The most that a request of this size can cost, rounded up.

        Assumes that all of its input is written to the cache, for an hour with `long_cache`, or
        that none is: whichever is dearer.
        """
        written = (
            Tokens(cache_write_1h=input_tokens, output=output_tokens)
            if long_cache
            else Tokens(cache_write=input_tokens, output=output_tokens)
        )
        plain = Tokens(input=input_tokens, output=output_tokens)
        dearest = max(self._exact(written), self._exact(plain))
        return math.ceil(round(dearest * _MILLION, 3)) / _MILLION

    def _exact(self, tokens: Tokens) -> float:
        given = self._given
        if given is None:
            return self._look_up(tokens)
        plain = given["input"]
        return (
            tokens.input * plain
            + tokens.cache_write * given.get("cache_write", plain)
            + tokens.cache_write_1h * given.get("cache_write_1h", given.get("cache_write", plain))
            + tokens.cache_read * given.get("cache_read", plain)
            + tokens.output * given["output"]
        ) / _MILLION

    def _look_up(self, tokens: Tokens) -> float:
        from genai_prices import Usage, calc_price  # noqa: PLC0415 - a megabyte of prices

        usage = Usage(
            input_tokens=tokens.all_input,
            cache_write_tokens=tokens.cache_write + tokens.cache_write_1h,
            cache_write_1h_tokens=tokens.cache_write_1h,
            cache_read_tokens=tokens.cache_read,
            output_tokens=tokens.output,
        )
        try:
            found = calc_price(usage, self.model, **self._place)
        except LookupError:
            raise UnknownPrice(
                f"no price is known for the model {self.model!r}, so max_cost_usd can't be kept: "
                f"add `prices: {{input: 0, output: 0}}` under `{self._section}:` in autoexp.yaml, "
                "with what a million tokens cost in USD (0 on a server of your own)"
            ) from None
        return float(found.total_price)


def _check(given: Mapping[str, float]) -> None:
    if unknown := sorted(given.keys() - _KINDS):
        raise UnknownPrice(f"prices: {unknown[0]!r} is not one of {', '.join(sorted(_KINDS))}")
    for kind in ("input", "output"):
        if kind not in given:
            raise UnknownPrice(f"prices: {kind!r} is missing (USD per million tokens)")
    for kind, price in given.items():
        if not (math.isfinite(price) and price >= 0):
            raise UnknownPrice(f"prices: {kind} can't be {price}")
