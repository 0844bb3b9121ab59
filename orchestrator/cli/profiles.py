"""`orchestrator profile …`: settings of several servers, in `profiles.toml` in the data directory."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import click

from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import Ended, NotFound
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.output import Column, confirm, output_option, show_json, show_list, yes_option

if TYPE_CHECKING:
    from orchestrator.sdk.configuration.profiles import Profiles


@click.group("profile", cls=LazyGroup)
def profiles() -> None:
    """Keep the settings of several servers, and switch between them.

    What a profile says counts for this command, for scripts that run flows, and for workers, unless the environment
    says something else. ORCHESTRATOR_PROFILE or `orchestrator --profile NAME` chooses one for the moment.
    """


@profiles.command()
@click.argument("name")
@click.option("--from", "source", metavar="NAME", help="Begin with the settings of this profile.")
@click.option("--use", is_flag=True, help="Make it the active one.")
@clear_errors
def create(name: str, source: str | None, use: bool) -> None:
    """Make a profile."""
    known = _read()
    _check_name(name)
    if name in known.settings:
        raise Ended(f"There is a profile {name!r} already.")
    settings = dict(_of(known, source)) if source is not None else {}
    _write(known, {**known.settings, name: settings}, active=name if use else known.active)
    click.echo(f"Made profile {name!r}{' and made it the active one' if use else ''}.")
    if not use:
        click.echo(f"Use it with: orchestrator profile use {name}")
    elif not settings:
        click.echo("Say where its server is: orchestrator config set API_URL=https://…/api")


@profiles.command()
@click.argument("name", required=False)
@click.option("--none", "nobody", is_flag=True, help="Use no profile.")
@clear_errors
def use(name: str | None, nobody: bool) -> None:
    """Make a profile the active one."""
    if (name is None) != nobody:
        raise click.UsageError("Say which profile, or --none.")
    known = _read()
    if name is not None:
        _of(known, name)
    _write(known, known.settings, active=name)
    click.echo(f"Profile {name!r} is active now." if name is not None else "No profile is active now.")
    forced = os.environ.get("ORCHESTRATOR_PROFILE", "").strip()
    if forced and forced != name:
        click.echo(f"In this shell ORCHESTRATOR_PROFILE={forced} goes before it.", err=True)
    url = os.environ.get("ORCHESTRATOR_API_URL", "").strip()
    if url and name is not None and url.rstrip("/") != known.settings[name].get("ORCHESTRATOR_API_URL", url):
        click.echo(f"In this shell ORCHESTRATOR_API_URL={url} goes before it.", err=True)


@profiles.command()
@output_option
@clear_errors
def ls(output: str) -> None:
    """List the profiles."""
    known = _read()
    active = os.environ.get("ORCHESTRATOR_PROFILE", "").strip() or known.active
    rows = [
        {"name": name, "active": name == active, "api_url": settings.get("ORCHESTRATOR_API_URL")}
        for name, settings in sorted(known.settings.items())
    ]
    columns = [
        Column("", lambda row: "*" if row["active"] else ""),
        Column("Name", lambda row: row["name"], whole=True),
        Column("API", lambda row: row["api_url"]),
    ]
    show_list(rows, columns, output=output, nothing="There are no profiles. Make one: orchestrator profile create NAME")


@profiles.command()
@click.argument("name", required=False)
@click.option("--show-secrets", is_flag=True, help="Show keys and passwords.")
@output_option
@clear_errors
def inspect(name: str | None, show_secrets: bool, output: str) -> None:
    """Show what a profile says; without NAME the active one."""
    from orchestrator.cli.config import shown
    from orchestrator.sdk.configuration.profiles import active_name

    known = _read()
    wanted = name if name is not None else active_name(known)
    if wanted is None:
        raise NotFound("No profile is active. Name one: orchestrator profile inspect NAME")
    settings = {
        variable: shown(variable, value, show_secrets=show_secrets) for variable, value in _of(known, wanted).items()
    }
    if output == "json":
        show_json({"name": wanted, "settings": settings})
        return
    for variable, value in sorted(settings.items()):
        click.echo(f"{variable}={value}")
    if not settings:
        click.echo(f"Profile {wanted!r} says nothing yet.", err=True)


@profiles.command()
@click.argument("name")
@yes_option
@clear_errors
def delete(name: str, yes: bool) -> None:
    """Delete a profile with its settings."""
    known = _read()
    _of(known, name)
    confirm(f"Delete profile {name!r}?", yes=yes)
    left = {each: settings for each, settings in known.settings.items() if each != name}
    was_active = known.active == name
    _write(known, left, active=None if was_active else known.active)
    click.echo(f"Deleted profile {name!r}.{' No profile is active now.' if was_active else ''}")


@profiles.command()
@click.argument("name")
@click.argument("new_name")
@clear_errors
def rename(name: str, new_name: str) -> None:
    """Give a profile another name."""
    known = _read()
    _of(known, name)
    _check_name(new_name)
    if new_name in known.settings:
        raise Ended(f"There is a profile {new_name!r} already.")
    renamed = {new_name if each == name else each: settings for each, settings in known.settings.items()}
    _write(known, renamed, active=new_name if known.active == name else known.active)
    click.echo(f"Profile {name!r} is called {new_name!r} now.")


def _read() -> Profiles:
    from orchestrator.sdk.configuration.profiles import profiles_file, read_profiles

    return read_profiles(profiles_file())


def _write(known: Profiles, settings: dict[str, dict[str, str]], *, active: str | None) -> None:
    from orchestrator.cli.config import write

    write(type(known)(active, settings))


def _of(known: Profiles, name: str) -> dict[str, str]:
    from difflib import get_close_matches

    if name in known.settings:
        return known.settings[name]
    near = get_close_matches(name, known.settings, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise NotFound(f"There is no profile {name!r}.{hint}")


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", name):
        raise click.BadParameter(
            f"{name!r}: a name has letters, digits, dots, hyphens and underscores, up to 100", param_hint="NAME"
        )
