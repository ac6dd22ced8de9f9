"""What the harness may see of the environment: everything but what looks like a secret.

A name is judged by its words (`GITHUB_TOKEN`, `pgPassword`; not `KEYBOARD`, not
`TOKENIZERS_PARALLELISM`), a value by the rules of detect-secrets, by its form (a URL with a
password, a private key) and by how random it is. All are guesses on the safe side; `allow` answers
them by name. This keeps secrets out of the harness's environment; what code finds in files or in
other processes is kept from it by a sandbox alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Literal, NamedTuple

from autoexp_tui.model.contract import Environment
from autoexp_tui.text.mask import Mask

NEVER = frozenset({"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"})
"""The proposer's own credentials. No setting passes them on, nor a variable that repeats them."""

_OWN = "AUTOEXP_"
_AGENTS = re.compile(r"^(?:ANTHROPIC|CLAUDE|OPENAI|GEMINI|GOOGLE|AWS|AZURE)_|API_?KEY$")
"""What agent programs sign in with."""

_SECRET_WORDS = frozenset(
    {
        *("KEY", "KEYS", "APIKEYS", "PSK", "TOKEN", "TOKENS", "PAT", "JWT", "BEARER", "HMAC"),
        *("PASS", "PASSCODE", "PASSWORDS", "PW", "PWD", "SECRET", "SECRETS", "AUTH", "OAUTH"),
        *("CREDENTIAL", "CREDENTIALS", "CREDS", "COOKIE", "COOKIES", "WEBHOOK", "WEBHOOKS"),
        *("DSN", "NETRC"),
    }
)
_SECRET_ENDINGS = (
    "APIKEY",
    "ACCESSKEY",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "SECRET",
    "TOKEN",
    "PASSFILE",
)
"""Of words that were run together, as in PGPASSWORD."""
_RUN_TOGETHER = re.compile(r"^(?!COM|BY|ENCOM|SUR|TRES|OVER|UNDER).+PASS$")
_LEADS_TO_SECRETS = re.compile(r"(?i:CREDENTIAL|AUTH_SOCK|PASSFILE|NETRC)")
"""In names of what is withheld although it is a path: SSH_AUTH_SOCK signs for whoever has it."""
_SIZES = frozenset({"MAX", "MIN", "NUM", "N", "LIMIT", "SIZE", "LEN", "LENGTH", "COUNT", "TOKENS"})
_NAMES_SOMETHING = frozenset(
    {
        *("SHA", "COMMIT", "ID", "UUID", "GUID", "HASH", "DIGEST", "REV", "REVISION", "CHECKSUM"),
        *("VERSION", "BUILD", "TAG", "REF", "INVOCATION", "SESSION", "HOST", "HOSTNAME", "DEVICES"),
        *("NVIDIA", "CUDA", "SCREEN", "BUS", "HASHSEED", "COLORS"),
    }
)
"""Words of names whose values are random and no secrets: commits, machines, sessions."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SWITCH = re.compile(r"(?i:true|false|yes|no|on|off|auto|none|[01])?")
_SIZE = re.compile(r"[0-9][0-9_.]*\s?[kKMGT]?i?B?")
_PATH = re.compile(r"(?:~|\.{1,2})?/[^\s:@]*(?::(?:~|\.{1,2})?/[^\s:@]*)*|[A-Za-z]:\\.*")
_SECRET_VALUE = re.compile(
    r"""
      [a-z][a-z0-9+.-]* :// [^/\s:@]* : [^\s@,;]+ @   # scheme://user:password@host
    | [a-z][a-z0-9+.-]* :// [a-z0-9_-]{16,} @         # scheme://key@host, as Sentry's
    | hooks? [a-z0-9.-]* /? [a-z0-9/._-]* / [a-z0-9_-]{16}   # addresses that are secrets
    | discord(?:app)?\.com/api/webhooks/ | webhook\.office\.com
    | [?&;] (?: sig | token | key | api_?key | access_token | password ) = [^&\s]{6}
    | -----BEGIN\ [A-Z0-9 ]*PRIVATE\ KEY | AGE-SECRET-KEY-
    | \b (?: password | passwd | pwd | accountkey | sharedaccesskey ) \s* [=:] \s* [^\s;]
    | \b (?: basic | bearer ) \s+ [a-z0-9+/=._-]{12}
    | \b (?: sk-[a-z0-9_-]{16} | gh[oprsu]_[a-z0-9]{20} | github_pat_ | glpat- | xox[abeprs]-
           | hf_[a-z0-9]{20} | aiza[a-z0-9_-]{30} | akia[a-z0-9]{16}
           | eyj[a-z0-9_-]+\.eyj[a-z0-9_-]+\.
           | (?: [a-z][a-z0-9]{1,7}_ ){1,2} (?= [a-z0-9]*[0-9] ) [a-z0-9]{20}   # gsk_, sk_live_
           | (?: pypi | dckr_pat | pul | dapi | lin_api | r8 | key | tok | pk | rk | sg ) [-_.]
             (?= [a-z0-9_-]*[0-9] ) [a-z0-9_-]{16} )         # keys that say whose they are
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LONG = re.compile(r"\S{10}")
"""Less no rule of detect-secrets takes for a key; to import it takes longer than all else."""
_TOKEN = re.compile(r"[A-Za-z0-9+/=_~-]{20,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RULES = (
    *("artifactory", "aws", "azure_storage_key", "cloudant", "discord", "github_token"),
    *("gitlab_token", "ibm_cloud_iam", "ibm_cos_hmac", "jwt", "mailchimp", "npm", "openai"),
    *("private_key", "pypi_token", "sendgrid", "slack", "softlayer", "square_oauth", "stripe"),
    *("telegram_token", "twilio"),
)
"""Of detect-secrets: all but those that look for assignments, and for addresses of machines."""

