"""The limits of this process, which another one of the same user may lower."""

from __future__ import annotations

import resource

_KINDS = [
    getattr(resource, name)
    for name in ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_NPROC")
    if hasattr(resource, name)
]


class Limits:
    """What the limits were when this was made."""

    def __init__(self) -> None:
        self._limits = {kind: resource.getrlimit(kind) for kind in _KINDS}

    def hold(self) -> bool:
        """Bring them back; False where they can't be, as only root can raise the hard ones."""
        for kind, limits in self._limits.items():
            if resource.getrlimit(kind) != limits:
                try:
                    resource.setrlimit(kind, limits)
                except (ValueError, OSError):
                    return False
        return True
