from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.proposers.anthropic import Prices, Settings, Tokens, UnknownPrice

PRICES = {"input": 3.0, "output": 15.0, "cache_write": 3.75, "cache_read": 0.3}
counts = st.integers(0, 300_000)


def test_the_default_model_has_a_price() -> None:
    assert Prices(Settings().model).cost(Tokens(output=1_000_000)) > 0


def test_each_kind_of_token_has_its_own_price() -> None:
    prices = Prices("claude-sonnet-5-5")
    one = {
        "input": 2.0,
        "cache_write": 2.5,
        "cache_write_1h": 4.0,
        "cache_read": 0.1,
        "output": 10.0,
    }
    for kind, usd in one.items():
        assert prices.cost(Tokens(**{kind: 1_000_000})) == pytest.approx(usd)


def test_a_long_prompt_is_priced_by_its_tier() -> None:
    prices = Prices("claude-haiku-5-5")
    assert prices.cost(Tokens(input=100_000, output=1000)) == pytest.approx(0.0105)
    assert prices.cost(Tokens(input=60_000, cache_read=60_000, output=1000)) == pytest.approx(
        0.0355
    )


def test_given_prices_win() -> None:
    prices = Prices("claude-sonnet-5-5", PRICES)
    tokens = Tokens(1000, 2000, 3000, 4000, 5000)
    expected = 1000 * 3 + (2000 + 3000) * 3.75 + 4000 * 0.3 + 5000 * 15
    assert prices.cost(tokens) == pytest.approx(expected / 1e6)


def test_a_server_of_one_s_own_may_be_free() -> None:
    prices = Prices("qwen", {"input": 0, "output": 0})
    assert prices.worst(10**6, 10**6, long_cache=True) == 0


@pytest.mark.parametrize("model", ["qwen-next", "claude-of-tomorrow-9"])
def test_an_unknown_price_names_the_remedy(model: str) -> None:
    with pytest.raises(UnknownPrice, match=r"prices: \{input") as caught:
        Prices(model)
    assert isinstance(caught.value, UsageProblem)


@pytest.mark.parametrize(
    ("given_prices", "words"),
    [
        ({"input": 1}, "'output' is missing"),
        ({"input": 1, "output": -1}, "output can't be -1"),
        ({"input": float("nan"), "output": 1}, "input can't be nan"),
        ({"input": 1, "output": 1, "cached": 1}, "'cached' is not one of"),
    ],
)
def test_prices_that_can_t_be_are_refused(given_prices: dict[str, float], words: str) -> None:
    with pytest.raises(UnknownPrice, match=words):
        Prices("m", given_prices)


@settings(max_examples=60)
@given(
    st.tuples(counts, counts, counts, counts),
    counts,
    st.sampled_from(["claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5", None]),
)
def test_nothing_costs_more_than_the_worst_case(
    parts: tuple[int, int, int, int], output: int, model: str | None
) -> None:
    prices = Prices(model) if model else Prices("m", PRICES)
    plain, written, for_an_hour, read = parts
    tokens = Tokens(plain, written, for_an_hour, read, output)
    assert prices.cost(tokens) <= prices.worst(tokens.all_input, output, long_cache=True) + 1e-9
    short = Tokens(plain, written + for_an_hour, 0, read, output)
    assert prices.cost(short) <= prices.worst(short.all_input, output, long_cache=False) + 1e-9
