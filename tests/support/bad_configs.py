"""Configurations with one mistake each: the text, the line it stands on, part of the message."""

from __future__ import annotations

GOOD = """\
target: train.py
harness: python evaluate.py
metrics:
  - name: loss
    direction: lower
"""

TWO = """\
target: train.py
harness: python evaluate.py
metrics:
  - {name: loss, direction: lower}
  - {name: latency, direction: lower}
"""

METRIC = GOOD.rsplit("  - name", maxsplit=1)[0]


def _target(value: str) -> str:
    return GOOD.replace("train.py", value)


def _with(extra: str) -> str:
    """`extra` stands on line 6."""
    return GOOD + extra


def _two(extra: str) -> str:
    """`extra` stands on line 6."""
    return TWO + extra


BAD: list[tuple[str, int, str]] = [
    # The file as a whole.
    ("", 1, "there is nothing in this file; it needs target, harness, metrics"),
    ("# only a comment\n", 1, "nothing in this file"),
    ("just words\n", 1, "must be keys with values, not 'just words'"),
    ("- target: train.py\n", 1, "must be keys with values, not a list"),
    (GOOD + "---\n" + GOOD, 6, "second document"),
    ("%YAML 1.1\n---\n" + GOOD, 1, "directives"),
    (_with("\tlink: [data]\n"), 6, "indent with spaces, not tabs"),
    (_with("link: [data\n"), 6, "expected ',' or ']'"),
    (_with("proposer: 'auto\n\n\n"), 6, "close the quotes"),
    (_with("proposer: a: b\n"), 6, "quote a value that has a colon"),
    (_with("keep: [*.png]\n"), 6, "quotes around text that begins with *"),
    (_with("keep: @x\n"), 6, "put quotes around the value"),
    (_with("harness\n"), 6, "write 'key: value'"),
    (_with("proposer: a\x07b\n"), 6, "U+0007"),
    (_with('proposer: "a\\ab"\n'), 6, "U+0007"),
    (_with('proposer: "a\\u202eb"\n'), 6, "U+202E"),
    (_with('proposer: "\\UFFFFFFFF"\n'), 6, "not YAML"),
    (_with('proposer: "\\ud800"\n'), 6, "U+D800"),
    (_with("proposer: a\u2028b\n"), 6, "U+2028"),
    # More than plain values.
    (_with("target: other.py\n"), 6, "'target' is given twice; line 1 has it too"),
    (_with("env: {define: {A: x, A: y}}\n"), 6, "'A' is given twice"),
    (_with("proposer: &p auto\n"), 6, "anchors"),
    (_with("link: &l [data]\nkeep: *l\n"), 6, "anchors"),
    (_with("keep: [*all]\n"), 6, "aliases"),
    (_with("proposer: !!str auto\n"), 6, "tags"),
    (_with("proposer: !!python/object/apply:os.system [id]\n"), 6, "tags"),
    (_with("env:\n  <<: {define: {A: x}}\n"), 7, "merge keys"),
    (_with("? [a, b]\n: c\n"), 6, "can't be a key"),
    (_with("env: {define: {~: c}}\n"), 6, "without a key"),
    (_with("keep: " + "[" * 9 + "]" * 9 + "\n"), 6, "nested too deep"),
    (_with("keep: [" + "a," * 101 + "]\n"), 6, "101 entries"),
    (_with("keep: [" + "a," * 2_001 + "]\n"), 6, "too many entries"),
    # Keys.
    (GOOD.replace("metrics", "metirc"), 3, "unknown key 'metirc'; did you mean 'metrics'?"),
    (_with("zzz: 1\n"), 6, "unknown key 'zzz'; use one of: target, harness"),
    (_with("max_experiments: 9\n"), 6, "move it below 'budget:'"),
    (_with("timeout: 9\n"), 6, "did you mean 'time_limit'?"),
    (_with("budget:\n  max_experiment: 9\n"), 7, "did you mean 'max_experiments'?"),
    (_with("env:\n  set: {A: x}\n"), 7, "did you mean 'define'?"),
    (_with("'a\x1b[31m': 1\n"), 6, "U+001B"),
    (_with(f"{'k' * 500}: 1\n"), 6, "unknown key 'kkk"),
    ("harness: x\nmetrics: {loss: lower}\n", 1, "lacks the key 'target'"),
    ("target: x\nmetrics: {loss: lower}\n", 1, "lacks the key 'harness'"),
    ("target: x\nharness: y\n", 1, "lacks the key 'metrics'"),
    # target, instructions, link, keep
    (_target("/etc/passwd"), 1, "absolute"),
    (_target("../train.py"), 1, "leaves the project"),
    (_target("a/../../b"), 1, "leaves the project"),
    (_target("a\\b"), 1, "backslash"),
    (_target("''"), 1, "target is empty"),
    (_target(""), 1, "target has no value"),
    (_target("null"), 1, "target has no value"),
    (_target("~/train.py"), 1, "begins with '~'"),
    (_target("src/"), 1, "ends with '/'; write 'src'"),
    (_target("."), 1, "the project itself"),
    (_target("./train.py"), 1, "write 'train.py'"),
    (_target("a//b"), 1, "write 'a/b'"),
    (_target(".git/config"), 1, "inside .git"),
    (_target("sub/.GIT/hooks/x"), 1, "inside .git"),
    (_target("[a.py, b.py]"), 1, "must be text, not a list"),
    (_target("{a: b}"), 1, "must be text, not a mapping"),
    (_target("results.tsv"), 1, "autoexp's own"),
    (_target("x" * 1_001), 1, "1001 characters"),
    (_with("instructions: /program.md\n"), 6, "instructions is an absolute path"),
    (_with("link: data\n"), 6, "link must be a list, not 'data'; write [data]"),
    (_with("link:\n  - data\n  - x/../up\n"), 8, "link[1] leaves the project"),
    (_with("link: [{a: b}]\n"), 6, "link[0] must be text"),
    (_with("keep: ['/tmp/*']\n"), 6, "keep[0] is an absolute path"),
    (_with("keep:\n"), 6, "keep has no value"),
    # harness
    (GOOD.replace("python evaluate.py", "' '"), 2, "harness is empty"),
    (GOOD.replace("python evaluate.py", "|\n  a\n  b"), 2, "several lines; put the lines into"),
    (GOOD.replace("python evaluate.py", '"a\\nb"'), 2, "several lines"),
    (GOOD.replace("python evaluate.py", "[python, evaluate.py]"), 2, "must be text, not a list"),
    # metrics
    (METRIC + "  - loss\n", 4, "must be a mapping, not 'loss'"),
    (METRIC.replace("metrics:", "metrics: loss"), 3, "not 'loss'; write it like {loss: lower}"),
    (METRIC.replace("metrics:", "metrics: []"), 3, "there is no metric"),
    (METRIC.replace("metrics:", "metrics: {a: lower, b: lower, c: lower}"), 3, "are 3 metrics"),
    (METRIC + "    name: loss\n    direction: lower\n", 4, "put '- ' before 'name'"),
    (METRIC + "  - direction: lower\n", 4, "lacks the key 'name'"),
    (METRIC + "  - name: loss\n", 4, "lacks the key 'direction'"),
    (METRIC + "  - name: 9loss\n    direction: lower\n", 4, "can't be a metric's name"),
    (METRIC + "  - name: val loss\n    direction: lower\n", 4, "can't be a metric's name"),
    (METRIC + f"  - name: {'n' * 41}\n    direction: lower\n", 4, "41 characters"),
    (METRIC + "  - name: Status\n    direction: lower\n", 4, "another column"),
    (METRIC + "  loss: lower\n  commit: lower\n", 5, "another column"),
    (TWO.replace("latency", "loss"), 4, "two metrics are called 'loss'"),
    (GOOD.replace("lower", "minimize"), 5, "did you mean 'lower'?"),
    (GOOD.replace("lower", "max"), 5, "did you mean 'higher'?"),
    (GOOD.replace("lower", "Lower"), 5, "did you mean 'lower'?"),
    (GOOD.replace("lower", "yes"), 5, "must be lower or higher, not 'yes'"),
    (METRIC + "  loss: down\n", 4, "did you mean 'lower'?"),
    (_with("    patern: x\n"), 6, "did you mean 'pattern'?"),
    (_with("    pattern: 'loss=('\n"), 6, "not a regular expression"),
    (_with("    pattern: 'loss=.*'\n"), 6, "0 groups, not one"),
    (_with("    pattern: '(a)(b)'\n"), 6, "2 groups, not one"),
    (_with(f"    pattern: '({'a' * 199})'\n"), 6, "201 characters"),
    (_with("    take: first\n"), 6, "must be only or last"),
    (_with("    min_delta: .nan\n"), 6, "must be a number, not '.nan'"),
    (_with("    min_delta: .inf\n"), 6, "must be a number, not '.inf'"),
    (_with("    min_delta: 1e999\n"), 6, "finite"),
    (_with("    min_delta: -0.1\n"), 6, "must be 0 or more"),
    (_with("    min_delta: '0.1'\n"), 6, "take the quotes away"),
    (_with("    min_delta: true\n"), 6, "must be a number, not 'true'"),
    (_with("    min_delta: 0x10\n"), 6, "must be a number, not '0x10'"),
    (_with("    min_delta: 1_000\n"), 6, "must be a number, not '1_000'"),
    # decide
    (_with("decide: pareto\n"), 6, "needs two metrics"),
    (_with("decide: {rule: weighted, weights: [1], direction: lower}\n"), 6, "needs two metrics"),
    (_with("decide: {limit: {at_most: 2x}}\n"), 6, "no second metric to limit"),
    (_two("decide: paretto\n"), 6, "did you mean 'pareto'?"),
    (_two("decide: [pareto]\n"), 6, "must be a mapping, not a list"),
    (_two("decide: {limits: 2x}\n"), 6, "did you mean 'limit'?"),
    (_two("decide: {limit: 2x}\n"), 6, "write '{at_most: 2x baseline}'"),
    (_two("decide: {limit: {}}\n"), 6, "needs one bound"),
    (_two("decide:\n  limit:\n    at_most: 2\n    at_least: 1\n"), 8, "needs one bound"),
    (_two("decide: {limit: {at_most: two}}\n"), 6, "must be a number, not 'two'"),
    (_two("decide: {limit: {at_most: ax}}\n"), 6, "write it like '2x baseline'"),
    (_two("decide: {limit: {at_most: -2x}}\n"), 6, "write it like '2x baseline'"),
    (_two("decide: {limit: {at_most: 0x}}\n"), 6, "a multiple above 0"),
    (_two("decide: {limit: {at_most: 1e999x}}\n"), 6, "a multiple above 0"),
    (_two("decide: {limit: {at_most: .nan}}\n"), 6, "must be a number"),
    (_two("decide: {rule: pareto, limit: {at_most: 2x}}\n"), 6, "no meaning for the rule pareto"),
    (_two("decide: {weights: [1, 2]}\n"), 6, "write 'rule: weighted'"),
    (_two("decide: weighted\n"), 6, "needs weights"),
    (_two("decide: {rule: weighted, weights: [1, 2]}\n"), 6, "needs direction"),
    (_two("decide: {rule: weighted, weights: [1], direction: lower}\n"), 6, "1 entries for 2"),
    (_two("decide: {rule: weighted, weights: [1, 0], direction: lower}\n"), 6, "other than 0"),
    (_two("decide: {rule: weighted, weights: [1, .inf], direction: lower}\n"), 6, "a number"),
    (_two("decide: {rule: weighted, weights: [1, 2], direction: min}\n"), 6, "'lower'?"),
    (
        _two("decide:\n  rule: weighted\n  weights: {loss: 1, latncy: 2}\n  direction: lower\n"),
        8,
        "did you mean 'latency'?",
    ),
    (_two("decide: {rule: weighted, weights: {loss: 1}, direction: lower}\n"), 6, "lacks the key"),
    # time_limit
    (_with("time_limit: 1:30\n"), 6, "a colon is ambiguous"),
    (_with("time_limit: 0\n"), 6, "must be more than 0"),
    (_with("time_limit: -5\n"), 6, "a length of time"),
    (_with("time_limit: .inf\n"), 6, "a length of time"),
    (_with("time_limit: soon\n"), 6, "write it like 90s, 5m or 1h30m"),
    (_with("time_limit: 8d\n"), 6, "7 days at most"),
    (_with("time_limit: true\n"), 6, "a length of time"),
    (_with("time_limit: [5]\n"), 6, "must be text, not a list"),
    (_with(f"time_limit: {'9' * 400}\n"), 6, "a length of time"),
    # budget
    (_with("budget: 10\n"), 6, "must be a mapping, not '10'"),
    (_with("notify: {url: ftp://x}\n"), 6, "an address"),
    (_with("pause_after_failures: many\n"), 6, "pause_after_failures"),
    (_with("fix_attempts: -1\n"), 6, "must be from 0 to 20, not '-1'; choose a number within that"),
    (_with("anthropic: {modle: x}\n"), 6, "did you mean 'model'?"),
    (_with("anthropic: {effort: huge}\n"), 6, "must be default, low, medium, high, xhigh or max"),
    (_with("anthropic: {base_url: localhost}\n"), 6, "an address"),
    (_with("anthropic: {prices: {input: 1}}\n"), 6, "output"),
    (_with("command: {time_limit: 5m}\n"), 6, "run"),
    (_with("repeats: 0\n"), 6, "must be from 1 to 100"),
    (_with("confirm: yes\n"), 6, "confirm"),
    (_with("budget: {max_experiments: 0}\n"), 6, "must be from 1 to 1,000,000"),
    (_with("budget: {max_experiments: -1}\n"), 6, "must be from 1 to 1,000,000"),
    (_with("budget: {max_experiments: 2.5}\n"), 6, "a whole number, not '2.5'"),
    (_with("budget: {max_experiments: 010}\n"), 6, "drop the leading zero"),
    (_with("budget: {max_experiments: yes}\n"), 6, "must be a number, not 'yes'"),
    (_with("budget: {max_experiments: true}\n"), 6, "must be a number, not 'true'"),
    (_with(f"budget: {{max_experiments: {'9' * 5_000}}}\n"), 6, "must be a number"),
    (_with("budget: {max_cost_usd: $10}\n"), 6, "must be a number, not '$10'"),
    (_with("budget: {max_cost_usd: 0}\n"), 6, "tuner': it costs nothing"),
    (_with("budget: {max_cost_usd: -1}\n"), 6, "above 0 and at most 1,000,000, not '-1'"),
    (_with("budget: {max_wall_clock_hours: 1e9}\n"), 6, "above 0 and at most 100,000"),
    (_with("budget: {max_cost_usd: .nan}\n"), 6, "must be a number"),
    (_with("budget:\n  max_cost_usd: 1\n  max_wall_clock_hours: off\n"), 8, "not 'off'"),
    (_with("budget: {max_wall_clock_hours: 8:00}\n"), 6, "must be a number, not '8:00'"),
    # proposer, env
    (_with("proposer: Tuner\n"), 6, "one word in small letters"),
    (_with("proposer: my agent\n"), 6, "one word in small letters"),
    (_with("env: {allow: [A-B]}\n"), 6, "can't be an environment variable's name"),
    (_with("env: {allow: ['ANTHROPIC_*']}\n"), 6, "whole names"),
    (_with("env: {allow: TOKEN}\n"), 6, "write [TOKEN]"),
    (_with("env:\n  define:\n    1X: y\n"), 8, "can't be an environment variable's name"),
    (_with("env:\n  define:\n    X:\n"), 8, "X has no value"),
    (_with('env: {define: {X: "a\\tb"}}\n'), 6, "U+0009"),
    (_with("env: {only: {PATH: x}}\n"), 6, "must be a list, not a mapping"),
    # Evaluations elsewhere.
    (_with("evaluator: {}"), 6, "evaluator has no way to get there; write either prefix or ray"),
    (_with("evaluator: {prefix: ssh a, ray: auto}"), 6, "more than one way to get there"),
    (_with("evaluator: {setup: make}"), 6, "write either prefix or ray"),
    (
        _with("evaluator: {prefix: ssh a, resources: {gpus: 1}}"),
        6,
        "which mean nothing for a prefix",
    ),
    (_with("evaluator: {ray: 'ray://head:10001'}"), 6, "join the cluster"),
    (_with("parallel: auto\nevaluator: ssh a"), 6, "counts the GPUs and cores of this machine"),
    (_with("slots: ['gpu:0']\nevaluator: ssh a"), 6, "slots are parts of this machine"),
    (_with("sandbox: required\nevaluator: ssh a"), 6, "no sandbox of autoexp's on other machines"),
]
