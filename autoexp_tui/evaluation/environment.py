"""What the harness may see of the environment: everything but what looks like a secret.

A name is judged by its words (`GITHUB_TOKEN`, `pgPassword`; not `KEYBOARD`, not
`TOKENIZERS_PARALLELISM`), a value by its form (a URL with a password, a key with a provider's
prefix). Both are guesses on the safe side; `allow` answers them by name. This keeps secrets out of
the harness's environment and out of its logs; it does not stop code that goes looking for them in
files or in other processes of the same user.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from autoexp_tui.model.contract import Environment

NEVER = frozenset({"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"})
"""The proposer's own credentials. No setting passes them on, nor a variable that repeats them."""

_OWN = "AUTOEXP_"
_PROVIDERS = ("ANTHROPIC_", "OPENAI_", "AWS_")

_SECRET_WORDS = frozenset(
    {
        *("KEY", "KEYS", "APIKEYS", "PSK", "TOKEN", "TOKENS", "PAT", "JWT", "BEARER"),
        *("PASS", "PASSCODE", "PASSWORDS", "SECRET", "SECRETS", "AUTH", "OAUTH"),
        *("CREDENTIAL", "CREDENTIALS", "CREDS", "COOKIE", "COOKIES", "WEBHOOK"),
    }
)
_SECRET_ENDINGS = ("APIKEY", "ACCESSKEY", "PASSPHRASE", "PASSWD", "PASSWORD", "SECRET", "TOKEN")
"""Of words that were run together, as in PGPASSWORD."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_SECRET_VALUE = re.compile(
    r"""
      [a-z][a-z0-9+.-]* :// [^/\s:@]* : [^\s@,;]+ @   # scheme://user:password@host
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
    | \b (?: password | pwd | accountkey | sharedaccesskey ) \s* = \s* [^\s;]   # connection strings
    | \b (?: sk-[a-z0-9_-]{16} | gh[oprsu]_[a-z0-9]{20} | github_pat_ | glpat- | xox[abeprs]-
           | hf_[a-z0-9]{20} | aiza[a-z0-9_-]{30} | akia[a-z0-9]{16}
           | eyj[a-z0-9_-]+\.eyj[a-z0-9_-]+\. )       # keys that say whose they are
    """,
    re.IGNORECASE | re.VERBOSE,
)


def harness_environment(
    environ: Mapping[str, str], config: Environment
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The harness's environment, and the names that were withheld from it, sorted.

    With `only`, the names in it are passed on, and those in `allow`, and PATH; without it,
    everything is that does not look like a secret. `define` comes last and is taken as it is.
    Variables of our own (`AUTOEXP_*`) are dropped and not reported.
    """
    repeated = tuple(value for name in NEVER if len(value := environ.get(name, "")) >= 8)
    named = {*config.allow, *(config.only or ())}
    passed: dict[str, str] = {}
    withheld: list[str] = []
    for name, value in environ.items():
        if name.startswith(_OWN):
            continue
        if name in NEVER or any(secret in value for secret in repeated):
            allowed = False
        elif config.only is not None:
            allowed = name in named or name == "PATH"
        else:
            allowed = name in named or not looks_secret(name, value)
        if allowed:
            passed[name] = value
        elif name not in config.define:
            withheld.append(name)
    return {**passed, **config.define}, tuple(sorted(withheld))


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a variable should not be shown to a program that nobody has read."""
    if name.upper().startswith(_PROVIDERS):
        return True
    words = [word.upper() for word in _WORD.findall(name)]
    if _SECRET_VALUE.search(value) or (len(words) > 1 and words[-1] == "PWD"):
        return True
    if words[-1:] == ["TOKENS"] and value.isdecimal():
        return False  # MAX_TOKENS=4096 is a size
    return any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) for word in words)
