"""YAML: plain scalars that resolve to numbers or switches."""

from __future__ import annotations

from collections.abc import Iterator

from autoexp_tui.proposers.tuner.found import Literal, Unreadable

_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool")}


def literals(text: str) -> list[Literal]:
    """Raises Unreadable."""
    import yaml  # noqa: PLC0415 - only targets in YAML pay for it

    found: list[Literal] = []
    seen: set[int] = set()

    def walk(node: yaml.Node | None, name: str) -> Iterator[tuple[str, yaml.ScalarNode]]:
        if node is None or id(node) in seen:
            return  # an alias stands for a value that is already known
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                part = key.value if isinstance(key, yaml.ScalarNode) else "?"
                yield from walk(value, f"{name}.{part}" if name else part)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                yield from walk(value, f"{name}[{index}]")
        elif isinstance(node, yaml.ScalarNode) and node.tag in _TAGS and node.style is None:
            yield name, node

    try:
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Unreadable(f"line {line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise Unreadable(str(error).splitlines()[0]) from error
    for document in documents:
        for name, node in walk(document, ""):
            start, end = node.start_mark.index, node.end_mark.index
            found.append(Literal(name or "value", start, end, low=-float("inf")))
    return found
