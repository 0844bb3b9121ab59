"""The tree of commands. A branch is imported when it is walked, so that `--help` and `version` stay quick."""

from __future__ import annotations

from importlib import import_module

import click

# command -> (module, object, one line of help)
_COMMANDS = {
    "server": ("orchestrator.cli.server", "server", "Start, stop and look at the server on this machine."),
    "worker": ("orchestrator.cli.worker", "worker", "Run a worker that executes flow runs."),
    "api-key": ("orchestrator.cli.api_keys", "api_keys", "Make, list and revoke the keys of the server."),
    "deploy": ("orchestrator.cli.deployments", "deploy", "Make a flow in a file startable from the server."),
    "deployment": ("orchestrator.cli.deployments", "deployment", "Start runs of deployments."),
    "secrets": ("orchestrator.cli.secrets", "secrets", "Look after the encryption of what blocks hold."),
    "flow-run": ("orchestrator.cli.flow_runs", "flow_runs", "List and cancel flow runs."),
}


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*_COMMANDS, *super().list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = {name: help_line for name, (_, _, help_line) in _COMMANDS.items()}
        rows |= {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def orchestrator() -> None:
    """Orchestrator records, schedules, starts and shows workflow runs."""


@orchestrator.command()
def version() -> None:
    """Print the version."""
    from orchestrator import __version__
    from orchestrator.contract.versions import API_VERSION, PREFECT_VERSION

    click.echo(f"{__version__} (API {API_VERSION}, speaks to Prefect {PREFECT_VERSION} clients)")
