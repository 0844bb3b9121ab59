"""`orchestrator config …`: the client's settings, where each comes from, and changing them in a profile."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import USAGE, Ended
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.output import Column, hint, output_option, show_json, show_list

if TYPE_CHECKING:
    from orchestrator.sdk.configuration.profiles import Profiles

FIRST_PROFILE = "default"  # made when something is set and no profile is active
MASK = "********"


@click.group("config", cls=LazyGroup)
def config() -> None:
    """See and change the settings of scripts, workers and this command.

    They are kept in the active profile. The environment goes before it. The server's own settings are variables of its
    environment; README.md lists them.
    """


@config.command("set")
@click.argument("pairs", nargs=-1, required=True, metavar="NAME=VALUE…")
@clear_errors
def set_(pairs: tuple[str, ...]) -> None:
    """Set something in the active profile; ORCHESTRATOR_ before a NAME may be left out."""
    import os

    changes = dict(_read_pair(pair) for pair in pairs)
    known, name = _active()
    settings = {**known.settings.get(name, {}), **changes}
    new = name not in known.settings
    write(type(known)(known.active or name, {**known.settings, name: settings}))
    if new:
        click.echo(f"Made profile {name!r}, and made it the active one.")
    for variable, value in changes.items():
        click.echo(f"{variable}={shown(variable, value, show_secrets=False)} in profile {name!r}.")
        if os.environ.get(variable, "").strip():
            hint(f"In this shell the environment says something else about {variable}, and goes before it.")


@config.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@clear_errors
def unset(names: tuple[str, ...]) -> None:
    """Take something out of the active profile: the default holds again."""
    from orchestrator.sdk.configuration.profiles import active_name, profiles_file, read_profiles

    known = read_profiles(profiles_file())
    name = active_name(known)
    settings = dict(known.settings.get(name or "", {}))
    variables = [_known_or_set(each, settings) for each in names]
    missing = [variable for variable in variables if variable not in settings]
    if name is None or missing:
        where = f"Profile {name!r} does not say anything about" if name is not None else "No profile is active to set"
        raise Ended(f"{where} {', '.join(missing or variables)}.")
    for variable in variables:
        settings.pop(variable, None)
    write(type(known)(known.active, {**known.settings, name: settings}))
    click.echo(f"Took {', '.join(variables)} out of profile {name!r}.")


@config.command()
@click.option("--show-defaults", is_flag=True, help="Also what nobody has set.")
@click.option("--show-secrets", is_flag=True, help="Show keys and passwords.")
@output_option
@clear_errors
def view(show_defaults: bool, show_secrets: bool, output: str) -> None:
    """Show the settings that count now, and who said so: environment, profile, a variable of Prefect's, or default."""
    from orchestrator.sdk.configuration.profiles import active_name, profiles_file, read_profiles

    known = read_profiles(profiles_file())
    name = active_name(known)
    rows = [row for row in _rows(known.settings.get(name or "", {}), show_secrets) if row["source"] or show_defaults]
    if output == "json":
        show_json({"profile": name, "file": str(profiles_file()), "settings": rows})
        return
    hint(f"Profile: {name or 'none is active'} ({profiles_file()})")
    columns = [
        Column("Setting", lambda row: row["name"], whole=True),
        Column("Value", lambda row: row["value"] if row["value"] is not None else "(none)"),
        Column("From", lambda row: row["source"] or "default"),
        Column("", lambda row: row["trouble"], optional=True),
    ]
    show_list(rows, columns, output=output, nothing="Nothing is set. See what can be: config view --show-defaults")


def write(profiles: Profiles) -> None:
    """Keep the profiles, and read them anew from here on."""
    from orchestrator.sdk.configuration.profiles import forget, profiles_file, write_profiles

    try:
        write_profiles(profiles_file(), profiles)
    except OSError as error:
        raise Ended(f"{profiles_file()} cannot be written: {error.strerror}") from None
    forget()


def shown(variable: str, value: str, *, show_secrets: bool) -> str:
    """The value, without what nobody should read over a shoulder."""
    from orchestrator.sdk.configuration.settings import SETTINGS

    setting = SETTINGS.get(variable)
    if show_secrets or not value:
        return value
    if setting is None or setting.secret:
        return _without_password(value) if "://" in value else MASK
    return _without_password(value)


def _rows(profile: dict[str, str], show_secrets: bool) -> list[dict[str, Any]]:
    """Every setting, and what the profile says that is no setting. `source` is None for a default."""
    import os

    from orchestrator.sdk.configuration.settings import SETTINGS, given, is_passed_over

    rows: list[dict[str, Any]] = []
    for name, setting in SETTINGS.items():
        text, source = given(name)
        trouble = None
        if text is not None:
            try:
                setting.check(text)
            except ValueError as error:
                trouble = f"cannot be used: {error}"
        if trouble is None and is_passed_over(name):
            if os.environ.get(name, "").strip():
                trouble = "the environment's is not used: the server is the one of PREFECT_API_URL"
            elif profile.get(name):
                trouble = "the profile's is not used: the environment names another server or other credentials"
        value = setting.default if text is None else shown(name, text, show_secrets=show_secrets)
        rows.append(
            {
                "name": name,
                "value": value,
                "source": None if source == "default" and trouble is None else source,
                "trouble": trouble,
            }
        )
    for name in sorted(profile.keys() - SETTINGS.keys()):
        value = shown(name, profile[name], show_secrets=show_secrets)
        rows.append({"name": name, "value": value, "source": "profile", "trouble": "there is no such setting"})
    return rows


def _active() -> tuple[Profiles, str]:
    """The profiles and the name of the active one: a first one where there is none."""
    from orchestrator.sdk.configuration.profiles import active_name, profiles_file, read_profiles

    known = read_profiles(profiles_file())
    return known, active_name(known) or FIRST_PROFILE


def _read_pair(pair: str) -> tuple[str, str]:
    from orchestrator.sdk.configuration.settings import SETTINGS

    name, equals, value = pair.partition("=")
    if not equals:
        raise click.BadParameter(f"{pair!r} is not of the form NAME=VALUE", param_hint="NAME=VALUE")
    variable, value = _known(name), value.strip()
    if not value:
        raise Ended(f"{variable} would be empty; to take it out: orchestrator config unset {variable}", code=USAGE)
    try:
        return variable, SETTINGS[variable].check(value)
    except ValueError as error:
        raise Ended(f"{variable} cannot be set to that: {error}", code=USAGE) from None


def _known(name: str) -> str:
    """The full name of a setting. Ends the command for one that there is not, with those that are nearly it."""
    from orchestrator.sdk.configuration.settings import PREFIX, SETTINGS

    wanted = name.strip().upper().replace("-", "_")
    variable = wanted if wanted.startswith(PREFIX) else PREFIX + wanted.removeprefix("PREFECT_")
    if variable in SETTINGS:
        return variable
    near = get_close_matches(variable.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in SETTINGS], n=3)
    tip = (
        f" Did you mean {' or '.join(PREFIX + each for each in near)}?"
        if near
        else " See them with: orchestrator config view --show-defaults"
    )
    raise Ended(f"There is no setting {name!r}.{tip}", code=USAGE)


def _known_or_set(name: str, settings: dict[str, str]) -> str:
    """As `_known`, but what somebody wrote into the file can be taken out too."""
    return name if name in settings else _known(name)


def _without_password(value: str) -> str:
    try:
        password = urlsplit(value).password
    except ValueError:
        return value
    return value.replace(f":{password}@", f":{MASK}@", 1) if password else value
