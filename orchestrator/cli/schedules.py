"""`orchestrator deployment schedule …`"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import Ended, NotFound
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.moments import Moment, Span, in_words
from orchestrator.cli.output import Column, confirm, output_option, show_json, show_list, yes_option
from orchestrator.cli.parameters import read_parameters

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

COLUMNS = [
    Column("Slug", lambda each: each.get("slug"), whole=True),
    Column("Schedule", lambda each: in_short(each)),
    Column("Active", lambda each: each["active"], style=lambda each: None if each["active"] else "yellow"),
    Column("Parameters", lambda each: each.get("parameters"), optional=True),
    Column("Problem", lambda each: each.get("problem"), style=lambda each: "red", optional=True),
    Column("Id", lambda each: each["id"], whole=True),
]


@click.group(cls=LazyGroup)
def schedule() -> None:
    """List, make, pause and delete the schedules of a deployment.

    A SCHEDULE is named by its slug or its id.
    """


@schedule.command()
@click.argument("name", metavar="DEPLOYMENT")
@output_option
@clear_errors
def ls(name: str, output: str) -> None:
    """List the schedules of a deployment."""
    from orchestrator.cli.finding import find_deployment

    client = connected()
    found = _schedules(client, find_deployment(client, name))
    show_list(found, COLUMNS, output=output, nothing="It has no schedules: it runs when it is told to.")


@schedule.command()
@click.argument("name", metavar="DEPLOYMENT")
@click.option("--cron", help="Five fields, such as '0 6 * * 1-5'.")
@click.option("--interval", type=Span(), help="Every so often: 15m, '1 hour'.")
@click.option("--anchor", "--anchor-date", "anchor", type=Moment(), help="From when intervals are counted.")
@click.option("--rrule", help="A recurrence rule of RFC 5545.")
@click.option("--day-or/--day-and", default=True, help="Day of month or day of week, or both must fit (with --cron).")
@click.option("--timezone", "-z", help="On whose clock, such as Europe/Berlin. Default: UTC.")
@click.option("--slug", help="A name for it, to change it by.")
@click.option("--param", "-P", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter of its runs.")
@click.option("--inactive", is_flag=True, help="It plans nothing until it is resumed.")
@click.option("--replace", is_flag=True, help="Instead of all those that there are.")
@yes_option
@output_option
@clear_errors
def create(
    name: str,
    cron: str | None,
    interval: timedelta | None,
    anchor: datetime | None,
    rrule: str | None,
    day_or: bool,
    timezone: str | None,
    slug: str | None,
    pairs: tuple[str, ...],
    inactive: bool,
    replace: bool,
    yes: bool,
    output: str,
) -> None:
    """Add a schedule to a deployment: --cron, --interval or --rrule."""
    from orchestrator.cli.finding import find_deployment
    from orchestrator.contract.times import format_time

    if sum(each is not None for each in (cron, interval, rrule)) != 1:
        raise click.UsageError("Say one of --cron, --interval and --rrule.")
    if anchor is not None and interval is None:
        raise click.UsageError("--anchor goes with --interval.")
    told: dict[str, Any] = {"timezone": timezone} if timezone else {}
    if cron is not None:
        told |= {"cron": cron, "day_or": day_or}
    elif interval is not None:
        told |= {"interval": interval.total_seconds()}
        if anchor is not None:
            told["anchor_date"] = format_time(anchor)
    else:
        told |= {"rrule": rrule}
    body: dict[str, Any] = {"schedule": told, "active": not inactive}
    if slug:
        body["slug"] = slug
    if pairs:
        body["parameters"] = read_parameters(pairs)
    client = connected()
    deployment = find_deployment(client, name)
    before = _schedules(client, deployment) if replace else []
    if before:
        confirm(f"Replace {_count(before)} of {deployment['name']!r}?", yes=yes)
    made = _make(client, deployment, body, before)
    # Only now: a new one that is refused leaves everything as it was.
    for each in before:
        if each["id"] != made["id"]:
            client.send("DELETE", f"/deployments/{deployment['id']}/schedules/{each['id']}")
    if output == "json":
        show_json(made)
        return
    click.echo(f"Made schedule {made.get('slug') or made['id']}: {in_short(made)}.")
    if deployment["paused"]:
        click.echo(f"The deployment is paused; to let it plan runs: orchestrator deployment resume {name!r}", err=True)


@schedule.command()
@click.argument("name", metavar="DEPLOYMENT")
@click.argument("which", metavar="[SCHEDULE]", required=False)
@click.option("--all", "everything", is_flag=True, help="All of its schedules.")
@clear_errors
def pause(name: str, which: str | None, everything: bool) -> None:
    """Let a schedule plan nothing. What it has planned goes."""
    _activate(name, which, everything, active=False)


@schedule.command()
@click.argument("name", metavar="DEPLOYMENT")
@click.argument("which", metavar="[SCHEDULE]", required=False)
@click.option("--all", "everything", is_flag=True, help="All of its schedules.")
@clear_errors
def resume(name: str, which: str | None, everything: bool) -> None:
    """Let a schedule plan runs again."""
    _activate(name, which, everything, active=True)


@schedule.command()
@click.argument("name", metavar="DEPLOYMENT")
@click.argument("which", metavar="SCHEDULE")
@yes_option
@clear_errors
def delete(name: str, which: str, yes: bool) -> None:
    """Delete a schedule and what it has planned."""
    from orchestrator.cli.finding import find_deployment

    client = connected()
    deployment = find_deployment(client, name)
    found = _one(_schedules(client, deployment), which)
    confirm(f"Delete schedule {in_short(found)}?", yes=yes)
    client.send("DELETE", f"/deployments/{deployment['id']}/schedules/{found['id']}")
    click.echo(f"Deleted schedule {in_short(found)}.")


@schedule.command()
@click.argument("name", metavar="DEPLOYMENT")
@yes_option
@clear_errors
def clear(name: str, yes: bool) -> None:
    """Delete all schedules of a deployment."""
    from orchestrator.cli.finding import find_deployment

    client = connected()
    deployment = find_deployment(client, name)
    found = _schedules(client, deployment)
    if not found:
        click.echo("It has no schedules.")
        return
    confirm(f"Delete {_count(found)} of {deployment['name']!r}?", yes=yes)
    for each in found:
        client.send("DELETE", f"/deployments/{deployment['id']}/schedules/{each['id']}")
    click.echo(f"Deleted {_count(found)}.")


def in_short(schedule: dict[str, Any]) -> str:
    """What a schedule says, on one line."""
    told = schedule["schedule"]
    zone = f" ({told['timezone']})" if told.get("timezone") else ""
    if "cron" in told:
        return f"cron {told['cron']}{zone}{'' if told.get('day_or', True) else ', day and weekday'}"
    if "interval" in told:
        return f"every {_interval(float(told['interval']))}{zone}"
    return f"rule {told['rrule']}{zone}"


def _interval(seconds: float) -> str:
    for size in (86400.0, 3600.0, 60.0):
        if seconds >= size and seconds % size == 0:
            return in_words(seconds)
    return f"{seconds:g} seconds"


def _make(
    client: Client, deployment: dict[str, Any], body: dict[str, Any], before: list[dict[str, Any]]
) -> dict[str, Any]:
    """A new schedule, or the one of the same slug among those `before`, changed."""
    path = f"/deployments/{deployment['id']}/schedules"
    same = next((each for each in before if each.get("slug") and each["slug"] == body.get("slug")), None)
    if same is None:
        (made,) = client.ask("POST", path, [body])
        return dict(made)
    client.send("PATCH", f"{path}/{same['id']}", {"parameters": {}, **body})
    return _one(_schedules(client, deployment), same["id"])


def _count(schedules: list[dict[str, Any]]) -> str:
    return "1 schedule" if len(schedules) == 1 else f"{len(schedules)} schedules"


def _schedules(client: Client, deployment: dict[str, Any]) -> list[dict[str, Any]]:
    return list(client.ask("GET", f"/deployments/{deployment['id']}/schedules"))


def _one(schedules: list[dict[str, Any]], which: str) -> dict[str, Any]:
    for each in schedules:
        if which in {each["id"], each.get("slug")}:
            return each
    known = ", ".join(each.get("slug") or each["id"] for each in schedules) or "none"
    raise NotFound(f"It has no schedule {which!r}; it has: {known}.")


def _activate(name: str, which: str | None, everything: bool, *, active: bool) -> None:
    from orchestrator.cli.finding import find_deployment

    client = connected()
    deployment = find_deployment(client, name)
    schedules = _schedules(client, deployment)
    if everything and which is not None:
        raise click.UsageError("Say either which SCHEDULE, or --all.")
    if everything:
        chosen = schedules
    elif which is not None:
        chosen = [_one(schedules, which)]
    elif len(schedules) == 1:
        chosen = schedules
    else:
        raise Ended(
            "It has no schedules."
            if not schedules
            else "It has several schedules: say which, or --all. See them with: orchestrator deployment schedule ls"
        )
    for each in chosen:
        client.send("PATCH", f"/deployments/{deployment['id']}/schedules/{each['id']}", {"active": active})
        click.echo(f"Schedule {in_short(each)} is {'active' if active else 'paused'}.")
