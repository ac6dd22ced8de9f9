"""Whether a candidate is better, or was lucky: noise pooled over the run, and a sequential test.

A harness that is noisy makes some candidates look better than they are, and a loop that tries a
hundred will find them. Three rules keep luck out of the table:

- The measurement that made a candidate look promising never decides: only evaluations made after
  it do (Cawley and Talbot, JMLR 11, 2010, on the bias of selecting by what one estimates with).
- Those are judged by a group-sequential test with a bound on either side: kept as soon as the gain
  is beyond the efficacy bound, given up as soon as it is below the futility bound. The bounds spend
  one error probability over the looks (Lan and DeMets, Biometrika 70, 1983, with the spending
  function of O'Brien and Fleming), each look's share as a quantile of Student's t with the degrees
  of freedom of the pooled spread.
- How much a test may spend follows alpha-investing (Foster and Stine, JRSS B 70, 2008): little
  while nothing holds, more for a while after a gain that held, so that a night of many real gains
  pays fewer confirmations and a night of none keeps nothing.

The constants were chosen by `benchmarks/truth.py`; what they give is in docs/honesty.md.

Figures here are *merits*: larger is better, see `Objective.merits`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from autoexp_tui.model.quantiles import student_above

Merits: TypeAlias = tuple[float, ...]
"""Of one evaluation, the figures that decide; larger is better. See `Objective.merits`."""

RECENT = 20
"""Evaluations after which a run of the incumbent no longer speaks for the machine as it is now."""

NEAR = 0.5
"""Standard deviations from which on a gain that was not confirmed is worth telling a person."""
_LOOKS = 5
"""Fewer keep more luck and promise more than there is; more cost a null night over 1.3 times its
evaluations."""
_SURE_ENOUGH = 0.2
"""Error probability from which on one look decides: where gains hold that often, another idea is
worth more than another look at this one."""
_COMPANY = 3
"""Recent runs of the incumbent for as many of the candidate: the next is worth little more."""
_SCREEN = 1.2
"""Standard deviations that a first measurement must be better by, to be worth another."""
_FUTILE = (0.0, 0.8)
"""Below so many standard errors it is given up: after the first fresh evaluation, and later."""
_SHARE = 1.0
"""Of the error probability of a whole night."""
_EARNED = 2.4
"""What a gain that held adds to the next tests' error probability; fades by `_FADE` with each."""
_FADE = 0.3
_MOST_SPENT = 0.2
"""By one test. More finds some 5 % more of the true gain where gains are many, and keeps twice as
much by luck: more than the one in a hundred that was promised.
"""
_PRIOR_FREEDOM = 4
"""Degrees of freedom that the spread is worth before it was measured well: a moderated t, as Smyth
(2004) has it. With the plain one the first ten experiments could keep nothing at all."""
_FENCE = 5.0
"""Robust standard deviations beyond which a residual counts as that much."""
_FENCE_FROM = 8
"""Residuals from which on such a fence can be told."""
_HELD = 400


class Residual(NamedTuple):
    """How far an evaluation of a text is from the mean of those before it.

    Scaled so that each has the variance of one evaluation (a recursive residual): their squares add
    up to the sum of squares within texts.
    """

    value: float
    level: float
    """That mean."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The spread of one figure between evaluations of the same text, pooled over a run."""

    residuals: tuple[Residual, ...] = ()
    """One for each evaluation beyond a text's first; of a long run, the latest."""
    freedom: int = 0
    """Degrees of freedom: evaluations less texts."""
    prior: float = 0.0
    """What is expected of the spread, worth `_PRIOR_FREEDOM` evaluations; 0: nothing is."""

    def learn(self, figure: float, before: Sequence[float]) -> Noise:
        """Take in one more evaluation of a text that gave the figures `before`."""
        if not before:
            return self
        scale = math.sqrt(len(before) / (len(before) + 1))
        level = statistics.fmean(before)
        residual = Residual(scale * (figure - level), level)
        return Noise((*self.residuals, residual)[-_HELD:], self.freedom + 1)

    def at(self, level: float) -> Noise:
        """The spread of figures about as large as `level`.

        Most noise is in proportion to what is measured: a query that takes a tenth of the time
        varies by about a tenth, and by the first one's spread no further gain could ever be told.
        So only what was seen within a factor of two counts in full, and the rest, in proportion,
        as what is expected beforehand (a moderated variance, Smyth 2004).
        """
        relative = [r.value / r.level for r in self.residuals if r.level]
        if not level or not relative or self.sigma == 0:
            return self
        near = tuple(r for r in self.residuals if self._is_near(r.level, level))
        if len(near) == len(self.residuals):
            return self
        prior = abs(level) * math.sqrt(statistics.fmean(share**2 for share in relative))
        return Noise(near, len(near), prior)

    def _is_near(self, one: float, other: float) -> bool:
        same_size = one * other > 0 and 0.5 <= one / other <= 2
        return same_size or abs(one - other) <= 2 * self.sigma

    @property
    def is_known(self) -> bool:
        return self.freedom > 0

    @property
    def sigma(self) -> float:
        """Standard deviation of one evaluation; 0 for a harness that repeats itself exactly."""
        cut = self._fence()
        squares = math.fsum(min(abs(residual.value), cut) ** 2 for residual in self.residuals)
        count = len(self.residuals)
        if self.prior:
            squares, count = squares + _PRIOR_FREEDOM * self.prior**2, count + _PRIOR_FREEDOM
        return math.sqrt(squares / count) if count else 0.0

    def _fence(self) -> float:
        """Where a residual is cut: one hiccup of the machine must not drown a night's gains."""
        if len(self.residuals) < _FENCE_FROM:
            return math.inf
        middle = statistics.median(abs(residual.value) for residual in self.residuals)
        return _FENCE * 1.4826 * middle if middle else math.inf


