"""Moments and durations in the forms that people and programs write."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.tables import parse_table
from autoexp_tui.tables.dates import duration, moment, reader

MAY = dt.datetime(2026, 5, 9, 16, 4, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-05-09T16:04:05Z", "2026-05-09 16:04:05", "2026-05-09T18:04:05+02:00",
        "2026/05/09 16:04:05", "09.05.2026 16:04:05", "9.5.2026, 16:04:05", "5/9/2026 4:04:05 PM",
        "05/09/26 16:04:05", "Sat May  9 16:04:05 2026", "Sat May  9 16:04:05 UTC 2026",
        "Sat, 09 May 2026 16:04:05 GMT", "Sat, 09 May 2026 18:04:05 +0200", "9-May-2026 16:04:05",
        "9 mai 2026 16:04:05", "May 9, 2026 4:04:05 pm", "2026-05-09_16-04-05", "20260509_160405",
        "20260509-160405", "2026-05-09 16:04:05 UTC", "2026-05-09 16:04:05,000",
        "2026年5月9日 16时04分05秒", "1778342645", 1778342645, 1778342645000, 1778342645000000,
        1778342645000000000,
    ],
)  # fmt: skip
def test_one_moment_in_every_usual_form(cell: str | int) -> None:
    assert moment(cell) == MAY.timestamp()


@pytest.mark.parametrize(
    "cell",
    [
        "1.2.26",
        "2026-13-40",
        "31/31/2026",
        "10.0.0.3",
        "batch may 4 2026 and more",
        "deeper",
        "v2.1",
    ],
)
def test_what_only_looks_like_a_date(cell: str) -> None:
    assert moment(cell) is None


@given(st.integers(631_238_400, 4_102_358_400))
def test_what_programs_write_is_read_back(second: int) -> None:
    whole = dt.datetime.fromtimestamp(second, dt.UTC).replace(tzinfo=None)
    stamp = whole.replace(tzinfo=dt.UTC).timestamp()
    mailed = format_datetime(whole.replace(tzinfo=dt.UTC))
    for text in (whole.isoformat(), whole.ctime(), mailed, f"{whole:%Y%m%d_%H%M%S}",
                 f"{whole:%d.%m.%Y %H:%M:%S}", f"{whole:%m/%d/%Y %I:%M:%S %p}"):  # fmt: skip
        assert moment(text) == stamp, text


@pytest.mark.parametrize(
    ("cells", "day", "month"),
    [
        (["13/02/2026", "03/04/2026"], 3, 4),
        (["02/13/2026", "03/04/2026"], 4, 3),
        (["05/03/2026", "06/03/2026", "01/04/2026", "03/04/2026"], 3, 4),
        (["03/04/2026"], 4, 3),
    ],
)
def test_the_other_dates_of_a_column_tell_which_number_is_the_day(
    cells: list[str], day: int, month: int
) -> None:
    expected = dt.datetime(2026, month, day, tzinfo=dt.UTC).timestamp()
    assert reader(cells)("03/04/2026") == expected


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("233ms", 0.233), ("1.5 s", 1.5), ("2.5min", 150.0), ("1h 02m 03s", 3723.0),
        ("0:12:33", 753.0), ("12:33", 753.0), ("0 days 00:02:09.5", 129.5),
        ("2 days, 1:00:00", 176400.0),
        ("7", 7.0), (3, 3.0), ("-1", None), ("deep", None), ("12 layers", 12.0), ("", None),
    ],
)  # fmt: skip
def test_durations(cell: str | int, seconds: float | None) -> None:
    assert duration(cell) == pytest.approx(seconds)


def test_a_column_of_dates_and_one_of_durations_make_the_rows_times() -> None:
    table = parse_table(
        b"When,Took,wer,Decision\n14/02/2026 09:00,1m 30s,9.5,keep\n15/02/2026 09:00,45s,9.1,keep\n"
    )
    first, second = table.rows
    assert first.time is not None
    assert second.time is not None
    assert second.time - first.time == 86400.0
    assert (first.seconds, second.seconds) == (None, None)  # `Took` is no name of a duration
    timed = parse_table(b"Duration,wer\n1m 30s,9.5\n45s,9.1\n")
    assert [row.seconds for row in timed.rows] == [90.0, 45.0]
    assert timed.primary.metric == "wer"
