"""`orchestrator work-pool …`"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import USAGE, Ended
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.moments import Span, ago, local
from orchestrator.cli.output import Column, confirm, hint, output_option, show_json, show_list, show_one, yes_option

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

STATUS_COLOURS = {"READY": "green", "NOT_READY": "red", "PAUSED": "yellow", "ONLINE": "green", "OFFLINE": "red"}

COLUMNS = [
    Column("Name", lambda pool: pool["name"], whole=True),
    Column("Type", lambda pool: pool["type"]),
    Column("Status", lambda pool: pool["status"], style=lambda pool: STATUS_COLOURS.get(pool["status"])),
    Column("Limit", lambda pool: slots(pool)),
    Column("Description", lambda pool: pool.get("description"), optional=True),
]
WORKERS_SHOWN = 50


@click.group("work-pool", cls=LazyGroup)
def work_pools() -> None:
    """Make work pools, pause them, and say how much they may do at once."""


@work_pools.command()
@click.argument("name")
@click.option("--type", "-t", "type_", default="celery", show_default=True, help="What kind of workers it has.")
@click.option("--base-job-template", type=click.File("r"), help="A JSON file. Default: that of the type.")
@click.option("--description", help="What it is for.")
@click.option("--concurrency-limit", type=click.IntRange(0), help="The most runs at once.")
@click.option("--paused", is_flag=True, help="It gives out no runs until it is resumed.")
@click.option("--overwrite", is_flag=True, help="Change the one of this name if there is one.")
@output_option
@clear_errors
def create(
    name: str,
    type_: str,
    base_job_template: Any,
    description: str | None,
    concurrency_limit: int | None,
    paused: bool,
    overwrite: bool,
    output: str,
) -> None:
    """Make a work pool."""
    from orchestrator.cli.finding import get_or_none, segment

    client = connected()
    body: dict[str, Any] = {"is_paused": paused}
    if description is not None:
        body["description"] = description
    if concurrency_limit is not None:
        body["concurrency_limit"] = concurrency_limit
    if base_job_template is not None:
        body["base_job_template"] = _read_json(base_job_template)
    there = get_or_none(client, f"/work_pools/{segment(name)}") if overwrite else None
    if there is not None:
        if there["type"] != type_:
            raise Ended(f"Work pool {name!r} is of type {there['type']!r}: a pool's type cannot be changed.")
        client.send("PATCH", f"/work_pools/{segment(name)}", body)
        made = client.ask("GET", f"/work_pools/{segment(name)}")
    else:
        body.setdefault("base_job_template", _default_template(client, type_))
        made = client.ask("POST", "/work_pools/", {"name": name, "type": type_, **body})
    if output == "json":
        show_json(made)
        return
    click.echo(f"{'Changed' if there else 'Made'} work pool {name!r} of type {type_!r}.")
    if type_ == "celery" and not there:
        hint(f"Start a worker for it: orchestrator worker start --pool {name}")


@work_pools.command()
@click.option("--type", "-t", "types", multiple=True, help="Those of this type; may be repeated.")
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1, 10_000), help="The most to list.")
@output_option
@clear_errors
def ls(types: tuple[str, ...], limit: int, output: str) -> None:
    """List work pools, by name."""
    from orchestrator.cli.finding import pages

    body = {"work_pools": {"type": {"any_": list(types)}}} if types else {}
    found = list(pages(connected(), "/work_pools/filter", body, limit=limit))
    found.sort(key=lambda pool: pool["name"])
    show_list(found, COLUMNS, output=output, nothing="There are no such work pools.")


@work_pools.command()
@click.argument("name")
@output_option
@clear_errors
def inspect(name: str, output: str) -> None:
    """Show a work pool with its queues and workers."""
    from orchestrator.cli.finding import segment

    client = connected()
    pool = find_pool(client, name)
    if output == "json":
        show_json(pool)
        return
    below = f"/work_pools/{segment(name)}"
    queues = client.ask("POST", f"{below}/queues/filter", {"limit": WORKERS_SHOWN})
    workers = client.ask("POST", f"{below}/workers/filter", {"limit": WORKERS_SHOWN})
    variables = (pool["base_job_template"].get("variables") or {}).get("properties") or {}
    show_one(
        pool,
        [
            ("Name", pool["name"]),
            ("Id", pool["id"]),
            ("Type", pool["type"]),
            ("Description", pool.get("description")),
            ("Status", pool["status"]),
            ("Limit", slots(pool)),
            ("Queues", "\n".join(f"{each['name']} (priority {each['priority']}, {each['status']})" for each in queues)),
            (
                "Workers",
                "\n".join(f"{each['name']} ({each['status']}, {ago(each['last_heartbeat_time'])})" for each in workers)
                or "none",
            ),
            ("Job variables", ", ".join(sorted(variables))),
            ("Changed", local(pool.get("updated"))),
        ],
        output=output,
    )


@work_pools.command()
@click.argument("name")
@click.option("--base-job-template", type=click.File("r"), help="A JSON file.")
@click.option("--description", help="What it is for.")
@click.option("--concurrency-limit", type=click.IntRange(0), help="The most runs at once.")
@clear_errors
def update(name: str, base_job_template: Any, description: str | None, concurrency_limit: int | None) -> None:
    """Change a work pool."""
    body: dict[str, Any] = {}
    if base_job_template is not None:
        body["base_job_template"] = _read_json(base_job_template)
    if description is not None:
        body["description"] = description
    if concurrency_limit is not None:
        body["concurrency_limit"] = concurrency_limit
    if not body:
        raise click.UsageError("Say what to change: --base-job-template, --description or --concurrency-limit.")
    _change(name, body, "is changed")


@work_pools.command()
@click.argument("name")
@clear_errors
def pause(name: str) -> None:
    """Give out no more runs. What runs goes on."""
    _change(name, {"is_paused": True}, "is paused: it gives out no runs")


@work_pools.command()
@click.argument("name")
@clear_errors
def resume(name: str) -> None:
    """Give out runs again."""
    _change(name, {"is_paused": False}, "is not paused any more")


@work_pools.command("set-concurrency-limit")
@click.argument("name")
@click.argument("limit", type=click.IntRange(0))
@clear_errors
def set_concurrency_limit(name: str, limit: int) -> None:
    """Let at most LIMIT runs of the pool go at once."""
    _change(name, {"concurrency_limit": limit}, f"runs at most {limit} at once")


@work_pools.command("clear-concurrency-limit")
@click.argument("name")
@clear_errors
def clear_concurrency_limit(name: str) -> None:
    """Let any number of runs go at once."""
    _change(name, {"concurrency_limit": None}, "has no limit any more")


@work_pools.command()
@click.argument("name")
@yes_option
@clear_errors
def delete(name: str, yes: bool) -> None:
    """Delete a work pool with its queues. Deployments that use it stay, without a pool."""
    from orchestrator.cli.finding import segment

    client = connected()
    find_pool(client, name)
    users = client.ask("POST", "/deployments/count", {"work_pools": {"name": {"any_": [name]}}})
    uses = f", which {users} deployment{'s use' if users != 1 else ' uses'}" if users else ""
    confirm(f"Delete work pool {name!r}{uses}?", yes=yes)
    client.send("DELETE", f"/work_pools/{segment(name)}")
    click.echo(f"Deleted work pool {name!r}.")


@work_pools.command()
@click.argument("name")
@click.option("--within", type=Span(), default="1h", show_default=True, help="What is due until then.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="The most to list.")
@output_option
@clear_errors
def preview(name: str, within: timedelta, limit: int, output: str) -> None:
    """List the runs that wait in a pool or will be due soon, in the order of their times. It takes none of them."""
    from orchestrator.cli.finding import pages, with_flow_names
    from orchestrator.contract.times import format_time, now

    client = connected()
    find_pool(client, name)
    body = {
        "work_pools": {"name": {"any_": [name]}},
        "flow_runs": {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "next_scheduled_start_time": {"before_": format_time(now() + within)},
        },
        "sort": "NEXT_SCHEDULED_START_TIME_ASC",
    }
    found = with_flow_names(client, list(pages(client, "/flow_runs/filter", body, limit=limit)))
    columns = [
        Column("Due", lambda run: local(run["next_scheduled_start_time"])),
        Column("Queue", lambda run: run.get("work_queue_name")),
        Column("Name", lambda run: run["name"]),
        Column("Flow", lambda run: run.get("flow_name")),
        Column("State", lambda run: run["state_name"]),
        Column("Id", lambda run: run["id"], whole=True),
    ]
    show_list(found, columns, output=output, nothing="Nothing waits, and nothing is due until then.")


@work_pools.command("get-default-base-job-template")
@click.option("--type", "-t", "type_", required=True, help="The type of work pool.")
@click.option("--file", "-f", type=click.File("w", lazy=True), help="Write it here instead of printing it.")
@clear_errors
def get_default_base_job_template(type_: str, file: Any) -> None:
    """Print the base job template that pools of a type have, to change it and give it to `create`."""
    template = _default_template(connected(), type_)
    if file is None:
        show_json(template)
        return
    json.dump(template, file, indent=2)
    file.write("\n")
    click.echo(f"Wrote it to {file.name}.")


def find_pool(client: Client, name: str) -> dict[str, Any]:
    """The work pool of this name. Raises NotFound."""
    from orchestrator.cli.finding import get_or_none, not_found, segment

    found = get_or_none(client, f"/work_pools/{segment(name)}")
    if found is None:
        known = [pool["name"] for pool in client.ask("POST", "/work_pools/filter", {"limit": 200})]
        raise not_found("work pool", name, known, "work-pool ls")
    return found


def slots(limited: dict[str, Any]) -> str:
    """`2 of 5` slots in use, of a pool or a queue. Empty without a limit."""
    limit, active = limited.get("concurrency_limit"), limited.get("active_slots")
    if limit is None:
        return ""
    return f"{active} of {limit}" if active is not None else str(limit)


def _change(name: str, body: dict[str, Any], told: str) -> None:
    from orchestrator.cli.finding import segment

    client = connected()
    find_pool(client, name)
    client.send("PATCH", f"/work_pools/{segment(name)}", body)
    click.echo(f"Work pool {name!r} {told}.")


def _default_template(client: Client, type_: str) -> dict[str, Any]:
    collections = client.ask("GET", "/collections/views/aggregate-worker-metadata")
    templates = {
        known: worker["default_base_job_configuration"]
        for workers in collections.values()
        for known, worker in workers.items()
    }
    if type_ not in templates:
        raise Ended(f"There is no type of work pool {type_!r}; there are: {', '.join(sorted(templates))}.", code=USAGE)
    template: dict[str, Any] = templates[type_]
    return template


def _read_json(file: Any) -> Any:
    try:
        return json.load(file)
    except ValueError as error:
        raise Ended(f"{file.name} holds no JSON: {error}", code=USAGE) from None
