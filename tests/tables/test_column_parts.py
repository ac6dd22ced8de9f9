"""The parts that reading a table is made of: numbers, times, verdicts, names, directions."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexp_tui.tables import TableChoice, choose, names, parse_table, read_table, summarise
from autoexp_tui.tables.cell_values import number, unit
from autoexp_tui.tables.dates import moment
from autoexp_tui.tables.direction import Judged, delta_votes, infer, level_votes
from autoexp_tui.tables.docs import spoken_of
from autoexp_tui.tables.statuses import outcome_of, outcomes_of


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2.5", 2.5), ("+23218", 23218.0), ("\u22120.5", -0.5), ("1,234,567.5", 1234567.5),
        ("12,5", 12.5), ("0,994", 0.994), ("1,234", 1234.0), ("68.6%", 68.6), ("151K", 151e3),
        ("3.7M", 3.7e6), ("180 ms", 180.0), ("~79%", 79.0), ("1.72F (est.)", 1.72), ("$0.42", 0.42),
        ("0.61 ± 0.02", 0.61), ("1e-3", 0.001), ("42.3 tok/s", 42.3), (7, 7.0), (0.5, 0.5),
    ],
)  # fmt: skip
def test_numbers_with_what_people_put_around_them(cell: str | float, value: float) -> None:
    assert number(cell) == pytest.approx(value)


@pytest.mark.parametrize(
    "cell",
    ["", "-", "n/a", "NaN", "inf", "1e999", "none", "58.4%,0.183,38.4/day", "score=0.5", "3a44218",
     "7324 sigs avg=21.8c", "35/20/10", "v2.1.0", "x" * 500, True, None, 10**400],
)  # fmt: skip
def test_what_is_no_number_or_more_than_one(cell: str | float | None) -> None:
    assert number(cell) is None


def test_units_are_kept_apart() -> None:
    assert [unit(cell) for cell in ("68 %", "1.5ms", "$3", "4", "")] == ["%", "ms", "$", "", ""]


@pytest.mark.parametrize(
    "cell",
    ["2026-05-01T10:00:00Z", "2026-05-01T12:00:00+02:00", "2026-05-01 10:00:00", 1777629600,
     1777629600000, "1777629600", "2026-05-01_100000"],
)  # fmt: skip
def test_moments_in_many_forms(cell: str | int) -> None:
    assert moment(cell) == 1777629600.0


@pytest.mark.parametrize("cell", ["", "baseline", "12", "2026", "99999999", 12.5, None])
def test_what_is_no_moment(cell: str | float | None) -> None:
    assert moment(cell) is None


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("keep", "kept"), ("KEEP", "kept"), ("NEW_BEST", "kept"), ("neutral-kept", "kept"),
        ("keep (reworked)", "kept"), ("baseline", "kept"), ("accepted", "kept"),
        ("✅ kept", "kept"),
        ("TrialState.COMPLETE", "kept"), ("IMPROVED", "kept"), ("committed", "kept"),
        ("discard", "rejected"), ("REVERTED", "rejected"), ("discard_wallclock", "rejected"),
        ("not kept", "rejected"), ("no improvement", "rejected"), ("pruned", "rejected"),
        ("false", "rejected"), ("worse", "rejected"),
        ("crash", "failed"), ("checks_failed", "failed"), ("correctness_fail", "failed"),
        ("timeout", "failed"), ("metric-error", "failed"), ("hook-blocked", "failed"),
        ("SAME", "other"), ("no-op", "other"), ("pending", "other"), ("partial", "other"),
        ("purple", None), ("", None), ("a=1", None), ("3.5", None), ("x" * 300, None),
    ],
)  # fmt: skip
def test_verdicts_in_other_words(word: str, found: str | None) -> None:
    assert outcome_of(word) == found


def test_that_it_ran_is_no_verdict_where_others_say_keep() -> None:
    assert outcomes_of(["keep", "keep", "done", "discard"])["done"] == "other"
    assert outcomes_of(["keep", "done", "done", "done"])["done"] == "kept"
    assert outcomes_of(["done", "reverted", "done"])["done"] == "kept"
    assert outcomes_of(["done", "failed", "baseline"]) == {
        "done": "none",
        "failed": "failed",
        "baseline": "none",
    }


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("val_bpb", "lower"), ("valLoss", "lower"), ("test_wer", "lower"), ("p99_ms", "lower"),
        ("cost_per_hour", "lower"), ("ms_per_step", "lower"), ("combined_µs", "lower"),
        ("uncovered_lines", "lower"), ("accuracy_loss", "lower"), ("error_rate", "lower"),
        ("val_acc", "higher"), ("primary_f05", "higher"), ("tok_per_sec", "higher"),
        ("throughput_tok_s", "higher"), ("ops_sec", "higher"), ("pass_rate", "higher"),
        ("time_saved", "higher"), ("score", "higher"), ("improvement_pct", "higher"),
        ("generations_per_s", "higher"), ("overall_score", "higher"),
        ("robustness_gap", "unknown"), ("oob", "unknown"), ("metric", "unknown"),
        ("latency_score", "unknown"), ("", "unknown"),
    ],
)  # fmt: skip
def test_names_that_tell_the_direction(name: str, way: str) -> None:
    assert names.name_direction(name)[0] == way


def points(*entries: tuple[float, str]) -> list[Judged]:
    return [Judged(value, status) for value, status in entries]  # type: ignore[arg-type] # literals


RISING = points((1, "kept"), (2, "kept"), (1.5, "rejected"), (3, "kept"), (2.5, "rejected"))


def test_what_is_kept_tells_the_direction() -> None:
    assert infer("oob", RISING, delta=False, total=False).way == "higher"
    falling = [point._replace(value=-point.value) for point in RISING]
    assert infer("oob", falling, delta=False, total=False).way == "lower"


def test_contradicting_verdicts_leave_it_unknown() -> None:
    mixed = points((1, "kept"), (2, "kept"), (1, "kept"), (2, "rejected"), (0.5, "rejected"))
    assert infer("gap", mixed, delta=False, total=False).way == "unknown"


def test_a_sure_name_beats_odd_verdicts_and_says_so() -> None:
    found = infer("val_loss", RISING, delta=False, total=False)
    assert (found.way, found.confidence) == ("lower", "low")
    assert "otherwise" in found.source


def test_clear_verdicts_beat_a_name_that_is_only_likely() -> None:
    falling = [point._replace(value=-point.value) for point in RISING]
    assert infer("score", falling, delta=False, total=False).way == "lower"


def test_nothing_to_go_by_is_unknown_not_a_guess() -> None:
    assert infer("gap", [], delta=False, total=False).way == "unknown"
    assert infer("gap", points((1, "kept")), delta=False, total=False).way == "unknown"


def test_the_sign_of_kept_differences_is_the_good_one() -> None:
    votes = delta_votes(
        points((-2.4, "kept"), (8.1, "rejected"), (9.2, "rejected"), (-0.1, "rejected"))
    )
    assert votes.way == "lower"
    assert votes.agreement > 0.75


def test_a_new_baseline_is_no_step() -> None:
    votes = level_votes([Judged(5, "kept"), Judged(500, "kept", restart=True), Judged(400, "kept")])
    assert votes.way == "lower"


def test_a_line_of_a_document_counts_only_where_it_names_the_column() -> None:
    docs = [
        ("program.md", 3, "Lower is better."),
        (
            "program.md",
            9,
            "get the highest robustness_gap; keep val_bpb from rising (lower is better)",
        ),
    ]
    said = spoken_of(docs, ["robustness_gap", "val_bpb", "score"])
    assert {name: found.way for name, found in said.items()} == {
        "robustness_gap": "higher",
        "val_bpb": "lower",
    }
    assert said["robustness_gap"].source == "program.md:9"


def test_documents_that_disagree_are_little_trusted() -> None:
    docs = [("a.md", 1, "minimise oob"), ("b.md", 2, "maximize oob")]
    found = spoken_of(docs, ["oob"])["oob"]
    assert (found.way, found.confidence) == ("lower", "low")


def test_a_document_beside_the_file_is_read_unless_told_not_to(tmp_path: Path) -> None:
    path = tmp_path / "results.tsv"
    path.write_text("commit\toob\tstatus\tdescription\na1\t0.5\tkeep\tx\n", "utf-8")
    (tmp_path / "program.md").write_text("# Goal\n\nGet the highest oob.\n", "utf-8")
    assert read_table(path).primary.direction.way == "higher"
    assert read_table(path).primary.direction.source == "program.md:3"
    assert read_table(path, docs=False).primary.direction.way == "unknown"


def test_a_configuration_beside_the_file_speaks_of_a_plain_metric(tmp_path: Path) -> None:
    path = tmp_path / "results.tsv"
    path.write_text("iteration\tmetric\tstatus\n0\t5\tkeep\n", "utf-8")
    (tmp_path / ".autoresearch").mkdir()
    (tmp_path / ".autoresearch" / "config.json").write_text('{"metric_direction": "minimize"}')
    assert read_table(path).primary.direction.way == "lower"


def test_the_same_table_beside_the_file_lends_its_direction(tmp_path: Path) -> None:
    header = "commit\tgap\tn\tstatus\tdescription\n"
    rows = "".join(f"a{k}\t{k}\t1\tkeep\tx\n" for k in range(1, 6))
    (tmp_path / "results_1.tsv").write_text(header + rows, "utf-8")
    (tmp_path / "results_2.tsv").write_text(header, "utf-8")
    (tmp_path / "results_3.tsv").write_text(header.replace("gap", "hole"), "utf-8")
    found = read_table(tmp_path / "results_2.tsv").primary.direction
    assert (found.way, found.confidence) == ("higher", "low")
    assert "results_1.tsv" in found.source
    assert read_table(tmp_path / "results_3.tsv").primary.direction.way == "unknown"


def test_a_person_can_flip_the_direction() -> None:
    table = parse_table(b"commit\tval_loss\tstatus\na\t2\tkeep\nb\t1\tkeep\n")
    assert summarise(table).best == 1.0
    flipped = summarise(choose(table, TableChoice(direction="higher")))
    assert (flipped.best, flipped.direction) == (2.0, "higher")
    assert "you" in flipped.direction_source
