"""What a project's build and package files offer to run."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from autoexp_tui.onboarding.guess import Guess
from autoexp_tui.onboarding.scripts import role_of
from autoexp_tui.onboarding.survey import Survey

_MEASURES = re.compile(r"bench|perf|eval|score|measure", re.IGNORECASE)
_MANIFESTS = ("package.json", "makefile", "gnumakefile", "cargo.toml", "go.mod", "cmakelists.txt")
_DEEPEST = 2
_RULE = re.compile(r"^([A-Za-z][\w./-]*)\s*:(?!=)([^\n]*)\n((?:\t[^\n]*\n?)*)", re.MULTILINE)


def commands(survey: Survey) -> Iterator[Guess]:
    """The command lines for measuring in the manifests of the project and its folders."""
    for name in survey.named(*_MANIFESTS):
        depth = name.count("/")
        if depth > _DEEPEST:
            continue
        folder = str(PurePosixPath(name).parent)
        for guess in _of(survey, name):
            line = guess.text if folder == "." else f"cd {folder} && {guess.text}"
            script = (
                guess.script if folder == "." or not guess.script else f"{folder}/{guess.script}"
            )
            yield Guess(line, f"{name} {guess.reason}", guess.score - depth, script)


def _of(survey: Survey, name: str) -> Iterator[Guess]:
    text = survey.text(name)
    match PurePosixPath(name).name.lower():
        case "package.json":
            yield from _package_json(text)
        case "makefile" | "gnumakefile":
            yield from _makefile(survey, name, text)
        case "cargo.toml":
            yield from _cargo(survey, name, text)
        case "go.mod":
            tests = [
                test for test in survey.named("*_test.go") if "func Bench" in survey.text(test)
            ]
            if tests:
                yield Guess("go test -run '^$' -bench . ./...", "has benchmarks", 6, tests[0])
        case "cmakelists.txt":
            for program in re.findall(r"add_executable\s*\(\s*([\w-]+)", text):
                if _MEASURES.search(program):
                    build = "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build"
                    sources = (f"*{program}.c", f"*{program}.cpp", f"*{program}.cc")
                    script = next(survey.named(*sources), "")
                    yield Guess(f"{build} && ./build/{program}", f"builds {program}", 7, script)


def _package_json(text: str) -> Iterator[Guess]:
    scripts: object = None
    with contextlib.suppress(ValueError, AttributeError, RecursionError):
        scripts = json.loads(text).get("scripts")
    for name, line in scripts.items() if isinstance(scripts, dict) else ():
        if not isinstance(line, str) or not re.fullmatch(r"[\w:.-]+", name):
            continue
        ran = re.search(r"\bnode\b[^&|;]*?\s(?:\./)?([\w./-]+\.[cm]?js)\b", line)
        script = ran[1] if ran else ""
        if _MEASURES.search(name):
            yield Guess(f"npm run --silent {name}", f"has the script {name}", 8, script)
        elif name == "test" and "no test specified" not in line:
            yield Guess("npm test --silent", "has the script test", 1, script)


def _makefile(survey: Survey, name: str, text: str) -> Iterator[Guess]:
    if not text.endswith("\n"):
        text += "\n"
    folder = PurePosixPath(name).parent
    for rule in _RULE.finditer(text.replace("\\\n", " ")):
        target, recipe = rule[1], rule[3]
        if not _MEASURES.search(target) or target.endswith((".o", ".c", ".h", ".cpp")):
            continue
        source = next(
            (
                path
                for suffix in (".c", ".cpp", ".cc", ".rs", ".py", ".js")
                for part in (target, f"src/{target}", f"bench/{target}")
                if survey.has(path := str(folder / f"{part}{suffix}"))
            ),
            "",
        ).removeprefix(f"{folder}/")
        if re.search(r"\$@|-o\s", recipe) or (
            not recipe.strip() and source.endswith((".c", ".cpp"))
        ):
            yield Guess(f"make -s {target} && ./{target}", f"builds {target}", 8, source)
        else:
            yield Guess(f"make -s {target}", f"has the target {target}", 8, source)


def _cargo(survey: Survey, name: str, text: str) -> Iterator[Guess]:
    folder = str(PurePosixPath(name).parent)
    prefix = "" if folder == "." else f"{folder}/"
    inner = [file.removeprefix(prefix) for file in survey.files if file.startswith(prefix)]
    benches = [file for file in inner if re.fullmatch(r"benches/[\w-]+\.rs", file)]
    if benches:
        yield Guess("cargo bench --quiet", "has benches", 7, benches[0])
    for file in inner:
        if (bin_ := re.fullmatch(r"src/bin/([\w-]+)\.rs", file)) and role_of(file) == "measures":
            yield Guess(f"cargo run --quiet --release --bin {bin_[1]}", f"has {bin_[1]}", 8, file)
    if "src/main.rs" in inner and "[workspace]" not in text:
        yield Guess("cargo run --quiet --release", "makes a program", 4, "src/main.rs")
