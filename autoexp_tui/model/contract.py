"""What a run has promised to do: frozen when it starts, written down in its first event."""

from __future__ import annotations

from typing import Literal

import msgspec

Direction = Literal["lower", "higher"]
Rule = Literal["primary", "pareto", "weighted"]


class Metric(msgspec.Struct, frozen=True):
    """One scalar that the harness prints, and which way is better."""

    name: str
    direction: Direction
    pattern: str | None = None
    """A regular expression with one group, searched in every line; None reads the usual forms."""
    take: Literal["only", "last"] = "only"
    """`only`: differing values make the measurement untrustworthy. `last`: the last one counts."""
    min_delta: float = 0.0
    """An improvement must exceed this, in the metric's own unit."""


class Limit(msgspec.Struct, frozen=True):
    """The soft constraint on a secondary metric."""

    kind: Literal["at_most", "at_least"]
    value: float
    relative: bool = False
    """True: `value` multiplies the baseline's figure. False: it is in the metric's own unit."""


class Decide(msgspec.Struct, frozen=True):
    """The dominance rule for two metrics; with one metric only `primary` makes sense."""

    rule: Rule = "primary"
    limit: Limit | None = None
    weights: tuple[float, ...] = ()
    direction: Direction = "lower"
    """Of the weighted score."""


class Budget(msgspec.Struct, frozen=True):
    """Caps for the whole run; each is a hard stop, checked before it is spent."""

    max_experiments: int = 50
    """Rows in the table, the baseline included."""
    max_cost_usd: float = 10.0
    max_wall_clock_hours: float = 8.0
    """Hours that runners of this run were alive, by monotonic clock."""


class Environment(msgspec.Struct, frozen=True):
    """What the harness sees of the environment, beside what is never secret."""

    allow: tuple[str, ...] = ()
    """Passed on by name although they look like secrets."""
    define: dict[str, str] = {}
    """Set to these values."""
    only: tuple[str, ...] | None = None
    """When given, an allowlist: nothing else is passed on."""


Effort = Literal["default", "low", "medium", "high", "xhigh", "max"]
Thinking = Literal["default", "adaptive", "between_tools", "disabled"]


class Claude(msgspec.Struct, frozen=True):
    """How Claude, or a server that speaks its protocol, is asked."""

    model: str = "claude-sonnet-5-5"
    """Any id, as the provider spells it. The default is the middle of the current line: made for
    everyday coding, half the price of Opus per token, flat price over the whole context."""
    max_tokens: int = 16_000
    """Of one answer, thinking included. Room for thought and some 30 KB of edits; it is also what a
    reservation assumes ($0.16 with the default model), so more would stop a run earlier."""
    effort: Effort = "medium"
    """A night is many small ideas that the harness judges: more of them beat longer thought.
    `default` sends nothing, for models that don't know the setting."""
    thinking: Thinking = "adaptive"
    """The model decides how much. `default` sends nothing."""
    base_url: str | None = None
    """A compatible server; None is ANTHROPIC_BASE_URL, or Anthropic itself."""
    prices: dict[str, float] | None = None
    """USD per million tokens: input, output, cache_write, cache_read; None looks the model up."""
    stall_seconds: float = 300.0
    """Without any news but pings, after which a request is given up and made again."""


class Agent(msgspec.Struct, frozen=True):
    """An agent program that edits the target in a scratch copy."""

    run: str = ""
    """A command line, or the name of a preset."""
    time_limit: float = 900.0
    """Seconds for one proposal."""


class Notify(msgspec.Struct, frozen=True):
    """Who is told of a new best, of a pause, of the budget's last tenth, and of the end."""

    run: str = ""
    """A command line; AUTOEXP_EVENT, AUTOEXP_RUN and AUTOEXP_TEXT say what happened."""
    url: str | None = None
    """Takes the same as JSON, by POST."""


class Contract(msgspec.Struct, frozen=True):
    """`autoexp.yaml`, validated. Paths are relative to the project's folder, with `/`."""

    target: str
    harness: str
    """A command line for `sh -c`, run in the project's folder of the workspace."""
    metrics: tuple[Metric, ...]
    decide: Decide = Decide()
    time_limit: float = 300.0
    """Seconds for one run of the harness."""
    repeats: int = 1
    """Runs of the harness for each candidate; the median counts."""
    confirm: int = 0
    """Fresh runs of a would-be keep, in turns with as many of the incumbent; 0: none."""
    budget: Budget = Budget()
    proposer: str = "auto"
    fix_attempts: int = 2
    """How often a proposer that can may repair what crashed, under the same hypothesis."""
    anthropic: Claude = Claude()
    command: Agent = Agent()
    instructions: str | None = None
    link: tuple[str, ...] | None = None
    """Git-ignored paths linked into the workspace; None: those at the top level that exist."""
    keep: tuple[str, ...] = ()
    """Globs of what the harness may leave behind or change in the workspace."""
    env: Environment = Environment()
    notify: Notify = Notify()
    pause_after_failures: int = 10
    """Crashes in a row that pause the run instead of burning the night; 0: never."""
    min_free_mb: int = 200
    """Megabytes of disk below which the run pauses until there is room again; 0: never."""

    @property
    def primary(self) -> Metric:
        return self.metrics[0]
