"""The SDK's client for Anthropic itself, or for a cloud that has Claude: Bedrock, Vertex."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import anthropic

from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.anthropic.settings import Credentials, Settings
from autoexp_tui.proposers.conversing.exchange import Fault
from autoexp_tui.proposers.conversing.transport import QUOTE, timeouts
from autoexp_tui.text.safe import clean_line

_NEEDS = {"bedrock": "botocore.eventstream", "vertex": "google.auth"}
"""What the SDK imports when it signs or reads: better found missing at the start."""
_SIGN_IN = {
    "bedrock": "sign in with `aws configure` or `aws sso login`, or set AWS_BEARER_TOKEN_BEDROCK; "
    "AWS_REGION names the region",
    "vertex": "sign in with `gcloud auth application-default login`; CLOUD_ML_REGION and "
    "ANTHROPIC_VERTEX_PROJECT_ID name region and project",
}


def client(credentials: Credentials, settings: Settings) -> Any:
    """A client of one of the SDK's classes, which have the same methods.

    Raises Unable where a package, a region or a project is missing.
    """
    common: dict[str, Any] = {
        "base_url": credentials.base_url,
        "max_retries": 0,
        "timeout": timeouts(settings.stall_seconds),
        "open_telemetry": False,
    }
    through = settings.through
    if through == "anthropic":
        return anthropic.AsyncAnthropic(
            api_key=credentials.api_key, auth_token=credentials.auth_token, **common
        )
    try:
        importlib.import_module(_NEEDS[through])
        if through == "bedrock":
            return anthropic.AsyncAnthropicBedrock(**common)
        return anthropic.AsyncAnthropicVertex(**common)
    except ImportError:
        raise Unable(
            f"anthropic.through: {through} needs a package more: "
            f"`pip install 'anthropic[{through}]'`"
        ) from None
    except ValueError as error:
        why = clean_line(credentials.scrub(str(error)), QUOTE)
        raise Unable(f"{through}: {why}; {_SIGN_IN[through]}") from None


def signing_trouble(
    error: BaseException, through: str, scrub: Callable[[str], str]
) -> Exception | None:
    """What it means that a request could not be signed; None where it is something else."""
    theirs = type(error).__module__.startswith(("google.auth", "botocore"))
    if through not in _SIGN_IN or not (theirs or isinstance(error, RuntimeError)):
        return None
    why = clean_line(scrub(str(error)), QUOTE) or type(error).__name__
    if type(error).__name__ in {"TransportError", "EndpointConnectionError", "ConnectTimeoutError"}:
        return Fault(f"there was no way to sign in: {why}", free=True)
    return Unable(f"the request can't be signed: {why}; {_SIGN_IN[through]}")
