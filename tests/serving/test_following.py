"""`autoexp report --follow`: one page that tells the run as it goes on, and when it doesn't."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.browser import MISSING, browser_page, find_browser
from support.waiting import until

from autoexp_tui.cli import run_command
from autoexp_tui.loop.journal import JournalReader
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.state import RunState
from autoexp_tui.report.live import live_of
from autoexp_tui.samples import recording
from autoexp_tui.serving.following import LEAST_S, MOST_S, Follower
from autoexp_tui.sources.archive import pack
from autoexp_tui.text.numbers import NONE
from autoexp_tui.text.safe import Safe

RECORDS = JournalReader(recording().journal).read()
OPENING = next(at for at, each in enumerate(RECORDS) if isinstance(each.event, events.Decided)) + 1


class Feed:
    """A source that a test fills, and a clock that it sets."""

    def __init__(self) -> None:
        self.waiting: list[Record] = []
        self.going = True
        self.now = 1_000_000.0
        self.pages: list[str] = []
        self.follower = Follower(self, self.pages.append, clock=lambda: self.now)

    def read(self) -> list[Record]:
        taken, self.waiting = self.waiting, []
        return taken

    def alive(self) -> bool:
        return self.going

    def look(self, *records: Record, after: float = 0.0) -> int:
        """Look once; how many pages were written."""
        self.waiting += records
        self.now += after
        before = len(self.pages)
        self.follower.look()
        return len(self.pages) - before


@pytest.fixture
def feed() -> Feed:
    feed = Feed()
    assert feed.look() == 0  # nothing is known yet
    assert feed.look(*RECORDS[:OPENING]) == 1
    return feed


def test_a_page_is_written_when_there_is_more_to_tell_and_not_too_often(feed: Feed) -> None:
    assert feed.look(after=LEAST_S + 1) == 0
    assert feed.look(RECORDS[OPENING]) == 1
    assert feed.look(RECORDS[OPENING + 1], after=LEAST_S - 0.5) == 0
    assert feed.look(after=0.5) == 1
    assert feed.look(after=MOST_S - 1) == 0
    assert feed.look(after=1) == 1
    assert feed.look(RECORDS[OPENING + 2], after=-3600) == 1  # the clock was set back


def test_it_says_what_is_done_now_and_since_when(feed: Feed) -> None:
    until_evaluated = next(
        at
        for at, each in enumerate(RECORDS)
        if at > OPENING and isinstance(each.event, events.EvaluationStarted)
    )
    feed.look(*RECORDS[OPENING : until_evaluated + 1], after=5)
    top = banner(feed.pages[-1])
    assert 'class="going"' in top
    assert "evaluating #2" in top
    assert f'data-written="{feed.now:.0f}"' in top
    assert f'data-told="{RECORDS[until_evaluated].time:.0f}"' in top
    assert "data-over" not in top
    assert '<meta http-equiv="refresh"' in feed.pages[-1]


def test_a_runner_that_has_gone_is_told_at_once(feed: Feed) -> None:
    feed.going = False
    assert feed.look(after=LEAST_S) == 1
    assert 'class="gone"' in banner(feed.pages[-1])
    feed.going = True
    assert feed.look(after=LEAST_S) == 1
    assert 'class="going"' in banner(feed.pages[-1])


def test_the_last_page_says_so(feed: Feed) -> None:
    feed.waiting = list(RECORDS[OPENING:])
    feed.going = False
    rests: list[float] = []
    feed.follower.follow(rest=rests.append)
    assert rests == []
    top = banner(feed.pages[-1])
    assert 'class="ended"' in top
    assert "finished:" in top
    assert "last written" in top
    assert "data-over" in top
    assert '<meta http-equiv="refresh"' not in feed.pages[-1]


def test_who_stops_following_leaves_a_page_that_says_so(feed: Feed) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        feed.follower.follow(rest=interrupt)
    top = banner(feed.pages[-1])
    assert 'class="left"' in top
    assert "nobody follows the run any more" in top
    assert "data-over" in top


def test_a_long_page_is_written_less_often() -> None:
    feed = Feed()
    ticks = iter(range(0, 10_000, 3))  # each look at the clock takes three seconds
    feed.follower = Follower(feed, feed.pages.append, clock=lambda: 1e6 + next(ticks))
    feed.look(*RECORDS[:OPENING])
    written = [feed.look(RECORDS[OPENING + at]) for at in range(10)]
    assert written[:6] == [0] * 6
    assert sum(written) == 1


def test_its_policy_lets_its_own_script_run_and_no_other(feed: Feed) -> None:
    page = feed.pages[-1]
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Security-Policy" content="([^"]*)"', page)
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"(?:src|href)\s*=", page.replace(script, ""))
    assert "://" not in script


def test_what_a_run_says_of_itself_makes_no_tag() -> None:
    state = RunState()
    for record in RECORDS[:OPENING]:
        state.apply(record)
    paused = events.Paused(Safe("<script>alert(1)</script>\x1b[31m"))
    state.apply(Record(state.seq + 1, 1e6, 1.0, paused))
    feed = Feed()
    feed.follower._state, feed.follower._is_new = state, True
    feed.look()
    assert banner(feed.pages[-1]).count("<") == banner(feed.pages[-1]).count(">")
    assert "&lt;script&gt;alert" in feed.pages[-1]
    assert "\x1b" not in feed.pages[-1]
    assert live_of(state, alive=True, written=1e300).clock == NONE


def banner(page: str) -> str:
    (found,) = re.findall(r'<div id="live".*?</div>', page, re.DOTALL)
    return str(found)


# ---- the command ---------------------------------------------------------------------------------


@pytest.fixture
def growing(here: Path) -> Path:
    """The journal of a run, of which only the beginning is there."""
    journal = here / ".git" / "autoexp" / "demo" / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:OPENING]))
    return journal


@pytest.fixture
def following(here: Path, growing: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "autoexp_tui", "report", "--follow", "-o", "p.html", "--port", "0"],
        cwd=here,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        yield process
        process.kill()


def asked(address: str, **headers: str) -> tuple[int, str, str]:
    """Status, body and name of what is served."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(), answer.headers["ETag"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), ""


