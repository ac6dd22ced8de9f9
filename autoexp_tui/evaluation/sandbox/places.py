"""Where secrets lie, and what else of the user's a program that nobody has read must not see."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_IN_HOME = (
    # Keys and passwords.
    *(
        ".ssh",
        ".gnupg",
        ".pki",
        ".password-store",
        ".netrc",
        "_netrc",
        ".authinfo",
        ".authinfo.gpg",
    ),
    *(".local/share/keyrings", ".local/share/kwalletd", ".config/Bitwarden", ".config/1Password"),
    *(".config/op", ".config/keepassxc", ".config/sops", ".config/age", ".vault-token", ".pgpass"),
    *(".my.cnf", ".mylogin.cnf", ".bitcoin", ".ethereum", ".electrum", "Library/Keychains"),
    # Clouds and clusters.
    *(".aws", ".azure", ".config/gcloud", ".boto", ".s3cfg", ".config/rclone", ".oci", ".kube"),
    *(".docker/config.json", ".config/containers/auth.json", ".config/helm", ".config/doctl"),
    *(".fly", ".config/hcloud", ".config/heroku", ".terraform.d/credentials.tfrc.json", ".pulumi"),
    *(".databrickscfg", ".snowflake", ".config/ngrok", ".ngrok2", ".modal.toml", ".config/vercel"),
    # Forges and registries.
    *(
        ".git-credentials",
        ".config/git/credentials",
        ".config/gh",
        ".config/hub",
        ".config/glab-cli",
    ),
    *(
        ".pypirc",
        ".npmrc",
        ".yarnrc",
        ".yarnrc.yml",
        ".cargo/credentials",
        ".cargo/credentials.toml",
    ),
    *(
        ".gem/credentials",
        ".m2/settings.xml",
        ".m2/settings-security.xml",
        ".gradle/gradle.properties",
    ),
    *(".composer/auth.json", ".config/composer/auth.json", ".nuget/NuGet/NuGet.Config", ".condarc"),
    # Models and data.
    *(".cache/huggingface/token", ".cache/huggingface/stored_tokens", ".huggingface/token"),
    *(".kaggle", ".config/wandb", ".config/openai", ".config/anthropic", ".config/llm", ".openai"),
    *(".config/github-copilot", ".replicate", ".config/replicate", ".streamlit/secrets.toml"),
    # Browsers and mail.
    *(".mozilla", ".config/google-chrome", ".config/chromium", ".config/BraveSoftware"),
    *(".config/microsoft-edge", ".config/vivaldi", ".config/opera", ".thunderbird", "snap/firefox"),
    *(".var/app", ".config/Slack", ".config/discord", ".config/Signal", "Library/Cookies"),
    *("Library/Application Support/Google/Chrome", "Library/Application Support/Firefox"),
    *("Library/Safari", "Library/Mail", "Library/Messages"),
    # What was typed.
    *(".bash_history", ".zsh_history", ".python_history", ".psql_history", ".node_repl_history"),
    *(".local/share/fish/fish_history", ".mysql_history", ".sqlite_history"),
)

_AGENTS: dict[str, tuple[str, ...]] = {
    "claude": (".claude", ".claude.json", ".config/claude"),
    "codex": (".codex",),
    "gemini": (".gemini",),
    "aider": (".aider.conf.yml", ".aider", ".oobabooga"),
    "opencode": (".local/share/opencode", ".config/opencode"),
    "goose": (".config/goose", ".local/share/goose"),
    "cursor": (".cursor", ".config/cursor"),
    "amp": (".config/amp", ".local/share/amp"),
    "qwen": (".qwen",),
    "copilot": (".copilot",),
    "pi": (".pi",),
}
"""By a part of its program's name: where an agent program keeps its login and its settings."""

_PLACES = (*_IN_HOME, *(name for names in _AGENTS.values() for name in names))