Looks = Literal["secret", "near", ""]


class Harness(NamedTuple):
    """What a harness is given of an environment."""

    passed: dict[str, str]
    withheld: tuple[str, ...]
    """Names, sorted."""
    near: tuple[str, ...]
    """Names of what is passed on and looks a little like a secret, sorted."""


def harness_environment(environ: Mapping[str, str], config: Environment) -> Harness:
    """The harness's environment, and the names that were withheld from it.

    With `only`, the names in it are passed on, and those in `allow`, and PATH; without it,
    everything is that does not look like a secret. `define` comes last and is taken as it is.
    Variables of our own (`AUTOEXP_*`) are dropped and not reported.
    """
    repeated = tuple(value for name in NEVER if len(value := environ.get(name, "")) >= 8)
    named = {*config.allow, *(config.only or ())}
    passed: dict[str, str] = {}
    withheld: list[str] = []
    near: list[str] = []
    for name, value in environ.items():
        if name.startswith(_OWN):
            continue
        looks: Looks = ""
        if name in NEVER or any(secret in value for secret in repeated):
            allowed = False
        elif config.only is not None:
            allowed = name in named or name == "PATH"
        elif name in named:
            allowed = True
        else:
            looks = looks_like(name, value)
            allowed = looks != "secret"
        if allowed:
            passed[name] = value
            if looks:
                near.append(name)
        elif name not in config.define:
            withheld.append(name)
    return Harness({**passed, **config.define}, tuple(sorted(withheld)), tuple(sorted(near)))


def agent_environment(environ: Mapping[str, str], config: Environment) -> dict[str, str]:
    """What an agent program is given: what the harness would be, and what it may sign in with.

    That is what is named after a provider of models, or ends like an API key; whatever else looks
    like a secret (of a database, of a chat, for publishing) is withheld unless `allow` names it.
    """
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(_OWN)
        and (
            name in config.allow
            or _AGENTS.search(name.upper())
            or looks_like(name, value) != "secret"
        )
    }


