"""Groups whose commands are named in a table and imported when they are called: help and completion stay quick."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

# command -> (module, object, one line of help)
Table = Mapping[str, tuple[str, str, str]]


class LazyGroup(click.Group):
    """`lazy` names commands that live in modules of their own; more may be added by decorators, as to any group.

    Plurals lead to the same command (`flow-runs ls`), and a name that is nearly right is suggested.
    """

    def __init__(self, *args: Any, lazy: Table | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.lazy, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for name in (cmd_name, cmd_name.removesuffix("s"), f"{cmd_name}s"):
            if name in self.lazy:
                module, attribute, _ = self.lazy[name]
                command: click.Command = getattr(import_module(module), attribute)
                return command
            if (found := super().get_command(ctx, name)) is not None:
                return found
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        wanted = args[0] if args else ""
        if not ctx.resilient_parsing and not wanted.startswith("-") and self.get_command(ctx, wanted) is None:
            near = get_close_matches(wanted, self.list_commands(ctx), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"{ctx.command_path} has no command {wanted!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = {name: help_line for name, (_, _, help_line) in self.lazy.items()}
        rows |= {name: command.get_short_help_str(100) for name, command in self.commands.items() if not command.hidden}
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(sorted(rows.items()))
