"""`docs/events.md` names every event and every field, in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from autoexp_tui.model.events import AnyEvent

DOCS = Path(__file__).parents[2] / "docs" / "events.md"


def test_the_documentation_lists_every_event_with_its_fields() -> None:
    rows = re.findall(r"^\| `([A-Z]\w+)` \| (.*?) \|", DOCS.read_text(), re.MULTILINE)
    documented = {kind: re.findall(r"`(\w+)`", fields) for kind, fields in rows}
    assert documented == {
        event.__name__: list(event.__struct_fields__) for event in get_args(AnyEvent)
    }
