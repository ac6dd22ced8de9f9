"""The proposers that come with the program, made when a run wants one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from autoexp_tui.model.contract import Contract, Price
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.proposal import Proposer, Situation, Unable
from autoexp_tui.proposers.context import Context
from autoexp_tui.proposers.hosting import Factory, Hosting, Look

_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")
_OPENAI_KEY = "OPENAI_API_KEY"
_NO_COMMAND = "proposer: command needs `command: {run: …}`: a command line, or a preset"


def _bound(contract: Contract, prices: Mapping[Price, float] | None) -> str:
    """What a model may cost in this run, in words."""
    if prices is not None and not any(prices.values()):
        return "free: its prices are 0"
    return f"at most ${contract.budget.max_cost_usd:.2f} in all"


class ClaudeFactory(Factory):
    """`anthropic`: Claude, or what speaks its protocol; by itself where there is a key."""

    def make(self, hosting: Hosting) -> Proposer:
        from autoexp_tui.proposers import anthropic  # noqa: PLC0415 - with its price list

        settings = anthropic.Settings.of(hosting.state.contract)
        proposer = anthropic.AnthropicProposer(
            settings,
            anthropic.Credentials.from_environment(hosting.environ, settings),
            hosting.ledger,
            hosting.waiter,
            gather_context=hosting.gather_context,
            notice=hosting.notice,
        )
        proposer.check_credentials()
        return proposer

    def problems(self, contract: Contract, environ: Mapping[str, str]) -> Sequence[str]:
        from autoexp_tui.proposers import anthropic  # noqa: PLC0415 - with its price list

        found: list[str] = []
        settings = anthropic.Settings.of(contract)
        try:
            anthropic.Credentials.from_environment(environ, settings)
        except Unable as why:
            found.append(str(why))
        try:
            anthropic.prices_of(settings)
        except anthropic.UnknownPrice as why:
            found.append(str(why))
        return tuple(found)

    def notes(self, contract: Contract) -> Sequence[tuple[str, str]]:
        claude = contract.anthropic
        where = "" if claude.through == "anthropic" else f" through {claude.through}"
        return (("model", f"{claude.model}{where}, {_bound(contract, claude.prices)}"),)

    def prompt(
        self, situation: Situation, context: Context, environ: Mapping[str, str]
    ) -> str | None:
        from autoexp_tui.proposers.anthropic.settings import Credentials  # noqa: PLC0415
        from autoexp_tui.proposers.conversing.prompt import build  # noqa: PLC0415

        secrets = Credentials(
            api_key=environ.get("ANTHROPIC_API_KEY"),
            auth_token=environ.get("ANTHROPIC_AUTH_TOKEN"),
        )
        return build(situation, context, secrets.scrub).as_text()

    def is_automatic(self, environ: Mapping[str, str]) -> bool:
        return any(environ.get(key, "").strip() for key in _KEYS)


class OpenAIFactory(Factory):
    """`openai`: a model behind any server that knows chat completions."""

    def make(self, hosting: Hosting) -> Proposer:
        from autoexp_tui.proposers import openai  # noqa: PLC0415 - with its price list

        if missing := openai.lacking():
            raise Unable(missing)
        settings = openai.Settings.of(hosting.state.contract)
        proposer = openai.OpenAIProposer(
            settings,
            openai.Credentials.from_environment(hosting.environ, settings),
            hosting.ledger,
            hosting.waiter,
            gather_context=hosting.gather_context,
            notice=hosting.notice,
        )
        proposer.check_credentials()
        return proposer

    def problems(self, contract: Contract, environ: Mapping[str, str]) -> Sequence[str]:
        from autoexp_tui.proposers import openai  # noqa: PLC0415 - with its price list

        found = [missing] if (missing := openai.lacking()) else []
        try:
            settings = openai.Settings.of(contract)
        except Unable as why:
            return (*found, str(why))
        base_url = settings.base_url
        try:
            base_url = openai.Credentials.from_environment(environ, settings).base_url
        except Unable as why:
            found.append(str(why))
        try:
            openai.prices_of(settings, *([base_url] if base_url else []))
        except openai.UnknownPrice as why:
            found.append(str(why))
        return tuple(found)

    def notes(self, contract: Contract) -> Sequence[tuple[str, str]]:
        chat = contract.openai
        where = f" at {chat.base_url}" if chat.base_url else ""
        return (("model", f"{chat.model}{where}, {_bound(contract, chat.prices)}"),)

    def prompt(
        self, situation: Situation, context: Context, environ: Mapping[str, str]
    ) -> str | None:
        from autoexp_tui.proposers.conversing.credentials import Secrets  # noqa: PLC0415
        from autoexp_tui.proposers.conversing.prompt import build  # noqa: PLC0415

        keys = (value for name, value in environ.items() if name.endswith("_API_KEY"))
        return build(situation, context, Secrets(*keys).scrub).as_text()

    def offers(self, environ: Mapping[str, str]) -> Sequence[str]:
        if not environ.get(_OPENAI_KEY, "").strip():
            return ()
        return (f"{_OPENAI_KEY} is set: `proposer: openai` with `openai: {{model: …}}` uses it",)


class CommandFactory(Factory):
    """`command`: an agent program."""

    def make(self, hosting: Hosting) -> Proposer:
        from autoexp_tui.proposers.command import (  # noqa: PLC0415
            Called,
            CommandProposer,
            Meter,
            Supervised,
        )

        agent = hosting.state.contract.command
        if not agent.run:
            raise Unable(_NO_COMMAND)
        called = Called.of(agent, hosting.environ)
        home = hosting.workspace.parent / ".agent"
        # Its git is to find the scratch copy's repository or none, never one further up.
        environment = {**hosting.environ, "GIT_CEILING_DIRECTORIES": str(home)}
        prices = cast("Mapping[str, float] | None", agent.prices)
        return CommandProposer(
            called,
            root=hosting.workspace,
            folder=hosting.state.run.folder,
            home=home,
            run=Supervised(hosting.run, environment, agent.time_limit, hosting.waiter.check),
            waiter=hosting.waiter,
            meter=Meter(called, prices, hosting.ledger, hosting.state, hosting.notice),
            gather_context=hosting.gather_context,
            notice=hosting.notice,
            refresh=hosting.refresh,
            acted=hosting.acted,
            confined=hosting.confined,
        )

    def problems(self, contract: Contract, environ: Mapping[str, str]) -> Sequence[str]:
        from autoexp_tui.proposers.command.calling import Called  # noqa: PLC0415

        if not contract.command.run:
            return (_NO_COMMAND,)
        try:
            called = Called.of(contract.command, environ)
        except UsageProblem as problem:
            return (str(problem),)
        if not (program := called.missing_program(environ)):
            return ()
        install = f": {called.preset.install}" if called.preset.install else ""
        return (f"{program} is not installed, or not on the PATH here{install}",)

    def notes(self, contract: Contract) -> Sequence[tuple[str, str]]:
        from autoexp_tui.proposers.command.telling import notes  # noqa: PLC0415

        return notes(contract)

    def prompt(
        self, situation: Situation, context: Context, environ: Mapping[str, str]
    ) -> str | None:
        from autoexp_tui.proposers.command.prompt import for_proposal  # noqa: PLC0415

        return for_proposal(situation, context)

    def offers(self, environ: Mapping[str, str]) -> Sequence[str]:
        from autoexp_tui.proposers.command.telling import offers  # noqa: PLC0415

        return offers(environ)


class TunerFactory(Factory):
    """`tuner`: built in, offline and free; by itself where nothing else is."""

    def make(self, hosting: Hosting) -> Proposer:
        from autoexp_tui.proposers.tuner.tuner import Tuner  # noqa: PLC0415 - numpy takes 100 ms

        return Tuner()

    def look(self, contract: Contract, text: str) -> Look:
        from autoexp_tui.proposers.tuner.telling import look  # noqa: PLC0415 - with its parsers

        return look(contract, text)

    def is_automatic(self, environ: Mapping[str, str]) -> bool:
        return True
