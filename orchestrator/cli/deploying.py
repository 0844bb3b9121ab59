"""`orchestrator deploy …`: one flow of a file, or what a file of deployments says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import FAILED, Ended
from orchestrator.cli.output import hint, output_option
from orchestrator.cli.parameters import read_parameters

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client
    from orchestrator.sdk.deployments.files.entries import Declared

DIFFERS = 2  # exit code of a plan that would change something
_OF_ONE_FLOW = {
    *("pool", "queue", "pairs", "tags", "description", "version", "crons", "intervals", "rrules", "timezone"),
    *("variables", "limit", "collision", "paused", "enforce", "catch_up"),
}


@click.command()
@click.argument("entrypoint", metavar="[FILE.PY:FLOW]", required=False)
@click.option("--name", "-n", "names", multiple=True, help="What the deployment is called; from a file: which ones.")
@click.option("--all", "everything", is_flag=True, help="All deployments of a file.")
@click.option("--file", "-f", type=click.Path(exists=True, dir_okay=False), help="Default: orchestrator.yaml.")
@click.option("--plan", is_flag=True, help="Only show what would change: exit code 0 nothing, 2 something, 1 errors.")
@click.option("--prune", is_flag=True, help="With --all: delete what was in the file and is there no more.")
@click.option("--pool", "-p", help="The work pool whose workers execute it.  [default: default]")
@click.option("--queue", "-q", help="A work queue of the pool; made when it is missing.")
@click.option("--param", "-P", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter of its runs.")
@click.option("--tag", "-t", "tags", multiple=True, help="A tag of its runs; may be repeated.")
@click.option("--description", help="Default: what the flow says of itself.")
@click.option("--version", help="Your word for this version of it.")
@click.option("--cron", "crons", multiple=True, help="Run by a cron expression; may be repeated.")
@click.option("--interval", "intervals", multiple=True, help="Run every so often: 15m, 1h, 90 (seconds), PT1H.")
@click.option("--rrule", "rrules", multiple=True, help="Run by a recurrence rule (RFC 5545).")
@click.option("--timezone", help="Of these schedules, for example Europe/Berlin.")
@click.option("--catch-up", help="Missed runs: planned, all, latest, none, or how many seconds late they may be.")
@click.option("--job-variable", "-V", "variables", multiple=True, metavar="NAME=VALUE", help="Goes to the work pool.")
@click.option("--concurrency-limit", "limit", type=click.IntRange(1), help="Runs at once.")
@click.option("--collision-strategy", "collision", type=click.Choice(["ENQUEUE", "CANCEL_NEW"]), help="When too many.")
@click.option("--paused/--not-paused", default=None, help="Whether schedules plan runs. Default: as it is.")
@click.option("--enforce-parameters/--any-parameters", "enforce", default=None, help="Default: only fitting ones.")
@output_option
@clear_errors
def deploy(
    entrypoint: str | None,
    names: tuple[str, ...],
    everything: bool,
    file: str | None,
    plan: bool,
    prune: bool,
    output: str,
    **options: Any,
) -> None:
    """Make flows startable from the server: all that is named, or nothing.

    \b
    orchestrator deploy flows.py:hello --name daily --cron "0 6 * * *"
    orchestrator deploy --all --plan
    orchestrator deploy --name daily --file deployments.yaml

    Workers read the flow's file where it is now, at the time of each run, unless the file says otherwise (pull).
    """
    from orchestrator.cli.plans import apply_declared, show_report

    if entrypoint is not None:
        if everything or file or prune or len(names) != 1:
            raise click.UsageError("FILE.PY:FLOW needs one --name; --all, --file and --prune are for files.")
        client = connected()
        report = apply_declared(client, [_of_options(entrypoint, names[0], options)], dry_run=plan)
    else:
        _refuse_options_of_one_flow(options)
        if not everything and not names:
            raise click.UsageError("Say what: FILE.PY:FLOW --name NAME, or --all, or --name NAME of a file.")
        if prune and not everything:
            raise click.UsageError("--prune goes with --all: what is not in the file must be known.")
        client = connected()
        report = _deploy_file(client, file, names, prune=prune, dry_run=plan)
    show_report(report, output=output)
    if report.problems:
        raise click.exceptions.Exit(FAILED)
    if plan:
        raise click.exceptions.Exit(DIFFERS if report.differs else 0)
    if output == "table":
        _next_steps(client, report.steps)


def _deploy_file(client: Client, file: str | None, names: tuple[str, ...], *, prune: bool, dry_run: bool) -> Any:
    from orchestrator.cli.deploy_files import find_file, read_project
    from orchestrator.cli.plans import apply_declared

    project = read_project(file or find_file(os.getcwd()), variables=lambda name: _variable(client, name))
    chosen = project.deployments
    if names:
        wanted = set(names)
        chosen = [each for each in chosen if {each.title, each.body.get("name")} & wanted]
        known = {word for each in chosen for word in (each.title, each.body.get("name"))}
        if missing := sorted(wanted - known):
            there = ", ".join(each.title for each in project.deployments)
            raise Ended(f"{project.file} has no deployment {', '.join(map(repr, missing))}; it has {there}")
    return apply_declared(
        client,
        chosen,
        problems=project.problems,
        project=project.name,
        whole_project=not names,
        prune=prune,
        dry_run=dry_run,
    )


def _of_options(entrypoint: str, name: str, options: dict[str, Any]) -> Declared:
    from orchestrator.cli.flow_facts import flow_facts
    from orchestrator.sdk.deployments.deploying import catch_up_policy
    from orchestrator.sdk.deployments.files.entries import Declared
    from orchestrator.sdk.deployments.flow_deployment import DEFAULT_POOL, SDK_LABEL
    from orchestrator.sdk.deployments.schedules import schedule_bodies

    path, file = os.path.split(os.path.abspath(entrypoint.rpartition(":")[0]))
    facts = flow_facts(f"{file}:{entrypoint.rpartition(':')[2]}", directory=path)
    enforce = options["enforce"]
    body = {
        "flow_name": facts.name,
        "name": name,
        "path": path,
        "entrypoint": facts.entrypoint,
        "parameter_openapi_schema": facts.schema,
        "enforce_parameter_schema": True if enforce is None else enforce,
        "labels": {SDK_LABEL: "python"} if facts.is_ours else {},
        "description": options["description"] or facts.description,
        "version": options["version"] or facts.version,
        "parameters": read_parameters(options["pairs"]),
        "tags": list(dict.fromkeys(options["tags"])),
        "work_pool_name": options["pool"] or DEFAULT_POOL,
        "job_variables": read_parameters(options["variables"], option="--job-variable"),
        "schedules": schedule_bodies(
            cron=options["crons"],
            interval=[_interval(each) for each in options["intervals"]],
            rrule=options["rrules"],
            timezone=options["timezone"],
        ),
        "concurrency_limit": options["limit"],
        "concurrency_options": {"collision_strategy": options["collision"]} if options["collision"] else None,
        "catch_up": catch_up_policy(_number(options["catch_up"] or "planned")),
    }
    told = {"paused": options["paused"], "work_queue_name": options["queue"]}
    body |= {key: value for key, value in told.items() if value is not None}
    return Declared(f"{facts.name}/{name}", body)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _interval(text: str) -> float | str:
    """Seconds of what people type, such as `15m`; a duration such as `PT15M` is left to the server."""
    from orchestrator.cli.moments import Span

    try:
        return Span().convert(text, None, None).total_seconds()
    except click.BadParameter:
        return text


def _variable(client: Client, name: str) -> Any:
    """Raises KeyError."""
    from orchestrator.cli.finding import get_or_none, segment

    found = get_or_none(client, f"/variables/name/{segment(name)}")
    if found is None:
        raise KeyError(name)
    return found["value"]


def _refuse_options_of_one_flow(options: dict[str, Any]) -> None:
    context = click.get_current_context()
    given = [
        option.opts[0]
        for option in context.command.params
        if option.name in _OF_ONE_FLOW and options.get(option.name) not in (None, ())
    ]
    if given:
        raise click.UsageError(f"{', '.join(given)} is for FILE.PY:FLOW; a file of deployments says it for each.")


def _next_steps(client: Client, steps: list[dict[str, Any]]) -> None:
    """Where to look and how to go on, when a single deployment was made."""
    if len(steps) != 1:
        return
    step = steps[0]
    if client.ui_url:
        click.echo(f"Its runs: {client.runs_url(step['flow_name'])}")
    hint(f"Run it with: orchestrator deployment run '{step['flow_name']}/{step['name']}' --watch")
