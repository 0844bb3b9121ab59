"""The whole tree of commands."""

from __future__ import annotations

from collections.abc import Iterator

import click

from orchestrator.cli.commands import orchestrator


def every_command() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command with the words that lead to it, without those that are hidden."""
    yield from _below(orchestrator, ())


def _below(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _below(command, (*path, name))
        else:
            yield (*path, name), command
