"""The CSS sample: a real browser's judgement of a page that still shows everything, or none."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from autoexp_tui import config
from autoexp_tui.proposers.tuner.domains import Choices
from autoexp_tui.proposers.tuner.slots import find

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "css_layout"
METRIC = re.compile(
    r"^(lighthouse_score|failing_nodes|performance|accessibility|best_practices|seo|layout_shift)"
    r": (\d+(?:\.\d+)?)$",
    re.MULTILINE,
)
FILES = {"index.html", "held_out.html", "styles.css", "late.js", "hill.png", "leaf.png"}
LIGHTHOUSE = SAMPLE / "node_modules"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
needs_lighthouse = pytest.mark.skipif(
    not (BROWSER and (LIGHTHOUSE / "lighthouse").is_dir()),
    reason="there is no Chromium, or no Lighthouse: sample_projects/css_layout/setup",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change, without Lighthouse."""
    ignored = shutil.ignore_patterns("node_modules", ".venv")
    return Path(shutil.copytree(SAMPLE, tmp_path / "css_layout", ignore=ignored))


def module(project: Path, name: str, text: str) -> None:
    folder = project / "node_modules" / name
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
    (folder / "index.js").write_text(text)


def judge(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("node") or "node", "lighthouse.js", *arguments],
        cwd=project,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert run.returncode == 1
    assert METRIC.search(run.stdout) is None
    assert run.stderr.startswith("lighthouse.js: no measurement: "), run.stderr
    assert run.stderr.count("\n") == 1
    assert reason in run.stderr


@needs_node
def test_without_lighthouse_there_is_one_clear_line(project: Path) -> None:
    assert_no_measurement(judge(project), "there is no Lighthouse in node_modules: run ./setup")


@needs_node
@pytest.mark.parametrize("variables", [{"CHROME_PATH": "/no/browser"}, {"PATH": "/no/folder"}])
def test_without_a_browser_there_is_one_clear_line(
    project: Path, variables: dict[str, str]
) -> None:
    module(project, "lighthouse", "export default null;")
    module(project, "puppeteer-core", "export default null;")
    if "PATH" in variables:
        variables |= {"CHROME_PATH": ""}
    assert_no_measurement(judge(project, **variables), "there is no Chromium: apt-get install")


@needs_node
def test_a_browser_that_does_not_start_is_told_and_leaves_nothing_behind(
    project: Path, tmp_path: Path
) -> None:
    module(project, "lighthouse", "export default null;")
    module(
        project,
        "puppeteer-core",
        "export default { launch: async () => { throw new Error('it broke\\nat once'); } };",
    )
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    run = judge(project, CHROME_PATH=str(project / "setup"), TMPDIR=str(profiles))
    assert_no_measurement(run, "no measurement: it broke")
    assert not list(profiles.iterdir())


@needs_node
def test_a_page_that_hides_something_is_not_judged(project: Path) -> None:
    module(project, "lighthouse", "export default () => { throw new Error('judged'); };")
    page = (
        "setViewport() {}, goto() {}, waitForFunction() {}, close() {},"
        "evaluate: () => ['not shown: a line'],"
    )
    module(
        project,
        "puppeteer-core",
        f"export default {{ launch: async () => ({{ newPage: async () => ({{ {page} }}),"
        " close() {} }) };",
    )
    run = judge(project, CHROME_PATH=str(project / "setup"))
    assert_no_measurement(run, "the page must show all it has; not shown: a line")


@needs_node
def test_a_category_without_a_score_is_no_measurement(project: Path) -> None:
    module(
        project,
        "lighthouse",
        "export default async () => ({ lhr: { audits: {}, categories: Object.fromEntries("
        "['performance', 'accessibility', 'best-practices', 'seo']"
        ".map((id) => [id, { score: id === 'seo' ? null : 1, auditRefs: [] }])) } });",
    )
    page = "setViewport() {}, goto() {}, waitForFunction() {}, close() {}, evaluate: () => [],"
    module(
        project,
        "puppeteer-core",
        f"export default {{ launch: async () => ({{ newPage: async () => ({{ {page} }}),"
        " close() {} }) };",
    )
    run = judge(project, CHROME_PATH=str(project / "setup"))
    assert_no_measurement(run, "Lighthouse gave no score for seo")


