"""What `autoexp.yaml` may say, and what a person is told when it says something else."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bad_configs import BAD, GOOD, TWO

from autoexp_tui.config import ConfigError, load, parse, render
from autoexp_tui.model.contract import (
    Agent,
    Budget,
    Claude,
    Contract,
    Decide,
    Effect,
    Environment,
    Guard,
    Limit,
    Metric,
    Notify,
)
from autoexp_tui.text.durations import duration, written


def read(extra: str = "", base: str = GOOD) -> Contract:
    return parse(base + extra, "autoexp.yaml")


def is_kind(message: str) -> bool:
    lines = message.split("\n")
    return len(lines) <= 21 and all(len(line) <= 300 and line.isprintable() for line in lines)


def outcome(text: str) -> Contract | ConfigError:
    try:
        return parse(text, "autoexp.yaml")
    except ConfigError as error:
        return error


@pytest.mark.parametrize(
    ("text", "line", "fragment"),
    BAD,
    ids=[f"{i}-{part[:30]}" for i, (_, _, part) in enumerate(BAD)],
)
def test_a_mistake_is_told_with_its_line_and_a_remedy(text: str, line: int, fragment: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "autoexp.yaml")
    message = str(caught.value)
    assert message.startswith(f"autoexp.yaml:{line}: "), message
    assert fragment in message
    assert "; " in message
    assert is_kind(message)


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = """\
harness: ' '
metrics: {loss: lowr, latency: lower}
budget:
  max_experiments: 0
  max_cost: 3
fix_attempts: 21
decide: {rule: weighted, weights: [1, 0]}
link: [x/../up, data, /]
zzz: 1
"""
    told = str(outcome(text)).split("\n")
    assert [line.split(";")[0].removeprefix("autoexp.yaml:") for line in told] == [
        "1: the file lacks the key 'target'",
        "1: harness is empty",
        "2: metrics.loss must be lower or higher, not 'lowr'",
        "4: budget.max_experiments must be from 1 to 1,000,000, not '0'",
        "5: unknown key 'max_cost'",
        "6: fix_attempts must be from 0 to 20, not '21'",
        "7: decide.weights must each be other than 0",
        "7: the rule weighted needs direction",
        "8: link[0] leaves the project ('..')",
        "8: link[2] is too much, or unclear",
        "9: unknown key 'zzz'",
    ]


def test_of_a_great_many_mistakes_the_first_are_told_and_the_others_counted() -> None:
    told = str(outcome(GOOD + "".join(f"zz{n}: 1\n" for n in range(100)))).split("\n")
    assert len(told) == 21
    assert told[-1] == "and 80 more like these"


@pytest.mark.parametrize("key", ["fix_attempts", "pause_after_failures", "min_free_mb"])
def test_zero_is_in_the_words_where_it_is_allowed(key: str) -> None:
    assert getattr(read(f"{key}: 0\n"), key) == 0
    assert f"{key} must be from 0 to " in str(outcome(f"{GOOD}{key}: -1\n"))


# What is right.


def test_three_keys_are_enough_and_the_rest_has_its_default() -> None:
    assert read() == Contract("train.py", "python evaluate.py", (Metric("loss", "lower"),))


def test_every_key_is_read() -> None:
    contract = parse(
        """\
target: src/train.py
harness: python evaluate.py --fast
metrics:
  - {name: val_loss, direction: lower, pattern: 'loss=(\\S+)', take: last, min_delta: 1e-3}
  - {name: recall@5, direction: higher}
