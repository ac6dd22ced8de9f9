"""What the names of columns tell: their part in the table, and which way is better."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from autoexp_tui.tables import foreign
from autoexp_tui.tables.model import Way

Strength = Literal[0, 1, 2]

_SPLIT = re.compile(r"[^\w%#№]+|_+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MIXED = re.compile(r"(?<![A-Za-z])(?:n?DCG|m?AP|m?IoU|[kKMGT]i?B|PnL|[rR]OC)(?![a-z])|pass@")
"""Words in which a capital begins no new word."""

LOWER = frozenset(
    "loss losses bpb bpc ppl perplexity err error errors rmse mse mae mape smape wer cer fid kid "
    "latency ttft itl tpot regret nll logloss crps brier divergence kl violation violations "
    "failure failures failing failed fails fail warning warnings misses miss drawdown dd mdd "
    "maxdd conflicts eer ece issues bugs defects uncovered crashes penalty fpr fnr lpips allocs "
    "allocations instructions ir gates toffoli duplication complexity lint untested overhead "
    "rmsle mismatches distance energy imbalance offenders flaky timeouts leaks deviation "
    "p50 p90 p95 p99 p999 slowdown hallucination mpjpe minade minfde residual rmsd nrmse mase wape "
    "medae mard jitter drops dropped distortion hausdorff chamfer wrong mistakes deficit "
    "downtime lost misfit infeasibility logperplexity rougher churn bias".split()
)
RESOURCE = frozenset(
    "ms us ns µs μs s sec secs second seconds min mins minutes hours time duration runtime "
    "elapsed walltime makespan bytes byte kb mb gb kib mib gib size cost costs price usd dollars "
    "memory mem vram rss tokens footprint loc lines joules watts power storage wall clock cycles"
    "".split()
)
"""Less is better, but most often these are a side effect."""
HIGHER = frozenset(
    "acc accuracy auc auroc auprc aucpr prauc rocauc map ap mrr ndcg precision recall sharpe "
    "sortino calmar psnr ssim bleu rouge meteor chrf r2 throughput tps qps rps ops opss fps iou "
    "miou dice reward rewards return returns profit pnl roi win wins winrate pass passed passing "
    "coverage covered yield improvement improvements gain gains speedup mfu mbu util utilization "
    "utilisation hit hits hitrate spearman pearson correlation corr ic similarity success solved "
    "kappa mcc silhouette relevance elo uplift saved savings saving correct tflops gflops flops "
    "bandwidth likelihood expectancy cagr em passes faster kept detected signal balance "
    "equity jaccard goodput conversion ctr retention revenue sales lift hypervolume specificity "
    "sensitivity tpr tnr ppv npv snr sdr pesq stoi gini concordance plddt lddt gdt fidelity iops "
    "mips match rew roc agreement rougel resolved solved recovered ari nmi purity modularity "
    "f1score cleared".split()
)
WEAK = frozenset(
    "score scores composite fitness quality rating performance points grade compliance alpha "
    "accessibility seo efficiency usefulness satisfaction health lighthouse".split()
)
_UNITS_OF_TIME = frozenset("s sec secs second seconds min mins minutes hours hour h".split())
_PARTS = re.compile(r"[./]")
_RATE_OF = frozenset("s sec secs second seconds min minute minutes hour hours day ms".split())
_NUMBERED = re.compile(r"\d{1,3}k?$")
_SCORES = re.compile(r"f\d{1,3}|f_?beta|r[2²]|top\d+")
_RISING = frozenset("saved savings saving reduction improvement improvements speedup gain".split())

FACTS = frozenset(
    "env environment system sys machine hardware hw host platform info meta metadata git versions "
    "system_attrs tags".split()
)
"""Parts of an object that tell of where it ran."""
INDEX = frozenset(
    "iter iteration iterations run run_number runs n no num number idx index step trial "
    "trial_number round gen generation cycle experiment exp experiment_number # rank attempt seq "
    "sequence id run_id exp_id experiment_id trial_id it loop epoch tag name key optuna_trial "
    "run_no runid experiment_no nr trial_no training_iteration global_step order fit_order row "
    "version model_id uuid pid optuna_number".split()
)
COMMIT = (
    "commit", "git_commit", "commit_hash", "commit_sha", "sha", "hash", "git_sha", "git_hash",
    "revision", "rev", "commit_id", "candidate_ref", "cand_hash", "candidate_commit",
    "head", "ref", "parent_commit", "base_hash", "parent_ref",
)  # fmt: skip
TIME = frozenset(
    "timestamp time date datetime when started_at created_at ts date_run finished_at "
    "completed_at started finished start_time end_time datetime_start datetime_complete at "
    "run_at logged_at utc timestamp_utc evaluated_at recorded_at created updated_at start end "
    "start_date end_date updated".split()
)
STATUS = (
    "status", "decision", "verdict", "kept", "keep", "outcome", "result", "accepted", "state",
    "disposition", "keep_discard", "judgement", "judgment", "conclusion", "action", "improved",
    "keep_or_discard", "success",
)  # fmt: skip
DESCRIPTION = (
    "description", "desc", "summary", "hypothesis", "idea", "change", "changes", "change_summary",
    "changes_summary", "title", "what", "rationale", "experiment", "message", "note", "notes",
    "comment", "comments", "details", "explanation", "reason", "name", "label", "text",
)  # fmt: skip
DIRECTION = frozenset(
    "direction metric_direction best_direction goal_direction optimize optimise objective_direction"
    " bestdirection better".split()
)
NAME = frozenset(["metric_name", "metricname", "metric", "primary_metric", "objective_name"])
SETTING = frozenset(
    "seed seeds params param batch batch_size lr steps epochs depth width layers heads dim config "
    "temperature budget budget_s budget_sec limit threshold max_steps top_k top_p patience worker "
    "workers gpu gpus threads confidence tier tam learning_rate weight_decay dropout momentum "
    "gamma lambda optimizer hidden units rank_dim vocab beta eps epsilon tau".split()
)
_CHOSEN = frozenset(
    "params param hyperparameters hyperparams config cfg conf arch args hparams hp settings "
    "options flags lr".split()
)
_SETTING_WORDS = frozenset(
    "params param seed num n batch budget steps step epochs epoch lr samples positions layers "
    "threshold tolerance confidence rank max inputs gpu gpus count trades diff size files "
    "window hyperparameters config arch tests skipped norm chars characters visitors support "
    "level id pid port version seeds".split()
)
_TEXT_WORDS = frozenset(
    "model backend framework group type mode name id language design phase axis scope tool tools "
    "file files test path dir branch tag author agent idea note notes reason cause decision "
    "changed description rationale hypothesis status ref hash url review key category categories "
    "dataset platform device node host".split()
)
_ASIDE = frozenset(
    "std stdev stddev stderr sem ci var variance p pval pvalue before old prev previous "
    "baseline incumbent running cumulative worst threshold target goal elapsed champion control "
    "reference ref rank marginal previously".split()
)
DELTA = frozenset("delta deltas diff change improvement gain rel relative uplift".split())
_YARDSTICKS = frozenset("baseline base best prev previous parent incumbent start".split())
_COUNTED = frozenset("passed passing pass failed tests total detected kept".split())
_MEAN = frozenset("median mean avg average".split())
_LEADING = frozenset(
    "primary overall final composite combined headline main score fitness macro weighted".split()
)
VALIDATION = frozenset(
    "val valid validation eval evaluation dev cv heldout holdout oof unseen".split()
)
TRAINING = frozenset("train training fit".split())
_CLOCK = frozenset(
    "time duration runtime elapsed walltime wall clock hours minutes mins uptime cumtime".split()
)
_OF_A_REQUEST = frozenset(
    "latency per ms us ns µs response req request query http p50 p75 p90 p95 p99 p999".split()
)
_WORKED = frozenset("train training fit build compile budget total iter this session".split())
_SIZED = frozenset(
    "conv hidden kernel batch window vocab embed embedding layer pool stride head population block "
    "chunk buffer cache page patch image input context sample step pool filter".split()
)
"""What has a size because somebody chose it."""
_COUNTED_WORK = frozenset("allocs allocations instructions ir".split())
_SERVICE = frozenset(
    "latency lat ttft itl tpot jitter p50 p75 p90 p95 p99 p999 percentile response req".split()
)
_FAILURES = frozenset("errors failed failures fails timeouts crashes violations dropped".split())
_GENERIC = frozenset("rate ratio percent percentage share index".split())
_FOLD = re.compile(r"(?:split|fold|seed|rep|repeat|trial|run)_?\d+")
_RANGE = re.compile(r"\d\s*[-:–]\s*\.?\d")
EXACT = frozenset(
    "metric metric_value score value objective fitness primary primary_metric metric_after "
    "primary_score final_score measured measured_value new_metric values_0 primary_value "
    "best_metric result_metric objective_value final_value measurement measured_metric".split()
)


@lru_cache(maxsize=4096)
def tokens(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: `valBpb (ms)` gives val, bpb, ms."""
    plain = _MIXED.sub(lambda match: match.group().lower(), name.strip()[:200])
    words = [part.lower() for part in _SPLIT.split(plain) if part]
    return tuple(word for part in words for word in foreign.english(part))


