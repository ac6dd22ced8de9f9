"""What a run has promised to do: frozen when it starts, written down in its first event.

Each field is the one declaration of a setting: type, default, help, bounds (see `model/keys.py`).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from autoexp_tui.model.keys import (
    Address,
    CommandLine,
    DataPath,
    Form,
    Key,
    LinkPath,
    LongText,
    MetricName,
    ModelId,
    OneGroup,
    OneOrTwoGroups,
    ProjectPath,
    ProposerName,
    RayAddress,
    Refused,
    Seconds,
    SlotName,
    UnitName,
    ValueName,
    Variable,
)

# A table of declarations: a line or three for each, where the formatter would make ten.
# fmt: off

Direction = Literal["lower", "higher"]
Rule = Literal["primary", "pareto", "weighted"]
LinkMode = Literal["read-only", "copy", "write"]
Policy = Literal["climb", "restart", "tree"]
SandboxChoice = Literal["auto", "bubblewrap", "landlock", "none", "required"]


class Effect(msgspec.Struct, frozen=True):
    """A size of gain: `0.01` in the metric's own unit, or `1%` of the old figure."""

    value: float = 0.0
    percent: bool = False

    def __str__(self) -> str:
        return f"{self.value!r}".removesuffix(".0") + "%" * self.percent


def _effect(text: str) -> Effect:
    number = re.fullmatch(r"([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]{1,3})?)\s*(%?)", text)
    if number is None:
        wanted = "a number 0 or more, or a percentage"
        raise Refused(wanted, "write it like 0.01 or 1%", wanted=True)
    return Effect(float(number[1]), bool(number[2]))


EFFECT = Form("a number or a percentage", _effect, str, most=40)


def _two_in_order(bounds: tuple[float, ...]) -> None:
    if len(bounds) != 2 or bounds[0] >= bounds[1]:
        raise Refused("must be the lowest and the highest value", "write it like [0, 1]")


class Metric(msgspec.Struct, frozen=True):
    """One scalar that the harness prints, and which way is better."""

    name: Annotated[MetricName, Key("As the harness prints it.", "loss")]
    direction: Annotated[Direction, Key("Which way is better.", "lower")]
    pattern: Annotated[OneGroup | None, Key("A regular expression with one group, searched in "
        "every line. By default: the usual forms, such as `loss: 0.5`.", r"'loss=(\S+)'")] = None
    take: Annotated[Literal["only", "last"], Key("Of several values that are printed: only: "
        "all must agree, or none is trusted. last: the last one counts that is "
        "printed before the harness ends.")] = "only"
    min_delta: Annotated[float, Key("The other name of min_effect, for a number in the metric's "
        "own unit.", "0.001", ge=0, remedy="a positive one means better in either direction")] = 0.0
    min_effect: Annotated[Effect, EFFECT, Key("What is worth having: a gain must exceed it, in the "
        "metric's own unit or in percent of the best so far.", "1%")] = Effect()
    bounds: Annotated[tuple[float, ...], Key("The lowest and the highest value that is possible: "
        "what lies outside is a crash, never kept.", "[0, 1]", check=_two_in_order)] = ()
    unit: Annotated[UnitName | None, Key("What it is judged in. ns to h, B to TB and TiB and % are "
        "converted to it, any other unit is refused; a bare number is in it. By default: whatever "
        "the baseline prints, and no other.", "ms")] = None
    json: Annotated[DataPath | None, Key("Where it stands in a JSON document that is printed, or "
        "is in `file`: keys and positions, joined by dots.", "result.ndcg@10")] = None
    file: Annotated[ProjectPath | None, Key("A file that the harness writes: the metric is read "
        "from it alone, whatever is printed. $AUTOEXP_METRICS: the one that this variable names.",
        "results.json")] = None
    source: Annotated[Literal["lines", "pytest", "junit"], Key("lines: `name: value`. pytest: its "
        "last line, such as `7 passed, 2 failed in 1.2s`. junit: a report in `file`. Those two "
        "have passed, failed, errors, skipped and tests, and exit code 1 is a result.")] = "lines"


class Limit(msgspec.Struct, frozen=True):
    """The soft constraint on a secondary metric: `{at_most: 2x baseline}`, `{at_least: 0.9}`."""

    kind: Literal["at_most", "at_least"]
    value: float
    relative: bool = False
    """True: `value` multiplies the baseline's figure. False: it is in the metric's own unit."""


