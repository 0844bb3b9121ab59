"""`orchestrator flow-run …`"""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import Ended
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.moments import Since, Span, ago, duration, local
from orchestrator.cli.output import (
    Column,
    confirm,
    hint,
    output_option,
    show_json,
    show_list,
    show_one,
    state_style,
    yes_option,
)

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
POLL_SECONDS = 0.3

COLUMNS = [
    Column("Name", lambda run: run["name"]),
    Column("Flow", lambda run: run.get("flow_name")),
    Column("State", lambda run: run.get("state_name"), style=state_style()),
    Column("When", lambda run: ago(run.get("start_time") or run.get("expected_start_time"))),
    Column("Took", lambda run: took(run)),
    Column("Id", lambda run: run["id"], whole=True),
]


@click.group(
    "flow-run",
    cls=LazyGroup,
    lazy={"why": ("orchestrator.cli.why", "why", "Say why a run does not start, and what would help.")},
)
def flow_runs() -> None:
    """Look at flow runs, follow, cancel and retry them.

    A RUN is named by its id, or by its name where only one run has it.
    """


@flow_runs.command()
@click.option("--state", "states", multiple=True, help="A state, such as Failed or Late; may be repeated.")
@click.option("--flow", help="Runs of this flow.")
@click.option("--deployment", metavar="FLOW/DEPLOYMENT", help="Runs of this deployment.")
@click.option("--pool", help="Runs of this work pool.")
@click.option("--tag", "tags", multiple=True, help="Runs with this tag; of several, with all of them.")
@click.option("--since", type=Since(), help="Begun or due since then: a time, or how long ago (2h, 3 days).")
@click.option("--name", help="Runs with this in their name.")
@click.option("--planned", is_flag=True, help="Those still to come instead, the next one first.")
@click.option("--limit", default=15, show_default=True, type=click.IntRange(1, 10_000), help="The most to list.")
@output_option
@clear_errors
def ls(
    states: tuple[str, ...],
    flow: str | None,
    deployment: str | None,
    pool: str | None,
    tags: tuple[str, ...],
    since: datetime | None,
    name: str | None,
    planned: bool,
    limit: int,
    output: str,
) -> None:
    """List flow runs, the latest first."""
    from orchestrator.cli.finding import find_deployment, find_flow, pages, with_flow_names
    from orchestrator.contract.times import format_time, now

    client = connected()
    moment = format_time(now() + timedelta(seconds=1))
    runs: dict[str, Any] = {"expected_start_time": {"after_": moment} if planned else {"before_": moment}}
    if since is not None:
        runs["expected_start_time"]["after_"] = format_time(since)
    if states:
        runs["state"] = _state_filter(states)
    if tags:
        runs["tags"] = {"all_": list(tags)}
    if name:
        runs["name"] = {"like_": name}
    body: dict[str, Any] = {
        "flow_runs": runs,
        "sort": "EXPECTED_START_TIME_ASC" if planned else "EXPECTED_START_TIME_DESC",
    }
    if flow is not None:
        body["flows"] = {"id": {"any_": [find_flow(client, flow)["id"]]}}
    if deployment is not None:
        body["deployments"] = {"id": {"any_": [find_deployment(client, deployment)["id"]]}}
    if pool is not None:
        body["work_pools"] = {"name": {"any_": [pool]}}
    found = with_flow_names(client, list(pages(client, "/flow_runs/filter", body, limit=limit)))
    show_list(
        found,
        COLUMNS,
        output=output,
        nothing="There are no such flow runs.",
        note=f"The first {limit}; more with --limit." if len(found) == limit else None,
    )


@flow_runs.command()
@click.argument("run")
@output_option
@clear_errors
def inspect(run: str, output: str) -> None:
    """Show everything about a flow run."""
    from orchestrator.cli.finding import find_flow_run, get_or_none, names_of

    client = connected()
    found = find_flow_run(client, run)
    if output == "json":
        show_json(found)
        return
    state = found.get("state") or {}
    flow = names_of(client, "flows", [found["flow_id"]]).get(found["flow_id"])
    deployment_id = found.get("deployment_id")
    deployment = get_or_none(client, f"/deployments/{deployment_id}") if deployment_id else None
    pool, queue = found.get("work_pool_name"), found.get("work_queue_name")
    show_one(
        found,
        [
            ("Name", found["name"]),
            ("Id", found["id"]),
            ("Flow", flow),
            ("Deployment", f"{flow}/{deployment['name']}" if deployment else None),
            ("State", f"{state.get('name')}, since {local(state.get('timestamp'))}" if state else None),
            ("Message", state.get("message")),
            ("Due", local(found.get("expected_start_time"))),
            ("Began", local(found.get("start_time"))),
            ("Ended", local(found.get("end_time"))),
            ("Took", took(found)),
            ("Run count", found.get("run_count")),
            ("Work pool", f"{pool}, queue {queue}" if pool and queue else pool),
            ("Tags", found.get("tags")),
            ("Parameters", found.get("parameters")),
            ("Job variables", found.get("job_variables")),
            ("Made by", (found.get("created_by") or {}).get("display_value")),
            ("Page", client.run_url(found["id"])),
        ],
        output=output,
    )
    if state.get("type") in {"SCHEDULED", "PENDING"}:
        hint(f"Why it has not begun: orchestrator flow-run why {found['id']}")


