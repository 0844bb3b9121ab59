"""`orchestrator deployment …`"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import USAGE, Ended
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.moments import Moment, Span, in_words, local
from orchestrator.cli.output import Column, confirm, hint, output_option, show_json, show_list, show_one, yes_option
from orchestrator.cli.parameters import read_parameters
from orchestrator.cli.schedules import in_short
from orchestrator.cli.watching import watch_to_the_end

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

COLUMNS = [
    Column("Deployment", lambda each: f"{each['flow_name']}/{each['name']}"),
    Column("Work pool", lambda each: each.get("work_pool_name")),
    Column("Schedules", lambda each: ", ".join(in_short(one) for one in each.get("schedules") or [] if one["active"])),
    Column(
        "Status",
        lambda each: "PAUSED" if each["paused"] else each.get("status"),
        style=lambda each: "yellow" if each["paused"] else None,
    ),
    Column("Id", lambda each: each["id"], whole=True),
]


@click.group(
    cls=LazyGroup,
    lazy={
        "schedule": ("orchestrator.cli.schedules", "schedule", "List, make, pause and delete its schedules."),
        "versions": ("orchestrator.cli.versions", "versions", "List what it was before."),
        "rollback": ("orchestrator.cli.versions", "rollback", "Make it again what it was before."),
        "why": ("orchestrator.cli.why", "why_deployment", "Say why no runs of it come."),
    },
)
def deployment() -> None:
    """Look at deployments, run, pause and schedule them.

    A DEPLOYMENT is named FLOW/DEPLOYMENT, or by its id.
    """


@deployment.command()
@click.option("--flow", help="Those of this flow.")
@click.option("--pool", help="Those of this work pool.")
@click.option("--tag", "tags", multiple=True, help="Those with this tag; of several, with all of them.")
@click.option("--paused/--not-paused", default=None, help="Only those that are paused, or only the others.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="The most to list.")
@output_option
@clear_errors
def ls(flow: str | None, pool: str | None, tags: tuple[str, ...], paused: bool | None, limit: int, output: str) -> None:
    """List deployments, by name."""
    from orchestrator.cli.finding import find_flow, pages, with_flow_names

    client = connected()
    deployments: dict[str, Any] = {}
    if tags:
        deployments["tags"] = {"all_": list(tags)}
    if paused is not None:
        deployments["paused"] = {"eq_": paused}
    body: dict[str, Any] = {"deployments": deployments, "sort": "NAME_ASC"}
    if flow is not None:
        body["flows"] = {"id": {"any_": [find_flow(client, flow)["id"]]}}
    if pool is not None:
        body["work_pools"] = {"name": {"any_": [pool]}}
    found = with_flow_names(client, list(pages(client, "/deployments/filter", body, limit=limit)))
    show_list(
        found,
        COLUMNS,
        output=output,
        nothing="There are no such deployments. Make one: orchestrator deploy FILE.PY:FLOW --name NAME",
        note=f"The first {limit}; more with --limit." if len(found) == limit else None,
    )


@deployment.command()
@click.argument("name", metavar="DEPLOYMENT")
@output_option
@clear_errors
def inspect(name: str, output: str) -> None:
    """Show everything about a deployment."""
    from orchestrator.cli.finding import find_deployment, with_flow_names

    client = connected()
    found = find_deployment(client, name)
    if output == "json":
        show_json(found)
        return
    (found,) = with_flow_names(client, [found])
    pool, queue = found.get("work_pool_name"), found.get("work_queue_name")
    upcoming = _upcoming(client, found["id"])
    show_one(
        found,
        [
            ("Name", f"{found['flow_name']}/{found['name']}"),
            ("Id", found["id"]),
            ("Description", found.get("description")),
            ("Version", found.get("version")),
            ("Status", "PAUSED" if found["paused"] else found.get("status")),
            ("Work pool", f"{pool}, queue {queue}" if pool and queue else pool or "none: it is served by a process"),
            ("Last polled", local(found.get("last_polled"))),
            ("Limit", _limit(found)),
            ("Schedules", "\n".join(_schedule_line(each) for each in found.get("schedules") or [])),
            ("Catch-up", _catch_up(found.get("catch_up"))),
            ("Next runs", "\n".join(local(each) for each in upcoming)),
            ("Entrypoint", found.get("entrypoint")),
            ("Path", found.get("path")),
            ("Pull steps", found.get("pull_steps")),
            ("Tags", found.get("tags")),
            ("Parameters", found.get("parameters")),
            ("Job variables", found.get("job_variables")),
            ("Changed", local(found.get("updated"))),
        ],
        output=output,
    )


@deployment.command()
@click.argument("name", metavar="DEPLOYMENT")
@click.option("--param", "-P", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter; JSON where it is such.")
@click.option("--params", metavar="JSON", help="All parameters as a JSON object; - reads it from standard input.")
@click.option("--tag", "-t", "tags", multiple=True, help="A tag of the run; may be repeated.")
@click.option("--name", "run_name", help="What the run is called.")
@click.option("--at", "--start-at", "at", type=Moment(), help="When it is due: '2026-01-02 14:00', or 14:00 today.")
@click.option("--in", "--start-in", "in_", type=Span(), help="In how long it is due: 10m, '2 hours'.")
@click.option("--job-variable", "-j", "variables", multiple=True, metavar="NAME=VALUE", help="A job variable.")
@click.option("--queue", help="The work queue that it waits in, instead of the deployment's.")
@click.option("--watch", is_flag=True, help="Follow the log to the end; the exit code is 0 when the run completed.")
@click.option("--timeout", type=Span(), help="Watch for so long at most.")
@output_option
@clear_errors
def run(
    name: str,
    pairs: tuple[str, ...],
    params: str | None,
    tags: tuple[str, ...],
    run_name: str | None,
    at: datetime | None,
    in_: timedelta | None,
    variables: tuple[str, ...],
    queue: str | None,
    watch: bool,
    timeout: timedelta | None,
    output: str,
) -> None:
    """Create a run of a deployment, due now unless --at or --in says otherwise."""
    from orchestrator.contract.times import format_time, now

    if at is not None and in_ is not None:
        raise click.UsageError("Say either --at or --in.")
    if watch and output == "json":
        raise click.UsageError("--watch prints the log: it cannot go with --output json.")
    body: dict[str, Any] = {"parameters": {**_read_object(params), **read_parameters(pairs)}}
    moment = at if in_ is None else now() + in_
    if moment is not None:
        body["state"] = {"type": "SCHEDULED", "state_details": {"scheduled_time": format_time(moment)}}
    if tags:
        body["tags"] = list(tags)
    if run_name:
        body["name"] = run_name
    if variables:
        body["job_variables"] = read_parameters(variables, option="--job-variable")
    if queue:
        body["work_queue_name"] = queue
    client = connected()
    flow_run = create_run(client, name, body)
    if output == "json":
        show_json(flow_run)
        return
    due = f", due {local(format_time(moment))}" if moment is not None else ""
    click.echo(f"Created flow run {flow_run['name']!r}{due}: {client.run_url(flow_run['id'])}")
    if watch:
        watch_to_the_end(
            client, flow_run, show=click.echo, timeout_seconds=timeout.total_seconds() if timeout is not None else None
        )


@deployment.command()
@click.argument("names", nargs=-1, required=True, metavar="DEPLOYMENT…")
@clear_errors
def pause(names: tuple[str, ...]) -> None:
    """Plan no more runs. Those that are planned go; what runs or was asked for by hand is left alone."""
    _each(names, "pause_deployment", "is paused: its schedules plan no runs")


@deployment.command()
@click.argument("names", nargs=-1, required=True, metavar="DEPLOYMENT…")
@clear_errors
def resume(names: tuple[str, ...]) -> None:
    """Plan runs again."""
    _each(names, "resume_deployment", "is not paused any more: its active schedules plan runs")


@deployment.command()
@click.argument("names", nargs=-1, required=True, metavar="DEPLOYMENT…")
@yes_option
@clear_errors
def delete(names: tuple[str, ...], yes: bool) -> None:
    """Delete deployments with what they have planned. Runs that began or ended stay."""
    from orchestrator.cli.finding import find_deployment, with_flow_names

    client = connected()
    found = with_flow_names(client, [find_deployment(client, name) for name in names])
    told = ", ".join(f"{each['flow_name']}/{each['name']}" for each in found)
    confirm(f"Delete deployment{'s' if len(found) > 1 else ''} {told}?", yes=yes)
    for each in found:
        client.send("DELETE", f"/deployments/{each['id']}")
        click.echo(f"Deleted deployment {each['flow_name']}/{each['name']}.")


def create_run(client: Client, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """A new run of the deployment that is named, as the API writes it. `body` is what the API takes for one."""
    from orchestrator.cli.finding import find_deployment

    found = find_deployment(client, name)
    _check_names(body.get("parameters") or {}, found.get("parameter_openapi_schema") or {})
    created: dict[str, Any] = client.ask("POST", f"/deployments/{found['id']}/create_flow_run", body)
    return created


def _check_names(parameters: dict[str, Any], schema: dict[str, Any]) -> None:
    """Raises Ended for a parameter that the flow does not have: its run would fail, and somebody mistyped."""
    from difflib import get_close_matches

    known = schema.get("properties")
    if known is None:
        return
    for name in parameters:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            told = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(known) or 'none'}."
            raise Ended(f"The flow has no parameter {name!r}. {told}", code=USAGE)


def _each(names: tuple[str, ...], action: str, told: str) -> None:
    from orchestrator.cli.finding import find_deployment, with_flow_names

    client = connected()
    for each in with_flow_names(client, [find_deployment(client, name) for name in names]):
        client.send("POST", f"/deployments/{each['id']}/{action}", {})
        click.echo(f"Deployment {each['flow_name']}/{each['name']} {told}.")
        if action == "resume_deployment" and not any(one["active"] for one in each.get("schedules") or []):
            hint("It has no active schedule.")


def _read_object(text: str | None) -> dict[str, Any]:
    import json
    import sys

    if text is None:
        return {}
    try:
        value = json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise Ended(f"--params is no JSON: {error}", code=USAGE) from None
    if not isinstance(value, dict):
        raise Ended('--params must be a JSON object, such as {"name": "Ada"}', code=USAGE)
    return value


def _upcoming(client: Client, deployment_id: str) -> list[str]:
    body = {
        "deployments": {"id": {"any_": [deployment_id]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "sort": "NEXT_SCHEDULED_START_TIME_ASC",
        "limit": 3,
    }
    return [run["next_scheduled_start_time"] for run in client.ask("POST", "/flow_runs/filter", body)]


def _limit(found: dict[str, Any]) -> str | None:
    limit = (found.get("global_concurrency_limit") or {}).get("limit")
    if limit is None:
        return None
    strategy = (found.get("concurrency_options") or {}).get("collision_strategy")
    return f"{limit} at once{'; others are cancelled' if strategy == 'CANCEL_NEW' else '; others wait'}"


def _catch_up(told: dict[str, Any] | None) -> str | None:
    if not told:
        return None
    oldest = told.get("max_age_seconds")
    return f"{told['policy']}{f', not older than {in_words(oldest)}' if oldest is not None else ''}"


def _schedule_line(schedule: dict[str, Any]) -> str:
    problem = f": {schedule['problem']}" if schedule.get("problem") else ""
    return f"{in_short(schedule)}{'' if schedule['active'] else ' (paused)'}{problem}"