def _none_zero(weights: tuple[float, ...]) -> None:
    if 0 in weights:
        raise Refused("must each be other than 0", "a metric without weight is none: remove it")


class Decide(msgspec.Struct, frozen=True):
    """The dominance rule for two metrics; with one metric only `primary` makes sense."""

    rule: Annotated[Rule, Key("primary: the first metric must improve. pareto: one improves and "
        "none is worse. weighted: the weighted sum improves.", shown=True)] = "primary"
    limit: Annotated[Limit | None, Key("What the second metric must keep to, in its unit or as a "
        "multiple of the baseline.", "{at_most: 2x baseline}", when=("rule", "primary"))] = None
    weights: Annotated[tuple[float, ...], Key("One for each metric, in their order or by name; "
        "none is 0.", "[1.0, 0.5]", when=("rule", "weighted"), needed=True, per_metric=True,
        check=_none_zero)] = ()
    direction: Annotated[Direction, Key("Which way the weighted sum is better.", "lower",
        when=("rule", "weighted"), needed=True)] = "lower"


class Budget(msgspec.Struct, frozen=True):
    """Caps for the whole run; each is a hard stop, checked before it is spent."""

    max_experiments: Annotated[int, Key("Rows in the table, the baseline included.", ge=1,
        le=1_000_000, shown=True)] = 50
    max_cost_usd: Annotated[float, Key("What proposals may cost in all.", gt=0, le=1_000_000,
        unit="USD", remedy="to spend nothing write 'proposer: tuner': it costs nothing",
        shown=True)] = 10.0
    max_wall_clock_hours: Annotated[float, Key("Hours that runners of this run were alive, by "
        "monotonic clock.", gt=0, le=100_000, unit="hours", shown=True)] = 8.0


class Environment(msgspec.Struct, frozen=True):
    """What the harness sees of the environment, beside what is never secret."""

    allow: Annotated[tuple[Variable, ...], Key("Passed on by name although they look like "
        "secrets.", "[HF_TOKEN]")] = ()
    define: Annotated[dict[Variable, LongText], Key("Set to these values.", "{THREADS: '1'}",
        also=("set",))] = {}
    only: Annotated[tuple[Variable, ...] | None, Key("When given, nothing else is passed on.",
        "[PATH, HOME]")] = None


class Limits(msgspec.Struct, frozen=True):
    """What the harness may use up; the kernel refuses it more, or it is ended: a crash."""

    memory: Annotated[int | None, Key("Private memory of one process.", "16000", ge=64,
        le=100_000_000, unit="MB")] = None
    # What a program with a thread for each core of a large machine stays far below, and a fork
    # bomb reaches before the machine suffers.
    processes: Annotated[int, Key("Processes and threads beside those that run already; not where "
        "autoexp runs as root, whom the kernel doesn't count.", ge=16, le=4_000_000)] = 10_000
    file_size: Annotated[int | None, Key("A file that it writes.", "2000", ge=1, le=100_000_000,
        unit="MB")] = None
    disk: Annotated[int | None, Key("What an evaluation adds to the workspace and its own /tmp; "
        "looked at twice a second. In any case it is ended before less than min_free_mb are left.",
        "5000", ge=1, le=100_000_000, unit="MB")] = None


class Guard(msgspec.Struct, frozen=True):
    """A command that must succeed, in the workspace, before a candidate is kept."""

    run: Annotated[CommandLine, Key("Run by sh in this folder; an exit other than 0 keeps "
        "nothing.", "pytest -q", needed=True)] = ""
    name: Annotated[str, Key("As messages call it. By default: its first word.", "tests",
        )] = ""
    time_limit: Annotated[Seconds, Key("For one run of it.")] = 300.0

    @property
    def title(self) -> str:
        return self.name or self.run.split()[0].rpartition("/")[2]


class HoldOut(msgspec.Struct, frozen=True):
    """A figure that is never judged and never shown to the proposer: it tells overfitting."""

    metric: Annotated[MetricName, Key("As it is printed.", "test_loss")]
    direction: Annotated[Direction | None, Key("Which way is better. By default: as for the first "
        "metric.", "lower")] = None
    command: Annotated[CommandLine | None, Key("Prints it, and is run on what is kept alone. By "
        "default the harness prints it.", "python test.py")] = None


