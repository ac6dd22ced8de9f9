"""The one tool, whose arguments are a proposal; each provider wraps it in a form of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME = "propose_experiment"

DESCRIPTION = (
    "Propose one experiment: a hypothesis and the edit of the target file that tests it. "
    "Give either `edits` or `content`, not both. Edits are applied all at once to the file "
    "as you were shown it: give them in the order in which they stand in the file, and "
    "don't let them overlap."
)

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "hypothesis": {
            "type": "string",
            "description": "What you expect of the change and why, in one to four sentences.",
        },
        "description": {
            "type": "string",
            "description": "What is changed, in one line of at most 100 characters, for "
            "the results table: `raise the learning rate to 0.04`.",
        },
        "edits": {
            "type": "array",
            "description": "Search and replace pairs, for all but short files.",
            "items": {
                "type": "object",
                "properties": {
                    "search": {
                        "type": "string",
                        "description": "Text that occurs exactly once in the file, copied "
                        "character by character with its indentation; whole lines.",
                    },
                    "replace": {
                        "type": "string",
                        "description": "What takes its place; empty to delete it.",
                    },
                },
                "required": ["search", "replace"],
                "additionalProperties": False,
            },
        },
        "content": {
            "type": "string",
            "description": "The whole new file instead; only when the file is short, or "
            "most of it changes.",
        },
    },
    "required": ["hypothesis", "description"],
    "additionalProperties": False,
}
"""JSON schema of its arguments."""
