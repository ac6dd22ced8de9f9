"""Where secrets lie, and what else of the user's a program that nobody has read must not see."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterator, Mapping
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
}
"""By a word of its command line: where an agent program keeps its login and its settings."""

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
    return tuple(dict.fromkeys(path for path in _candidates(environ) if os.path.lexists(path)))


def agent_places(environ: Mapping[str, str], command: str) -> tuple[Path, ...]:
    """What an agent program keeps for itself, by the words of its command line.

    Where no word is known, a program of the user's own may start any of them: all of them.
    """
    known = {name: places for name, places in _AGENTS.items() if name in command}
    found = [
        home / name
        for home in _homes(environ)[:1]
        for places in (known or _AGENTS).values()
        for name in places
    ]
    named = (environ.get(name) for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME"))
    found += [Path(value) for value in named if value]
    return tuple(path for path in found if os.path.lexists(path))


def home_of(environ: Mapping[str, str]) -> Path | None:
    """The user's home, where it is a folder of its own."""
    home = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - it may not be known
    return home if home.is_absolute() and home != Path("/") and home.is_dir() else None


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    places = (*_IN_HOME, *(name for names in _AGENTS.values() for name in names))
    for home in _homes(environ):
        for name in places:
            yield home / name
    if config := environ.get("XDG_CONFIG_HOME"):
        for name in places:
            if name.startswith(".config/"):
                yield Path(config, name.removeprefix(".config/"))
    for variable in _BY_VARIABLE:
        for value in environ.get(variable, "").split(os.pathsep):
            if value.startswith("/"):
                yield Path(value)
    if os.geteuid() == 0:
        yield from map(Path, _OF_ROOT)


def _homes(environ: Mapping[str, str]) -> list[Path]:
    homes = [home for home in (home_of(environ),) if home is not None]
    with contextlib.suppress(KeyError):  # a container's user may have no entry
        homes.append(Path(pwd.getpwuid(os.geteuid()).pw_dir))
    if os.geteuid() == 0:
        homes += [Path(entry.pw_dir) for entry in pwd.getpwall() if entry.pw_uid >= 1000]
    return [home for home in dict.fromkeys(homes) if home.is_dir() and home != Path("/")]
