"""`orchestrator worker ls` and `inspect`: the workers as the server knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import Ended, NotFound
from orchestrator.cli.moments import ago, local
from orchestrator.cli.output import Column, output_option, show_list, show_one
from orchestrator.cli.work_pools import STATUS_COLOURS, find_pool

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

COLUMNS = [
    Column("Pool", lambda worker: worker["work_pool_name"], whole=True),
    Column("Worker", lambda worker: worker["name"]),
    Column("Status", lambda worker: worker["status"], style=lambda worker: STATUS_COLOURS.get(worker["status"])),
    Column("Last heard", lambda worker: ago(worker.get("last_heartbeat_time"))),
]

_TOLD = {"name", "work_pool_name", "work_pool_id", "id", "status", "last_heartbeat_time", "heartbeat_interval_seconds"}


@click.command()
@click.option("--pool", "-p", help="Those of this work pool.")
@click.option("--online", is_flag=True, help="Only those that are there now.")
@output_option
@clear_errors
def ls(pool: str | None, online: bool, output: str) -> None:
    """List workers, by pool and name."""
    found = _workers(connected(), pool)
    if online:
        found = [worker for worker in found if worker["status"] == "ONLINE"]
    show_list(
        found, COLUMNS, output=output, nothing="There are no workers. Start one: orchestrator worker start --pool POOL"
    )


@click.command()
@click.argument("name", metavar="WORKER")
@click.option("--pool", "-p", help="The work pool it is in, where several have one of that name.")
@output_option
@clear_errors
def inspect(name: str, pool: str | None, output: str) -> None:
    """Show one worker."""
    named = [worker for worker in _workers(connected(), pool) if name in {worker["name"], worker["id"]}]
    if not named:
        raise NotFound(f"There is no worker {name!r}. See them with: orchestrator worker ls")
    if len(named) > 1:
        pools = ", ".join(worker["work_pool_name"] for worker in named)
        raise Ended(f"Several pools have a worker {name!r}: {pools}. Say which with --pool.")
    (worker,) = named
    others = [
        (key.replace("_", " ").capitalize(), local(value) if key.endswith(("_since", "_at", "_time")) else value)
        for key, value in sorted(worker.items())
        if key not in _TOLD and key not in {"created", "updated"}
    ]
    show_one(
        worker,
        [
            ("Name", worker["name"]),
            ("Id", worker["id"]),
            ("Work pool", worker["work_pool_name"]),
            ("Status", worker["status"]),
            ("Last heard", local(worker.get("last_heartbeat_time"))),
            ("Is heard every", f"{worker['heartbeat_interval_seconds']} seconds"),
            *others,
            ("Known since", local(worker.get("created"))),
        ],
        output=output,
    )


def _workers(client: Client, pool: str | None) -> list[dict[str, Any]]:
    """Each with the name of its pool."""
    from orchestrator.cli.finding import pages, segment

    if pool is not None:
        find_pool(client, pool)
        names = [pool]
    else:
        names = sorted(each["name"] for each in pages(client, "/work_pools/filter", {}, limit=None))
    found = []
    for name in names:
        workers = pages(client, f"/work_pools/{segment(name)}/workers/filter", {}, limit=None)
        found += [{**worker, "work_pool_name": name} for worker in sorted(workers, key=lambda each: each["name"])]
    return found
