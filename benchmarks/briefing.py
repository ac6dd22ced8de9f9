"""Size, cost and content of briefings, at 5 to 5,000 rows.

    python benchmarks/briefing.py

Seconds are of this machine: how they grow with the rows is what counts. Dollars are of one proposal
by the price list's model, as input alone: `cold` with nothing in the provider's cache, `warm` where
it holds all that the request before it had in common with this one.
"""

from __future__ import annotations

import random
import statistics
import time

from autoexp_tui.model.contract import Budget, Contract, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.proposal import Left, Situation, Trial
from autoexp_tui.proposers.briefing import Briefing
from autoexp_tui.proposers.briefing.news import News
from autoexp_tui.proposers.briefing.wording import tokens
from autoexp_tui.proposers.context import Change, Context, Output
from autoexp_tui.proposers.conversing.prices import Prices
from autoexp_tui.proposers.conversing.tokens import Tokens
from autoexp_tui.text.safe import Safe
from autoexp_tui.text.value_changes import ValueChange

ROWS = (5, 50, 500, 5_000)
MODEL = Contract("t.py", "true", (Metric(Safe("loss"), "lower"),)).anthropic.model
PARTS = (
    *("standing", "strategy", "notebook", "latest", "changes", "near", "tried", "crashes"),
    *("crash", "said", "others"),
)
_REPEATS = 5
_VERBS = "widen share drop cache reorder tie".split()
_NOUNS = "encoder head schedule buffer loop norm mask index".split()
_IDEAS = [f"{verb} the {noun}" for verb in _VERBS for noun in _NOUNS]
_CAUSES = ("time limit of 30 s", "exit code 1: MemoryError", "exit code 1: shapes differ")


def history(count: int) -> list[Trial]:
    """A run as they are: one in twelve is kept, one in nine crashes, half change a value."""
    dice = random.Random(7)
    trials = [Trial(1, 0, "keep", {"loss": 2.0}, "baseline", "", {}, seconds=9.0)]
    best = trials[0]
    for n in range(2, count + 1):
        status: Status = "keep" if n % 12 == 0 else "crash" if n % 9 == 0 else "discard"
        gain = 0.002 if status == "keep" else -0.02 * dice.random()
        changes: list[ValueChange] = []
        about = f"{dice.choice(_IDEAS)} once more, in a way of its own"
        if n % 2:
            name, old = f"knob_{dice.randrange(40)}", dice.random()
            new = old * dice.choice((0.5, 2.0))
            changes = [ValueChange(Safe(name), Safe(f"{old:.3g}"), Safe(f"{new:.3g}"))]
            about = f"move {name}"
        trial = Trial(
            n,
            best.n,
            status,
            {} if status == "crash" else {"loss": best.metrics["loss"] * (1 - gain)},
            about,
            dice.choice(_CAUSES) if status == "crash" else "no better",
            {},
            seconds=30.0 if status == "crash" else 9 + 15 * dice.random(),
            hypothesis="The gradient is noisy there, so a change of it should steady the descent.",
            changes=changes,
            extras={"accuracy": dice.random(), "memory": 512.0},
        )
        trials.append(trial)
        best = trial if status == "keep" else best
    return trials


def situation(count: int) -> Situation:
    """The next proposal of a run of so many rows, of a target of 8 KB."""
    trials = history(count)
    contract = Contract(
        "train.py",
        "python train.py",
        (Metric(Safe("loss"), "lower"),),
        time_limit=30.0,
        budget=Budget(max_experiments=6_000),
    )
    best = max(trial.n for trial in trials if trial.status == "keep")
    text = "".join(f"value_{line} = compute(value_{line - 1})\n" for line in range(1, 230))
    left = Left(6_000 - count, 5.0, 7.5)
    return Situation(count + 1, contract, text, best, text, trials, left=left, noise="±0.01")


def context(count: int) -> Context:
    """What lies beside it: a harness of 4 KB, five diffs, four outputs."""
    diff = "@@ -10,7 +10,9 @@\n" + "-value_1 = old\n+value_1 = new\n" * 8
    said = "epoch 10 loss 0.5\n" * 20
    first = max(2, count - 4)
    return Context(
        harness="def evaluate(model):\n    return model.loss()\n" * 90,
        recent=[Change(n, diff) for n in range(first, count + 1)],
        outputs=[Output(n, said, ["cases 3 and 7 fail"]) for n in range(first, count + 1)][-4:],
        pace=40.0,
    )


def common(one: str, other: str) -> int:
    """Tokens of the beginning that two texts share, in whole parts as a cache holds them."""
    return tokens(one) if one == other else 0


def main() -> None:
    """Print the tables."""
    prices = Prices(MODEL, None)
    sizes: dict[int, dict[str, int]] = {}
    print(f"input of one proposal to {MODEL}, in dollars where the cache is cold and warm")
    print(f"{'rows':>6} {'tokens':>7} {'cached':>7} {'seconds':>8} {'cold':>8} {'warm':>8}")
    for count in ROWS:
        about, beside = situation(count), context(count)
        spent = []
        for _ in range(_REPEATS):
            start = time.perf_counter()
            told = Briefing.of(about, beside)
            spent.append(time.perf_counter() - start)
        before = Briefing.of(situation(count - 1), context(count - 1))
        parts = [(told.rules, before.rules), (told.target, before.target), (told.news, before.news)]
        size = tokens(told.as_text())
        held = common(*parts[0])
        held += common(*parts[1]) if held else 0
        cold = prices.cost(Tokens(input=size - held, cache_write=held))
        warm = prices.cost(Tokens(input=size - held, cache_read=held))
        print(
            f"{count:>6} {size:>7} {held:>7} {statistics.median(spent):>8.4f} "
            f"{cold:>8.4f} {warm:>8.4f}"
        )
        news = News(about, beside)
        sizes[count] = {"rules": tokens(told.rules), "target and kept": tokens(told.target)}
        sizes[count] |= {part: tokens(getattr(news, part)) for part in PARTS}
    print("\ntokens of each part")
    print(f"{'':<16}" + "".join(f"{count:>8}" for count in ROWS))
    for part in sizes[ROWS[0]]:
        print(f"{part:<16}" + "".join(f"{sizes[count][part]:>8}" for count in ROWS))


if __name__ == "__main__":
    main()
