"""`autoexp.yaml`: read, written and explained from what `model/contract.py` declares."""

from autoexp_tui.config.reader import Given, load, load_given, parse
from autoexp_tui.config.writer import render
from autoexp_tui.config.yaml_nodes import ConfigError

__all__ = ["ConfigError", "Given", "load", "load_given", "parse", "render"]
