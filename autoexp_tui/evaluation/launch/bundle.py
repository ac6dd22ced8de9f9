"""What is sent to the other side of a launcher: the program that works there, and the files."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import zlib
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from autoexp_tui.evaluation import supervisor
from autoexp_tui.evaluation.launch import there

OLDEST = (3, 8)
"""The Python that there must be."""
INTERACTIVE = "-ISqi"
"""Reads its program line by line from standard input: an argument that no shell on the way changes,
however often it is quoted or not."""


class Parcel(NamedTuple):
    """Files of a commit, as `worker.Tree` reads them."""

    digest: str
    data: bytes


def packed(files: Iterable[tuple[str, str, bytes]]) -> Parcel:
    """Of path, mode and content each."""
    index, contents = [], []
    for path, mode, content in files:
        index.append((path, mode, len(content)))
        contents.append(content)
    data = zlib.compress(b"\n".join((json.dumps(index).encode(), b"".join(contents))), 1)
    return Parcel(hashlib.sha256(data).hexdigest(), data)


_MODULES = ("line", "files", "place", "cache", "running", "worker")
"""Of `there`, in the order of what imports what."""
_PACKAGES = (
    "autoexp_tui",
    "autoexp_tui.evaluation",
    there.__name__.rpartition(".")[0],
    there.__name__,
)


@functools.cache
def program() -> str:
    """All that works there, as one line of Python; `worker` is then its main module."""
    modules = [supervisor, *(import_module(f"{there.__name__}.{name}") for name in _MODULES)]
    sources = [
        (module.__name__, Path(str(module.__file__)).read_text(encoding="utf-8"))
        for module in modules
    ]
    sent = base64.b64encode(zlib.compress(json.dumps(sources).encode(), 9)).decode()
    steps = (
        f"s=json.loads(zlib.decompress(base64.b64decode('{sent}')).decode())",
        "f=lambda n:sys.modules.setdefault(n,types.ModuleType(n))",
        f"[setattr(f(n),'__path__',[]) for n in {_PACKAGES}]",
        "[setattr(f(n),'__file__','/nowhere/'+n) for n,_ in s]",
        "[setattr(f(n.rpartition('.')[0]),n.rpartition('.')[2],f(n)) for n,_ in s]",
        "[exec(compile(t,n,'exec'),f(n).__dict__) for n,t in s]",
        "worker=f(s[-1][0])",
    )
    return ";".join(("import json,types,zlib", *steps))


def bootstrap(mark: str, tree: str) -> bytes:
    """The first line for a Python at the other side: then it is `worker.main`, to its end."""
    oldest = ".".join(map(str, OLDEST))
    why = f'{{"why": "Python %d.%d is too old there: it takes {oldest} or newer"}}'
    steps = (
        "import sys,os,base64,traceback",
        "sys.excepthook=lambda *e:(traceback.print_exception(*e),os._exit(1))",
        f"old=sys.version_info<{OLDEST}",
        f"why=base64.b64encode(('{why}'%sys.version_info[:2]).encode())",
        f"old and (os.write(1,b'{mark} failed 0 '+why+b'\\n'),os._exit(1))",
        program(),
        f"worker.main('{mark}','{tree}')",
        "os._exit(0)",
    )
    return f"{';'.join(steps)}\n".encode()