@needs_node
@needs_lighthouse
def test_a_real_browser_prints_every_figure_once(project: Path) -> None:
    (project / "node_modules").symlink_to(LIGHTHOUSE)
    run = judge(project)
    assert run.returncode == 0, run.stderr
    found = dict(METRIC.findall(run.stdout))
    assert list(found) == METRIC.pattern[2 : METRIC.pattern.index(")")].split("|")
    assert 80 < float(found["lighthouse_score"]) < 99
    assert int(found["failing_nodes"]) > 10
    assert "color-contrast: 0" in run.stdout


@needs_node
@needs_lighthouse
def test_the_held_out_page_has_figures_of_its_own(project: Path) -> None:
    (project / "node_modules").symlink_to(LIGHTHOUSE)
    run = judge(project, "--held-out")
    assert run.returncode == 0, run.stderr
    assert METRIC.search(run.stdout) is None
    found = dict(re.findall(r"^(held_out_\w+): ([\d.]+)$", run.stdout, re.MULTILINE))
    assert 80 < float(found["held_out_score"]) < 99
    assert int(found["held_out_failing"]) > 10


@needs_node
@needs_lighthouse
@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (".tags { display: none; }", "not shown: easy"),
        (".tags { clip-path: inset(100%); }", "covered: easy"),
        (".badge { width: 10px; height: 10px; }", "tiny: Easy"),
    ],
)
def test_a_real_page_must_show_everything(project: Path, rule: str, reason: str) -> None:
    (project / "node_modules").symlink_to(LIGHTHOUSE)
    with (project / "styles.css").open("a", encoding="utf-8") as file:
        file.write(rule)
    assert_no_measurement(judge(project), reason)


def test_the_harness_serves_every_file_that_the_page_names() -> None:
    pages = "index.html", "held_out.html"
    text = "".join((SAMPLE / page).read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r'(?:src|href)="([^"#]+)"', text))
    harness = (SAMPLE / "lighthouse.js").read_text(encoding="utf-8")
    served = set(re.findall(r'"([^"]+)"', harness.partition("const FILES = [")[2].split("]")[0]))
    assert named | set(pages) == served == FILES
    assert all((SAMPLE / name).is_file() for name in FILES)


def test_every_mark_names_what_stands_there() -> None:
    text = (SAMPLE / "styles.css").read_text(encoding="utf-8")
    slots = [slot for slot in find(text, "styles.css") if slot.marked]
    assert len(slots) == text.count("/*tune:")
    # Sizes alone: a list of colours would hold the answer beside the question.
    assert not any(isinstance(slot.marked, Choices) for slot in slots)


def test_the_picture_is_as_it_should_look_so_that_a_stretched_one_looks_wrong() -> None:
    content = (SAMPLE / "hill.png").read_bytes()
    size = struct.unpack(">II", content[16:24])
    packed = content[content.index(b"IDAT") + 4 :]
    rows = zlib.decompressobj().decompress(packed)
    stride = 3 * size[0] + 1
    seen, before = [], bytearray(stride - 1)
    for y in range(size[1]):
        assert rows[y * stride] == 2  # each row is the difference to the one above
        line = rows[y * stride + 1 : (y + 1) * stride]
        before = bytearray((a + b) & 255 for a, b in zip(before, line, strict=True))
        sun = bytes((250, 214, 120))
        seen += [(x, y) for x in range(size[0]) if before[3 * x : 3 * x + 3] == sun]
    width, height = ({place[i] for place in seen} for i in (0, 1))
    assert len(width) == len(height) > 80


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert [(m.name, m.direction) for m in contract.metrics] == [
        ("lighthouse_score", "higher"),
        ("failing_nodes", "lower"),
    ]
    assert contract.decide.rule == "pareto"
    assert contract.holdout is not None
    assert contract.holdout.command == "node lighthouse.js --held-out"
    assert contract.instructions is not None
    for name in (
        contract.target,
        contract.instructions,
        contract.harness.removeprefix("node "),
        "setup",
        "package.json",
    ):
        assert (SAMPLE / name).is_file()
