"""Conformance suites for what can be plugged in: a proposer, an evaluator, a sandbox.

Each is a function that raises AssertionError, in words, where a promise is broken; it needs no test
framework. Our own implementations run them in `tests/testing`.
"""

from autoexp_tui.testing.evaluators import check_evaluator
from autoexp_tui.testing.proposers import check_proposer
from autoexp_tui.testing.sandboxes import check_sandbox

__all__ = ["check_evaluator", "check_proposer", "check_sandbox"]