@lru_cache(maxsize=4096)
def leaf(name: str) -> str:
    """The last part of a dotted name, in the form that the tables above use."""
    return "_".join(tokens(name.rpartition(".")[2]))


def is_fact(name: str) -> bool:
    """Whether a name is one of the machine or the bookkeeping, not of the experiment."""
    return name.startswith("_") or any(leaf(part) in FACTS for part in _PARTS.split(name)[:-1])


def is_duration(name: str) -> bool:
    """Whether a name is that of the time that the experiment itself took or began at.

    `runtime_s`, `mean_fit_time`, `train_seconds`; not `p99_ms` or `latency`.
    """
    words = set(tokens(name))
    if not is_resource(name) or words & _OF_A_REQUEST:
        return False
    return bool(words & _CLOCK) or bool(words & _WORKED and words & _UNITS_OF_TIME) or (
        words <= _UNITS_OF_TIME
    )  # fmt: skip


def is_setting(name: str) -> bool:
    """Whether a name is one of something chosen or counted, not of a measure of success."""
    words = tokens(name)
    inner = _PARTS.split(name)
    parents = [word for part in inner[:-1] for word in tokens(part)] or words[:1]
    if not _CHOSEN.isdisjoint(parents) or leaf(inner[-1]) in SETTING:
        return True
    if not words or words[0] in {"num", "n", "max"}:
        return bool(words)
    if words[-1] in {"size", "sizes"} and not _SIZED.isdisjoint(words):
        return True
    return words[-1] in _SETTING_WORDS and name_direction(name)[0] == "unknown"


