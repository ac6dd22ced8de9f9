"""Tells what an evaluation changed where programs and interpreters look, outside of the workspace.

Without a sandbox, a program put into a folder of the PATH, or a module among the user's own
packages, is what the next evaluation runs. A look costs about 4 µs for each entry of the folders
below HOME that the user may write to.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

_MOST = 2_000
"""Entries of a folder; of a larger one only the folder itself is looked at: it tells new names."""

_SETTINGS = (
    # Shells, and what starts programs.
    *(".profile", ".bashrc", ".bash_profile", ".bash_login", ".zshenv", ".zshrc", ".zprofile"),
    *(".config/fish/config.fish", ".config/environment.d", ".pam_environment", ".xprofile"),
    # Interpreters and tools.
    *(".pythonrc.py", ".pdbrc", ".pydistutils.cfg", ".config/pip/pip.conf", ".condarc"),
    *(".config/matplotlib/matplotlibrc", ".matplotlib/matplotlibrc", ".ipython/profile_default"),
    *(".gitconfig", ".config/git/config", ".npmrc", ".yarnrc", ".node_modules", ".node_libraries"),
    *(".cargo/config", ".cargo/config.toml", ".Rprofile", ".Renviron", ".julia/config/startup.jl"),
    *(".gdbinit", ".lldbinit", ".gemrc", ".irbrc", ".perldb", ".octaverc", ".m2/settings.xml"),
    *(".mavenrc", ".gradle/init.gradle", ".gradle/gradle.properties", ".gradle/init.d", ".ghci"),
)
"""In HOME: what is read or run unasked."""
_PROGRAMS = (".local/bin", "bin", ".cargo/bin", "go/bin")
_PACKAGES = (
    *(".local/lib/python*", ".local/lib/python*/site-packages", "Library/Python/*"),
    *("Library/Python/*/lib/python/site-packages", ".local/share/R", ".julia/environments/*"),
)
_SEARCHED = ("PYTHONPATH", "NODE_PATH", "PERL5LIB", "RUBYLIB", "LD_LIBRARY_PATH", "R_LIBS_USER")


class Surroundings:
    """The places that a harness with some environment looks into; used by one thread."""

    def __init__(self, environment: Mapping[str, str], inside: Path) -> None:
        """What lies in the folder `inside` is somebody else's to look at."""
        self._home = environment.get("HOME", "")
        self._inside = (f"{inside}/", f"{os.path.realpath(inside)}/")
        self._folders = tuple(dict.fromkeys(self._named(environment)))
        self._before: dict[str, int] = {}

    def look(self) -> None:
        """Take what is there for what was there before."""
        self._before = self._stamps()

    def changes(self) -> dict[str, str]:
        """Since the last `look`: absolute path → `changed`, `made` or `removed`."""
        before, now = self._before, self._stamps()
        found = {
            path: "made" if path not in before else "removed" if path not in now else "changed"
            for path in before.keys() | now.keys()
            if before.get(path) != now.get(path)
        }
        # A folder changes with what lies in it, which tells more.
        folders = {os.path.dirname(path) for path in found}  # noqa: PTH120
        return {
            path: how
            for path, how in sorted(found.items())
            if not (how == "changed" and path in folders)
        }

    def told(self, path: str) -> str:
        """As a person writes it: below HOME with `~`."""
        return f"~{path[len(self._home) :]}" if path.startswith(f"{self._home}/") else path

    def _named(self, environment: Mapping[str, str]) -> Iterator[str]:
        """Folders by variables and by where programs really lie, links resolved."""
        path = environment.get("PATH", os.defpath)
        yield from path.split(os.pathsep)
        for program in ("python3", "python"):
            found = shutil.which(program, path=path)
            if found:
                yield os.path.dirname(os.path.realpath(found))  # noqa: PTH120
        for variable in _SEARCHED:
            yield from environment.get(variable, "").split(os.pathsep)
        if base := environment.get("PYTHONUSERBASE"):
            yield f"{base}/bin"

    def _places(self) -> Iterator[str]:
        for folder in self._folders:
            if folder.startswith("/"):
                yield folder
                if folder.endswith("/bin"):
                    yield from glob.glob(f"{folder[:-4]}/lib/python*/site-packages")  # noqa: PTH207
        if self._home:
            for name in (*_PROGRAMS, *_PACKAGES):
                pattern = f"{glob.escape(self._home)}/{name}"
                yield from glob.glob(pattern) if "*" in name else (pattern,)  # noqa: PTH207

    def _stamps(self) -> dict[str, int]:
        """Absolute path → when the system last changed its record, in ns."""
        found: dict[str, int] = {}
        for place in dict.fromkeys(self._places()):
            if not f"{place}/".startswith(self._inside) and os.access(place, os.W_OK):
                found.update(self._of_folder(place))
        for name in _SETTINGS if self._home else ():
            path = f"{self._home}/{name}"
            try:
                found[path] = os.lstat(path).st_ctime_ns
            except OSError:
                continue
        return found

    def _of_folder(self, folder: str) -> dict[str, int]:
        """Of the system's own, which root may write to, only what tells new names."""
        found: dict[str, int] = {}
        try:
            if not folder.startswith(f"{self._home}/"):
                return {folder: os.lstat(folder).st_ctime_ns}
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name == "__pycache__":
                        continue  # Python makes it beside what it imports first
                    found[entry.path] = entry.stat(follow_symlinks=False).st_ctime_ns
                    if len(found) > _MOST:
                        return {folder: os.lstat(folder).st_ctime_ns}
        except OSError:
            return {}  # a file, or gone meanwhile
        return found
