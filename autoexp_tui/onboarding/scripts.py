"""What a program of the project does, read from its text: what it prints, and what it reads."""

from __future__ import annotations

import ast
import os
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from autoexp_tui.onboarding.survey import Survey

Role = Literal["measures", "trains", "tests", "else", "aside"]

_MEASURES = frozenset(
    "eval evals evaluate evaluation evaluator bench benchmark benchmarks perf score "
    "scorer scoring measure metric metrics judge grade grader timing speed loadtest "
    "validate profile".split()
)
_TRAINS = frozenset(
    "train training main run solve solver solution fit model experiment optimize "
    "optimise search simulate simulation finetune pretrain agent pipeline backtest "
    "strategy".split()
)
_TESTS = frozenset("test tests conftest spec".split())
_ASIDE = frozenset(
    "setup prepare download install deploy publish release upload serve server app "
    "start dev watch gui demo plot visualize visualise docs clean lint format migrate "
    "convert export push sync generate make build noxfile tasks fabfile manage wsgi "
    "asgi config utils util helpers".split()
)
"""Programs that a stranger should not start, or that measure nothing."""

INTERPRETERS = {
    ".js": "node", ".mjs": "node", ".cjs": "node", ".sh": "sh", ".bash": "bash", ".R": "Rscript",
    ".r": "Rscript", ".jl": "julia", ".rb": "ruby", ".lua": "lua", ".pl": "perl", ".php": "php",
}  # fmt: skip
SCRIPTS = (".py", *INTERPRETERS)

