"""A run's texts as commits: the branch is one line, whatever a keep was made from."""

from __future__ import annotations

from pathlib import Path

import msgspec
from support.fakes import contract, started
from support.gitrepos import commit_files, git

from autoexp_tui.repository.candidates import Candidates
from autoexp_tui.repository.repository import Repository


def test_a_keep_from_elsewhere_lies_on_the_tip_and_its_own_commit_is_held(
    root: Path, repository: Repository
) -> None:
    commit_files(root, {"t.py": "1\n"})
    base = repository.head()
    candidates = Candidates(
        repository, msgspec.structs.replace(started(contract(), "t"), base=base)
    )
    kept = candidates.commit(2, base, "2\n", "two\n", 1)
    candidates.advance(kept)
    elsewhere = candidates.commit(3, base, "3\n", "three\n", 1)
    tip = candidates.graft(3, elsewhere, kept, "3\n", "three\n\nmade from experiment 1\n")
    candidates.advance(tip)
    log = git(root, "log", "--format=%H", "autoexp/t").split()
    assert log[:3] == [tip, kept, base]
    assert candidates.text_of(tip) == "3\n"
    assert repository.refs("t") == {2: kept, 3: tip}
    held = git(root, "for-each-ref", "--format=%(objectname)", "refs/autoexp/t/3.made").split()
    assert held == [elsewhere]
