"""What keeps harness and agent from what the user can reach, beside the private workspace."""

from autoexp_tui.evaluation.sandbox.choice import choose, protection, weakened
from autoexp_tui.evaluation.sandbox.confinement import Confinement
from autoexp_tui.evaluation.sandbox.seam import NoSandbox, Sandbox

__all__ = ["Confinement", "NoSandbox", "Sandbox", "choose", "protection", "weakened"]
