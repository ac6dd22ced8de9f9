"""What a person says a table is judged by counts, and ends the guesses about it."""

from __future__ import annotations

import msgspec
import pytest

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables import Table, TableChoice, choose, parse_table, summarise
from autoexp_tui.tables.flags import noted

_ROWS = (
    b"round\tcommit\tval.loss\tlatency_ms\tstatus\tenv\tdescription\n"
    b"1\ta1\t0.9\t40\tkeep\tcuda\tbaseline\n"
    b"2\tb2\t0.7\t45\tkeep\tcpu\twider\n"
    b"3\tc3\t0.8\t20\tdiscard\tcpu\tshallow\n"
    b"4\td4\t0\t0\tcrash\tcuda\ttoo wide\n"
)


@pytest.fixture
def table() -> Table:
    return parse_table(_ROWS, name="t.tsv")


def test_another_column_judges(table: Table) -> None:
    assert summarise(table).metric == "val.loss"
    found = summarise(choose(table, TableChoice("latency_ms")))
    assert (found.metric, found.direction, found.baseline) == ("latency_ms", "lower", 40.0)
    assert found.best == 40.0, "of the kept rows"


def test_the_number_that_stands_for_a_failure_is_none_in_any_column(table: Table) -> None:
    assert [row.value for row in choose(table, TableChoice("latency_ms")).rows] == [
        40,
        45,
        20,
        None,
    ]
    far = parse_table(_ROWS.replace(b"\t20\t", b"\t99999\t").replace(b"\t45\t", b"\t99999\t"))
    assert [row.value for row in choose(far, TableChoice("latency_ms")).rows] == [
        40,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("wanted", ["val.loss", "VAL.LOSS", "loss"])
def test_a_column_is_named_as_a_person_remembers_it(table: Table, wanted: str) -> None:
    assert choose(table, TableChoice(wanted)).primary.metric == "val.loss"


def test_the_column_that_counts_the_rows_may_judge_too(table: Table) -> None:
    assert "round" in table.numeric
    assert [row.value for row in choose(table, TableChoice("round")).rows] == [1, 2, 3, 4]


def test_what_is_no_column_or_holds_no_number_is_refused_in_a_line(table: Table) -> None:
    with pytest.raises(UsageProblem, match=r"no column latency_mss; did you mean latency_ms\?"):
        choose(table, TableChoice("latency_mss"))
    with pytest.raises(UsageProblem, match=r"env of t.tsv holds no number.*val.loss"):
        choose(table, TableChoice("env"))


def test_no_note_doubts_what_a_person_has_said() -> None:
    rows = b"".join(b"%d\t%d\t%d\n" % (n, 7 * n % 5, 3 * n % 7) for n in range(9))
    vague = parse_table(b"run\tvalue\tmemory_gb\n" + rows, name="t.tsv")
    vague = noted(msgspec.structs.replace(vague, doubt="memory_gb could be the metric as well"))
    assert any("which way is better is not known" in note.text for note in vague.notes)
    assert any("could be" in note.text for note in vague.notes)
    said = choose(vague, TableChoice("memory_gb", "lower"))
    assert not [note for note in said.notes if "known" in note.text or "could be" in note.text]
    assert summarise(said).direction_source == "as you said"
    only_way = choose(vague, TableChoice(direction="lower"))
    assert any("could be" in note.text for note in only_way.notes)


def test_words_that_stand_nowhere_else_stay_with_their_row(table: Table) -> None:
    assert table.texts == ("round", "env")
    assert [row.texts for row in table.rows[:2]] == [("1", "cuda"), ("2", "cpu")]


def test_parts_with_metrics_of_their_own_become_one_table() -> None:
    data = (
        b'{"type":"config","name":"a","metricName":"loss","bestDirection":"lower"}\n'
        b'{"run":1,"metric":3,"mem":9,"status":"keep"}\n'
        b'{"type":"config","name":"b","metricName":"acc","bestDirection":"higher"}\n'
        b'{"run":2,"metric":4,"mem":8,"status":"keep"}\n'
    )
    table = parse_table(data, name="t.jsonl")
    assert len(table.segments) == 2
    chosen = choose(table, TableChoice("mem", "lower"))
    assert [(part.metric, part.start, part.stop) for part in chosen.segments] == [("mem", 0, 2)]
    assert summarise(chosen).best == 8.0