def weightiest(columns: Sequence[str], count: int) -> list[int]:
    """The places of the `count` columns that a reader would miss most, in their order.

    What has a part in a table goes first (verdict, description, time, commit, number), then
    what sounds like its metric, then what is nested least deeply.
    """
    ranked = sorted(range(len(columns)), key=lambda at: (-_weight(columns[at]), at))
    return sorted(ranked[:count])


def _weight(name: str) -> float:
    last = leaf(name)
    known = (
        last in STATUS or last in DESCRIPTION or last in TIME or last in COMMIT or last in INDEX
        or last in DIRECTION or last in NAME
    )  # fmt: skip
    return 10.0 * known + merit(name) - 6.0 * (name.count(".") + name.count("/"))


def is_text(name: str) -> bool:
    """Whether a name promises words rather than numbers."""
    words = tokens(name.rpartition(".")[2])
    return leaf(name) in DESCRIPTION or bool(words and words[-1] in _TEXT_WORDS)


def is_delta(name: str) -> bool:
    """Whether a name is that of a difference to something else."""
    words = tokens(name)
    return not DELTA.isdisjoint(words) or (
        "vs" in words[:-1] and words[words.index("vs") + 1] in _YARDSTICKS
    )


def is_resource(name: str) -> bool:
    """Whether a name is that of time, memory or money spent."""
    words = tokens(name)
    if RESOURCE.isdisjoint(words) or not HIGHER.isdisjoint(words):
        return False
    return name_direction(name)[0] != "higher"  # `requests_per_sec` is no time


def merit(name: str) -> float:
    """How much a name sounds like the one number that a loop improves."""
    words = set(tokens(name))
    way, strength = name_direction(name)
    points = {0: 0.0, 1: 2.0, 2: 4.0}[strength]
    if strength == 2 and is_resource(name):
        points = _merit_of_spending(name, words)
    elif strength == 2 and words & _COUNTED_WORK:
        points = 2.0
    if leaf(name) in EXACT:
        points = max(points, 6.0)
    elif "metric" in words:
        points += 4.0
    points += 2.0 * bool(words & _LEADING) + 1.0 * bool(words & _MEAN) + 2.0 * ("after" in words)
    if words & VALIDATION:
        points += 1.5 * (not is_resource(name) and not is_rate(name))
    else:
        points += 1.0 * ("test" in words)
    points += 0.7 * (_RANGE.search(name) is not None)
    points -= 3.0 * is_delta(name) + 6.0 * bool(words & _ASIDE) + 1.0 * bool(words & TRAINING)
    points -= 6.0 * ({"best", "far"} <= words) + 5.0 * (words <= _COUNTED)
    points -= 3.0 * (_FOLD.match(name) is not None) + 2.0 * is_duration(name)
    points -= 0.7 * bool(words & {"precision", "recall"})
    points += 1.3 * bool(words & {"sharpe", "sortino", "calmar"})  # a profit at any risk is none
    if strength and way == "higher":  # what is normalised, or was hidden, is what gets quoted
        points += 1.3 * bool(words & {"norm", "normalized", "normalised", "private"})
    points += 1.5 * (strength == 0 and bool(words & _GENERIC))
    return points - 6.0 * is_setting(name) - 8.0 * is_fact(name)


