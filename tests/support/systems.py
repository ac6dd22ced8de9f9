"""What a test needs of the operating system."""

from __future__ import annotations

import sys

import pytest

linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="it needs Linux: /proc, a subreaper, or GNU's own tools"
)