Effort = Literal["default", "low", "medium", "high", "xhigh", "max"]
Thinking = Literal["default", "adaptive", "between_tools", "disabled"]
Through = Literal["anthropic", "bedrock", "vertex"]
Price = Literal["input", "output", "cache_write", "cache_read"]


def _both_ways(prices: dict[str, float]) -> None:
    if missing := {"input", "output"} - prices.keys():
        raise Refused(f"lacks {min(missing)}", "give input and output at least")


class Claude(msgspec.Struct, frozen=True):
    """How Claude, or a server that speaks its protocol, is asked."""

    # The middle of the current line: made for everyday coding, half the price of Opus per token,
    # flat price over the whole context.
    model: Annotated[ModelId, Key("As the provider spells it.")] = "claude-sonnet-5-5"
    # Room for thought and some 30 KB of edits; it is also what a reservation assumes ($0.16 with
    # the default model), so more would stop a run earlier.
    max_tokens: Annotated[int, Key("Of one answer, thinking included.", ge=1, le=1_000_000,
        unit="tokens")] = 16_000
    # A night is many small ideas that the harness judges: more of them beat longer thought.
    effort: Annotated[Effort, Key("How much work goes into an answer; default sends nothing, for "
        "models without it.")] = "medium"
    thinking: Annotated[Thinking, Key("adaptive: the model decides how much. default sends "
        "nothing, for models without it.")] = "adaptive"
    base_url: Annotated[Address | None, Key("A compatible server. By default: "
        "ANTHROPIC_BASE_URL, or Anthropic itself.", "http://localhost:8080")] = None
    prices: Annotated[dict[Price, float] | None, Key("USD per million tokens; input and output "
        "at least. By default: looked up by model.", "{input: 3, output: 15}", ge=0, le=1_000_000,
        unit="USD per million tokens", check=_both_ways)] = None
    stall_seconds: Annotated[Seconds, Key("Without any news, after which a request is given up "
        "and made again.")] = 300.0
    through: Annotated[Through, Key("Whose servers: anthropic, or a cloud that has Claude, which "
        "signs in as its own programs do.", "bedrock")] = "anthropic"


class Chat(msgspec.Struct, frozen=True):
    """How a server that knows chat completions is asked."""

    model: Annotated[ModelId, Key("As the server spells it.", "gpt-5.4-mini", needed=True)] = ""
    base_url: Annotated[Address | None, Key("Of the server, with /v1 where it has that. By "
        "default: OPENAI_BASE_URL, or OpenAI itself.", "http://localhost:11434/v1")] = None
    api_key_env: Annotated[Variable | None, Key("The environment variable with the key. By "
        "default: that of a host that is known, else OPENAI_API_KEY.", "OPENROUTER_API_KEY")] = None
    max_tokens: Annotated[int, Key("Of one answer, thinking included.", ge=1, le=1_000_000,
        unit="tokens")] = 16_000
    effort: Annotated[Effort, Key("How much work goes into an answer; default sends nothing, for "
        "models without it.")] = "default"
    prices: Annotated[dict[Price, float] | None, Key("USD per million tokens; input and output "
        "at least, 0 on a server of your own. By default: looked up by server and model.",
        "{input: 0, output: 0}", ge=0, le=1_000_000, unit="USD per million tokens",
        check=_both_ways)] = None
    stall_seconds: Annotated[Seconds, Key("Without any news, after which a request is given up "
        "and made again; a model on a slow machine reads long before it writes.")] = 300.0


class Agent(msgspec.Struct, frozen=True):
    """An agent program that edits the target in a scratch copy."""

    run: Annotated[CommandLine, Key("A command line, or the name of a preset: claude-code, "
        "codex, aider, gemini, opencode and others; `autoexp check` names those that are here.",
        "claude-code", needed=True)] = ""
    time_limit: Annotated[Seconds, Key("For one proposal.", shown=True)] = 900.0
    logins: Annotated[tuple[LinkPath, ...], Key("Where the program, or what it starts, keeps what "
        "it signs in with: a sandbox shows it no other secret place. What is named after it, as "
        "~/.codex for codex, need not be told.", "['~/.claude', '~/.claude.json']")] = ()
    model: Annotated[str, Key("The model that it is to use, as it spells it; in a command line of "
        "your own, in place of {model}.", "claude-opus-5-5")] = ""
    prices: Annotated[dict[Price, float] | None, Key("USD per million tokens; input and output "
        "at least. By default: what the agent says, or looked up by model.",
        "{input: 3, output: 15}", ge=0, le=1_000_000, unit="USD per million tokens",
        check=_both_ways)] = None