class Evidence(msgspec.Struct, frozen=True):
    """What speaks for a candidate, by fresh evaluations alone."""

    effect: float
    """How much better the figure is than the incumbent's; negative is worse."""
    low: float
    """Bounds of the effect at `confidence`; a keep's never include 0."""
    high: float
    runs: int
    """Fresh evaluations of the candidate; 0 where its first one told enough: it was not better by
    more than the spread, or the harness repeats itself exactly.
    """
    incumbent_runs: int
    """Evaluations of the incumbent that it was compared with."""
    confidence: float
    """1 less the error probability that this test was allowed to spend."""
    sigma: float
    """Standard deviation of one evaluation, as known then."""

    @property
    def sigmas(self) -> float:
        """The effect in standard deviations of one evaluation; infinite for an exact harness."""
        return self.effect / self.sigma if self.sigma else math.copysign(math.inf, self.effect)

    @property
    def is_near(self) -> bool:
        """Whether it is worth telling although it may be luck; of an exact harness nothing is."""
        return self.sigma > 0 and self.sigmas >= NEAR


class Incumbent(NamedTuple):
    """One evaluation of the incumbent."""

    merits: Merits
    at: int
    """How many evaluations of anything the run had made then."""


Wanted = Literal["candidate", "incumbent"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test has come to."""

    keep: bool
    evidence: Evidence


def spendable(confidence: float, experiments: int, tests: int, since_gain: int | None) -> float:
    """The error probability that the next test may spend.

    `confidence` is that a hundred experiments without any real gain keep no more than one by luck.
    Each experiment so far brings its share, which the `tests` made of them have to divide: when a
    drifting machine makes everything look promising, each test gets less. `since_gain` counts the
    tests after the last gain that held; None where none did.
    """
    least = _SHARE * (1.0 - confidence) * (experiments + 9) / (tests + 3)
    earned = 0.0 if since_gain is None else _EARNED * (1.0 - _FADE) ** since_gain
    # Rounded so that the bounds, which cost a quantile each, are met again.
    return round(min(_MOST_SPENT, max(least, earned)), 3)


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """One candidate against the incumbent, by fresh evaluations of both in turns."""

    noise: tuple[Noise, ...]
    """Of each figure that may decide."""
    alpha: float
    """The error probability to spend."""
    fixed: bool = False
    """Whether the number of fresh evaluations was set beforehand: there is one look, at the end."""

    @property
    def looks(self) -> int:
        """At most; after each fresh evaluation of the candidate, but for a fixed number."""
        return 1 if self.fixed or self.alpha >= _SURE_ENOUGH else _LOOKS

    def promising(self, first: Merits, incumbent: Sequence[Incumbent]) -> bool:
        """Whether a first measurement is worth another: better by more than the spread."""
        return any(
            (gain := first[k] - _mean(incumbent, k)) > 0 and gain >= _SCREEN * noise.sigma
            for k, noise in enumerate(self.noise)
        )

    @property
    def exact(self) -> bool:
        """Whether the harness repeats itself exactly, as far as is known: one look tells all."""
        return all(noise.is_known and noise.sigma == 0 for noise in self.noise)

    def smallest_gains(self, incumbent_runs: int) -> tuple[float, ...]:
        """Of each figure, the gain that the last look would just confirm, and the screen let by.

        Half of such gains are found, of smaller ones fewer: they can't be told from luck.
        """
        return tuple(
            noise.sigma
            * max(
                _SCREEN,
                self._bound(noise, self.looks) * math.sqrt(1 / self.looks + 1 / incumbent_runs),
            )
            for noise in self.noise
        )

    def at_a_glance(self, first: Merits, incumbent: Sequence[Incumbent]) -> Evidence:
        """What a first measurement alone tells; it decides only where the harness is exact."""
        looks = [self._against([first], incumbent, k) for k in range(len(self.noise))]
        return replace(self._finding([first], incumbent, looks, keep=False).evidence, runs=0)

    def settle(self, fresh: Sequence[Merits], incumbent: Sequence[Incumbent]) -> Finding:
        """The one look of a test whose number of evaluations was fixed beforehand."""
        looks = [self._against(fresh, incumbent, k) for k in range(len(self.noise))]
        return self._finding(fresh, incumbent, looks, keep=self._is_better(looks))

    def look(
        self, fresh: Sequence[Merits], incumbent: Sequence[Incumbent], now: int
    ) -> Wanted | Finding:
        """What to run next, or what has been found.

        `fresh` are the candidate's evaluations since it looked promising, `now` how many
        evaluations of anything the run has made. All runs of the incumbent count, since with the
        recent ones alone small gains are missed; but machines drift, so there must be recent ones
        among them, and what has no chance against those is given up.
        """
        if not fresh:
            return "candidate"
        recent = [run for run in incumbent if now - run.at <= RECENT]
        looks = [self._against(fresh, incumbent, k) for k in range(len(self.noise))]
        better = self._is_better(looks)
        if not better:
            new = [self._against(fresh, recent or incumbent[-1:], k) for k in range(len(looks))]
            chances = (min(pair) for pair in zip(_zs(looks), _zs(new), strict=True))
            hopeless = max(chances) < _FUTILE[len(fresh) > 1]
            if hopeless or len(fresh) >= self.looks:
                return self._finding(fresh, incumbent, looks, keep=False)
        if len(recent) < min(len(fresh), _COMPANY):
            return "incumbent"
        return self._finding(fresh, incumbent, looks, keep=True) if better else "candidate"

    def _is_better(self, looks: Sequence[_Look]) -> bool:
        """Beyond the bound in one figure, and in none as much worse as luck seldom makes it."""
        return any(look.z >= look.bound for look in looks) and all(look.z > -1 for look in looks)

    def _against(self, fresh: Sequence[Merits], incumbent: Sequence[Incumbent], k: int) -> _Look:
        noise = self.noise[k]
        effect = statistics.fmean(run[k] for run in fresh) - _mean(incumbent, k)
        error = noise.sigma * math.sqrt(1 / len(fresh) + 1 / len(incumbent))
        look = min(len(fresh), self.looks)
        bound = self._bound(noise, look)
        z = effect / error if error else math.copysign(math.inf, effect) if effect else 0.0
        return _Look(effect, error, bound, z)

    def _bound(self, noise: Noise, look: int) -> float:
        freedom = noise.freedom + _PRIOR_FREEDOM
        return efficacy_bound(self.alpha / len(self.noise), look, self.looks, freedom)

    def _finding(
        self,
        fresh: Sequence[Merits],
        incumbent: Sequence[Incumbent],
        looks: Sequence[_Look],
        *,
        keep: bool,
    ) -> Finding:
        k = max(range(len(looks)), key=lambda k: looks[k].z)
        look = looks[k]
        margin = look.bound * look.error
        evidence = Evidence(
            effect=look.effect,
            low=look.effect - margin,
            high=look.effect + margin,
            runs=len(fresh),
            incumbent_runs=len(incumbent),
            confidence=1.0 - self.alpha,
            sigma=self.noise[k].sigma,
        )
        return Finding(keep, evidence)


def _zs(looks: Sequence[_Look]) -> list[float]:
    return [look.z for look in looks]


class _Look(NamedTuple):
    effect: float
    error: float
    """Standard error of the effect."""
    bound: float
    """In standard errors."""
    z: float


def _mean(incumbent: Sequence[Incumbent], k: int) -> float:
    return statistics.fmean(run.merits[k] for run in incumbent)


@lru_cache(maxsize=4096)
def efficacy_bound(alpha: float, look: int, looks: int, freedom: int) -> float:
    """The bound of look `look` of `looks` on the gain, in standard errors.

    `freedom` are the degrees of freedom of the spread that those are made of.
    """
    normal = statistics.NormalDist()

    def spent(k: int) -> float:
        return 2 * normal.cdf(normal.inv_cdf(alpha / 2) / math.sqrt(k / looks)) if k else 0.0

    share = max(spent(look) - spent(look - 1), 1e-9)
    return student_above(share, freedom)
