"""`orchestrator concurrency-limit …`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import Ended
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.moments import ago, local
from orchestrator.cli.output import Column, confirm, hint, output_option, show_json, show_list, show_one, yes_option

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

COLUMNS = [
    Column("Name", lambda limit: limit["name"]),
    Column("In use", lambda limit: f"{limit['active_slots']} of {limit['limit']}"),
    Column("Active", lambda limit: limit["active"]),
    Column("Decay per second", lambda limit: limit["slot_decay_per_second"] or None, optional=True),
    Column("Id", lambda limit: limit["id"], whole=True),
]


@click.group("concurrency-limit", cls=LazyGroup)
def concurrency_limits() -> None:
    """Bound how much of something happens at once, and see who holds the slots.

    A limit called `tag:NAME` is for the task runs that have the tag. Deployments' own are called `deployment:ID`.
    """


@concurrency_limits.command()
@click.argument("name")
@click.option("--limit", "-l", required=True, type=click.IntRange(0), help="How many slots there are.")
@click.option("--inactive", is_flag=True, help="It holds nobody up until it is made active.")
@click.option(
    "--slot-decay-per-second", type=click.FloatRange(0), default=0.0, help="For rate limits: slots that become free."
)
@output_option
@clear_errors
def create(name: str, limit: int, inactive: bool, slot_decay_per_second: float, output: str) -> None:
    """Make a limit."""
    body = {"name": name, "limit": limit, "active": not inactive, "slot_decay_per_second": slot_decay_per_second}
    made = connected().ask("POST", "/v2/concurrency_limits/", body)
    if output == "json":
        show_json(made)
        return
    click.echo(f"Made concurrency limit {name!r}: {limit} at once.")


@concurrency_limits.command()
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1, 10_000), help="The most to list.")
@output_option
@clear_errors
def ls(limit: int, output: str) -> None:
    """List limits, by name."""
    from orchestrator.cli.finding import pages

    found = list(pages(connected(), "/v2/concurrency_limits/filter", {}, limit=limit))
    show_list(found, COLUMNS, output=output, nothing="There are no concurrency limits.")


@concurrency_limits.command()
@click.argument("name")
@output_option
@clear_errors
def inspect(name: str, output: str) -> None:
    """Show a limit and who holds its slots."""
    client = connected()
    found = _find(client, name)
    holders = _holders(client, found)
    if output == "json":
        show_json({**found, "holders": holders})
        return
    decay = found["slot_decay_per_second"]
    counted = found["active_slots"] - sum(holder["slots"] for holder in holders)
    show_one(
        found,
        [
            ("Name", found["name"]),
            ("Id", found["id"]),
            ("In use", f"{found['active_slots']} of {found['limit']}"),
            ("Active", found["active"]),
            ("Decay", f"{decay:g} slots per second" if decay else None),
            ("Changed", local(found.get("updated"))),
            ("Held by", "\n".join(_holder_line(holder) for holder in holders)),
            ("Counted", f"{counted} taken without a lease" if counted > 0 and len(holders) < 200 else None),
        ],
        output=output,
    )
    if found["active_slots"]:
        hint(f"To free slots that nobody needs any more: orchestrator concurrency-limit release {found['name']!r}")


@concurrency_limits.command()
@click.argument("name")
@click.option("--limit", "-l", type=click.IntRange(0), help="How many slots there are.")
@click.option("--active/--inactive", default=None, help="Whether it holds anybody up.")
@click.option("--slot-decay-per-second", type=click.FloatRange(0), help="For rate limits: slots that become free.")
@clear_errors
def update(name: str, limit: int | None, active: bool | None, slot_decay_per_second: float | None) -> None:
    """Change a limit."""
    given = {"limit": limit, "active": active, "slot_decay_per_second": slot_decay_per_second}
    body = {key: value for key, value in given.items() if value is not None}
    if not body:
        raise click.UsageError("Say what to change: --limit, --active, --inactive or --slot-decay-per-second.")
    client = connected()
    found = _find(client, name)
    client.send("PATCH", f"/v2/concurrency_limits/{found['id']}", body)
    click.echo(f"Concurrency limit {found['name']!r} is changed.")


@concurrency_limits.command()
@click.argument("name")
@click.option("--lease", "leases", multiple=True, help="Only the slots of this lease; may be repeated.")
@yes_option
@clear_errors
def release(name: str, leases: tuple[str, ...], yes: bool) -> None:
    """Free the slots of a limit, whoever holds them. A holder that still works goes on without its slot."""
    client = connected()
    found = _find(client, name)
    holders = _holders(client, found)
    chosen = [holder for holder in holders if not leases or holder["lease_id"] in leases]
    if missing := set(leases) - {holder["lease_id"] for holder in holders}:
        raise Ended(f"Nobody holds slots of {found['name']!r} by the lease {', '.join(sorted(missing))}.")
    counted = 0 if leases else max(0, found["active_slots"] - sum(holder["slots"] for holder in holders))
    slots = sum(holder["slots"] for holder in chosen) + counted
    if not slots:
        click.echo(f"No slot of {found['name']!r} is in use.")
        return
    told = "".join(f"\n  {_holder_line(holder)}" for holder in chosen)
    confirm(f"Free {slots} slot{'s' if slots > 1 else ''} of {found['name']!r}?{told}\n", yes=yes)
    for holder in chosen:
        client.send("POST", "/v2/concurrency_limits/decrement-with-lease", {"lease_id": holder["lease_id"]})
    if counted:
        client.send("POST", "/v2/concurrency_limits/decrement", {"names": [found["name"]], "slots": counted})
    click.echo(f"Freed {slots} slot{'s' if slots > 1 else ''} of {found['name']!r}.")


@concurrency_limits.command()
@click.argument("name")
@yes_option
@clear_errors
def delete(name: str, yes: bool) -> None:
    """Delete a limit: nothing bounds it any more."""
    client = connected()
    found = _find(client, name)
    confirm(f"Delete concurrency limit {found['name']!r}?", yes=yes)
    client.send("DELETE", f"/v2/concurrency_limits/{found['id']}")
    click.echo(f"Deleted concurrency limit {found['name']!r}.")


def _find(client: Client, name: str) -> dict[str, Any]:
    from orchestrator.cli.finding import get_or_none, not_found, segment

    found = get_or_none(client, f"/v2/concurrency_limits/{segment(name)}")
    if found is None:
        known = [limit["name"] for limit in client.ask("POST", "/v2/concurrency_limits/filter", {"limit": 200})]
        raise not_found("concurrency limit", name, known, "concurrency-limit ls")
    return found


def _holders(client: Client, limit: dict[str, Any]) -> list[dict[str, Any]]:
    return list(client.ask("GET", f"/v2/concurrency_limits/{limit['id']}/holders"))


def _holder_line(holder: dict[str, Any]) -> str:
    kind = (holder["holder_type"] or "").replace("_", " ")
    who = f"{kind} {holder['holder_name'] or ''} {holder['holder_id']}" if holder["holder_id"] else "somebody"
    until = f", until {ago(holder['expires_at'])}" if holder["expires_at"] else ""
    slots = f" with {holder['slots']} slots" if holder["slots"] != 1 else ""
    return f"{' '.join(who.split())}{slots}, since {ago(holder['since'])}{until}, lease {holder['lease_id']}"