class Search(msgspec.Struct, frozen=True):
    """From which text the next experiment starts; what is kept must beat the best in any case."""

    policy: Annotated[Policy, Key("climb: from the best so far. restart: after a plateau, from an "
        "earlier keep or a near miss, until that brings nothing either. tree: each from one of "
        "those, the better and the less tried the likelier.")] = "climb"
    plateau: Annotated[int, Key("Experiments without a gain, after which it starts elsewhere.",
        ge=1, le=100_000, when=("policy", "restart"))] = 12


class Tune(msgspec.Struct, frozen=True):
    """Which of the target's numbers the tuner moves."""

    only: Annotated[tuple[ValueName, ...], Key("Names as `autoexp check` tells them, with * and ? "
        "for anything; nothing else moves. What is named in full moves although it is left alone "
        "by itself.", "['train.*', Classifier.n_estimators]")] = ()
    never: Annotated[tuple[ValueName, ...], Key("Names of what is left alone.", "['*.eps']")] = ()


class Notebook(msgspec.Struct, frozen=True):
    """What the run has taught so far, in words of the model: told to it again, and to you."""

    every: Annotated[int, Key("Experiments after which it is written anew, by one request more; 0: "
        "never, and what the rows alone tell takes its place.", ge=0, le=1_000)] = 10
    max_tokens: Annotated[int, Key("That are kept of it.", ge=100, le=20_000,
        unit="tokens")] = 1_500


class Notify(msgspec.Struct, frozen=True):
    """Who is told of a new best, of a pause, of the budget's last tenth, and of the end."""

    run: Annotated[CommandLine, Key("A command line; AUTOEXP_EVENT, AUTOEXP_RUN and AUTOEXP_TEXT "
        "say what happened.", "'notify-send \"$AUTOEXP_TEXT\"'")] = ""
    url: Annotated[Address | None, Key("Takes the same as JSON, by POST.",
        "https://example.org/autoexp")] = None


class Resources(msgspec.Struct, frozen=True):
    """What Ray sets aside for one evaluation."""

    cpus: Annotated[float, Key("Processors; what the harness starts is not held to them.", "4",
        ge=0, le=10_000)] = 1.0
    gpus: Annotated[float, Key("GPUs; the harness sees these alone.", "1", ge=0,
        le=10_000)] = 0.0
    custom: Annotated[dict[ValueName, float], Key("Others, as the cluster names them.",
        "{a100: 1}", ge=0, le=1_000_000)] = {}


class Elsewhere(msgspec.Struct, frozen=True):
    """How evaluations get to other machines: by a command that leads there, or by Ray."""

    prefix: Annotated[CommandLine | None, Key("Put before the command that works there: ssh, srun, "
        "kubectl exec -i, docker run -i. It must pass on standard input and output.",
        "'srun --gres=gpu:1'")] = None
    ray: Annotated[RayAddress | None, Key("A running cluster that this machine has joined: auto, "
        "or host:port. local: one on this machine, for as long as the run lasts.", "auto")] = None
    python: Annotated[CommandLine | None, Key("The Python that works at the other side of a prefix,"
        " 3.8 or newer: python3. With ray, one of this machine that has the cluster's versions of "
        "Python and Ray: autoexp's own.", "/opt/python/bin/python3")] = None
    setup: Annotated[CommandLine | None, Key("Run once on each machine, in a copy of the project "
        "there, and again when a file that it names has changed. What it makes beside the files, "
        "such as .venv, is linked into each workspace.",
        "'python3 -m venv .venv && .venv/bin/pip install -r requirements.txt'")] = None
    resources: Annotated[Resources, Key("For ray: what one evaluation takes.",
        "{gpus: 1}")] = Resources()


def _one_way(there: Elsewhere) -> None:
    ways = [way for way in (there.prefix, there.ray) if way is not None]
    if len(ways) != 1:
        problem = f"has {'more than one' if ways else 'no'} way to get there"
        raise Refused(problem, "write either prefix or ray below it")
    if there.prefix is not None and there.resources != Resources():
        problem = "has resources, which mean nothing for a prefix"
        raise Refused(problem, "tell the launcher, as in `srun --gres=gpu:1`")


