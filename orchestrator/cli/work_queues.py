"""`orchestrator work-queue …`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import Ended, NotFound
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.moments import ago, local
from orchestrator.cli.output import Column, confirm, output_option, show_json, show_list, show_one, yes_option
from orchestrator.cli.work_pools import STATUS_COLOURS, find_pool, slots

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

COLUMNS = [
    Column("Pool", lambda queue: queue.get("work_pool_name"), whole=True),
    Column("Queue", lambda queue: queue["name"], whole=True),
    Column("Priority", lambda queue: queue["priority"]),
    Column("Limit", lambda queue: slots(queue)),
    Column("Status", lambda queue: queue["status"], style=lambda queue: STATUS_COLOURS.get(queue["status"])),
    Column("Last polled", lambda queue: ago(queue.get("last_polled"))),
]

_pool_option = click.option("--pool", "-p", help="Its work pool. Not needed for an id, or a name that only one has.")


@click.group("work-queue", cls=LazyGroup)
def work_queues() -> None:
    """Make the queues of work pools, and say which goes first and how much each may do at once.

    A QUEUE is named by its name, with --pool where several pools have one of that name, or by its id.
    """


@work_queues.command()
@click.argument("name")
@click.option("--pool", "-p", required=True, help="The work pool.")
@click.option("--priority", "-q", type=click.IntRange(1), help="1 goes first. Default: after all others.")
@click.option("--limit", "-l", type=click.IntRange(0), help="The most runs at once.")
@click.option("--description", help="What it is for.")
@output_option
@clear_errors
def create(name: str, pool: str, priority: int | None, limit: int | None, description: str | None, output: str) -> None:
    """Make a work queue."""
    from orchestrator.cli.finding import segment

    client = connected()
    find_pool(client, pool)
    body: dict[str, Any] = {"name": name}
    if priority is not None:
        body["priority"] = priority
    if limit is not None:
        body["concurrency_limit"] = limit
    if description is not None:
        body["description"] = description
    made = client.ask("POST", f"/work_pools/{segment(pool)}/queues", body)
    if output == "json":
        show_json(made)
        return
    click.echo(f"Made work queue {name!r} in pool {pool!r}, priority {made['priority']}.")


@work_queues.command()
@click.option("--pool", "-p", help="Those of this work pool.")
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1, 10_000), help="The most to list.")
@output_option
@clear_errors
def ls(pool: str | None, limit: int, output: str) -> None:
    """List work queues, by pool and priority."""
    from orchestrator.cli.finding import pages, segment

    client = connected()
    if pool is not None:
        find_pool(client, pool)
    path = "/work_queues/filter" if pool is None else f"/work_pools/{segment(pool)}/queues/filter"
    found = list(pages(client, path, {}, limit=limit))
    found.sort(key=lambda queue: (queue.get("work_pool_name") or "", queue["priority"]))
    show_list(found, COLUMNS, output=output, nothing="There are no work queues.")


@work_queues.command()
@click.argument("queue")
@_pool_option
@output_option
@clear_errors
def inspect(queue: str, pool: str | None, output: str) -> None:
    """Show a work queue and the runs that hold its slots."""
    client = connected()
    found = _find(client, queue, pool)
    if output == "json":
        show_json(found)
        return
    status = client.ask("POST", f"/work_queues/{found['id']}/concurrency_status", {})
    runs = [f"{run['name']} ({run['state_name']})" for run in status.get("flow_runs") or []]
    show_one(
        found,
        [
            ("Name", found["name"]),
            ("Id", found["id"]),
            ("Work pool", found.get("work_pool_name")),
            ("Description", found.get("description")),
            ("Priority", found["priority"]),
            ("Limit", slots({**found, "active_slots": status.get("active_slots")})),
            ("Status", found["status"]),
            ("Last polled", local(found.get("last_polled"))),
            ("Runs now", "\n".join(runs)),
        ],
        output=output,
    )


@work_queues.command()
@click.argument("queue")
@_pool_option
@clear_errors
def pause(queue: str, pool: str | None) -> None:
    """Give out no more runs of a queue. What runs goes on."""
    _change(queue, pool, {"is_paused": True}, "is paused: it gives out no runs")


@work_queues.command()
@click.argument("queue")
@_pool_option
@clear_errors
def resume(queue: str, pool: str | None) -> None:
    """Give out runs of a queue again."""
    _change(queue, pool, {"is_paused": False}, "is not paused any more")


@work_queues.command("set-priority")
@click.argument("queue")
@click.argument("priority", type=click.IntRange(1))
@_pool_option
@clear_errors
def set_priority(queue: str, priority: int, pool: str | None) -> None:
    """Say when a queue has its turn: 1 goes first. Another queue of this priority moves behind it."""
    _change(queue, pool, {"priority": priority}, f"has priority {priority}")


@work_queues.command("set-limit")
@click.argument("queue")
@click.argument("limit", type=click.IntRange(0))
@_pool_option
@clear_errors
def set_limit(queue: str, limit: int, pool: str | None) -> None:
    """Let at most LIMIT runs of a queue go at once."""
    _change(queue, pool, {"concurrency_limit": limit}, f"runs at most {limit} at once")


@work_queues.command("clear-limit")
@click.argument("queue")
@_pool_option
@clear_errors
def clear_limit(queue: str, pool: str | None) -> None:
    """Let any number of runs of a queue go at once, as far as its pool allows."""
    _change(queue, pool, {"concurrency_limit": None}, "has no limit any more")


@work_queues.command()
@click.argument("queue")
@_pool_option
@yes_option
@clear_errors
def delete(queue: str, pool: str | None, yes: bool) -> None:
    """Delete a work queue. A pool's default queue stays."""
    client = connected()
    found = _find(client, queue, pool)
    confirm(f"Delete work queue {found['name']!r} of pool {found.get('work_pool_name')!r}?", yes=yes)
    client.send("DELETE", f"/work_queues/{found['id']}")
    click.echo(f"Deleted work queue {found['name']!r} of pool {found.get('work_pool_name')!r}.")


def _change(queue: str, pool: str | None, body: dict[str, Any], told: str) -> None:
    client = connected()
    found = _find(client, queue, pool)
    client.send("PATCH", f"/work_queues/{found['id']}", body)
    click.echo(f"Work queue {found['name']!r} of pool {found.get('work_pool_name')!r} {told}.")


def _find(client: Client, queue: str, pool: str | None) -> dict[str, Any]:
    """The queue that is meant. Raises NotFound, or Ended where several pools have one of this name."""
    from orchestrator.cli.finding import get_or_none, identifier, segment

    if pool is not None:
        find_pool(client, pool)
        found = get_or_none(client, f"/work_pools/{segment(pool)}/queues/{segment(queue)}")
        if found is None:
            raise NotFound(f"Work pool {pool!r} has no queue {queue!r}.")
        return found
    if (queue_id := identifier(queue)) is not None:
        found = get_or_none(client, f"/work_queues/{queue_id}")
        if found is None:
            raise NotFound(f"There is no work queue {queue}.")
        return found
    named = client.ask("POST", "/work_queues/filter", {"work_queues": {"name": {"any_": [queue]}}, "limit": 20})
    if not named:
        raise NotFound(f"There is no work queue {queue!r}. See them with: orchestrator work-queue ls")
    if len(named) > 1:
        pools = ", ".join(sorted(each.get("work_pool_name") or "?" for each in named))
        raise Ended(f"Several pools have a queue {queue!r}: {pools}. Say which with --pool.")
    only: dict[str, Any] = named[0]
    return only
