"""`orchestrator login` and `logout`: which server, and who one is there, kept in a profile."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from orchestrator.cli.config import FIRST_PROFILE, write
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import NOT_ALLOWED, USAGE, Ended
from orchestrator.cli.output import hint

if TYPE_CHECKING:
    from orchestrator.sdk.configuration.profiles import Profiles

_URL, _KEY, _PASSWORD = "ORCHESTRATOR_API_URL", "ORCHESTRATOR_API_KEY", "ORCHESTRATOR_API_AUTH_STRING"


@click.command()
@click.option("--key", "-k", metavar="KEY", help="The API key; `-` reads it from standard input. Else it is asked for.")
@click.option(
    "--url",
    metavar="URL",
    help="The server, or its API; https:// unless it says otherwise or is this machine. "
    "By default the one that the settings name.",
)
@click.option("--workspace", "-w", metavar="NAME", help="Keep it in the profile of this name.")
@clear_errors
def login(key: str | None, url: str | None, workspace: str | None) -> None:
    """Keep an API key for a server, once the server has taken it, and use that server from now on.

    Key and address are kept in a profile: in the active one if it is of this server, else in one with the server's
    name. A key is made on the server with `orchestrator api-key create NAME`.
    """
    from orchestrator.sdk.configuration.profiles import profiles_file, read_profiles

    api_url = _api_url(url)
    given = _given_key(key)
    _ask_whether_it_holds(api_url, given)
    known = read_profiles(profiles_file())
    name = workspace or _profile_for(known, api_url)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", name):
        raise click.BadParameter(
            f"{name!r}: letters, digits, dots, hyphens and underscores, up to 100", param_hint="-w"
        )
    said = {each: value for each, value in known.settings.get(name, {}).items() if each != _PASSWORD}
    settings = {**known.settings, name: {**said, _URL: api_url, _KEY: given}}
    write(type(known)(name, settings))
    click.echo(f"Logged in to {api_url}. Profile {name!r} keeps the key, and is active now.")
    _warn_of_environment(api_url)


@click.command()
@clear_errors
def logout() -> None:
    """Take the key and the password out of the active profile. The server goes on knowing the key: revoke it there."""
    from orchestrator.sdk.configuration.profiles import active_name, profiles_file, read_profiles

    known = read_profiles(profiles_file())
    name = active_name(known)
    settings = known.settings.get(name or "", {})
    if name is None or not {_KEY, _PASSWORD} & settings.keys():
        raise Ended("You are not logged in: the active profile has no key." if name else "No profile is active.")
    left = {each: value for each, value in settings.items() if each not in {_KEY, _PASSWORD}}
    write(type(known)(known.active, {**known.settings, name: left}))
    click.echo(f"Logged out: profile {name!r} has no key any more. On the server, end it with: api-key revoke")


def _api_url(url: str | None) -> str:
    """The address of the API, whether its server or itself was named."""
    from orchestrator.cli.connecting import connected
    from orchestrator.sdk.configuration.settings import SETTINGS

    if url is None:
        return connected().transport.address
    wanted = url if "://" in url else f"{_scheme_for(url)}://{url}"
    if urlsplit(wanted).path in {"", "/"}:
        wanted = f"{wanted.rstrip('/')}/api"
    try:
        return SETTINGS[_URL].check(wanted)
    except ValueError as error:
        raise Ended(f"--url {url!r} cannot be used: {error}", code=USAGE) from None


def _scheme_for(place: str) -> str:
    """Plain HTTP stays within this machine: a key is not sent over a network that anybody may listen to."""
    from ipaddress import ip_address

    try:
        host = urlsplit(f"//{place}").hostname or ""
    except ValueError:  # no address, which is told where it is checked
        return "https"
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:  # a name
        is_here = host == "localhost" or host.endswith(".localhost")
    return "http" if is_here else "https"


def _given_key(key: str | None) -> str:
    if key == "-":
        key = sys.stdin.readline()
    elif key is None and sys.stdin.isatty():
        key = click.prompt("API key", hide_input=True, err=True)
    given = (key or "").strip()
    if not given:
        raise Ended("No key was given. Say --key KEY, or --key - to read it from standard input.", code=USAGE)
    if not given.isascii() or not given.isprintable():
        raise Ended("That is no key: it has signs that no key has.", code=USAGE)
    return given


def _ask_whether_it_holds(api_url: str, key: str) -> None:
    from orchestrator.cli.connecting import PATIENCE_SECONDS
    from orchestrator.sdk.api.client import Client
    from orchestrator.sdk.api.transport import HttpTransport
    from orchestrator.sdk.errors import ApiError

    client = Client(HttpTransport(api_url, timeout_seconds=float(PATIENCE_SECONDS)), api_key=key)
    try:
        # Some addresses are open to everybody; this one is not.
        client.ask("POST", "/flows/filter", {"limit": 1}, patience_seconds=float(PATIENCE_SECONDS))
    except ApiError as error:
        if error.status in {401, 403} and not isinstance(error.body, str):
            raise Ended(
                f"The server at {api_url} does not take this key; nothing was kept.", code=NOT_ALLOWED
            ) from None
        raise


def _profile_for(known: Profiles, api_url: str) -> str:
    from orchestrator.sdk.configuration.profiles import active_name

    active = active_name(known)
    if active is not None and known.settings[active].get(_URL, api_url).rstrip("/") == api_url:
        return active
    for name, settings in known.settings.items():
        if settings.get(_URL, "").rstrip("/") == api_url:
            return name
    if not known.settings:
        return FIRST_PROFILE
    parts = urlsplit(api_url)
    name = f"{parts.hostname}-{parts.port}" if parts.port else str(parts.hostname)
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name).lstrip("-._") or FIRST_PROFILE


def _warn_of_environment(api_url: str) -> None:
    import os

    for name in (_URL, _KEY, _PASSWORD, "ORCHESTRATOR_PROFILE"):
        said = os.environ.get(name, "").strip()
        if said and not (name == _URL and said.rstrip("/") == api_url):
            hint(f"In this shell the environment says something else about {name}, and goes before it.")