@flow_runs.command()
@click.argument("run")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@click.option("--tail", "-n", type=click.IntRange(1, 100_000), help="Only the last so many lines.")
@click.option(
    "--level", type=click.Choice(list(LEVELS), case_sensitive=False), help="Only lines of this level or above."
)
@output_option
@clear_errors
def logs(run: str, follow: bool, tail: int | None, level: str | None, output: str) -> None:
    """Print the log of a flow run and its task runs. With --follow, JSON comes as one object per line."""
    import json

    from orchestrator.cli.finding import find_flow_run
    from orchestrator.cli.watching import INTERRUPTED, PATIENCE_SECONDS, RunLog
    from orchestrator.contract.states import TERMINAL

    client = connected()
    found = find_flow_run(client, run)
    log = RunLog(client, found, least_level=LEVELS[level.lower()] if level else None)
    entries = log.latest(tail) if tail else log.news()
    if not follow:
        if output == "json":
            show_json(entries)
            return
        for entry in entries:
            click.echo(log.line(entry))
        if not entries:
            hint("The log has no such lines.")
        return
    try:
        ended = False
        while True:
            for entry in entries:
                click.echo(json.dumps(entry, ensure_ascii=False) if output == "json" else log.line(entry))
            if ended:
                return
            time.sleep(POLL_SECONDS)
            state = client.ask("GET", f"/flow_runs/{found['id']}", patience_seconds=PATIENCE_SECONDS).get("state")
            if state and state["type"] in TERMINAL:
                ended = True
                time.sleep(POLL_SECONDS)  # the line that tells of the end follows the state
            entries = log.news()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


@flow_runs.command()
@click.argument("run")
@click.option("--timeout", type=Span(), help="Give up after this long; the run goes on.")
@clear_errors
def watch(run: str, timeout: timedelta | None) -> None:
    """Follow the log of a flow run until it ends. Exit code 0 when it completed."""
    from orchestrator.cli.finding import find_flow_run
    from orchestrator.cli.watching import watch_to_the_end

    client = connected()
    found = find_flow_run(client, run)
    watch_to_the_end(
        client, found, show=click.echo, timeout_seconds=timeout.total_seconds() if timeout is not None else None
    )
    hint(f"Flow run {found['name']!r} completed.")


@flow_runs.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--wait", is_flag=True, help="Wait until they have ended.")
@click.option("--timeout", type=Span(), default="10m", show_default=True, help="How long to wait.")
@clear_errors
def cancel(runs: tuple[str, ...], wait: bool, timeout: timedelta) -> None:
    """Ask for flow runs to be cancelled."""
    from orchestrator.cli.finding import find_flow_run

    client = connected()
    found = [find_flow_run(client, run) for run in runs]
    refusals = 0
    waiting = []
    for run in found:
        if run.get("state_type") == "CANCELLED":
            click.echo(f"Flow run {run['name']!r} ({run['id']}) is cancelled already.")
            continue
        answer = _set_state(client, run, {"type": "CANCELLING", "name": "Cancelling"})
        state = answer.get("state") or {}
        if answer["status"] != "ACCEPT" and state.get("type") not in {"CANCELLED", "CANCELLING"}:
            refusals += 1
            click.echo(f"Not cancelled: flow run {run['name']!r} ({run['id']}): {_refusal(answer)}", err=True)
        elif state.get("type") == "CANCELLED":
            click.echo(f"Flow run {run['name']!r} ({run['id']}) is cancelled: it had not begun.")
        else:
            waiting.append(run)
            click.echo(
                f"Flow run {run['name']!r} ({run['id']}) is asked to stop. Whoever executes it stops its code, "
                "or kills it if it does not stop; then it is Cancelled."
            )
    if wait:
        _wait_for_end(client, waiting, timeout.total_seconds())
    elif waiting:
        hint(f"Wait for that with --wait, or look: orchestrator flow-run inspect {waiting[0]['id']}")
    if refusals:
        raise SystemExit(1)


@flow_runs.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--watch", is_flag=True, help="Follow the log to the end; the exit code is 0 when the run completed.")
@clear_errors
def retry(runs: tuple[str, ...], watch: bool) -> None:
    """Begin flow runs again that have ended. Their tasks run anew, unless their results were kept."""
    from orchestrator.cli.finding import find_flow_run
    from orchestrator.cli.watching import watch_to_the_end

    if watch and len(runs) > 1:
        raise click.UsageError("--watch follows one run.")
    client = connected()
    found = [find_flow_run(client, run) for run in runs]
    refusals = 0
    for run in found:
        if (trouble := _retry(client, run)) is None:
            click.echo(f"Flow run {run['name']!r} ({run['id']}) is scheduled again.")
        else:
            refusals += 1
            click.echo(f"Not retried: flow run {run['name']!r} ({run['id']}): {trouble}", err=True)
    if refusals:
        raise SystemExit(1)
    if watch:
        watch_to_the_end(client, found[0], show=click.echo)
    elif len(found) == 1:
        hint(f"Follow it with: orchestrator flow-run watch {found[0]['id']}")


