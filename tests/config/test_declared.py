"""One declaration for each setting: all else is made from it, whatever is declared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import jsonschema
import msgspec
import pytest
import yaml
from msgspec import StructMeta
from support.bad_configs import GOOD, TWO

from autoexp_tui.config import ConfigError, parse, render
from autoexp_tui.config.declared import Setting, everything, settings
from autoexp_tui.config.reader import parse_section
from autoexp_tui.config.reference import example, page
from autoexp_tui.config.schema import schema
from autoexp_tui.model import contract as contract_module
from autoexp_tui.model.contract import Contract, Effect, Limit
from autoexp_tui.model.keys import Key, MetricName, ProjectPath, Seconds

ROOT = Path(__file__).parents[2]
ALL = [
    (section, setting)
    for section in (
        Contract,
        *(found.section for found in everything() if found.section is not None),
    )
    for setting in settings(section)
]
every_setting = pytest.mark.parametrize(
    ("section", "setting"), ALL, ids=[f"{one.__name__}.{setting.name}" for one, setting in ALL]
)


@every_setting
def test_every_field_of_every_section_is_declared_with_help(
    section: type[msgspec.Struct], setting: Setting
) -> None:
    assert setting.key.help.endswith(".") or ";" in setting.key.help
    assert f"| `{setting.name}` | {setting.key.help}" in page(section)
    assert schema(section)["properties"][setting.name]["description"] == setting.key.help


@every_setting
def test_every_example_is_read_and_written_back(
    section: type[msgspec.Struct], setting: Setting
) -> None:
    beside = [one for one in settings(section) if one.must]
    lines = {}
    if setting.key.when is not None:
        lines[setting.key.when[0]] = setting.key.when[1]
        beside += [one for one in settings(section) if one.key.when == setting.key.when]
        beside = [one for one in beside if one.key.needed]
    lines |= {one.name: example(one) for one in (*beside, setting)}
    if section is Contract:
        lines["metrics"] = "{loss: lower, latency: lower}"
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    read, where = parse_section(text, "x", section)
    assert where[setting.name] == list(lines).index(setting.name) + 1
    assert parse_section(render(read, comments=False), "x", section)[0] == read
    jsonschema.validate(yaml.safe_load(text), schema(section))


def test_every_section_is_reached_from_the_contract() -> None:
    """But `Limit` and `Effect`, which have ways of writing of their own."""
    structs = {one for one in vars(contract_module).values() if isinstance(one, StructMeta)}
    assert structs - {Effect, Limit} == {section for section, _ in ALL}


# What somebody will declare next.


class Guard(msgspec.Struct, frozen=True):
    """A section in a list."""

    name: Annotated[str, Key("What it is called.", "size")]
    most: Annotated[float, Key("Its bound.", "5", ge=0)]


class Cage(msgspec.Struct, frozen=True):
    """A section that a word stands for."""

    kind: Annotated[Literal["none", "strict"], Key("Which one.", shown=True)] = "none"
    network: Annotated[bool, Key("Whether it reaches the network.")] = True


class Bigger(Contract, frozen=True):
    """The contract with a line more for each thing that can be declared."""

    bays: Annotated[int, Key("Evaluations at a time.", ge=1, le=64, also=("berths",))] = 1
    certain: Annotated[
        int | Literal["auto", "off"], Key("Fresh runs before a keep.", ge=0, le=100)
    ] = "auto"
    assurance: Annotated[float, Key("Of a keep.", "0.9", gt=0, le=1)] = 0.95
    grace: Annotated[Seconds | Literal["none"], Key("Time to end in.")] = "none"
    reach: Annotated[dict[MetricName, float], Key("Goals.", "{loss: 0.05}")] = {}  # noqa: RUF012
    words: Annotated[tuple[str, ...], Key("Some words.", "[a, b]")] = ()
    files: Annotated[tuple[ProjectPath, ...] | None, Key("Some files.", "[a]")] = None
    guards: Annotated[
        tuple[Guard, ...], Key("What must hold.", "{size: 5}", short=("name", "most"))
    ] = ()
    cage: Annotated[Cage, Key("Where it runs.", "strict", short=("kind",))] = Cage()
    verbose: Annotated[bool, Key("Whether more is said.", "true")] = False


MORE = """\
bays: 4
certain: 3
assurance: 0.5
grace: 90s
reach: {loss: 0.05, latency: 1e3}
words: ['no', '1', plain text]
files: [a/b]
guards:
  - name: size
    most: 5
