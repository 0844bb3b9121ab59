"""The tree of commands. A branch is imported when it is walked, so that `--help` and `version` stay quick."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.errors import in_plain_words
from orchestrator.cli.lazy import LazyGroup

# command -> (module, object, one line of help)
COMMANDS = {
    "api": ("orchestrator.cli.api", "api", "Send one request to the API and print the answer."),
    "api-key": ("orchestrator.cli.api_keys", "api_keys", "Make, list and revoke the keys of the server."),
    "artifact": ("orchestrator.cli.artifacts", "artifacts", "List, inspect and delete what runs left to be seen."),
    "concurrency-limit": (
        "orchestrator.cli.concurrency_limits",
        "concurrency_limits",
        "Bound how much of something happens at once, and see who holds it.",
    ),
    "config": ("orchestrator.cli.config", "config", "See and change the settings of the active profile."),
    "deploy": ("orchestrator.cli.deploying", "deploy", "Make a flow in a file startable from the server."),
    "deployment": ("orchestrator.cli.deployments", "deployment", "Look at deployments, run, pause and schedule them."),
    "doctor": ("orchestrator.cli.doctor.command", "doctor", "Check the set-up, and say what is unsafe."),
    "flow": ("orchestrator.cli.flows", "flows", "List, inspect and delete flows."),
    "flow-run": ("orchestrator.cli.flow_runs", "flow_runs", "Look at flow runs, follow, cancel and retry them."),
    "journal": ("orchestrator.cli.journal", "journal", "See and send what a server that was away was not told."),
    "login": ("orchestrator.cli.login", "login", "Keep an API key for a server, and use that server."),
    "logout": ("orchestrator.cli.login", "logout", "Take the key out of the active profile."),
    "profile": ("orchestrator.cli.profiles", "profiles", "Keep the settings of several servers, and switch."),
    "secrets": ("orchestrator.cli.secrets", "secrets", "Look after the encryption of what blocks hold."),
    "server": ("orchestrator.cli.server", "server", "Start, stop and look at the server on this machine."),
    "task": ("orchestrator.cli.task", "task", "Execute background tasks."),
    "user": ("orchestrator.cli.users", "users", "Make and list people who sign in, and give them roles."),
    "variable": ("orchestrator.cli.variables", "variables", "Read and set the values that flows ask for by name."),
    "version": ("orchestrator.cli.version", "version", "Tell the versions of client and server."),
    "work-pool": ("orchestrator.cli.work_pools", "work_pools", "Make work pools and say how much they may do."),
    "work-queue": ("orchestrator.cli.work_queues", "work_queues", "Make work queues and say which goes first."),
    "worker": ("orchestrator.cli.worker", "worker", "Run workers, and look at those that there are."),
    "workspace": ("orchestrator.cli.workspaces", "workspaces", "Choose the server to work with."),
}


class Root(LazyGroup):
    """Every command's errors are told in one place."""

    def invoke(self, ctx: click.Context) -> Any:
        from orchestrator.sdk.errors import OrchestratorError

        try:
            return super().invoke(ctx)
        except OrchestratorError as error:
            raise in_plain_words(error) from None


@click.group(
    cls=Root,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog='Completion for your shell: eval "$(_ORCHESTRATOR_COMPLETE=bash_source orchestrator)" (or zsh_source, '
    "fish_source). Exit codes: 0 done, 1 refused or failed, 2 not understood, 3 not found, 4 no server, 5 not allowed.",
)
@click.option("--profile", "-p", metavar="NAME", help="Use the settings of this profile, as ORCHESTRATOR_PROFILE does.")
def orchestrator(profile: str | None) -> None:
    """Orchestrator records, schedules, starts and shows workflow runs."""
    if profile is not None:
        import os

        os.environ["ORCHESTRATOR_PROFILE"] = profile  # for the processes that a command starts, too
