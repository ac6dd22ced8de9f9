"""Which commands may measure a project, the likeliest first."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from autoexp_tui.onboarding import manifests, readmes
from autoexp_tui.onboarding.guess import Guess, best_first
from autoexp_tui.onboarding.scripts import (
    INTERPRETERS,
    SCRIPTS,
    evaluator_function,
    is_program,
    printed_names,
    python,
    role_of,
    run_line,
)
from autoexp_tui.onboarding.survey import Survey
from autoexp_tui.tables.names import name_direction

_ROLES = {"measures": 6.0, "trains": 3.0, "else": 0.5, "tests": -4.0, "aside": -6.0}
_PROGRAMS = re.compile(
    r"(?:python[0-9.]*|pypy3?|node|deno|bun|npm|pnpm|yarn|make|cargo|go|uv|poetry|pdm|hatch|pytest"
    r"|cmake|ninja|meson|just|time|hyperfine|Rscript|julia|ruby|lua|perl|php|sh|bash"
    r"|(?:\./|\.?venv/bin/)[\w./-]+)"
)
_NEVER = re.compile(
    r"\b(?:install|sync|add|remove|rm|clean|publish|deploy|push|pull|clone|login|upload|download|init"
    r"|ci|create|new|update|upgrade|serve|start|dev|watch|venv|pip|build_ext|sudo|lock|fmt|lint"
    r"|--help|-h|--version)\b|[|<>;`]|\$\(|(?<!&)&(?!&)"
)
"""Words of commands that a stranger should not start, or that measure nothing."""
_DEEPEST = 2
_MOST_READ = 300
_CALLED = re.compile(r"initial_program|baseline|candidate|solution|program")


def harnesses(survey: Survey) -> list[Guess]:
    """The commands that may measure, the likeliest first; a score below 0 is no proposal."""
    found = [
        *_shown(survey),
        *manifests.commands(survey),
        *_scripts(survey),
        *_evaluators(survey),
        *_notebooks(survey),
        *_tests(survey),
    ]
    here = (guess if _is_here(guess.text) else _not_here(guess) for guess in found)
    return [guess for guess in best_first([*here]) if guess.score > 0]


def script_of(survey: Survey, command: str) -> str:
    """The file of the project that a command line runs; empty where it isn't seen."""
    folder = ""
    for part in command.split("&&"):
        try:
            words = shlex.split(part)
        except ValueError:
            return ""
        if words[:1] == ["cd"] and len(words) == 2:
            folder = words[1].strip("/")
            continue
        for at, word in enumerate(words):
            name = str(PurePosixPath(folder, word.removeprefix("./")))
            if survey.has(name) and (at == 0 or PurePosixPath(name).suffix in SCRIPTS):
                return name
            if word == "-m" and at + 1 < len(words):
                module = words[at + 1].replace(".", "/")
                for path in (f"{module}.py", f"{module}/__main__.py", f"src/{module}/__main__.py"):
                    if survey.has(name := str(PurePosixPath(folder, path))):
                        return name
    return ""


def tests_of(survey: Survey) -> str:
    """The command that runs the project's tests, as a guard; empty where none is seen."""
    guesses = (*manifests.commands(survey), *_tests(survey))
    ends = ("npm test --silent", "-m pytest -q")
    return next((guess.text for guess in guesses if guess.text.endswith(ends)), "")


def uncommitted_programs(survey: Survey) -> list[str]:
    """The programs that look as if they measure, and that git doesn't have."""
    return [
        name
        for name in survey.untracked
        if name.endswith(SCRIPTS)
        and name.count("/") < 2
        and role_of(name) in {"measures", "trains"}
    ][:3]


def _shown(survey: Survey) -> Iterator[Guess]:
    """The commands that the README shows, where they can be started without a thought."""
    folders = {str(parent) for name in survey.files for parent in PurePosixPath(name).parents}
    for name, text in readmes.texts(survey):
        for command in readmes.commands(text, folders):
            if not _is_harmless(survey, command):
                continue
            script = script_of(survey, command)
            words = set(re.findall(r"[a-z]+", command.lower()))
            role = role_of(script) if script else role_of(f"{'_'.join(sorted(words))}.x")
            score = 2 + _ROLES[role] + (_printed(survey, script)[0] if script else 0)
            built = re.search(r"&& \./([\w./-]+)", command)
            if built and not script:
                score += 4
                base = built[1].rpartition("/")[2]
                script = next(survey.named(f"{base}.c", f"{base}.cpp", f"{base}.cc"), "")
            yield Guess(command, f"{name} shows it", score, script)


def _is_harmless(survey: Survey, command: str) -> bool:
    if _NEVER.search(command):
        return False
    builds = False
    for part in command.split("&&"):
        words = part.split()
        while words and re.fullmatch(r"\w+=\S*", words[0]):
            words = words[1:]
        if not words:
            return False
        if words[0] == "cd":
            continue
        if not _PROGRAMS.fullmatch(words[0]):
            return False
        if words[0].startswith("./") and not (survey.has(words[0][2:]) or builds):
            return False
        builds = builds or words[0] in {"make", "cmake", "ninja", "cargo", "go", "meson"}
    return True