decide: {rule: weighted, weights: [1.0, -0.2], direction: lower}
time_limit: 1h30m
budget: {max_experiments: 9, max_cost_usd: 1.5, max_wall_clock_hours: 0.5}
proposer: tuner
instructions: program.md
link: [data, .venv]
keep: ['cache/**']
env: {allow: [HF_TOKEN], define: {THREADS: 1}, only: [PATH]}
""",
        "autoexp.yaml",
    )
    assert contract == Contract(
        target="src/train.py",
        harness="python evaluate.py --fast",
        metrics=(
            Metric("val_loss", "lower", r"loss=(\S+)", "last", 0.001),
            Metric("recall@5", "higher"),
        ),
        decide=Decide("weighted", None, (1.0, -0.2), "lower"),
        time_limit=5400.0,
        budget=Budget(9, 1.5, 0.5),
        proposer="tuner",
        instructions="program.md",
        link=("data", ".venv"),
        keep=("cache/**",),
        env=Environment(("HF_TOKEN",), {"THREADS": "1"}, ("PATH",)),
    )


@pytest.mark.parametrize(
    "text", ["guard: pytest -q", "guard: [pytest -q]", "guard: {run: pytest -q}"]
)
def test_a_guard_has_short_forms(text: str) -> None:
    assert read(text + "\n").guard == (Guard("pytest -q"),)


def test_metrics_have_a_short_form() -> None:
    contract = parse("target: a\nharness: b\nmetrics: {loss: lower, acc: higher}\n", "x")
    assert contract.metrics == (Metric("loss", "lower"), Metric("acc", "higher"))


@pytest.mark.parametrize(
    ("written_as", "limit"),
    [
        ("at_most: 200", Limit("at_most", 200.0)),
        ("at_most: 2x", Limit("at_most", 2.0, relative=True)),
        ("at_most: 2x baseline", Limit("at_most", 2.0, relative=True)),
        ("at_most: '1.5 x baseline'", Limit("at_most", 1.5, relative=True)),
        ("at_least: .9x", Limit("at_least", 0.9, relative=True)),
        ("at_least: -3", Limit("at_least", -3.0)),
    ],
)
def test_the_secondary_is_limited_in_its_unit_or_by_the_baseline(
    written_as: str, limit: Limit
) -> None:
    assert read(f"decide: {{limit: {{{written_as}}}}}\n", TWO).decide == Decide(limit=limit)


def test_weights_are_given_in_order_or_by_name() -> None:
    by_name = "decide: {rule: weighted, weights: {latency: 2, loss: -1}, direction: higher}\n"
    assert read(by_name, TWO).decide == Decide("weighted", None, (-1.0, 2.0), "higher")


def test_an_empty_list_of_links_is_not_the_default() -> None:
    assert read().link is None
    assert read("link: []\n").link == ()


def test_links_may_have_modes() -> None:
    assert read("link: {data: copy, out/x: write}\n").link == {"data": "copy", "out/x": "write"}
    told = str(outcome(GOOD + "link: {data: rw, x/../up: write}\n"))
    assert "link.data must be read-only, copy or write, not 'rw'" in told
    assert "leaves the project" in told
    assert read("link: [../../data]\n").link == ("../../data",)
    assert read("env: {only: []}\n").env.only == ()


@pytest.mark.parametrize("value", ["yes", "no", "on", "010", "1:30", "1.10", "0x1F", "2024-01-01"])
def test_text_is_read_as_it_is_written(value: str) -> None:
    assert read(f"env: {{define: {{X: {value}}}}}\n").env.define == {"X": value}


def test_a_block_scalar_of_one_line_is_one_line() -> None:
    text = GOOD.replace("python evaluate.py", "|\n  ./run: fast")
    assert parse(text, "x").harness == "./run: fast"


@pytest.mark.parametrize("prefix", ["\ufeff", "---\n", "\n\n# words\n"])
def test_a_mark_a_marker_and_comments_may_come_first(prefix: str) -> None:
    assert parse(prefix + GOOD, "x") == read()


def test_lines_may_end_as_on_windows() -> None:
    assert parse(GOOD.replace("\n", "\r\n"), "x") == read()
    with pytest.raises(ConfigError, match=r"^x:6: "):
        parse((GOOD + "zzz: 1\n").replace("\n", "\r\n"), "x")


# The file.


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "autoexp.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load(path) == read()


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (GOOD.encode() + b"# caf\xe9\n", "autoexp.yaml:6: byte 0xe9 is not UTF-8"),
        (GOOD.encode("utf-16"), "autoexp.yaml:1: byte 0xff is not UTF-8"),
        (GOOD.encode() + b"#" * 65_536, "autoexp.yaml: larger than 64 KiB"),
        (b"", "autoexp.yaml:1: there is nothing"),
    ],
)
def test_a_file_that_is_no_text_is_told_of(tmp_path: Path, content: bytes, fragment: str) -> None:
    path = tmp_path / "autoexp.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(fragment)):
        load(path)


def test_a_file_of_just_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "autoexp.yaml"
    path.write_bytes(GOOD.encode().ljust(65_536, b"#"))
    assert load(path) == read()


def test_a_missing_file_a_folder_and_a_pipe_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^autoexp\.yaml: there is no such file in "):
        load(tmp_path / "autoexp.yaml")
    with pytest.raises(ConfigError, match="not a regular file"):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="not a regular file"):
        load(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="not a path"):
        load(tmp_path / "a\0b")


def test_a_hostile_file_name_stays_one_printable_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / ("a\n\x1b[31m" + "x" * 200))
    assert is_kind(str(caught.value))


# Nothing else ever comes out.

_pieces = st.sampled_from(
    [
        *"[]{},:?-&*!|>%@`\"'#~\\ \n\t\r0",
        *"\x00\x85\u2028\ud800\ufeff",
        *(": ", "- ", "\n  ", "<<", "---\n", "|+2\n", "&a ", "*a", "!!str ", '"\\U', "FFFFFFFF"),
        *("%YAML 1.1\n", "%TAG ! x\n", "1:30", "target", "harness", "metrics", "name", "decide"),
    ]
)


@settings(max_examples=250, deadline=None)
@given(st.text() | st.lists(_pieces, max_size=40).map("".join))
def test_any_text_gives_a_contract_or_a_kind_error(text: str) -> None:
    for attempt in (text, GOOD + text, GOOD + "env: " + text):
        found = outcome(attempt)
        assert isinstance(found, Contract) or is_kind(str(found))


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_give_a_contract_or_a_kind_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "autoexp.yaml"
    path.write_bytes(GOOD.encode() + content)
    found: Contract | ConfigError
    try:
        found = load(path)
    except ConfigError as error:
        found = error
    assert isinstance(found, Contract) or is_kind(str(found))


@pytest.mark.parametrize(
    "piece", ["[", "{", "- ", "? ", "'", '"\\\n', "a: ", "[a: b,", "{? ", "&a ", "%a\n", "- a\n"]
)
def test_a_file_full_of_brackets_ends_in_an_error_all_the_same(piece: str) -> None:
    with pytest.raises(ConfigError):
        parse((piece * 65_536)[:65_536], "autoexp.yaml")


# Writing.

_turning = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_characters = st.characters(
    exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufffe\uffff" + _turning
)
_odd = st.sampled_from(
    ["yes", "~", "null", "1:30", "010", "# x", "- a", "a: b", "'", '"', "{", " x "]
)
_line = (st.text(_characters, min_size=1, max_size=40) | _odd).filter(str.strip)
_part = _line.filter(
    lambda s: (
        not set("/\\") & set(s)
        and not s.startswith("~")
        and s.casefold() not in {".", "..", ".git"}
    )
)
_path = st.lists(_part, min_size=1, max_size=3).map("/".join)
_name = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.@/-]{0,39}", fullmatch=True).filter(
    lambda s: s.casefold() not in {"commit", "status", "description"}
)
_variable = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
_figure = st.floats(allow_nan=False, allow_infinity=False)
_positive = st.floats(0, 1e5, exclude_min=True)
_direction = st.sampled_from(["lower", "higher"])
_metric = st.builds(
    Metric,
    name=_name,
    direction=_direction,
    pattern=st.none() | _line.map(lambda s: f"{re.escape(s)}=(\\S+)"),
    take=st.sampled_from(["only", "last"]),
    min_delta=st.floats(0, 1e300),
    min_effect=st.builds(Effect, st.floats(0, 1e90), st.booleans()),
    bounds=st.sampled_from([(), (0.0, 1.0), (-1e9, 0.5)]),
)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    metrics = draw(st.lists(_metric, min_size=1, max_size=2, unique_by=lambda metric: metric.name))
    decide = st.just(Decide())
    if len(metrics) == 2:
        absolute = st.builds(
            Limit, st.sampled_from(["at_most", "at_least"]), _figure, st.just(False)
        )
        relative = st.builds(
            Limit, st.sampled_from(["at_most", "at_least"]), _positive, st.just(True)
        )
        weights = st.tuples(_figure.filter(bool), _figure.filter(bool))
        decide = (
            st.builds(Decide, st.just("primary"), st.none() | absolute | relative)
            | st.just(Decide("pareto"))
            | st.builds(Decide, st.just("weighted"), st.none(), weights, _direction)
        )
    several = st.lists(_path, max_size=3).map(tuple)
    return Contract(
        target=draw(_path.filter(lambda s: s not in {"autoexp.yaml", "results.tsv", "budget.log"})),
        harness=draw(_line),
        metrics=tuple(metrics),
        decide=draw(decide),
        time_limit=draw(
            st.floats(0, 7 * 86400, exclude_min=True) | st.integers(1, 604800).map(float)
        ),
        notify=draw(
            st.just(Notify())
            | st.builds(Notify, _line, st.sampled_from([None, "https://example.org/x"]))
        ),
        pause_after_failures=draw(st.integers(0, 1000)),
        min_free_mb=draw(st.integers(0, 10**6)),
        fix_attempts=draw(st.integers(0, 20)),
        anthropic=Claude(
            model=draw(st.sampled_from(["claude-sonnet-5-5", "local/llama:8b", "gpt@x"])),
            max_tokens=draw(st.integers(1, 1_000_000)),
            effort=draw(st.sampled_from(["default", "low", "max"])),
            thinking=draw(st.sampled_from(["default", "adaptive", "disabled"])),
            base_url=draw(st.sampled_from([None, "http://localhost:8080/v1"])),
            prices=draw(
                st.none() | st.fixed_dictionaries({"input": _positive, "output": _positive})
            ),
            stall_seconds=draw(st.integers(1, 600).map(float)),
        ),
        command=draw(st.just(Agent()) | st.builds(Agent, _line, st.integers(1, 3600).map(float))),
        repeats=draw(st.integers(1, 100)),
        confirm=draw(st.integers(0, 100)),
        stop_at=draw(st.dictionaries(st.just(metrics[0].name), _figure)),
        guard=draw(st.lists(st.builds(Guard, _line, st.just("") | _line), max_size=2).map(tuple)),
        budget=Budget(draw(st.integers(1, 1_000_000)), draw(_positive), draw(_positive)),
        proposer=draw(st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True)),
        instructions=draw(st.none() | _path),
        link=draw(
            st.none()
            | several
            | st.dictionaries(_path, st.sampled_from(["read-only", "copy", "write"]), max_size=3)
        ),
        keep=draw(several),
        env=Environment(
            draw(st.lists(_variable, max_size=3).map(tuple)),
            draw(st.dictionaries(_variable, _line | st.just(""), max_size=3)),
            draw(st.none() | st.lists(_variable, max_size=3).map(tuple)),
        ),
    )


@settings(max_examples=100, deadline=None)
@given(contract=contracts(), comments=st.booleans())
def test_what_is_written_is_read_back(contract: Contract, comments: bool) -> None:
    assert parse(render(contract, comments), "run.yaml") == contract


@pytest.mark.parametrize("character", ["\n", "\t", "\x1b", "\u2028", "\u202e", "\ud800"])
def test_what_parse_would_refuse_is_not_written_as_something_else(character: str) -> None:
    contract = Contract(f"a{character}b", "python evaluate.py", (Metric("loss", "lower"),))
    with pytest.raises(ConfigError):
        parse(render(contract), "run.yaml")


def test_the_text_reads_like_this() -> None:
    contract = read("decide: {limit: {at_most: 2x}}\nlink: [data]\n", TWO)
    assert (
        render(contract, comments=False)
        == """\