_BY_VARIABLE = (
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "GOOGLE_APPLICATION_CREDENTIALS", "NETRC"),
    *(
        "KUBECONFIG",
        "DOCKER_CONFIG",
        "CLOUDSDK_CONFIG",
        "AZURE_CONFIG_DIR",
        "GNUPGHOME",
        "PGPASSFILE",
    ),
    *("CLAUDE_CONFIG_DIR", "CODEX_HOME", "NPM_CONFIG_USERCONFIG", "GIT_ASKPASS", "XAUTHORITY"),
)
"""Variables that name such a place."""

_OF_ROOT = (
    *("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/ssl/private"),
    *("/etc/sudoers", "/etc/sudoers.d", "/etc/krb5.keytab", "/etc/kubernetes", "/var/lib/docker"),
    *("/var/lib/kubelet", "/var/spool/cron", "/etc/NetworkManager/system-connections"),
)


def secret_places(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Every one that is there: of this user, and of all where we are root."""
    found = dict.fromkeys(path for path in _candidates(environ) if os.path.lexists(path))
    return tuple(map(Path, found))


def agent_places(
    environ: Mapping[str, str], command: str, logins: Iterable[str] = ()
) -> tuple[Path, ...]:
    """What an agent program keeps for itself, by the names of the programs in its command line.

    Of a program that isn't known, what is named after it, but for places that are others'. What
    it keeps elsewhere, or what else it starts, is named by `logins`: paths, or below HOME.
    """
    names = _program_names(command)
    known = [each for each in _AGENTS if any(each in re.split(r"[-_.]", name) for name in names)]
    places = [place for each in known for place in _AGENTS[each]]
    if not known:
        others = {*_IN_HOME, *(place for each in _AGENTS.values() for place in each)}
        forms = (".{}", ".{}.json", ".config/{}", ".local/share/{}")
        named = [form.format(name) for name in names for form in forms]
        places += [place for place in named if place not in others]
    found = [home / place for home in _homes(environ)[:1] for place in places]
    variables = {"claude": "CLAUDE_CONFIG_DIR", "codex": "CODEX_HOME"}
    configured = (environ.get(variables[each]) for each in known if each in variables)
    found += [Path(value) for value in configured if value]
    for login in logins:
        home = home_of(environ) or Path("/")
        found.append(home / login.removeprefix("~/"))
    return tuple(path for path in found if os.path.lexists(path))


def _program_names(command: str) -> list[str]:
    """Of the words that could be programs, without folders and endings."""
    words = (word.strip("'\"").rpartition("/")[2] for word in command.split())
    stems = (re.sub(r"\.(?:py|sh|js|mjs|ts|exe)$", "", word) for word in words)
    return [stem for stem in stems if re.fullmatch(r"[A-Za-z][\w.-]*", stem)]


def home_of(environ: Mapping[str, str]) -> Path | None:
    """The user's home, where it is a folder of its own."""
    home = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - it may not be known
    return home if home.is_absolute() and home != Path("/") and home.is_dir() else None


def _candidates(environ: Mapping[str, str]) -> Iterator[str]:
    for home in _homes(environ):
        for name in _PLACES:
            yield f"{home}/{name}"
    if config := environ.get("XDG_CONFIG_HOME"):
        for name in _PLACES:
            if name.startswith(".config/"):
                yield f"{config}/{name.removeprefix('.config/')}"
    for variable in _BY_VARIABLE:
        for value in environ.get(variable, "").split(os.pathsep):
            if value.startswith("/"):
                yield os.path.normpath(value)
    if os.geteuid() == 0:
        yield from _OF_ROOT


def _homes(environ: Mapping[str, str]) -> list[Path]:
    homes = [home for home in (home_of(environ),) if home is not None]
    with contextlib.suppress(KeyError):  # a container's user may have no entry
        homes.append(Path(pwd.getpwuid(os.geteuid()).pw_dir))
    if os.geteuid() == 0:
        homes += [Path(entry.pw_dir) for entry in pwd.getpwall() if entry.pw_uid >= 1000]
    return [home for home in dict.fromkeys(homes) if home.is_dir() and home != Path("/")]
