"""Which new files beside a harness change what it runs, by their names alone.

An interpreter that finds two files of a name takes the nearer one; a tool reads its settings from
wherever it is started. So whoever may write beside the harness needs not change a line of it.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase, translate
from pathlib import PurePosixPath
from typing import NamedTuple


class Shadow(NamedTuple):
    """Names, lower case and with `*`, that something reads without being asked to."""

    by: str
    """Who reads it."""
    does: str
    names: tuple[str, ...]


_IMPORTS = "imports it in place of another"
_READS = "reads its settings there"
_RUNS = "runs it"

SHADOWS = (
    Shadow("Python", _IMPORTS, ("*.py", "*.pyc", "*.pyo", "*.pyw", "*.pyd", "*.pth", "*.egg-link")),
    Shadow("Numba", "runs it in place of what it would compile", ("*.nbi", "*.nbc")),
    Shadow("Python", _READS, ("pyvenv.cfg", "python*._pth", ".pdbrc", ".pythonrc", "__pyvenv__")),
    Shadow("a loader of libraries", "prefers it", ("*.so", "*.so.*", "*.dylib", "*.dll", "*.a")),
    Shadow("pytest", _READS, ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")),
    Shadow("a Python tool", _READS, ("setup.cfg", "tox.ini", "pyproject.toml", ".coveragerc",
        "uv.toml", "pipfile", "pip.conf", "poetry.toml", "pdm.toml", "hatch.toml", "mypy.ini",
        ".mypy.ini", "ruff.toml", ".ruff.toml", ".flake8", ".pylintrc", "pylintrc", ".pypirc",
        "matplotlibrc", ".condarc", "environment.yml", "asv.conf.json", "*.egg", "*.whl")),
    Shadow("a version manager", "chooses the interpreter by it", (".python-version", ".pdm-python",
        ".tool-versions", "mise.toml", ".mise.toml", ".mise", ".nvmrc", ".node-version",
        ".ruby-version", ".java-version", ".sdkmanrc", "rust-toolchain", "rust-toolchain.toml",
        "global.json", ".bun-version", ".perl-version", ".lua-version", "flake.nix",
        "shell.nix", "default.nix")),
    Shadow("a starter of programs", "sets variables by it", (".env", ".env.*", ".envrc",
        ".flaskenv", ".direnv")),
    Shadow("a starter of programs", "prefers its programs", (".venv", "venv", "node_modules")),
    Shadow("git", _RUNS, (".git", ".gitattributes", ".gitmodules", ".hg", ".hgrc")),
    Shadow("make", _RUNS, ("gnumakefile", "makefile", "bsdmakefile", "*.mk", "makefile.*")),
    Shadow("a build tool", _RUNS, ("cmakelists.txt", "cmakepresets.json", "cmakeuserpresets.json",
        "*.cmake", "build.ninja", "meson.build", "meson.options", "meson_options.txt", "sconstruct",
        "build.bazel", "workspace.bazel", "module.bazel", ".bazelrc", "user.bazelrc", "justfile",
        ".justfile", "taskfile.y*ml", "taskfile.dist.y*ml", "rakefile", "snakefile", "tupfile",
        "noxfile.*", "dodo.py", "configure", "*.ac", "*.am", "*.gyp", "*.gypi", ".pre-commit-*")),
    Shadow("a compiler", "takes it for a source", ("*.h", "*.hh", "*.hpp", "*.hxx", "*.inc",
        "*.inl", "*.c", "*.cc", "*.cpp", "*.cxx", "*.cu", "*.cuh", "*.s", "*.asm", "*.f", "*.f90",
        "*.mod", "*.go", "*.rs", "*.swift", "*.zig", "*.nim", "*.hs", "*.ml", "*.mli", "*.cs",
        "*.fs", "*.vb", "*.pas", "*.adb", "*.ads", "*.cr", "*.v", "*.sv", "*.pyx", "*.pxd")),
    Shadow("a compiler", _READS, ("go.mod", "go.work", "vendor", "cargo.toml", "cargo.lock",
        ".cargo", "build.rs", "*.csproj", "*.fsproj", "*.sln", "directory.*.props",
        "directory.*.targets", "nuget.config", "package.swift", "nim.cfg", "config.nims",
        "*.nimble", "dune", "dune-project", "dune-workspace", "cabal.project*", "stack.yaml",
        ".ghci", ".ocamlinit", ".merlin", ".clangd", "compile_flags.txt")),
    Shadow("a Java program", "loads it", ("*.class", "*.jar", "*.java", "*.kt", "*.kts", "*.scala",
        "*.groovy", "*.clj", "*.cljc")),
    Shadow("a Java tool", _READS, ("pom.xml", ".mvn", "build.gradle", "settings.gradle",
        "gradle.properties", "build.sbt", ".sbtopts", ".jvmopts", "deps.edn", "project.clj",
        "logback.xml", "log4j2.*", "log4j.properties", "jvm.config")),
    Shadow("Node.js", _IMPORTS, ("*.js", "*.cjs", "*.mjs", "*.jsx", "*.ts", "*.cts", "*.mts",
        "*.tsx", "*.node", "*.wasm")),
    Shadow("a JavaScript tool", _READS, ("package.json", "package-lock.json", ".npmrc", ".yarnrc*",
        ".pnp.*", ".pnpmfile.*", "pnpm-workspace.yaml", "bunfig.toml", "deno.json*",
        "import_map.json", "tsconfig*.json", "jsconfig.json", ".babelrc*", ".swcrc", ".mocharc*",
        ".nycrc*", ".browserslistrc", ".eslintrc*", ".postcssrc*", ".lighthouserc*",
        "lighthouserc*")),
    Shadow("Ruby", _RUNS, ("*.rb", "gemfile", "gemfile.lock", "*.gemspec", ".bundle", ".rspec",
        ".irbrc", ".rubocop.yml")),
    Shadow("R", _RUNS, (".rprofile", ".rdata", ".renviron", "renv.lock")),
    Shadow("Julia", _READS, ("project.toml", "juliaproject.toml", "manifest*.toml",
        "juliamanifest.toml", "localpreferences.toml", "juliaartifacts.toml", "artifacts.toml")),
    Shadow("an interpreter", _IMPORTS, ("*.pm", "*.pl", "*.lua", "*.luac", "*.php", "*.jl", "*.ex",
        "*.exs", "*.erl", "*.beam", "*.el", "*.elc", "*.scm", "*.rkt", "*.tcl", "pkgindex.tcl",
        "*.sh", "*.bash", "*.zsh", "*.fish", "*.ps1", "*.awk", "*.m", "*.mex*", "*.rego")),
    Shadow("an interpreter", _READS, (".user.ini", "php.ini", ".htaccess", ".dir-locals.el",
        ".erlang", ".iex.exs", ".luarc*", ".perltidyrc", ".perlcriticrc")),
    Shadow("a debugger or an editor", _RUNS, (".gdbinit", ".lldbinit", ".exrc", ".vimrc",
        ".nvimrc")),
    Shadow("a tool of containers", _READS, ("dockerfile", "containerfile", ".dockerignore",
        "*compose*.y*ml", "procfile", ".devcontainer", "*.tfvars", "*.tf", "*.tf.json",
        "ansible.cfg", ".condarc", "skaffold.yaml")),
)  # fmt: skip
"""Read from the top: the first that names a file tells what is said of it."""

_EXACT: dict[str, Shadow] = {}
_ENDINGS: dict[str, Shadow] = {}
_GLOBS: list[tuple[str, Shadow]] = []
for _shadow in SHADOWS:
    for _name in _shadow.names:
        if "*" not in _name:
            _EXACT.setdefault(_name, _shadow)
        elif _name.startswith("*.") and not set("*.?[") & set(_name[2:]):
            _ENDINGS.setdefault(_name[2:], _shadow)
        else:
            _GLOBS.append((_name, _shadow))

_GLOB = re.compile("|".join(translate(glob) for glob, _ in _GLOBS))

_COMPILED = frozenset({".pyc", ".pyo", ".nbi", ".nbc"})
PACKAGE = Shadow("Python", _IMPORTS, ("__init__.*",))
"""What makes a folder a package, which goes before a module of its name."""


def is_cache(path: str) -> bool:
    """Whether something is compiled code in a `__pycache__`, believed where its source is found."""
    found = PurePosixPath(path)
    return found.parent.name == "__pycache__" and found.suffix in _COMPILED


def shadow(name: str) -> Shadow | None:
    """Who would read a new file or folder of this name unasked; None where nobody is known."""
    name = name.lower()  # as a file system may, that takes both for one
    found = _EXACT.get(name) or _ENDINGS.get(name.rpartition(".")[2] if "." in name else "")
    if found is not None or not _GLOB.match(name):
        return found
    return next((each for glob, each in _GLOBS if fnmatchcase(name, glob)), None)