@flow_runs.command()
@click.argument("run")
@click.option("--input", "given", help="What it waits for: a JSON object of fields, or a single value.")
@clear_errors
def resume(run: str, given: str | None) -> None:
    """Let a paused flow run go on."""
    from orchestrator.cli.finding import find_flow_run

    client = connected()
    found = find_flow_run(client, run)
    body = {} if given is None else {"run_input": _answer_of_person(given)}
    answer = client.ask("POST", f"/flow_runs/{found['id']}/resume", body)
    if answer["status"] != "ACCEPT":
        raise Ended(f"Not resumed: {_refusal(answer)}")
    click.echo(f"Flow run {found['name']!r} ({found['id']}) goes on.")


@flow_runs.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@yes_option
@clear_errors
def delete(runs: tuple[str, ...], yes: bool) -> None:
    """Delete flow runs, with their log, task runs and artifacts. One that runs is not stopped by that."""
    from orchestrator.cli.finding import find_flow_run

    client = connected()
    found = [find_flow_run(client, run) for run in runs]
    names = ", ".join(f"{run['name']!r} ({run.get('state_name')})" for run in found)
    confirm(f"Delete flow run{'s' if len(found) > 1 else ''} {names}?", yes=yes)
    for run in found:
        client.send("DELETE", f"/flow_runs/{run['id']}")
        click.echo(f"Deleted flow run {run['name']!r} ({run['id']}).")


def _retry(client: Client, run: dict[str, Any]) -> str | None:
    """Why the run was not scheduled again; None when it was."""
    from orchestrator.contract.states import TERMINAL
    from orchestrator.contract.times import format_time, now

    if run.get("state_type") not in TERMINAL:
        return (
            f"it is {run.get('state_name')}, and only one that has ended can be retried. "
            f"End it with: orchestrator flow-run cancel {run['id']} --wait"
        )
    if not run.get("deployment_id"):
        return "it belongs to no deployment, so no worker would take it. Run its script again."
    state = {
        "type": "SCHEDULED",
        "name": "AwaitingRetry",
        "message": "Retried from the command line.",
        "state_details": {"scheduled_time": format_time(now())},
    }
    answer = _set_state(client, run, state, force=True)
    return None if answer["status"] == "ACCEPT" else _refusal(answer)


def took(run: dict[str, Any]) -> str:
    """How long it has run, so far or in all. Empty for one that has not begun."""
    if not run.get("start_time"):
        return ""
    return duration(run["estimated_run_time"] if run.get("state_type") == "RUNNING" else run["total_run_time"])


def _set_state(client: Client, run: dict[str, Any], state: dict[str, Any], *, force: bool = False) -> dict[str, Any]:
    body = {"state": state, "force": force}
    answer: dict[str, Any] = client.ask("POST", f"/flow_runs/{run['id']}/set_state", body)
    return answer


def _answer_of_person(text: str) -> dict[str, Any]:
    """What is no JSON is a text, which needs no quotes then."""
    from orchestrator.sdk.run_input.kinds import as_values

    try:
        return as_values(json.loads(text))
    except json.JSONDecodeError:
        return as_values(text)


def _refusal(answer: dict[str, Any]) -> str:
    reason = (answer.get("details") or {}).get("reason")
    state = (answer.get("state") or {}).get("name")
    return reason or (f"it is {state}" if state else "the server refused")


def _wait_for_end(client: Client, runs: list[dict[str, Any]], seconds: float) -> None:
    from orchestrator.contract.states import TERMINAL

    deadline = time.monotonic() + seconds
    for run in runs:
        while True:
            state = client.ask("GET", f"/flow_runs/{run['id']}")["state"]
            if state["type"] in TERMINAL:
                told = f": {state['message']}" if state.get("message") else "."
                click.echo(f"Flow run {run['name']!r} is {state['name']}{told}")
                break
            if time.monotonic() > deadline:
                raise Ended(f"Flow run {run['name']!r} is still {state['name']} after {seconds:g} seconds.")
            time.sleep(POLL_SECONDS)


def _state_filter(states: tuple[str, ...]) -> dict[str, Any]:
    """Types of states and names of states may stand side by side."""
    from orchestrator.contract.states import StateType

    types = [each.upper() for each in states if each.upper() in StateType.__members__]
    names = [_STATE_NAMES.get(each.lower(), each) for each in states if each.upper() not in StateType.__members__]
    told: dict[str, Any] = {"operator": "or_"}
    if types:
        told["type"] = {"any_": types}
    if names:
        told["name"] = {"any_": names}
    return told


_STATE_NAMES = {
    name.lower(): name
    for name in (
        "Late",
        "AwaitingRetry",
        "AwaitingConcurrencySlot",
        "Retrying",
        "Suspended",
        "Resuming",
        "TimedOut",
        "Submitting",
        "InfrastructurePending",
        "Skipped",
        "Cached",
    )
}
