"""A run as one page that a person can send: facts in, HTML or Markdown out. Reads no file."""

from __future__ import annotations

from autoexp_tui.report.account import Account, account_of
from autoexp_tui.report.markdown import as_markdown
from autoexp_tui.report.page import as_html

__all__ = ["Account", "account_of", "as_html", "as_markdown"]