def _printed(survey: Survey, script: str) -> tuple[float, str]:
    """What a script's own prints are worth, and the names in words."""
    names = printed_names(survey.text(script))
    telling = [name for name in names if name_direction(name)[1] > 0]
    if telling:
        return 2.5, f"prints {', '.join(telling[:3])}"
    return (0.5, f"prints {', '.join(names[:3])}") if names else (0.0, "")


def _scripts(survey: Survey) -> Iterator[Guess]:
    named = survey.named(*(f"*{suffix}" for suffix in SCRIPTS))
    likely = (name for name in named if role_of(name) not in {"tests", "aside"})
    for name in islice((name for name in likely if name.count("/") <= _DEEPEST), _MOST_READ):
        text, role, depth = survey.text(name), role_of(name), name.count("/")
        if not is_program(name, text):
            continue
        worth, words = _printed(survey, name)
        if role == "else" and worth < 2:
            continue
        by_name = {"measures": "by its name it measures", "trains": "by its name it is the program"}
        reason = "; ".join(filter(None, (by_name.get(role, ""), words)))
        line = run_line(survey, name)
        if "/dist/" in text and '"build"' in survey.text("package.json"):
            line = f"npm run --silent build && {line}"  # what it reads is made of the sources
        yield Guess(line, reason, _ROLES[role] + worth - 0.7 * depth, name)
    for name in survey.files:  # programs without a suffix
        if "/" not in name and "." not in name and role_of(name) == "measures":
            first = survey.text(name).partition("\n")[0]
            if survey.executable(name) and first.startswith("#!"):
                yield Guess(f"./{name}", "by its name it measures", 6, name)


def _evaluators(survey: Survey) -> Iterator[Guess]:
    """`def evaluate(program_path)` beside a program: what evolving frameworks start with."""
    for name in islice(survey.named("*eval*.py", "*score*.py"), _MOST_READ):
        found = evaluator_function(name, survey.text(name))
        if found is None or name.count("/") > 1:
            continue
        folder = str(PurePosixPath(name).parent)
        beside = [
            file
            for file in survey.named("*.py")
            if str(PurePosixPath(file).parent) == folder and file != name
        ]
        marked = [file for file in beside if "EVOLVE-BLOCK-START" in survey.text(file)]
        program = next(iter(marked or filter(_CALLED.search, beside)), None)
        if program is None:
            continue
        module, base = PurePosixPath(name).stem, PurePosixPath(program).name
        code = (
            f"import json, {module} as e; r = e.{found.function}('{base}'); "
            "print(json.dumps(getattr(r, 'metrics', r), default=float))"
        )
        line = f'{python(survey)} -c "{code}"'
        line = line if folder == "." else f"cd {folder} && {line}"
        reason = f"{name} has {found.function}(path), {base} is such a program"
        yield Guess(line, reason, 9 - name.count("/"), name)


def _notebooks(survey: Survey) -> Iterator[Guess]:
    for name in survey.named("*.ipynb"):
        if name.count("/") > 1 or re.search(r"[^\w./-]", name):
            continue
        jupyter = python(survey).removesuffix("python") + "jupyter"
        jupyter = "jupyter" if jupyter.startswith(("python", "jupyter")) else jupyter
        made = str(PurePosixPath(name).with_name(f".{PurePosixPath(name).stem}.py"))
        line = f"{jupyter} nbconvert --to script --stdout {name} > {made} && "
        line += run_line(survey, made)
        role = role_of(name)
        score = 1.5 + 0.3 * max(_ROLES[role], 0)
        missing = "" if shutil.which("jupyter") or " " in jupyter or "/" in jupyter else (
            "; jupyter is not installed here")  # fmt: skip
        yield Guess(line, f"runs the notebook as a program{missing}", score, name)


def _tests(survey: Survey) -> Iterator[Guess]:
    found = [name for name in survey.named("test_*.py", "*_test.py") if name.count("/") <= 3]
    if found:
        start = python(survey)
        yield Guess(
            f"{start} -m pytest -q", f"{len(found)} test files: counts what passes", 2, found[0]
        )


def _is_here(command: str) -> bool:
    """Whether what the parts of a command line begin with is found on this machine."""
    known = {"python", "python3", "uv", "npm", "make", "cargo", "go", "cmake"}
    for part in command.split("&&"):
        words = part.split()
        while words and re.fullmatch(r"\w+=\S*", words[0]):
            words = words[1:]
        if words and words[0] in {*known, *INTERPRETERS.values()} and not shutil.which(words[0]):
            return False
    return True


def _not_here(guess: Guess) -> Guess:
    reason = f"{guess.reason}; its program is not found on the PATH"
    return replace(guess, reason=reason, score=min(guess.score - 4, 2.5))