def mask_of(environ: Mapping[str, str]) -> Mask:
    """What replaces the secrets of an environment by their names."""
    return Mask(
        {name: value for name, value in environ.items() if looks_like(name, value) == "secret"}
    )


def looks_like(name: str, value: str = "") -> Looks:
    """Whether a variable should not be shown to a program that nobody has read."""
    if name in NEVER or _reveals(value):
        return "secret"
    words = [word.upper() for word in _WORD.findall(name)]
    spoken = _speaks_of_a_secret(words)
    if spoken:
        leads = _LEADS_TO_SECRETS.search(name)
        size = _SIZE.fullmatch(value) and _SIZES.intersection(words)
        if value and (_SWITCH.fullmatch(value) or size):
            return "near"
        return "near" if _PATH.fullmatch(value) and not leads else "secret"
    if _is_random(value):
        return "near" if _NAMES_SOMETHING.intersection(words) else "secret"
    return ""


def _speaks_of_a_secret(words: list[str]) -> bool:
    if words in (["PWD"], ["OLDPWD"]):
        return False
    return any(
        word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) or _RUN_TOGETHER.match(word)
        for word in words
    )


def _reveals(value: str) -> bool:
    """Whether a value is a secret whatever its name is."""
    if len(value) < 8 or _PATH.fullmatch(value):
        return False
    if _SECRET_VALUE.search(value):
        return True
    if not (_LONG.search(value) and re.search(r"[0-9]", value)):
        return False
    return any(
        re.search(r"[0-9]", found)
        for line in value.split("\n")
        for rule in _rules()
        for found in rule(line)
    )


def _is_random(value: str) -> bool:
    """Whether it has what looks drawn by lot, by detect-secrets' measure of entropy."""
    if len(value) < 20 or _PATH.fullmatch(value):
        return False
    if _UUID.search(value):
        return True
    for token in _TOKEN.findall(value):
        if not re.search(r"[0-9]", token):
            continue
        hexadecimal, base64 = _entropies()
        if re.fullmatch(r"[0-9a-fA-F]{24,}", token):
            if hexadecimal(token) > 3.0 and re.search(r"[a-fA-F]", token):
                return True
        elif base64(token) > 4.5:
            return True
        pieces = re.findall(r"[a-z]+|[A-Z]+|[0-9]+", token)
        run = max(re.findall(r"[A-Za-z0-9]+", token), key=len, default="")
        mixed = len(run) >= 20 and len(pieces) >= len(token) / 4 and base64(run) > 3.5
        if mixed or (_takes_turns(token) and base64(token) > 3.0):
            return True
    return False


def _takes_turns(token: str) -> bool:
    """Whether letters and digits take turns as they do in no name, which has words, or parts."""
    joined = re.sub(r"[^A-Za-z0-9]", "", token.rstrip("="))
    parted = len(token.rstrip("=")) - len(joined) > len(token) / 10
    turns = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+", joined)
    return len(joined) >= 20 and not parted and len(turns) >= len(joined) / 4.5


# detect-secrets takes 0.15 s to import: only who judges an environment pays for it.


@cache
def _rules() -> Collection[Callable[[str], Iterable[str]]]:
    from importlib import import_module  # noqa: PLC0415
    from inspect import isabstract, isclass  # noqa: PLC0415

    from detect_secrets.plugins.base import BasePlugin  # noqa: PLC0415

    modules = [import_module(f"detect_secrets.plugins.{name}") for name in _RULES]
    return [
        made().analyze_string
        for module in modules
        for made in vars(module).values()
        if isclass(made)
        and issubclass(made, BasePlugin)
        and made.__module__ == module.__name__
        and not isabstract(made)
    ]


@cache
def _entropies() -> tuple[Callable[[str], float], Callable[[str], float]]:
    from detect_secrets.plugins import high_entropy_strings as plugins  # noqa: PLC0415

    hexadecimal = plugins.HexHighEntropyString()
    base64 = plugins.Base64HighEntropyString()
    return hexadecimal.calculate_shannon_entropy, base64.calculate_shannon_entropy
