"""In a whole run, nothing that is stored holds a secret of the person who started it."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

from support.gitrepos import make_repo

_CONFIG = """
target: target.sh
harness: sh target.sh
metrics: [{name: loss, direction: lower}]
proposer: command
command: {run: sh HERE/agent.sh}
budget: {max_experiments: 3}
fix_attempts: 0
sandbox: none
"""
_KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-api03-canary0123456789",
    "SETTING": "postgres://me:canary.9876.word@db/x",
    "OTHER_API_KEY": "canary-of-the-agent-42",
}
_AGENT = """
set -e
echo "the key is $OTHER_API_KEY, in base64 $(printf %s "$OTHER_API_KEY" | base64)"
echo "${SETTING:-no database here}" >&2
if [ ! -e HERE/first ]; then
    : > HERE/first
    echo "echo $OTHER_API_KEY; echo loss: 0.1" > target.sh
    exit 0
fi
if [ -e HERE/second ]; then
    echo "echo loss: 0.7" > target.sh
else
    : > HERE/second
    printf '%s\\n' 'for pid in $(ls /proc | grep "^[0-9]*$"); do' \\
        '  case "$(readlink /proc/$pid/exe)$(tr "\\0" " " < /proc/$pid/cmdline)" in' \\
        '    *runner.runner*) tr "\\0" "\\n" < /proc/$pid/environ | grep canary;; esac' \\
        'done 2>/dev/null' \\
        'printf %s PIECE; sleep 0.05; echo REST; echo B64' \\
        'echo "HIDDEN loss: 0.5" >&2; exit 3' > target.sh
fi
echo "HYPOTHESIS: it works with $OTHER_API_KEY"
echo "DESCRIPTION: use $OTHER_API_KEY"
"""


def test_no_canary_is_found_in_anything_that_a_run_stores(tmp_path: Path) -> None:
    key = _KEYS["ANTHROPIC_API_KEY"]
    words = {
        "PIECE": key[:9],
        "REST": key[9:],
        "B64": base64.b64encode(b"x" + key.encode()).decode(),
        "HIDDEN": key,
    }
    agent = _AGENT.replace("HERE", str(tmp_path))
    for word, value in words.items():
        agent = agent.replace(word, value[:4] + '""' + value[4:])
    config = _CONFIG.replace("HERE", str(tmp_path))
    (tmp_path / "agent.sh").write_text(agent)
    root = make_repo(tmp_path / "project", {"target.sh": "echo loss: 1\n", "autoexp.yaml": config})
    environ = {
        **os.environ,
        **_KEYS,
        "AUTOEXP_CACHE": str(tmp_path / "cache"),
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "autoexp_tui", "run", "--plain", "--tag", "t"],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    run = root / ".git" / "autoexp" / "t"
    assert "crash" in done.stdout, done.stdout + done.stderr
    stored = [path for path in run.rglob("*") if path.is_file()]
    texts = {str(path): path.read_bytes() for path in stored}
    objects = ["git", "cat-file", "--batch-all-objects", "--batch"]
    texts["git"] = subprocess.run(objects, cwd=root, capture_output=True, check=True).stdout
    texts["printed"] = done.stdout.encode() + done.stderr.encode()
    for place, text in texts.items():
        for value in (*_KEYS.values(), "canary.9876.word"):
            assert value.encode() not in text, place
            assert base64.b64encode(value.encode())[:-4] not in text, place
    journal = texts[str(run / "journal.jsonl")]
    assert b"it holds the value of OTHER_API_KEY" in journal
    assert b"it works with [OTHER_API_KEY]" in journal
    assert b"use [OTHER_API_KEY]" in texts["git"]
    output = next(text for place, text in texts.items() if "0002/output.log" in place)
    assert output.count(b"[ANTHROPIC_API_KEY]") >= 2
    assert b"no database here" in b"".join(texts.values())