_PRINTS = re.compile(
    r"\b(?:print\w*|echo|puts|write(?:ln)?|log|info|cat|dumps?|say|p)\b[^\n]{0,200}", re.IGNORECASE
)
_NAMED = re.compile(r"([A-Za-z_][\w.@/-]{1,39})[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:\{|%|\$|[\"'],)")
_QUOTED = re.compile(r"[\"'`]([^\"'`\n]{1,120})[\"'`]|([\w./-]+\.\w{1,6})")
_INCLUDE = re.compile(r"^\s*#\s*include\s+\"([^\"\n]+)\"", re.MULTILINE)
_REQUIRE = re.compile(r"(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*[\"']([^\"'\n]+)[\"']")
_RUST_MOD = re.compile(r"^\s*(?:pub\s+)?mod\s+(\w+)\s*;", re.MULTILINE)
_C = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".hh", ".cu")
_JS = (".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".mts")


def words_of(name: str) -> frozenset[str]:
    """The words of a file's name without its suffix: `val_bench2.py` gives val, bench."""
    stem = PurePosixPath(name).name.partition(".")[0]
    return frozenset(word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", stem))


def role_of(name: str) -> Role:
    """What a program is for, by its name and its folder's."""
    words = words_of(name)
    folder = words_of(PurePosixPath(name).parent.name or "x")
    if not _TESTS.isdisjoint(words):
        return "tests"
    if not _MEASURES.isdisjoint(words):
        return "measures"
    if not _ASIDE.isdisjoint(words):
        return "aside"
    if not _MEASURES.isdisjoint(folder) and words <= {"run", "main", "index", "all"}:
        return "measures"
    if not _TESTS.isdisjoint(folder):
        return "tests"
    return "trains" if not _TRAINS.isdisjoint(words) else "else"


def printed_names(text: str) -> list[str]:
    """The names that the text's own calls seem to print with a number, in order."""
    found = (match[1] for call in _PRINTS.finditer(text) for match in _NAMED.finditer(call[0]))
    return [name for name in dict.fromkeys(found) if not name.lower().startswith(("http", "usage"))]


def is_program(name: str, text: str) -> bool:
    """Whether running the file does something, rather than define it."""
    if not name.endswith(".py"):
        return True
    tree = _parse(text)
    if tree is None:
        return False
    plain = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(
        isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        for node in tree.body
        if not isinstance(node, plain)
    )


def run_line(survey: Survey, name: str) -> str:
    """The command line that runs a script."""
    path = f"'{name}'" if re.search(r"[^\w./+-]", name) else name
    if name.endswith(".py"):
        return f"{python(survey)} {path}".replace("uv run python ", "uv run ")
    text = survey.text(name)
    if survey.executable(name) and text.startswith("#!"):
        return f"./{path}"
    if "bash" in text.partition("\n")[0]:
        return f"bash {path}"
    return f"{INTERPRETERS[PurePosixPath(name).suffix]} {path}"


def python(survey: Survey) -> str:
    """How this project's Python is started: a `.venv` comes first in the harness' PATH."""
    if (survey.folder / ".venv" / "bin" / "python").exists():
        return "python"
    for folder in ("venv", "env"):
        if (survey.folder / folder / "bin" / "python").exists():
            return f"{folder}/bin/python"
    if survey.has("uv.lock") and shutil.which("uv"):
        return "uv run python"
    return "python" if shutil.which("python") else "python3"


@dataclass(frozen=True, slots=True)
class EvaluatorFile:
    """A file with a function that takes the path of a program and returns its figures."""

    name: str
    function: str


def evaluator_function(name: str, text: str) -> EvaluatorFile | None:
    """`def evaluate(program_path)` and its like, as OpenEvolve and others want it."""
    if not name.endswith(".py") or "def evaluate" not in text or not name.isascii():
        return None
    tree = _parse(text)
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef) and node.name == "evaluate":
            needed = node.args.args[: len(node.args.args) - len(node.args.defaults)]
            if len(needed) == 1 and re.search("path|file|program", needed[0].arg):
                return EvaluatorFile(name, node.name)
    return None


def reads(survey: Survey, script: str, most: int = 400) -> dict[str, tuple[int, str]]:
    """The files of the project that a script uses, each with how many steps away, and through what.

    Imports and includes are followed; a file that is named in a string counts as read.
    """
    index = _Index(survey)
    found: dict[str, tuple[int, str]] = {}
    pending = [(script, 1)]
    while pending and len(found) < most:
        name, depth = pending.pop(0)
        for used in index.used_by(name):
            if used != script and used not in found:
                found[used] = depth, name
                pending.append((used, depth + 1))
    return found


class _Index:
    """Where the names that programs use lie in the project."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._files: Collection[str] = frozenset(survey.files)
        self._bases: dict[str, list[str]] = {}
        for name in survey.files:
            self._bases.setdefault(name.rpartition("/")[2], []).append(name)

    def used_by(self, name: str) -> Iterator[str]:
        text = self._survey.text(name)
        suffix = PurePosixPath(name).suffix
        if suffix == ".py":
            yield from self._python(name, text)
        elif suffix in _C:
            for included in _INCLUDE.findall(text):
                yield from self._with_source(name, included)
        elif suffix in _JS:
            for asked in _REQUIRE.findall(text):
                yield from self._module(name, asked)
        elif suffix == ".rs":
            folder = PurePosixPath(name).parent
            inner = folder if PurePosixPath(name).stem in {"main", "lib", "mod"} else (
                folder / PurePosixPath(name).stem)  # fmt: skip
            if folder.name in {"bin", "benches", "examples"} or inner == folder:
                crate = folder.parent.parent if folder.name == "bin" else folder.parent
                yield from self._there(f"{crate}/src/lib.rs")
            for module in _RUST_MOD.findall(text):
                yield from self._there(f"{inner}/{module}.rs", f"{inner}/{module}/mod.rs")
        for quoted, bare in _QUOTED.findall(text):
            for word in (quoted or bare, *re.findall(r"[\w./-]+\.\w{1,6}", quoted)):
                yield from self._mentioned(name, word)

    def _there(self, *names: str) -> Iterator[str]:
        for name in names:
            normal = os.path.normpath(name)
            if normal in self._files:
                yield normal
                return

    def _mentioned(self, by: str, word: str) -> Iterator[str]:
        """A file named by its path, or by its last part where there is one such file alone."""
        if "." not in word and "/" not in word:
            return
        word = word.strip().removeprefix("./")
        folder = PurePosixPath(by).parent
        found = list(self._there(f"{folder}/{word}", word))
        alone = self._bases.get(word.rpartition("/")[2], [])
        yield from found or (alone if len(alone) == 1 and "/" not in word else [])

    def _python(self, name: str, text: str) -> Iterator[str]:
        tree = _parse(text)
        folder = PurePosixPath(name).parent
        roots = [str(folder), ".", "src", "lib", "python"]
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from self._package(roots, alias.name)
            elif isinstance(node, ast.ImportFrom):
                above = str(folder)
                for _ in range(node.level - 1):
                    above = str(PurePosixPath(above).parent)
                bases = [above] if node.level else roots
                module = node.module or ""
                if module:
                    yield from self._package(bases, module)
                for alias in node.names:
                    yield from self._package(bases, f"{module}.{alias.name}".strip("."))

    def _package(self, roots: list[str], module: str) -> Iterator[str]:
        path = module.replace(".", "/")
        for root in dict.fromkeys(roots):
            found = list(self._there(f"{root}/{path}.py", f"{root}/{path}/__init__.py"))
            if found:
                yield from found
                return

    def _with_source(self, by: str, included: str) -> Iterator[str]:
        folder = PurePosixPath(by).parent
        places = [f"{folder}/{included}", included, f"include/{included}", f"src/{included}"]
        for header in self._there(*places):
            stem = header.rpartition(".")[0]
            yield header
            base = stem.rpartition("/")[2]
            for suffix in (".c", ".cc", ".cpp", ".cxx", ".cu"):
                yield from self._there(f"{stem}{suffix}", f"src/{base}{suffix}")

    def _module(self, by: str, asked: str) -> Iterator[str]:
        if asked.startswith("."):
            path = f"{PurePosixPath(by).parent}/{asked}"
        else:
            own = re.search(r'"name"\s*:\s*"([^"]+)"', self._survey.text("package.json"))
            if own is None or not (asked == own[1] or asked.startswith(f"{own[1]}/")):
                return
            path = asked.removeprefix(own[1]).strip("/") or "."
        ends = ("", *_JS, *(f"/index{suffix}" for suffix in _JS),
                *(f"/src/index{suffix}" for suffix in _JS))  # fmt: skip
        yield from self._there(*(f"{path}{end}" for end in ends))


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
