"""`orchestrator workspace …`: a workspace is a server, and a profile says which."""

from __future__ import annotations

import click

from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import USAGE, Ended, NotFound
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.output import Column, output_option, show_list, show_one


@click.group("workspace", cls=LazyGroup)
def workspaces() -> None:
    """Choose the server to work with.

    Every server is one workspace. Its address and key are kept in a profile, so `workspace set` and `profile use` do
    the same; `orchestrator login` adds one.
    """


@workspaces.command("set")
@click.argument("name", required=False)
@click.option("--workspace", "-w", "option", metavar="NAME", help="The same as NAME.")
@clear_errors
def set_(name: str | None, option: str | None) -> None:
    """Work with this server from now on. NAME is its profile, or its address."""
    from orchestrator.cli.config import write
    from orchestrator.sdk.configuration.profiles import profiles_file, read_profiles

    wanted = name or option
    if wanted is None or (name and option and name != option):
        raise Ended("Say one workspace: orchestrator workspace set NAME", code=USAGE)
    known = read_profiles(profiles_file())
    chosen = wanted if wanted in known.settings else _with_address(known.settings, wanted)
    if chosen is None:
        there = ", ".join(sorted(known.settings)) or "none; add one with `orchestrator login`"
        raise NotFound(f"There is no workspace {wanted!r}; there are: {there}.")
    write(type(known)(chosen, known.settings))
    url = known.settings[chosen].get("ORCHESTRATOR_API_URL")
    click.echo(f"Workspace {chosen!r} is used now: {url or 'it names no server yet'}.")


@workspaces.command()
@output_option
@clear_errors
def ls(output: str) -> None:
    """List the servers that there are profiles for."""
    from orchestrator.sdk.configuration.profiles import active_name, profiles_file, read_profiles

    known = read_profiles(profiles_file())
    active = active_name(known)
    rows = [
        {
            "name": name,
            "active": name == active,
            "api_url": settings.get("ORCHESTRATOR_API_URL"),
            "logged_in": bool(settings.get("ORCHESTRATOR_API_KEY") or settings.get("ORCHESTRATOR_API_AUTH_STRING")),
        }
        for name, settings in sorted(known.settings.items())
    ]
    columns = [
        Column("", lambda row: "*" if row["active"] else ""),
        Column("Name", lambda row: row["name"], whole=True),
        Column("API", lambda row: row["api_url"]),
        Column("Logged in", lambda row: "yes" if row["logged_in"] else "no"),
    ]
    show_list(
        rows, columns, output=output, nothing="There are no workspaces yet. Add one: orchestrator login --url URL"
    )


@workspaces.command()
@output_option
@clear_errors
def current(output: str) -> None:
    """Show the server that counts now, and who says so."""
    from orchestrator.sdk.configuration import settings
    from orchestrator.sdk.configuration.profiles import active_name, profiles_file, read_profiles

    url, source = settings.api_url(), settings.given("ORCHESTRATOR_API_URL")[1]
    told = {
        "name": active_name(read_profiles(profiles_file())),
        "api_url": url,
        "source": None if url is None else source,
        "logged_in": bool(settings.api_key() or settings.auth_string()),
    }
    lines = [
        ("Workspace", told["name"] or "no profile is active"),
        ("API", url or "none: scripts run without a server"),
        ("Said by", told["source"]),
        ("Logged in", "yes" if told["logged_in"] else "no"),
    ]
    show_one(told, lines, output=output)


def _with_address(profiles: dict[str, dict[str, str]], address: str) -> str | None:
    wanted = address.rstrip("/").removesuffix("/api")
    for name, settings in profiles.items():
        if settings.get("ORCHESTRATOR_API_URL", "").rstrip("/").removesuffix("/api") == wanted:
            return name
    return None
