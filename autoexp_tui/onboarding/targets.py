"""Which file of a project may be the one to change, once it is known what measures it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from autoexp_tui.onboarding import readmes
from autoexp_tui.onboarding.guess import Guess, best_first
from autoexp_tui.onboarding.scripts import reads, role_of, words_of
from autoexp_tui.onboarding.survey import Survey, is_aside

_CODE = (
    ".py", ".c", ".cc", ".cpp", ".cu", ".rs", ".go", ".js", ".mjs", ".cjs", ".ts", ".tsx",
    ".jl", ".R", ".rb", ".lua", ".java", ".kt", ".swift", ".zig", ".ml", ".hs", ".f90", ".sql",
    ".css", ".sh",
)  # fmt: skip
_TEXTS = (".txt", ".md", ".yaml", ".yml", ".toml", ".json", ".ini", ".j2", ".prompt", ".tmpl")
_LIKELY = frozenset(
    "train model prompt solution solve solver candidate program initial strategy "
    "policy agent kernel core parser parse engine algorithm handler query styles "
    "system index lib main optimizer config hyperparameters params".split()
)
_UNLIKELY = frozenset(
    "util utils helper helpers constants types typing version compat errors "
    "exceptions data dataset datasets loader prepare setup conftest cli logging log "
    "io common fixtures expected answers".split()
)
_SIDE_FOLDERS = frozenset(
    "tests test data fixtures docs doc examples example expected scripts tools fuzz contrib "
    "programs build ci".split()
)
_MOST_READ = 300
_OURS = frozenset({"autoexp.yaml", "results.tsv", "budget.log"})
_MANIFESTS = frozenset(
    "package.json package-lock.json pyproject.toml requirements.txt cargo.toml "
    "tsconfig.json makefile cmakelists.txt uv.lock setup.cfg".split()
)


def targets(survey: Survey, harness: Guess) -> list[Guess]:
    """The files that may be worth changing where `harness` measures, the likeliest first."""
    script = harness.script
    wished = readmes.wishes(survey)
    used = reads(survey, script) if script else {}
    used.update(dict.fromkeys(_named_in(survey, harness), (1, "the command")))
    called = {word.lower() for word in re.findall(r"[A-Za-z]\w+", harness.text)}
    possible = _possible(survey)
    if not script:  # nothing tells them apart but their names
        possible.sort(key=lambda name: -_by_name(name) - 9 * (_stem(name) in called))
        del possible[_MOST_READ:]
    found = []
    for name in possible:
        score, reasons = _by_name(name), []
        if name in used:
            depth, through = used[name]
            score += 6.0 - min(depth, 5)
            reasons.append(f"{through} {'names' if through == 'the command' else 'reads'} it")
        elif script and name != script:
            if not (name in wished or role_of(name) == "trains"):
                continue
            score -= 3
        if not script and _stem(name) in called:
            score += 4
            reasons.append("the command is called like it")
        if name == script:
            score += _itself(name, has_inner=bool(used))
            reasons.append("it is the program that is run")
        if "EVOLVE-BLOCK-START" in survey.text(name):
            score += 6
            reasons.append("it has a block marked to be evolved")
        if name in wished:
            score += 5 if wished[name] else -9
            reasons.append("the README says that it is changed" * wished[name])
        if not survey.text(name).strip():
            continue
        lines = survey.text(name).count("\n")
        score += min(lines, 400) / 200
        reasons.append("1 line" if lines == 1 else f"{lines} lines")
        found.append(Guess(name, ", ".join(filter(None, reasons)), score))
    return best_first(found)[:20]


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.lower()


def _named_in(survey: Survey, harness: Guess) -> list[str]:
    """The files that a command line names beside the program that it runs."""
    words = {word.removeprefix("./") for word in re.findall(r"[\w./+-]+", harness.text)}
    folder = str(PurePosixPath(harness.script).parent)
    return [
        name
        for name in survey.files
        if name != harness.script and not words.isdisjoint({name, name.removeprefix(f"{folder}/")})
    ]


def _possible(survey: Survey) -> list[str]:
    possible = []
    for name in survey.files:
        base = PurePosixPath(name).name.lower()
        suffix = PurePosixPath(name).suffix
        if name in _OURS or base in _MANIFESTS or is_aside(name) or base.startswith("."):
            continue
        if re.match(r"readme|license|changelog|contributing|claude|agents|program\.md", base):
            continue
        if suffix in {*_CODE, *_TEXTS, ".ipynb"}:
            possible.append(name)
    return possible


def _by_name(name: str) -> float:
    score = 0.0 if PurePosixPath(name).suffix in _CODE else -1.5
    words = words_of(name)
    if not _LIKELY.isdisjoint(words):
        score += 2.5
    if not _UNLIKELY.isdisjoint(words) or PurePosixPath(name).stem == "__init__":
        score -= 2.5
    if role_of(name) in {"measures", "tests"}:
        score -= 5
    parts = set(PurePosixPath(name).parts[:-1])
    if not parts.isdisjoint(_SIDE_FOLDERS):
        score -= 3
    return score


def _itself(script: str, *, has_inner: bool) -> float:
    """For the program that is run: what trains or solves is changed, what measures is not."""
    match role_of(script):
        case "trains":
            return 7.0
        case "measures" | "tests":
            return -2.0 if has_inner else 0.0
    return 3.0
