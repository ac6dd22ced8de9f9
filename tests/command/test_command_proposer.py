"""A real small script plays the agent, under the real supervisor."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.gitrepos import git, make_repo
from support.researcher import TARGET, Patience, situation
from support.waiting import first_long_enough

from autoexp_tui.evaluation.harness import run_harness
from autoexp_tui.loop.control import Interrupted
from autoexp_tui.model.contract import Agent
from autoexp_tui.model.proposal import Crash, Exhausted, Trial, Unable, Unusable
from autoexp_tui.proposers.command import BadCommand, Called, CommandProposer, Supervised
from autoexp_tui.proposers.command.presets import Preset, named
from autoexp_tui.proposers.command.scratch import Scratch
from autoexp_tui.proposers.waiting import EndedWaiting
from autoexp_tui.system.removal import discard
from autoexp_tui.testing import check_proposer

EDIT = "sed -i 's/lr = 0.1/lr = 0.2/' train.py\n"
SAY = "echo 'HYPOTHESIS: faster is better'\necho 'DESCRIPTION: double the rate'\n"
AFTER = TARGET.replace("lr = 0.1", "lr = 0.2")


def preset(name: str) -> Preset:
    found = named(name, {})
    assert found is not None
    return found


HISTORY = [*situation().history, Trial(2, 1, "discard", {"loss": 1.6}, "an edit", "", {})]
"""The agent has worked before."""


class Place:
    """A workspace with a project in a folder of it, and an agent that is a shell script."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "workspace"
        self.project = self.root / "sub"
        self.project.mkdir(parents=True)
        (self.project / "train.py").write_text("the base commit's, not the candidate's\n")
        (self.project / "eval.py").write_text("print('loss: 1')\n")
        (self.root / "README").write_text("readme\n")
        self.home = folder / "scratch"
        self.script = folder / "agent.sh"
        self.said: list[tuple[str, str]] = []
        self.notices: list[str] = []
        self.most = 12
        self.waiter = Patience(on_wait=self._spend)
        self.on_text: Callable[[], None] = lambda: None

    def proposer(
        self, script: str, *, arguments: str = "", limit: float = 60.0, command: str | None = None
    ) -> CommandProposer:
        self.script.write_text(f"#!/bin/sh\nset -e\n{script}")
        self.script.chmod(0o755)
        environment = {"PATH": os.environ["PATH"], "AUTOEXP_CACHE": "x", "AGENT_KEY": "k"}
        line = command or f"{shlex.quote(str(self.script))} {arguments}"
        self.made = CommandProposer(
            Called.of(Agent(line), environment),
            root=self.root,
            folder="sub",
            home=self.home,
            run=Supervised(run_harness, environment, limit, lambda: None),
            waiter=self.waiter,
            notice=self.notices.append,
        )
        return self.made

    def left_after_its_end(self) -> bool:
        """Whether something of the copy is there when its proposer has ended."""
        self.made.close()
        return self.home.exists()

    def _spend(self, _seconds: float, _reason: str) -> None:
        if len(self.waiter.waits) >= self.most:
            raise EndedWaiting("8 h have passed")

    def stream(self, part: str, text: str) -> None:
        self.said.append((part, text))
        self.on_text()

    def shown(self, part: str) -> str:
        """What a person sees of it at the end."""
        words = ""
        for name, text in self.said:
            if name == "again" or (name == "afresh" and part == "target"):
                words = ""
            words += text * (name == part)
        return words


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_keeps_the_promises_of_a_proposer(place: Place) -> None:
    check_proposer(lambda: place.proposer(EDIT + SAY), situation())


def test_the_change_of_the_target_is_taken(place: Place) -> None:
    proposal = place.proposer(EDIT + SAY).propose(situation(), place.stream)
    assert proposal.text == AFTER
    assert proposal.hypothesis == "faster is better"
    assert proposal.description == "double the rate"
    assert place.shown("target") == AFTER
    assert "HYPOTHESIS: faster" in place.shown("hypothesis")
    assert place.notices == []
    assert not place.left_after_its_end()


def test_the_workspace_is_not_touched(place: Place) -> None:
    place.proposer(f"{EDIT}echo x > eval.py; rm ../README").propose(situation(), place.stream)
    assert (place.project / "eval.py").read_text() == "print('loss: 1')\n"
    assert (place.root / "README").exists()
    assert (place.project / "train.py").read_text().startswith("the base")