def _one_or_two(metrics: tuple[Metric, ...]) -> None:
    if not 1 <= len(metrics) <= 2:
        problem = f"there are {len(metrics)} metrics" if metrics else "there is no metric"
        raise Refused(f"must be one or two: {problem}", "name two with a rule in 'decide'")
    if len({metric.name for metric in metrics}) < len(metrics):
        problem = f"must differ: two metrics are called '{metrics[0].name}'"
        raise Refused(problem, "give them distinct names")


def _not_ours(target: str) -> None:
    if target in {"autoexp.yaml", "results.tsv", "budget.log"}:
        raise Refused(f"is autoexp's own {target}", "name the file to be improved")


class Contract(msgspec.Struct, frozen=True):
    """`autoexp.yaml`, validated. Paths are relative to the project's folder, with `/`."""

    target: Annotated[ProjectPath, Key("The one file that may change.", "train.py", also=("file",
        "path"), check=_not_ours)]
    harness: Annotated[CommandLine, Key("The command that measures it, run by sh in this folder. "
        "It never changes.", "python evaluate.py", also=("run", "eval", "evaluate"))]
    metrics: Annotated[tuple[Metric, ...], Key("One or two numbers that it prints; the first is "
        "the one to improve.", "{loss: lower}", short=("name", "direction"), check=_one_or_two)]
    decide: Annotated[Decide, Key(
        "With two metrics, what counts as better: primary, pareto or weighted.",
        "{rule: primary, limit: {at_most: 2x baseline}}", short=("rule",))] = Decide()
    time_limit: Annotated[Seconds, Key("For one run of the harness.", also=("timeout", "time"),
        shown=True)] = 300.0
    repeats: Annotated[int, Key("For noisy harnesses: runs of each candidate, of which the "
        "median counts.", "3", ge=1, le=100)] = 1
    stop_at: Annotated[dict[MetricName, float], Key("Ends the run when a kept experiment reaches "
        "this, or is better; of two metrics both.", "{loss: 0.05}")] = {}
    progress: Annotated[OneOrTwoGroups | None, Key("Finds step and value of the first metric in "
        "what is printed on the way; one group: the value, steps are counted. What is far behind "
        "the best at 3 steps in a row, after the first fifth, is ended. Not with rule: weighted.",
        r"'step (\d+) loss (\S+)'")] = None
    guard: Annotated[tuple[Guard, ...], Key("Commands that must succeed before anything is kept: "
        "tests, types, a limit on size. Run where something would be kept, and on the baseline.",
        "[{run: pytest -q, name: tests, time_limit: 5m}]", short=("run",))] = ()
    holdout: Annotated[HoldOut | None, Key("A figure that is never judged and never shown to the "
        "proposer: where it turns while the metric improves, the run overfits.", "test_loss",
        short=("metric",))] = None
    confirm: Annotated[int | Literal["auto", "off"], Key("Fresh runs of what looks better, before "
        "it is kept. auto: as many as tell it from luck, none where the harness repeats itself "
        "exactly. A number: so many, in turns with the best so far. off: none.", "3", ge=0,
        le=100)] = "auto"
    confidence: Annotated[float, Key("That a hundred experiments without any real gain keep no "
        "more than one by luck.", "0.99", ge=0.5, le=0.9999)] = 0.99
    budget: Annotated[Budget, Key("For the whole run: each is a hard stop.", shown=True)] = Budget()
    proposer: Annotated[ProposerName, Key("Who forms the hypotheses: auto, tuner, anthropic, "
        "openai or command.", also=("agent",), shown=True)] = "auto"
    fix_attempts: Annotated[int, Key("How often it may repair what crashed, under the same "
        "hypothesis; 0: never.", ge=0, le=20)] = 2
    anthropic: Annotated[Claude, Key("How Claude is asked.", "{model: claude-sonnet-5-5, "
        "max_tokens: 16000, effort: medium}")] = Claude()
    command: Annotated[Agent, Key("For proposer: command, an agent program; claude-code, codex, "
        "aider and gemini are known.", "{run: claude-code, time_limit: 15m}")] = Agent()
    instructions: Annotated[ProjectPath | None, Key("A text for the proposer: what is known, "
        "what to try. By default program.md, if it is there.", "program.md")] = None
    link: Annotated[dict[LinkPath, LinkMode] | tuple[LinkPath, ...] | None, Key(
        "What git ignores and the harness needs: read-only in a list, and by default, which is all "
        "of it in this folder and in those that it is in (`../data`). With `copy` it has its own, "
        "made afresh for each run of it; with `write` it shares yours, with later experiments too, "
        "but never an environment (.venv). A path like ~/.cache/x or /data is reached where it is.",
        "{data: read-only, cache: copy}")] = None
    keep: Annotated[tuple[ProjectPath, ...], Key("Globs of what the harness may leave behind or "
        "change.", "['cache/*']")] = ()
    env: Annotated[Environment, Key(
        "What the harness sees of the environment. By default: all but what looks secret.",
        "{allow: [SOME_TOKEN], define: {THREADS: '1'}}")] = Environment()
    notify: Annotated[Notify, Key("Who is told of a new best, a pause, the budget's last tenth "
        "and the end.", "{run: 'notify-send \"$AUTOEXP_TEXT\"'}")] = Notify()
    pause_after_failures: Annotated[int, Key("Crashes in a row after which the best so far "
        "is measured again, then the baseline: where both crash too the run pauses and tries again "
        "later, else it goes on in small steps from the best; 0: never.",
        ge=0, le=1_000)] = 10
    min_free_mb: Annotated[int, Key("Free disk below which it pauses until there is room; 0: "
        "never.", ge=0, le=1_000_000, unit="MB")] = 200
    score: Annotated[CommandLine | None, Key("A second command, run when all that the harness "
        "started has gone, in a workspace put right again. The metrics are then read from what it "
        "prints or writes alone.", "python score.py")] = None
    leaves: Annotated[tuple[ProjectPath, ...], Key("What the harness leaves for `score`: files, or "
        "folders without links. All else that it made is removed before.", "[answers.json]")] = ()
    sandbox: Annotated[SandboxChoice, Key("What keeps harness and agent from what they have no "
        "business with. auto: bubblewrap where it works here, else landlock, else none. required: "
        "as auto, but never none.")] = "auto"
    network: Annotated[bool, Key("Whether the harness may reach the network; localhost among its "
        "own processes it always may.")] = False
    limits: Annotated[Limits, Key("What the harness may use up.", "{memory: 16000}")] = Limits()
    tune: Annotated[Tune, Key("Which numbers of the target the tuner moves. By default: those that "
        "`autoexp check` names, without seeds, shapes, indices and other structure.",
        "{never: [Classifier.n_estimators]}")] = Tune()
    hidden: Annotated[tuple[ProjectPath, ...], Key("Files and folders that `score` alone sees, "
        "such as the answers: neither the harness nor an agent's copy has them, and a sandbox "
        "hides them, and the repository, where they lie.", "[answers.json]")] = ()
    search: Annotated[Search, Key("From which text the next experiment starts: climb, restart or "
        "tree.", "{policy: restart, plateau: 12}", short=("policy",))] = Search()
    openai: Annotated[Chat, Key("For proposer: openai, how a server that knows chat completions is "
        "asked.", "{model: qwen3-coder, base_url: 'http://localhost:11434/v1'}")] = Chat()
    feedback: Annotated[str, Key("What a line of the harness begins with that the researcher is to "
        "be told beside the figures, such as which cases failed; empty: none.",
        "'feedback:'")] = "feedback:"
    notebook: Annotated[Notebook, Key("A digest of patterns, dead ends and open questions. "
        "`autoexp notebook` shows it, and lets you edit it.", "{every: 10, max_tokens: 1500}",
        short=("every",))] = Notebook()
    parallel: Annotated[int | Literal["auto"], Key("Experiments that run at once, each in a slot "
        "with a workspace of its own. auto: one for each slot that is named, else for each GPU, "
        "else the cores that may be used by those that the baseline kept busy, rounded up.",
        "4", ge=1, le=1_000)] = 1
    slots: Annotated[tuple[SlotName, ...], Key("What each slot has to itself: a GPU, or cores. By "
        "default: GPUs where there are some, else an equal share of the cores. The first are used; "
        "with more lanes than slots, several share one.", "['gpu:0', 'gpu:1']")] = ()
    evaluator: Annotated[Elsewhere | None, Key("Where evaluations run, if not on this machine; "
        "parallel tells how many at once.", "{prefix: 'srun --gres=gpu:1'}",
        short=("prefix",), check=_one_way)] = None

    @property
    def held_out(self) -> Metric | None:
        """The hold-out as a metric, with its direction."""
        if self.holdout is None:
            return None
        return Metric(self.holdout.metric, self.holdout.direction or self.primary.direction)

    @property
    def primary(self) -> Metric:
        return self.metrics[0]
