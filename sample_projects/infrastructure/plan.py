"""What `terraform.tf` plans: by Terraform or OpenTofu itself, else read as literal HCL."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class NoMeasurement(Exception):
    """Nothing that could be trusted was measured; the message says why, in one line."""


@dataclass(frozen=True)
class Plan:
    """Every planned server's `input`, by address, and who read the file."""

    servers: dict[str, dict[str, Any]]
    by: str


def plan(path: Path) -> Plan:
    """The plan of one file, with no state before it. Raises NoMeasurement."""
    for name in ("terraform", "tofu"):
        if program := shutil.which(name):
            return _planned(program, path)
    return Plan(_read(path.read_text(encoding="utf-8")), "no terraform or tofu here: read as text")


def _planned(program: str, path: Path) -> Plan:
    """`plan`, then `show -json`, in a folder that holds nothing but the file."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "TOFU_"))}
    quiet = {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    with tempfile.TemporaryDirectory(prefix="plan-") as folder:
        shutil.copyfile(path, Path(folder, path.name))

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [program, *arguments],
                cwd=folder,
                env={**kept, **quiet},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise NoMeasurement(f"{Path(program).name}: {_first_error(done.stderr)}")
            return done.stdout

        run("plan", "-input=false", "-refresh=false", "-lock=false", "-no-color", "-out=plan")
        shown = json.loads(run("show", "-json", "-no-color", "plan"))
    module = shown["planned_values"].get("root_module", {})
    if module.get("child_modules"):
        raise NoMeasurement("modules are not counted here: put the resources into terraform.tf")
    servers: dict[str, dict[str, Any]] = {}
    for resource in module.get("resources", []):
        if resource["type"] != "terraform_data":
            raise NoMeasurement(f"{resource['address']} is not a terraform_data: it has no price")
        servers[resource["address"]] = resource["values"].get("input") or {}
    return Plan(servers, f"{Path(program).name} {shown['terraform_version']}")


def _first_error(words: str) -> str:
    """Terraform's first error and the place it names, on one line."""
    lines = [line.strip("│╷╵ ") for line in words.splitlines()]
    errors = [line for line in lines if line.startswith("Error:")]
    places = [line.rstrip(":") for line in lines if line.startswith("on ")]
    return " ".join([*errors[:1], *places[:1]])[:200] or "it failed and said nothing"


# Without Terraform: blocks, literals and nothing that would have to be evaluated.

_TOKEN = re.compile(
    r"(?P<blank>[ \t\r]+|(?:\#|//)[^\n]*|/\*.*?\*/)|(?P<end>\n)"
    r'|(?P<text>"(?:[^"\\\n$%]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])'
    r"|(?P<word>[A-Za-z_][\w-]*)|(?P<sign>[{}=,])|(?P<other>.)",
    re.DOTALL,
)


class _Reader:
    """A cursor over the tokens of one file."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        line = 1
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup or ""
            if kind != "blank":
                self._tokens.append((kind, match[0], line))
            line += match[0].count("\n")
        self._tokens.append(("end", "", line))
        self._at = 0

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._at][:2]

    def take(self, kind: str, value: str | None = None) -> str:
        found, text, line = self._tokens[self._at]
        if found != kind or value not in {None, text}:
            shown = text.strip() or "the end of the line"
            raise NoMeasurement(
                f"terraform.tf line {line}: without terraform only literals are read, not {shown}"
            )
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return text

    def skip_ends(self) -> None:
        while self.peek() == ("end", "\n") or self.peek() == ("sign", ","):
            self._at += 1

    def body(self) -> dict[str, Any]:
        """`{ key = value … }`."""
        self.take("sign", "{")
        found: dict[str, Any] = {}
        self.skip_ends()
        while self.peek() != ("sign", "}"):
            key = self.take("word")
            self.take("sign", "=")
            found[key] = self.body() if self.peek() == ("sign", "{") else self.value()
            if self.peek() not in {("sign", "}"), ("sign", ",")}:
                self.take("end")
            self.skip_ends()
        self.take("sign", "}")
        return found

    def value(self) -> str | float | bool:
        kind, text = self.peek()
        if kind == "number":
            number = float(self.take("number"))
            return int(number) if number.is_integer() else number
        if kind == "word" and text in {"true", "false"}:
            return self.take("word") == "true"
        return str(json.loads(self.take("text")))


def _read(text: str) -> dict[str, dict[str, Any]]:
    """`resource "terraform_data" "name" { count = … input = { … } }`, and nothing else."""
    reader = _Reader(text)
    servers: dict[str, dict[str, Any]] = {}
    reader.skip_ends()
    while reader.peek()[1]:
        reader.take("word", "resource")
        reader.take("text", '"terraform_data"')
        address = "terraform_data." + str(json.loads(reader.take("text")))
        block = reader.body()
        unknown = block.keys() - {"count", "input"}
        count = block.get("count", 1)
        if unknown or not isinstance(count, int) or isinstance(count, bool) or count < 0:
            what = f"{min(unknown)}" if unknown else f"count = {count}"
            raise NoMeasurement(f"{address}: {what} needs terraform, which is not installed")
        if any(name.split("[")[0] == address for name in servers):
            raise NoMeasurement(f"{address} is there twice")
        for i in range(count):
            servers[f"{address}[{i}]" if "count" in block else address] = block.get("input", {})
        reader.skip_ends()
    return servers