def test_other_changes_are_reported_and_dropped(place: Place) -> None:
    script = f"{EDIT}echo x > eval.py; rm ../README; echo y > new.py; touch .aider.chat; mkdir d\n"
    proposal = place.proposer(script).propose(situation(), place.stream)
    assert proposal.text == AFTER
    assert place.notices == [
        "the agent changed more than train.py; dropped: README, sub/eval.py, sub/new.py"
    ]


def test_a_file_that_was_only_touched_is_no_change(place: Place) -> None:
    place.proposer(f"{EDIT}touch -d 2001-01-01 eval.py").propose(situation(), place.stream)
    assert place.notices == []


@pytest.mark.parametrize("arguments", ["", "{prompt_file} {target}"])
def test_the_prompt_comes_on_stdin_or_as_a_file(place: Place, arguments: str) -> None:
    script = EDIT + ('cat "$1"; echo "target $2"' if arguments else "cat")
    hints = situation(hints=("try a cosine schedule",))
    place.proposer(script, arguments=arguments).propose(hints, place.stream)
    shown = place.shown("hypothesis")
    assert "try a cosine schedule" in shown
    assert "`train.py`" in shown
    assert "propose_experiment" not in shown
    assert ("target train.py" in shown) == bool(arguments)


def test_with_a_prompt_file_stdin_is_empty(place: Place) -> None:
    script = f'{EDIT}test -z "$(cat)"\n'
    proposer = place.proposer(script, arguments="{prompt_file}")
    assert proposer.propose(situation(), place.stream).text == AFTER


MESS = f"""{EDIT}
echo x > eval.py; rm ../README; echo y > new.py; touch .aider.chat; mkdir -p d/e; touch d/e/f
rm -r ../lib; ln -s /etc ../lib; rm ../near; echo z > ../near; chmod 0 d; chmod 700 ../closed
git config core.fsmonitor ./evil; git commit -qam edit; mkdir -p ../.git/hooks
"""
CLEAN = f"""{EDIT}
test "$(cat eval.py)" = "print('loss: 1')"; test -f ../README; test ! -e new.py
test ! -e .aider.chat; test ! -e d; test ! -L ../lib
test -f ../lib/inner; test -L ../near; test ! -e ../.git/hooks
test "$(stat -c %a ../closed)" = 755; test -z "$(git config core.fsmonitor)"
test "$(git log --oneline | wc -l)" = 1; test "$(git status --short)" = " M train.py"
"""


def test_an_agent_finds_nothing_of_what_the_last_one_did(place: Place) -> None:
    (place.root / "lib").mkdir()
    (place.root / "lib" / "inner").write_text("x")
    (place.root / "closed").mkdir(mode=0o755)
    (place.root / "near").symlink_to("README")
    proposer = place.proposer(MESS)
    proposer.propose(situation(), place.stream)
    place.script.write_text(f"#!/bin/sh\nset -ex\n{CLEAN}")
    assert proposer.propose(situation(), place.stream).text == AFTER
    assert not place.left_after_its_end()


def test_what_is_new_in_the_workspace_is_new_in_the_copy(place: Place) -> None:
    proposer = place.proposer(EDIT)
    proposer.propose(situation(), place.stream)
    (place.root / "README").write_text("another\n")
    (place.project / "eval.py").unlink()
    place.script.write_text(
        f'#!/bin/sh\nset -e\ntest "$(cat ../README)" = another; test ! -e eval.py\n{EDIT}'
        'test "$(git log --oneline | wc -l)" = 1; test "$(git status --short)" = " M train.py"'
    )
    assert proposer.propose(situation(), place.stream).text == AFTER
    other = situation(text=f"{situation().text}# kept\n")
    assert proposer.propose(other, place.stream).text.endswith("# kept\n")


