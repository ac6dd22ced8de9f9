"""Documents and queries: docstrings of this Python's own library, read without importing any of it.

A document is what a docstring says below its first line; the first line is the query that must
find it again. The choice is fixed by names and hashes, so the same Python gives the same corpus.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MOST = 800  # documents
QUERIES = 200  # for tuning, and as many held out
MODULES = """
    argparse ast asyncio/base_events asyncio/events asyncio/locks asyncio/queues asyncio/streams
    asyncio/tasks base64 bisect calendar cmd code codecs collections/__init__ configparser
    contextlib copy csv datetime dataclasses decimal difflib dis email/message email/utils enum
    filecmp fileinput fnmatch fractions ftplib functools gettext glob gzip heapq html/parser
    http/client http/cookiejar http/server imaplib inspect ipaddress json/__init__ json/decoder
    json/encoder linecache locale logging/__init__ logging/handlers mailbox mimetypes
    multiprocessing/pool netrc nntplib numbers optparse os pathlib pdb pickle pickletools
    platform plistlib poplib posixpath pprint profile pstats pydoc queue random re/__init__
    reprlib sched selectors shelve shlex shutil smtplib socket socketserver ssl statistics
    string subprocess symtable tarfile tempfile textwrap threading timeit tokenize trace
    traceback types typing unittest/case unittest/loader unittest/mock unittest/suite
    urllib/parse urllib/request urllib/robotparser uuid venv/__init__ warnings wave weakref
    webbrowser xml/dom/minidom xml/etree/ElementTree xml/sax/handler xmlrpc/client xmlrpc/server
    zipapp zipfile zipfile/__init__ _pydecimal _pyio
""".split()


class NoCorpus(Exception):
    """There are too few docstrings; the message says what is missing."""


@dataclass(frozen=True)
class Document:
    name: str
    """`textwrap.dedent`"""
    body: str
    query: str


def documents() -> list[Document]:
    """All of them, by name; kept in `corpus/` where `./setup` made that. Raises NoCorpus."""
    library = Path(sysconfig.get_paths()["stdlib"])
    key = f"{library} {sys.version}".encode() + Path(__file__).read_bytes()
    kept = HERE / "corpus" / f"{hashlib.sha256(key).hexdigest()[:12]}.json"
    if kept.is_file():
        return [Document(*row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    found = {document.query: document for document in _read(library)}  # a query has one answer
    drawn = sorted(found.values(), key=lambda document: _draw(document.name))
    chosen = sorted(drawn[:MOST], key=lambda document: document.name)
    if len(chosen) < 2 * QUERIES:
        raise NoCorpus(f"{library} has {len(chosen)} usable docstrings, not {2 * QUERIES}")
    if kept.parent.is_dir():
        rows = [[document.name, document.body, document.query] for document in chosen]
        part = kept.with_suffix(".part")
        with contextlib.suppress(OSError):  # read-only where only `./setup` may write
            part.write_text(json.dumps(rows), encoding="utf-8")
            part.replace(kept)
    return chosen


def split(chosen: list[Document]) -> tuple[list[int], list[int]]:
    """Indices of the documents that are asked for: in tuning, and held out."""
    drawn = sorted(range(len(chosen)), key=lambda i: _draw(chosen[i].name))
    return drawn[:QUERIES], drawn[QUERIES : 2 * QUERIES]


def _draw(name: str) -> bytes:
    """An order that has nothing to do with what the documents say."""
    return hashlib.sha256(name.encode()).digest()


def _read(library: Path) -> Iterator[Document]:
    seen: set[str] = set()
    for module in MODULES:
        path = library / f"{module}.py"
        if not path.is_file():
            continue  # some came and went between the versions of Python
        name = module.replace("/", ".").removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for where, node in _described(tree, name):
            text = ast.get_docstring(node) or ""
            query, _, rest = text.partition("\n")
            body = " ".join(rest.split())
            if len(query.split()) >= 4 and len(body.split()) >= 15 and body not in seen:
                seen.add(body)
                yield Document(where, body, query.strip())


def _described(
    tree: ast.AST, prefix: str
) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            where = f"{prefix}.{node.name}"
            yield where, node
            if isinstance(node, ast.ClassDef):
                yield from _described(node, where)