cage: {kind: strict, network: false}
verbose: true
"""


def bigger(extra: str) -> Bigger:
    return parse_section(TWO + extra, "x", Bigger)[0]


def test_a_field_is_all_that_a_setting_needs() -> None:
    read = bigger(MORE)
    assert read == Bigger(
        *(getattr(bigger(""), name) for name in Contract.__struct_fields__),
        bays=4,
        certain=3,
        assurance=0.5,
        grace=90.0,
        reach={"loss": 0.05, "latency": 1000.0},
        words=("no", "1", "plain text"),
        files=("a/b",),
        guards=(Guard("size", 5.0),),
        cage=Cage("strict", network=False),
        verbose=True,
    )
    for comments in (True, False):
        assert parse_section(render(read, comments), "x", Bigger)[0] == read
    jsonschema.validate(yaml.safe_load(render(read)), schema(Bigger))
    for setting in everything(Bigger):
        assert f"| `{setting.name}` | {setting.key.help}" in page(Bigger)
        assert setting.path.count(".") or f"# {setting.key.help[:40]}" in render(read)


def test_words_beside_numbers_are_read_and_written_as_they_are() -> None:
    for text in ("certain: off\ngrace: none\n", "certain: auto\ngrace: 5m\n", "certain: 0\n"):
        assert parse_section(render(bigger(text)), "x", Bigger)[0] == bigger(text)
    assert (bigger("certain: off\n").certain, bigger("grace: 5m\n").grace) == ("off", 300.0)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("bays: 65", "bays must be from 1 to 64, not '65'; choose a number within that"),
        ("berths: 2", "unknown key 'berths'; did you mean 'bays'?"),
        ("certain: of", "certain must be auto or off, or a whole number from 0 to 100, not 'of'"),
        ("certain: 101", "certain must be auto or off, or a whole number from 0 to 100"),
        ("certain: [1]", "certain must be auto or off, or a whole number from 0 to 100, not a l"),
        ("grace: soon", "grace must be none, or a length of time, not 'soon'"),
        ("assurance: 0", "assurance must be above 0 and at most 1, not '0'"),
        ("reach: {lss: 1}", "unknown key 'lss'; did you mean 'loss'?"),
        ("reach: {loss: low}", "reach.loss must be a number, not 'low'"),
        ("words: a", "words must be a list, not 'a'; write [a]"),
        ("files: [a, /b]", "files[1] is an absolute path"),
        ("guards: {size: -1}", "guards.size must be 0 or more, not '-1'"),
        ("guards: [{name: x}]", "guards[0] lacks the key 'most'"),
        ("cage: strickt", "cage.kind must be none or strict, not 'strickt'; did you mean"),
        ("cage: {network: yes}", "cage.network must be true or false, not 'yes'; did you"),
        ("kind: strict", "unknown key 'kind'; move it below 'cage:'"),
        ("bays:", "bays has no value"),
        ("certain:", "certain has no value"),
    ],
)
def test_what_is_wrong_with_it_is_told(line: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        bigger(f"{line}\n")
    assert str(caught.value).startswith(f"x:6: {told}")


def test_a_field_that_is_not_declared_is_refused_at_once() -> None:
    class Forgotten(msgspec.Struct, frozen=True):
        parallel: int = 1

    class Unknown(msgspec.Struct, frozen=True):
        parallel: Annotated[frozenset[int], Key("Some numbers.")] = frozenset()

    with pytest.raises(TypeError, match=r"Forgotten\.parallel has no declaration"):
        settings(Forgotten)
    with pytest.raises(TypeError, match="no way is known"):
        settings(Unknown)


# What is made from it.


def test_the_page_is_current() -> None:
    """`autoexp config --docs > docs/configuration.md` makes it so."""
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("path", sorted(ROOT.glob("sample_projects/*/autoexp.yaml")), ids=str)
def test_the_schema_takes_the_samples(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), schema())


@pytest.mark.parametrize(
    "line",
    [
        *("zzz: 1", "repeats: 0", "repeats: many", "budget: {max_cost_usd: 0}", "link: data"),
        *("decide: {limits: 2x}", "decide: paretto", "env: {only: {A: x}}", "anthropic: x"),
        *("anthropic: {effort: huge}", "anthropic: {prices: {inputs: 1}}"),
        *("notify: {url: ftp://x}", "command: {time_limit: 5m}"),
    ],
)
def test_the_schema_refuses_what_an_editor_should_mark(line: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(f"{GOOD}{line}\n"), schema())
    with pytest.raises(ConfigError):
        parse(f"{GOOD}{line}\n", "x")


def test_what_was_frozen_under_other_bounds_is_still_decoded() -> None:
    frozen = b'{"target":"/t","harness":"","metrics":[],"repeats":1000,"fix_attempts":-1}'
    assert msgspec.json.decode(frozen, type=Contract).repeats == 1000