def test_what_is_as_it_was_is_not_copied_again_and_no_git_is_started(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposer = place.proposer(f"{EDIT}echo x > eval.py")
    proposer.propose(situation(), place.stream)
    readme, copy = place.root / "README", place.home / "workspace" / "README"
    before = copy.stat()
    monkeypatch.setattr(Scratch, "_run", None)
    proposer.propose(situation(), place.stream)
    after = copy.stat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    assert readme.stat().st_ino != copy.stat().st_ino


def test_links_out_of_the_workspace_are_not_in_the_copy(place: Place, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (place.project / "data").symlink_to(data)
    (place.project / "near").symlink_to("eval.py")
    script = f"{EDIT}test -e near; test ! -e data; mkdir data; echo x > data/mine\n"
    place.proposer(script).propose(situation(), place.stream)
    assert list(data.iterdir()) == []


def test_the_agent_sees_its_own_environment(place: Place) -> None:
    script = f'{EDIT}test "$AGENT_KEY" = k; test -z "$AUTOEXP_CACHE"\n'
    assert place.proposer(script).propose(situation(), place.stream).text == AFTER


def test_an_agent_that_says_nothing_is_described(place: Place) -> None:
    proposal = place.proposer(EDIT).propose(situation(), place.stream)
    assert proposal.hypothesis == "The agent did not say."
    assert proposal.description == "an edit by command"


def test_markdown_around_its_words_does_no_harm(place: Place) -> None:
    script = EDIT + "echo '**DESCRIPTION:** double the *rate*'; printf '\\033[31mHYPOTHESIS: why'\n"
    proposal = place.proposer(script).propose(situation(), place.stream)
    assert proposal.description == "double the *rate*"
    assert proposal.hypothesis == "why"


def test_bytes_that_are_not_utf8_are_kept(place: Place) -> None:
    latin = b"lr = 0.1 # \xe9\n".decode("utf-8", "surrogateescape")
    proposal = place.proposer(EDIT).propose(situation(text=latin), place.stream)
    assert proposal.text.encode("utf-8", "surrogateescape") == b"lr = 0.2 # \xe9\n"


FAILURES = {
    "nothing done": ("true\n", "left train.py as it was"),
    "removed": ("rm train.py\n", "it removed train.py"),
    "a link": ("ln -sf /etc/passwd train.py\n", "no file"),
    "huge": ("truncate -s 20M train.py\n", "left 20 MiB"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_can_t_be_tried_is_a_failed_attempt(place: Place, name: str) -> None:
    script, words = FAILURES[name]
    with pytest.raises(Unusable) as caught:
        place.proposer(script).propose(situation(), place.stream)
    assert words in str(caught.value)
    assert not place.left_after_its_end()


def test_a_crash_goes_back_to_the_agent(place: Place) -> None:
    proposer = place.proposer(f"{EDIT}grep -q oops && sed -i 's/0.2/0.3/' train.py\n{SAY}")
    before = place.script.read_text()
    place.script.write_text(before.replace("grep -q oops && ", "! grep -q oops || "))
    proposal = proposer.propose(situation(), place.stream)
    assert proposal.text == AFTER
    repair = proposer.repair(Crash(2, "exit 1", "oops: no such name"), AFTER, place.stream)
    assert repair is not None
    assert repair.text == AFTER.replace("0.2", "0.3")
    assert repair.hypothesis == "faster is better"
    assert proposer.repair(Crash(9, "exit 1", "oops"), AFTER, place.stream) is None


def test_an_idea_that_is_given_up_is_no_repair(place: Place) -> None:
    proposer = place.proposer(EDIT)
    proposer.propose(situation(), place.stream)
    assert proposer.repair(Crash(2, "exit 1", "oops"), AFTER, place.stream) is None


def test_each_edit_is_seen_while_the_agent_works(place: Place, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    shown: list[str] = []

    def go_on() -> None:
        if place.said[-1][0] == "target":
            shown.append(place.said[-1][1])
            if len(shown) == 1:
                with gate.open("w") as file:
                    file.write("go on\n")

    place.on_text = go_on
    script = f"{EDIT}read word < {gate}\nsed -i 's/lr = 0.2/lr = 0.9/' train.py\n"
    proposal = place.proposer(script).propose(situation(), place.stream)
    assert shown == [AFTER, proposal.text]
    assert place.shown("target") == proposal.text == AFTER.replace("0.2", "0.9")


def test_half_a_file_that_was_being_written_at_the_time_limit_is_not_taken(
    place: Place, tmp_path: Path
) -> None:
    gate, reached = tmp_path / "gate", tmp_path / "reached"

    def go_on() -> None:
        if place.said[-1][0] == "target":
            os.write(held[-1], b"go on\n")

    held: list[int] = []
    place.on_text = go_on
    script = f"{EDIT}read word < {gate}\nprintf 'def f(:' > train.py; touch {reached}; sleep 600\n"

    def attempt(limit: float) -> str | None:
        gate.unlink(missing_ok=True)
        os.mkfifo(gate)
        held.append(os.open(gate, os.O_RDWR))  # nobody waits for the other end
        proposer = place.proposer(script, limit=limit)
        with contextlib.suppress(Unable):  # never got going
            text = proposer.propose(situation(), place.stream).text
            return text if reached.exists() else None
        return None

    try:
        assert first_long_enough(attempt) == AFTER
    finally:
        for end in held:
            os.close(end)


def test_a_failure_is_waited_out_and_what_it_had_edited_is_dropped(
    place: Place, tmp_path: Path
) -> None:
    tries = tmp_path / "tries"
    often = f"echo x >> {shlex.quote(str(tries))}; test $(wc -l < {shlex.quote(str(tries))}) -gt 3"
    script = f"{often} || {{ echo y > train.py; echo 'Error: usage limit'; exit 3; }}\n{EDIT}"
    proposal = place.proposer(script).propose(situation(), place.stream)
    assert proposal.text == AFTER
    first, second, third = [seconds for seconds, _ in place.waiter.waits]
    assert first < second < third < 10
    assert place.waiter.waits[0][1] == "the agent failed: exit 3: Error: usage limit"
    assert [part for part, _ in place.said].count("again") == 3


def test_the_time_that_a_failure_names_is_waited_for(place: Place) -> None:
    place.most = 1
    with pytest.raises(Exhausted, match="8 h have passed"):
        place.proposer("echo 'rate limited, try again in 2h 5m'; exit 1").propose(
            situation(history=HISTORY), place.stream
        )
    assert [seconds for seconds, _ in place.waiter.waits] == [7500.0]


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("Your credit balance is too low", "top up the account"),
        ("Not logged in. Run /login", "log in"),
        ("The model `gpt-9` does not exist", "name a model"),
        ("error: unknown option --yes", "mend the command"),
    ],
)
def test_what_does_not_pass_ends_the_run_with_a_remedy(place: Place, said: str, what: str) -> None:
    with pytest.raises(Unable, match=what):
        place.proposer(f"echo '{said}'; exit 1").propose(situation(), place.stream)
    assert place.waiter.waits == []


def test_an_outage_that_ends_well_is_waited_out_too(place: Place) -> None:
    place.most = 25
    script = "echo 'litellm.RateLimitError: the API provider has rate limited you'; exit 0"
    with pytest.raises(Exhausted, match="8 h have passed"):
        place.proposer(script).propose(situation(history=[*HISTORY]), place.stream)
    assert len(place.waiter.waits) == 25  # more than the proposals that may bring nothing new


def test_a_run_in_which_the_agent_never_worked_ends_as_failed(place: Place) -> None:
    place.most = 1
    with pytest.raises(Unable, match="8 h have passed; the agent has made no proposal at all"):
        place.proposer("echo 'usage limit reached'; exit 1").propose(situation(), place.stream)


def test_a_failure_that_nobody_knows_is_tried_for_a_while_only(place: Place) -> None:
    place.most = 50
    with pytest.raises(Unable, match=r"exit 3: Segmentation fault, 13 times in a row: try `"):
        place.proposer("echo 'Segmentation fault'; exit 3").propose(situation(), place.stream)
    assert 1800 < sum(seconds for seconds, _ in place.waiter.waits) < 3600


def test_an_agent_that_can_t_edit_at_all_ends_the_run(place: Place) -> None:
    proposer = place.proposer("echo 'the sandbox refuses every write'\n")
    for answers in range(4):
        with pytest.raises(Unusable):
            proposer.propose(situation(answers=["nothing"] * answers), place.stream)
    with pytest.raises(Unable, match=r"5 times and never edited it: may it.*refuses every write"):
        proposer.propose(situation(answers=["nothing"] * 4), place.stream)
    with pytest.raises(Unusable):  # which has edited before
        proposer.propose(situation(history=HISTORY, answers=["nothing"] * 9), place.stream)


def test_who_names_a_short_time_again_and_again_is_asked_less_often(place: Place) -> None:
    with pytest.raises(Unable):
        place.proposer("echo 'rate limit, retry in 2s'; exit 1").propose(situation(), place.stream)
    waits = [seconds for seconds, _ in place.waiter.waits]
    assert waits[:2] == [2.0, 2.0]
    assert waits[-1] > 300


def test_what_an_agent_had_written_when_its_time_was_up_is_tried(place: Place) -> None:
    proposer = place.proposer(f"{EDIT}sleep 60\n", limit=0.5)
    assert proposer.propose(situation(), place.stream).text == AFTER
    assert place.notices == [
        "#2: the agent's time limit of 0.5 s was over: what it had written is tried"
    ]


def test_an_agent_that_hangs_is_not_run_for_ever(place: Place) -> None:
    with pytest.raises(Unable, match=r"6 times in a row .* raise command\.time_limit"):
        place.proposer("sleep 60\n", limit=0.1).propose(situation(), place.stream)
    assert len(place.waiter.waits) == 5


def test_a_program_that_is_not_there_ends_the_run(place: Place) -> None:
    proposer = place.proposer("", command="no-such-agent-program --now")
    with pytest.raises(Unable, match="install it, or mend the command `no-such-agent-program"):
        proposer.propose(situation(), place.stream)


def test_an_agent_that_is_limited_for_longer_than_its_time_is_waited_for(place: Place) -> None:
    place.most = 8
    retry = '{"type":"system","subtype":"api_retry","error":"rate_limit"}'
    script = f"echo '{retry}'; sleep 600\n"
    place.proposer(script)
    proposer = place.proposer(script, limit=0.4, command=f"{place.script}")
    proposer._called = replace(proposer._called, preset=preset("claude-code"))
    with pytest.raises(Unable, match="8 h have passed"):
        proposer.propose(situation(), place.stream)
    assert len(place.waiter.waits) == 8


def test_an_agent_that_falls_silent_after_it_has_worked_is_waited_for(place: Place) -> None:
    place.most = 8
    with pytest.raises(EndedWaiting):
        place.proposer("sleep 600\n", limit=0.1).propose(situation(history=HISTORY), place.stream)


def test_an_interrupt_ends_the_agent_and_all_it_started(place: Place, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    os.mkfifo(witness)
    held = os.open(witness, os.O_RDONLY | os.O_NONBLOCK)

    def interrupt() -> None:
        raise Interrupted

    place.on_text = interrupt
    script = f"exec 9> {shlex.quote(str(witness))}\nsleep 600 &\necho started\nsleep 600\n"
    try:
        with pytest.raises(Interrupted):
            place.proposer(script).propose(situation(), place.stream)
        assert os.read(held, 1) == b""  # nobody holds it open any more
    finally:
        os.close(held)
    assert not place.left_after_its_end()
    assert not any(thread.name == "agent" for thread in threading.enumerate())


def test_a_folder_that_the_agent_closed_is_removed(place: Place) -> None:
    script = f"{EDIT}mkdir closed; touch closed/x; chmod 0 closed\n"
    place.proposer(script).propose(situation(), place.stream)
    assert not place.left_after_its_end()


@pytest.mark.parametrize("command", ["", "  ", "agent {prompt}"])
def test_a_command_that_can_t_be_is_refused(command: str) -> None:
    with pytest.raises(BadCommand):
        Called.of(Agent(command), {})


def test_braces_of_the_shell_are_left_alone() -> None:
    assert Called.of(Agent("agent ${home} {} {target}"), {}).line == "agent ${home} {} {target}"


GIT = "git config core.hooksPath; git commit -qam edit; git log --oneline | wc -l; "


def test_the_agents_git_stays_in_the_scratch_copy(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repo(tmp_path / "home", {".bashrc": "v1\n"})
    (root / ".bashrc").write_text("unsaved\n")
    (root / "hooks").mkdir()
    monkeypatch.setenv("GIT_DIR", str(root / ".git"))
    place.root, before = root / "workspace", git_state(root)
    shutil.copytree(place.project, root / "workspace/sub")
    place.project, place.home = place.root / "sub", root / "scratch"
    script = EDIT + GIT + "git diff HEAD~ --stat | tail -1; git status --short; git reset --hard"
    proposal = place.proposer(f"{script} HEAD~ -q\n{EDIT}").propose(situation(), place.stream)
    assert proposal.text == AFTER
    assert place.shown("hypothesis").split("\n")[:3] == [
        "/dev/null",
        "2",
        " 1 file changed, 1 insertion(+), 1 deletion(-)",
    ]
    assert place.notices == []
    assert git_state(root) == before
    assert (root / ".bashrc").read_text() == "unsaved\n"


def git_state(root: Path) -> str:
    return git(root, "for-each-ref") + git(root, "status", "--short", "-uno")


def test_a_workspace_without_end_is_copied_as_far_as_an_agent_needs_it(place: Place) -> None:
    folder = os.open(place.project, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("deep" * 10, dir_fd=folder)
        inner = os.open("deep" * 10, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    assert place.proposer(EDIT).propose(situation(), place.stream).text == AFTER
    discard(place.root)
