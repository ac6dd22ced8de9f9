"""A report tells what was, and nothing that it holds can become markup."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.hostile import HOSTILE
from support.realistic_run import CONTRACT, experiment, folded, opening, recorded, runs, whole_run

from autoexp_tui.commands.summary import _lines
from autoexp_tui.model import events
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import AnyEvent, Record
from autoexp_tui.model.state import RunState
from autoexp_tui.model.verification import Verification
from autoexp_tui.report.account import account_of
from autoexp_tui.report.comparison import compare, entry_of, table
from autoexp_tui.report.markdown import as_markdown
from autoexp_tui.report.page import as_html
from autoexp_tui.samples import recording
from autoexp_tui.sources.journals import read_state
from autoexp_tui.summary.groups import OTHER, group_ideas
from autoexp_tui.text.safe import Safe

PATCH = "--- a/t\n+++ b/t\n@@ -1 +1 @@\n-RATE = 1\n+RATE = {}\n"


class Tags(HTMLParser):
    """What a browser makes of a page: tags with their attributes' names, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[tuple[str, ...]] = Counter()
        self.values: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag, *(name for name, _ in attrs)] += 1
        self.values += [value or "" for name, value in attrs if name in {"href", "src", "style"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def told(
    rows: Iterable[tuple[str, float | None, str, dict[str, Any]]], contract: Contract = CONTRACT
) -> RunState:
    """A run of (status, value, description, memo)."""
    run = opening(contract)
    for n, (status, value, words, memo) in enumerate(rows, 1):
        metrics = {} if value is None else {"val_loss": value, "latency_ms": 40.0}
        reason = "exit code 1" if value is None else "because"
        run += [
            events.ExperimentStarted(n, "0" * 40),
            events.Proposed(n, f"Because of {words}", words, 1, 1, f"d{n}", memo),
            events.Decided(n, status, f"{n:040x}", "0" * 40, words, reason, metrics, 2.0, 0.01),  # type: ignore[arg-type]
        ]
    return folded(recorded([*run, events.RunFinished("all done", ok=True)]))


def plain(*values: tuple[str, float | None]) -> RunState:
    return told((status, value, f"idea {n}", {}) for n, (status, value) in enumerate(values, 1))


def hostile_run(text: str) -> RunState:
    """A run in which every text that comes from outside is `text`."""
    metric = msgspec.structs.replace(CONTRACT.metrics[0], name=text)
    contract = msgspec.structs.replace(CONTRACT, target=text, harness=text, metrics=(metric,))
    run: list[AnyEvent] = [
        events.RunStarted(text, text, "", "0" * 40, contract, text, 1, text, text),
        events.HintGiven(text, text),
        events.Noticed("alarm", text),
    ]
    memo = {"changed": {text: [text, text]}}
    for n, status in enumerate(("keep", "discard", "keep", "crash", "keep", "discard"), 1):
        metrics = {} if status == "crash" else {text: 1.0 / n}
        run += [
            events.ExperimentStarted(n, "0" * 40),
            events.Proposed(n, f"{text}\n{text}", text, 1, 1, f"d{n}", memo if n < 5 else {}),
            events.Decided(n, status, f"{n:040x}", "0" * 40, text, text, metrics, 1.0),  # type: ignore[arg-type]
        ]
    return folded(recorded([*run, events.RunFinished(text, ok=True)]))


# ---- what it tells -------------------------------------------------------------------------------


def test_the_story_has_the_figures_of_the_run() -> None:
    account = account_of(plain(("keep", 1.0), ("discard", 1.2), ("crash", None), ("keep", 0.5)))
    assert account.digest.objective.percent == 50.0
    story = " ".join(account.story)
    assert "val_loss went down from 1 to 0.5: 1 kept, 1 discarded, 1 crashed." in story
    assert "It ended because: all done." in story
    assert [(step.row.n, step.before, step.value) for step in account.steps] == [(4, 1.0, 0.5)]
    assert account.failures == (("exit code 1", (3,)),)


def test_shares_of_the_gain_add_up_and_go_to_new_bests_only() -> None:
    state = plain(("keep", 10.0), ("keep", 8.0), ("keep", 9.0), ("keep", 5.0))
    steps = account_of(state).steps
    assert [step.share for step in steps] == pytest.approx([0.4, 0.0, 0.6])
    assert steps[2].before == 8.0


def test_a_run_without_a_measurement_has_a_report_too() -> None:
    state = plain(("crash", None), ("crash", None))
    page = as_html(account_of(state))
    assert "val_loss was never measured" in page
    assert "<svg" not in page
    assert "never measured" in as_markdown(account_of(state)).replace("\\", "")


def test_what_confirms_a_gain_is_said() -> None:
    off = msgspec.structs.replace(CONTRACT, confirm="off")
    once = account_of(told([("keep", 1.0, "baseline", {})], off))
    assert any("may be noise" in sentence for sentence in once.trust)
    contract = msgspec.structs.replace(CONTRACT, repeats=3, confirm=2)
    surer = account_of(told([("keep", 1.0, "baseline", {})], contract))
    assert any("median of 3 runs" in sentence for sentence in surer.trust)
    assert any("a kept one the mean of its fresh runs" in sentence for sentence in surer.trust)
    assert not any("fresh runs" in sentence for sentence in once.trust)
    assert not any("may be noise" in sentence for sentence in surer.trust)


def test_very_long_diffs_are_cut_and_that_is_said() -> None:
    state = plain(("keep", 1.0), ("keep", 0.5))
    account = account_of(state, lambda n: PATCH.format("1" * 200_000))
    assert account.steps[0].cut
    assert len(as_html(account)) < 150_000
    assert "left out for its length" in as_html(account)


def test_a_long_run_makes_a_page_of_bounded_size() -> None:
    run = opening()
    for n in range(1, 6001):
        status = "keep" if n % 7 == 1 else "discard"
        run += experiment(n, status)  # type: ignore[arg-type]
    page = as_html(account_of(folded(recorded(run)), PATCH.format))
    assert len(page) < 1_500_000
    assert page.count("<circle") < 2500
    assert "more were kept that gained less" in page


def test_the_recorded_sample_is_told_whole() -> None:
    run = recording()
    account = account_of(read_state(run), lambda n: run.diff(n).read_text())
    page = as_html(account)
    assert page.count('<span class="add">') >= 7
    assert "LEARNING_RATE = 0.0733" in page
    assert page.count("<circle") >= 20
    assert "@media (prefers-color-scheme: dark)" in page
    assert as_html(account) == page


def test_the_page_needs_nothing_from_anywhere() -> None:
    page = as_html(account_of(plain(("keep", 1.0), ("keep", 0.5)), lambda n: PATCH.format(2)))
    tags = Tags(page)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, *_ in tags.tags}
    assert all(re.fullmatch(r"width:[0-9.]+%", value) for value in tags.values)
    assert "url(" not in page
    assert "@import" not in page


# ---- ideas in groups -----------------------------------------------------------------------------


def names(state: RunState) -> dict[str, tuple[int, int]]:
    groups = group_ideas(state.rows, state.objective)
    return {group.name: (group.tried, group.kept) for group in groups}


def test_words_that_ideas_share_make_a_group() -> None:
    state = told(
        (status, 1.0 / n, words, {})
        for n, (status, words) in enumerate(
            [
                ("keep", "baseline"),
                ("keep", "increase learning rate to 0.04"),
                ("discard", "Learning rate 0.08"),
                ("discard", "weight decay 0.1"),
                ("discard", "reduced the weight decay"),
                ("discard", "act: GeLU"),
                ("discard", "act: squared ReLU"),
                ("discard", "doubled model width"),
            ],
            1,
        )
    )
    found = names(state)
    assert found["learning rate"] == (2, 1)
    assert found["act"] == (2, 0)
    assert found[OTHER] == (1, 0)
    assert "baseline" not in found
    dead = [group.name for group in account_of(state).dead_ends]
    assert "act" in dead
    assert OTHER not in dead
    assert "learning rate" not in dead


def test_the_tuners_slots_make_groups_by_name() -> None:
    state = told(
        [
            ("keep", 1.0, "baseline", {}),
            ("keep", 0.5, "both", {"changed": {"RATE": ["1", "2"], "DEPTH": ["4", "5"]}}),
            ("discard", 0.6, "RATE", {"changed": {"RATE": ["2", "3"]}}),
            ("keep", 0.4, "RATE", {"changed": {"RATE": ["2", "4"]}}),
            ("discard", 0.7, "WIDTH", {"changed": {"WIDTH": ["8", "9"]}}),
            ("crash", None, "WIDTH", {"changed": {"WIDTH": ["8", "99"]}}),
        ]
    )
    assert names(state) == {"RATE": (3, 2), "DEPTH": (1, 1), "WIDTH": (2, 0)}
    rate = next(g for g in group_ideas(state.rows, state.objective) if g.name == "RATE")
    assert rate.way == ("1", "4")
    assert rate.gain == pytest.approx(0.1)
    assert (rate.shared, rate.partners) == (pytest.approx(0.5), ("DEPTH",))
    assert rate.alone == 2
    assert [group.name for group in account_of(state).dead_ends] == ["WIDTH"]


def test_a_lesson_is_claimed_only_from_a_change_that_came_alone() -> None:
    """A hitchhiker of a step of several values gets none of its gain, and is no dead end."""
    both = {"changed": {"RATE": ["1", "2"], "DEPTH": ["4", "5"]}}
    state = told(
        [
            ("keep", 1.0, "baseline", {}),
            ("keep", 0.5, "both", both),
            ("keep", 0.3, "RATE", {"changed": {"RATE": ["2", "4"]}}),
            ("discard", 0.6, "w", {"changed": {"WIDTH": ["8", "9"], "DEPTH": ["5", "6"]}}),
            ("discard", 0.6, "w", {"changed": {"WIDTH": ["8", "7"], "RATE": ["4", "5"]}}),
        ]
    )
    page = as_markdown(account_of(state))
    assert "| DEPTH (4 → 5) | 2 | 1 | — | 0.5 together with RATE |" in page
    assert "| RATE (1 → 4) | 3 | 2 | 0.2 | 0.5 together with DEPTH |" in page
    assert "no lesson about any of them" in page
    assert "together with DEPTH" in as_html(account_of(state))
    assert account_of(state).dead_ends == ()


def test_a_gain_that_a_verification_refuted_is_no_lesson() -> None:
    state = told(
        [
            ("keep", 1.0, "baseline", {}),
            ("keep", 0.5, "RATE", {"changed": {"RATE": ["1", "2"]}}),
        ]
    )
    gone = events.Effect("step", 2, "gone", 0.5, 0.0, -0.1, 0.1)
    state.verification = Verification(
        events.VerificationStarted(1, (2,), (), 3, 1),
        finished=events.VerificationFinished(
            Safe("done"), complete=True, rounds=3, reproduced=None, effects=(gone,)
        ),
    )
    page = as_markdown(account_of(state))
    assert "| RATE (1 → 2) | 1 | 1 | — | #2 was gone when measured again |" in page


@pytest.mark.parametrize("worse", [13.42, 10.00001])
def test_what_got_worse_is_never_told_with_a_sign_before_better(worse: float) -> None:
    """A cheaper plan that answers later, by each viewer."""
    rule = Contract("t", "h", (Metric(Safe("cost"), "lower"), Metric(Safe("p95"), "lower")))
    run = opening(rule)
    for n, values in enumerate([{"cost": 2.0, "p95": 10.0}, {"cost": 1.0, "p95": worse}], 1):
        run += [
            events.ExperimentStarted(n, "0" * 40),
            events.Decided(n, "keep", f"{n:040x}", "0" * 40, Safe("d"), Safe(""), values, 2.0),
        ]
    state = folded(recorded(run))
    account = account_of(state)
    entry = entry_of("a", state, "experiment")
    seen = [*account.changes, *_lines(account.digest), *table(compare([entry], "experiment"))]
    assert any("worse" in line and "p95" in line for line in seen)
    for line in [*seen, as_markdown(account), as_html(account)]:
        assert not re.search(r"[−-][\d.]+ %? ?(better|worse)", line), line


@pytest.mark.parametrize("memo", [{"changed": 3}, {"changed": {"A": 1}}, {"changed": {"A": ["x"]}}])
def test_a_strange_memo_does_no_harm(memo: dict[str, Any]) -> None:
    state = told([("keep", 1.0, "baseline", {}), ("discard", 2.0, "an idea", memo)])
    assert names(state) == {OTHER: (1, 0)}


# ---- what it survives ----------------------------------------------------------------------------

SHARP = [
    '"><script>alert(1)</script>',
    "</title></style><script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "'; onmouseover='x",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "<https://evil.example>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "```\n<script>",
    "x\n```\n<script>alert(1)</script>\n# heading",
    "| a | b |\n|--|--|",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "***",
    "---",
    "===",
    "    code",
    "~~~",
    "www.evil.example https://evil.example a@evil.example",
    "\\`*",
]

TEXTS = (*HOSTILE, *SHARP)


def diff_of(text: str) -> Callable[[int], str]:
    return lambda n: PATCH.format(text)


def test_no_hostile_text_makes_a_tag() -> None:
    expected = Tags(as_html(account_of(hostile_run("harmless"), diff_of("harmless")))).tags
    volatile = {"br", "span", "p"}  # lines of a diff; a hypothesis or a text that is empty
    for text in TEXTS:
        found = Tags(as_html(account_of(hostile_run(text), diff_of(text)))).tags
        # The same elements and attributes, whatever is in them.
        assert set(found) <= set(expected) | {("br",)}, text
        assert found["h2",] == expected["h2",]
        assert all(found[tag] <= expected[tag] for tag in found if tag[0] not in volatile), text


def test_markup_comes_out_as_it_was_written() -> None:
    text = '<b>bold</b> & "quotes" [link](x) `code` 1. #2 *3* a_b_c | d'
    account = account_of(hostile_run(text))
    assert text in Tags(as_html(account)).text
    assert text in markdown_text(as_markdown(account))


def markdown_tokens(page: str) -> list[Any]:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(page)
    return [inner for token in tokens for inner in (token, *(token.children or []))]


def markdown_text(page: str) -> str:
    return "".join(token.content for token in markdown_tokens(page) if token.type == "text")


def test_no_hostile_text_makes_markdown() -> None:
    expected = {
        t.type
        for t in markdown_tokens(as_markdown(account_of(hostile_run("harmless"), diff_of("x"))))
    }
    allowed = expected | {"text_special"}
    for text in TEXTS:
        page = as_markdown(account_of(hostile_run(text), diff_of(text)))
        tokens = markdown_tokens(page)
        assert {token.type for token in tokens} <= allowed, text
        headings = [token for token in tokens if token.type == "heading_open"]
        # The title, one for each of six parts at most, and one for each kept change.
        assert len(headings) <= 9, text
        assert sum(token.type == "fence" for token in tokens) <= 3, text
        # What a reader that makes links of addresses looks at: all but the blocks of code.
        source = "".join(token.content for token in tokens if token.type == "inline")
        assert "://" not in source, text


def test_no_control_character_comes_through() -> None:
    for text in HOSTILE:
        account = account_of(hostile_run(text), diff_of(text))
        for page in (as_html(account), as_markdown(account)):
            page.encode()
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", page)


@settings(max_examples=25)
@given(runs())
def test_any_stage_of_any_run_has_a_report(records: list[Record]) -> None:
    account = account_of(folded(records), PATCH.format)
    page = as_html(account)
    assert page.endswith("</html>\n")
    assert as_markdown(account)
    assert len(account.rows) == account.digest.rows


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["keep", "discard", "crash"]),
            st.floats(allow_nan=False, allow_infinity=False)
            | st.sampled_from([0.0, 1e308, -1e308]),
        ),
        max_size=12,
    )
)
def test_any_figures_can_be_drawn(figures: list[tuple[str, float]]) -> None:
    state = plain(*((status, None if status == "crash" else value) for status, value in figures))
    page = as_html(account_of(state))
    numbers = re.findall(r' (?:cx|cy|x|y)="([^"]*)"', page)
    assert all(re.fullmatch(r"-?[0-9.]+", number) for number in numbers)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).lower()
    as_markdown(account_of(state))


def test_a_whole_run_of_the_helpers_reads_well() -> None:
    state = folded(recorded(whole_run(["keep", "discard", "crash", "keep"], cost=0.25)))
    account = account_of(state)
    assert ("money", "$1.00 of $10.00") in account.costs
    assert ("per kept change", "$1.00") in account.costs