def _merit_of_spending(name: str, words: set[str]) -> float:
    """Memory is a side effect, a latency a measure; what else was spent is in between."""
    if {"memory", "mem", "vram", "rss", "tokens"} & words:
        return -2.0
    if words & LOWER and not is_duration(name):
        return 3.0
    return 1.3 if words & {"ms", "us", "µs", "μs", "ns"} else 1.0


@lru_cache(maxsize=4096)
def name_direction(name: str) -> tuple[Way, Strength]:
    """Which way is better by a metric's name, and how sure that is (2 sure, 1 likely)."""
    words = tokens(name)
    if "↑" in name or "↓" in name:
        return ("higher" if "↑" in name else "lower"), 2
    if not _RISING.isdisjoint(words) or _over_time(words):
        return "higher", 2
    if "per" in words[1:-1]:
        return _per(words[: words.index("per", 1)], words[words.index("per", 1) + 1])
    way, strength = _way(words)
    if way == "lower" and not {"score", "scores"}.isdisjoint(words[-1:]):
        return "unknown", 0  # a score of a bad thing: either way is usual
    if way == "lower" and not {"neg", "negative", "minus", "inverse"}.isdisjoint(words):
        return "higher", 1
    return way, strength


def _per(counted: tuple[str, ...], over: str) -> tuple[Way, Strength]:
    """So much of something per something else: `tok_per_sec`, `cost_per_hour`, `ms_per_step`."""
    way, strength = _way(counted)
    volume = set(counted) <= {"s", "b", "kb", "mb", "gb", "tokens"}
    if over in _RATE_OF and (way != "lower" or volume):
        return "higher", 2
    return way, strength


def is_better_lower(name: str) -> bool:
    """Whether less is better, as far as a name tells."""
    return name_direction(name)[0] == "lower"


def is_mean(name: str) -> bool:
    """Whether a name says nothing but that it is a mean: `Average`, `avg`, `Mean (all)`."""
    words = set(tokens(name))
    return bool(words & _MEAN) and words <= _MEAN | {"overall", "all", "total", "macro"}


def is_only_spent(name: str) -> bool:
    """Whether nothing but a word of time, memory or size says that less is better."""
    return is_resource(name) and LOWER.isdisjoint(tokens(name))


def is_service(name: str) -> bool:
    """Whether a name is that of how a service answers under load: `p99_ms`, `latency`, errors."""
    words = set(tokens(name))
    return bool(words & _SERVICE) or is_failures(name)


def is_failures(name: str) -> bool:
    """Whether a name counts what went wrong on the way: `socket_errors`, `http_req_failed`."""
    return bool(set(tokens(name)) & _FAILURES)


def is_rate(name: str) -> bool:
    """Whether a name is that of a speed: so many in a unit of time."""
    words = tokens(name)
    return _over_time(words) or ("per" in words[:-1] and words[-1] in _RATE_OF) or bool(
        {"throughput", "fps", "qps", "rps", "tps", "iops", "flops", "gflops", "tflops"} & set(words)
    )  # fmt: skip


def _over_time(words: tuple[str, ...]) -> bool:
    """`tok_s`, `ops_sec`, `req/s`: so many in a unit of time."""
    return (
        len(words) > 1
        and words[-1] in {"s", "sec", "second"}
        and words[-2] in {"tok", "tokens", "token", "ops", "op", "req", "reqs", "requests", "gen",
                          "rows", "items", "it", "iter", "steps", "samples", "gb", "mb", "frames"}
    )  # fmt: skip


def _way(words: tuple[str, ...]) -> tuple[Way, Strength]:
    """The last word that tells; a sure one counts for more than a likely one."""
    likely = False
    spent = False
    for word in reversed(words):
        bare = _NUMBERED.sub("", word)
        if word in HIGHER or (bare in HIGHER and len(bare) > 1) or _SCORES.fullmatch(word):
            return "higher", 2
        if word in LOWER or (bare in LOWER and len(bare) > 1):
            return "lower", 2
        likely = likely or word in WEAK
        spent = spent or word in RESOURCE
    if spent and not likely:
        return "lower", 2
    return ("higher", 1) if likely else ("unknown", 0)