def test_a_growing_journal_is_followed_to_its_end(
    here: Path, growing: Path, following: subprocess.Popen[str]
) -> None:
    assert following.stdout is not None
    address = following.stdout.readline().strip()
    page = here / "p.html"
    until(page.exists, "the first page")
    assert 'class="gone"' in banner(page.read_text())
    until(lambda: asked(address)[1] == page.read_text(), "it is served")
    _, _, name = asked(address)
    assert asked(address, If_None_Match=name)[0] == 304
    assert asked(f"{address}x")[0] == 404
    assert asked(address.rsplit("/", 2)[0] + "/other/")[0] == 403
    assert asked(address, Host="evil.example")[0] == 403
    assert asked(address, Origin="http://evil.example")[0] == 403
    with growing.open("ab") as file:
        file.write(b"".join(recording().journal.read_bytes().splitlines(keepends=True)[OPENING:]))
    until(lambda: 'class="ended"' in banner(asked(address)[1]), "the last page is served")
    until(lambda: asked(address)[1] == page.read_text(), "and is in the file")
    following.send_signal(signal.SIGINT)
    told, _ = following.communicate(timeout=60)
    assert following.returncode == 130
    assert "the run has ended" in told
    assert address.split("/")[3] not in told
    assert 'class="ended"' in banner(page.read_text())
    assert "25 rows" in page.read_text()
    assert [entry.name for entry in here.iterdir() if entry.name.endswith(".tmp")] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_a_page_that_says_so(
    here: Path, following: subprocess.Popen[str], number: signal.Signals
) -> None:
    page = here / "p.html"
    until(page.exists, "the first page")
    following.send_signal(number)
    following.communicate(timeout=60)
    assert following.returncode == 128 + number
    assert 'class="left"' in banner(page.read_text())


def test_what_can_not_be_followed_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack(recording(), here / "run.zip")
    for arguments, words in (
        (["--port", "0"], "add --follow"),
        (["--follow", "--md"], "name it with -o"),
        (["--follow", "-o", "-"], "name it with -o"),
        (["--follow", "run.zip"], "doesn't grow"),
        (["--follow", "-o", "missing/p.html"], "can't be written"),
        (["--follow", "--port", "70000"], "can't be listened on"),
    ):
        assert run_command(["report", *arguments]) == 2, arguments
        assert words in capsys.readouterr().err
    (here / "autoexp-demo.html").write_text("a person's own")
    assert run_command(["report", "--follow"]) == 2
    assert (here / "autoexp-demo.html").read_text() == "a person's own"


def test_of_a_run_that_has_ended_there_is_one_page(here: Path) -> None:
    assert run_command(["report", "--follow"]) == 0
    assert 'class="ended"' in banner((here / "autoexp-demo.html").read_text())


# ---- in a browser --------------------------------------------------------------------------------


async def test_a_phone_shows_what_is_new_by_itself(
    here: Path, growing: Path, following: subprocess.Popen[str]
) -> None:
    executable = find_browser()
    if executable is None:
        pytest.skip(MISSING)
    assert following.stdout is not None
    address = following.stdout.readline().strip()
    await asyncio.to_thread(until, (here / "p.html").exists, "the first page")
    rest = b"".join(recording().journal.read_bytes().splitlines(keepends=True)[OPENING:])
    async with browser_page(executable) as page:
        await page.open(address, 360, 740)
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        assert "ago" in await page.evaluate("document.querySelector('#live time').textContent")
        await page.evaluate("document.querySelector('main details').open = true; scrollTo(0, 99)")
        with growing.open("ab") as file:
            file.write(rest)
        await page.until("document.querySelector('#live').className === 'ended'")
        assert await page.evaluate("scrollY") == 99
        assert await page.evaluate("[...document.querySelectorAll('main details')].at(-1).open")
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.said == []
        assert {asked.rpartition("/")[0] + "/" for asked in page.asked} == {address}
