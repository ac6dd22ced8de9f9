"""`autoexp.yaml`: read, written and explained from what `model/contract.py` declares."""

from autoexp_tui.config.reader import load, parse
from autoexp_tui.config.writer import render
from autoexp_tui.config.yaml_nodes import ConfigError

__all__ = ["ConfigError", "load", "parse", "render"]