target: train.py
harness: python evaluate.py
metrics:
  - name: loss
    direction: lower
  - name: latency
    direction: lower
decide:
  rule: primary
  limit: {at_most: 2x baseline}
time_limit: 5m
budget:
  max_experiments: 50
  max_cost_usd: 10.00
  max_wall_clock_hours: 8
proposer: auto
link: [data]
"""
    )


def test_the_comments_teach_every_key_and_fit_a_narrow_terminal() -> None:
    text = render(read())
    for key in Contract.__struct_fields__:
        assert re.search(rf"^(# )?{key}:", text, re.MULTILINE), key
    assert max(map(len, text.splitlines())) < 90


def test_the_examples_in_the_comments_are_valid() -> None:
    text = render(read("", TWO))
    shown = re.sub(r"^# (\w+: )", r"\1", text, flags=re.MULTILINE)
    assert shown != text
    here = re.sub(r"^evaluator: ", "# evaluator: ", shown, flags=re.MULTILINE)  # or slots
    assert parse(here, "x").link == {"data": "read-only", "cache": "copy"}
    there = parse(re.sub(r"^slots: ", "# slots: ", shown, flags=re.MULTILINE), "x").evaluator
    assert there is not None
    assert there.prefix == "srun --gres=gpu:1"


# Lengths of time.


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("2.5 h", 9000.0),
        ("1h 30m 5s", 5405.0),
        ("7d", 604800.0),
        (".5s", 0.5),
        ("5 min", 300.0),
        ("2 hours", 7200.0),
        (" 10 seconds ", 10.0),
        ("1m30s", 90.0),
    ],
)
def test_a_length_of_time_is_understood(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "m", "-5", "+5", "1:30", "30m1h", "5m5m", "1h30", "5 5", "1e3", "inf", "nan"),
        *("5w", "1,5h", "٣", "5m\n6s7", "9" * 400, "0x10", "1_0", "5.", "five"),
    ],
)
def test_anything_else_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time|too long"):
        duration(text)


@given(st.floats(0, 1e9) | st.integers(0, 10**9).map(float))
def test_a_written_length_of_time_is_exact(seconds: float) -> None:
    assert duration(written(seconds)) == seconds
    assert math.copysign(1, seconds) == 1
