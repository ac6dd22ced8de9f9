"""The colours: one accent for what is better, one for what failed, everything else quiet."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="autoexp-dark",
    dark=True,
    background="#0f1216",
    surface="#0f1216",
    panel="#1a1f26",
    foreground="#c9d1d9",
    primary="#6cb6ff",
    secondary="#8b98a5",
    accent="#6cb6ff",
    success="#57d38c",
    warning="#e3b341",
    error="#f47067",
    variables={"quiet": "#7d8894", "line": "#303841"},
)
LIGHT = Theme(
    name="autoexp-light",
    dark=False,
    background="#fbfbf9",
    surface="#fbfbf9",
    panel="#ecece7",
    foreground="#24292f",
    primary="#0a5fb4",
    secondary="#57606a",
    accent="#0a5fb4",
    success="#117a3d",
    warning="#8a5a00",
    error="#b3261e",
    variables={"quiet": "#656d76", "line": "#cfd3d6"},
)
CONTRAST = Theme(
    name="autoexp-contrast",
    dark=True,
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    foreground="#ffffff",
    primary="#7fd4ff",
    secondary="#d0d0d0",
    accent="#7fd4ff",
    # Told apart with any kind of colour vision, as blue and orange are.
    success="#56c8ff",
    warning="#ffe14d",
    error="#ff9d45",
    variables={"quiet": "#c4c4c4", "line": "#8a8a8a"},
)
ANSI_EXTRAS = {"quiet": "ansi_bright_black", "line": "ansi_bright_black"}
"""What the built-in terminal theme lacks of ours."""

ORDER = (DARK.name, LIGHT.name, CONTRAST.name, "ansi-dark")
"""`t` goes round these; the last one is the terminal's own."""
