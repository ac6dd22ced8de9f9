"""Documents and queries: what people asked about Perl and Python, and the answers they were given.

The frequently asked questions of both languages, as Debian's packages perl-doc and python3-doc have
them. A question is a query, and its answer the one document that it must find, among the answers to
all others and sections of the same manuals. Where the packages aren't there, docstrings of this
Python's own library do: the first line must find the rest again.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import platform
import re
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MOST = 700  # documents
QUERIES = 240  # for tuning, at most, and as many held out
MANUALS = HERE / "corpus" / "manuals.json"  # made by `./setup`
PART_WORDS, PARTS = 100, 4  # what the embedding model sees of a document, at a time and at most
LONGEST = 400  # words of a document that answers nothing
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
    """`textwrap.dedent`, or the chapter of a manual."""
    body: str
    query: str
    """Empty where nobody asked."""

    def parts(self) -> list[str]:
        """Its words in parts that the embedding model can read at once."""
        words = self.body.split()
        starts = range(0, max(len(words), 1), PART_WORDS)[:PARTS]
        return [" ".join(words[start : start + PART_WORDS]) for start in starts]


def documents() -> tuple[str, list[Document]]:
    """What they are, and all of them; kept in `corpus/` by `./setup`. Raises NoCorpus."""
    if MANUALS.is_file():
        rows = json.loads(MANUALS.read_text(encoding="utf-8"))
        return "questions on Perl and Python", [Document(*row) for row in rows]
    what = (
        f"docstrings of Python {platform.python_version()}, as the manuals are not there: ./setup"
    )
    return what, _docstrings()


def _docstrings() -> list[Document]:
    library = Path(sysconfig.get_paths()["stdlib"])
    key = f"{library} {sys.version}".encode() + Path(__file__).read_bytes()
    kept = HERE / "corpus" / f"{hashlib.sha256(key).hexdigest()[:12]}.json"
    if kept.is_file():
        return [Document(*row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    found = {document.query: document for document in _read(library)}  # a query has one answer
    drawn = sorted(found.values(), key=lambda document: _draw(document.name))
    chosen = sorted(drawn[:MOST], key=lambda document: document.name)
    if len(chosen) < QUERIES:
        raise NoCorpus(f"{library} has {len(chosen)} usable docstrings, not {QUERIES}")
    if kept.parent.is_dir():
        rows = [[document.name, document.body, document.query] for document in chosen]
        part = kept.with_suffix(".part")
        with contextlib.suppress(OSError):  # read-only where only `./setup` may write
            part.write_text(json.dumps(rows), encoding="utf-8")
            part.replace(kept)
    return chosen


def split(chosen: list[Document]) -> tuple[list[int], list[int]]:
    """Indices of the documents that are asked for: in tuning, and held out."""
    asked = [i for i, document in enumerate(chosen) if document.query]
    drawn = sorted(asked, key=lambda i: _draw(chosen[i].query))
    each = min(QUERIES, len(drawn) // 2)
    return drawn[:each], drawn[each : 2 * each]


def _draw(name: str) -> bytes:
    """An order that has nothing to do with what the documents say."""
    return hashlib.sha256(name.encode()).digest()


def keep(folder: Path) -> str:
    """Read the manuals below a folder into MANUALS; what was found, in words. Raises NoCorpus."""
    paths = sorted([*folder.rglob("pod/*.pod"), *folder.rglob("_sources/**/*.rst.txt")])
    found = {document.body: document for document in _manuals(paths)}  # an answer has one place
    asked = {document.query: document for document in found.values() if document.query}
    if len(asked) < QUERIES:
        raise NoCorpus(f"{folder} has {len(asked)} questions with an answer, not {QUERIES}")
    others = [d for d in found.values() if not d.query and len(d.body.split()) <= LONGEST]
    others.sort(key=lambda document: _draw(document.body))
    chosen = [*asked.values(), *others[: max(MOST - len(asked), 0)]]
    chosen.sort(key=lambda document: (document.query, document.body))
    rows = [[document.name, document.body, document.query] for document in chosen]
    MANUALS.write_text(json.dumps(rows), encoding="utf-8")
    return f"{len(asked)} questions among {len(chosen)} documents"


_HEADING = re.compile(r"^=head[12] (.+)$", re.MULTILINE)
_TITLE = re.compile(r"^(\S.*)\n([-=~*^])\2{3,}$", re.MULTILINE)
_POD = re.compile(r"[A-Z]<+ ?([^<>]*?) ?>+")
_RST = re.compile(r":[\w:+-]+:`~?([^`<]+)[^`]*`|`+([^`<]+)[^`]*`+_*|^\.\. .*$", re.MULTILINE)


def _manuals(paths: list[Path]) -> Iterator[Document]:
    """Every section of 15 words and more, the questions among them as queries."""
    for path in paths:
        pod = path.suffix == ".pod"
        text = path.read_text(encoding="utf-8", errors="replace")
        heads = list((_HEADING if pod else _TITLE).finditer(text))
        chapter = path.name.partition(".")[0]
        faq = chapter.startswith("perlfaq") or path.parent.name == "faq"
        if not faq and not pod:
            continue  # of Python's other manuals there are too many
        ends = [head.start() for head in heads[1:]] + [len(text)]
        for head, end in zip(heads, ends, strict=False):  # without a heading there is one end
            body = text[head.end() : end]
            body = _POD.sub(r"\1", body) if pod else _RST.sub(r"\1\2", body)
            body = " ".join(body.split())
            title = _POD.sub(r"\1", head[1]) if pod else head[1].replace("`", "")
            asked = faq and title.rstrip().endswith("?")
            if len(body.split()) >= 15 and (asked or not faq):
                yield Document(chapter, body, " ".join(title.split()) if asked else "")


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


if __name__ == "__main__":
    try:
        print(keep(Path(sys.argv[1])))
    except NoCorpus as error:
        sys.exit(f"corpus.py: {error}")
