"""`orchestrator server database …`: the tables of the server on this machine, brought forward, back, or begun anew."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from orchestrator.cli.exits import Ended
from orchestrator.cli.output import confirm, output_option, plain, show_json, yes_option

_TARGET = {"ignore_unknown_options": True}  # or click would take -1 for an option


@click.group()
def database() -> None:
    """Bring the server's database up to date, back, or begin it anew. Works beside the database, without a server."""


@database.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@yes_option
@output_option
def upgrade(dry_run: bool, yes: bool, output: str) -> None:
    """Apply the migrations that the database lacks. `server start` does the same by itself."""
    plan = _ask("plan", "upgrade")
    _refuse_newer(plan)
    _tell_steps(plan, "Applies", output, nothing="is up to date")
    if dry_run:
        return
    if plan["steps"]:
        _refuse_while_used(plan)
        confirm(f"Change {plan['database']}?", yes=yes)
        _apply("upgrade")
        _say(f"Applied {_count(plan)}.", output)
    _note_up_to_date()


@database.command(context_settings=_TARGET)
@click.argument("target")
@click.option("--dry-run", is_flag=True, help="Say what would be undone, and do nothing.")
@yes_option
@output_option
def downgrade(target: str, dry_run: bool, yes: bool, output: str) -> None:
    """Undo migrations, and lose what only they hold. TARGET is -1, -2, …, or APP.MIGRATION to go back to.

    A server of this version would apply them again when it starts: install the earlier version first.
    """
    plan = _ask("plan", "downgrade", "--target", target)
    _tell_steps(plan, "Undoes", output, nothing="is there already")
    stuck = [step["name"] for step in plan["steps"] if not step["reversible"]]
    if stuck:
        raise Ended(f"These cannot be undone: {', '.join(stuck)}. Restore a backup instead.")
    if dry_run or not plan["steps"]:
        return
    _refuse_while_used(plan)
    confirm(f"Undo {_count(plan)} in {plan['database']}? What their tables and columns hold is lost.", yes=yes)
    _forget_up_to_date()
    _apply("downgrade", "--target", target)
    _say(f"Undid {_count(plan)}. `orchestrator server database upgrade` applies them again.", output)


@database.command()
@yes_option
@output_option
def reset(yes: bool, output: str) -> None:
    """Delete everything, users and keys included, and make the tables anew."""
    plan = _ask("plan", "reset")
    _refuse_while_used(plan)
    rows = plan["rows"]
    held = f"{rows.get('runs_flowrun', 0)} flow runs and {rows.get('deployments_deployment', 0)} deployments"
    confirm(f"Delete all {plan['tables']} tables of {plan['database']}, with {held}?", yes=yes)
    _forget_up_to_date()
    _apply("reset")
    _note_up_to_date()
    if output == "json":
        show_json(plan)
    _say(f"Emptied {plan['database']}, and made its tables anew.", output)


@database.command()
@click.argument("target", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be noted, and do nothing.")
@yes_option
@output_option
def stamp(target: str | None, dry_run: bool, yes: bool, output: str) -> None:
    """Note migrations as applied without applying them, for tables that came another way, as from a dump.

    All of them, or up to TARGET, which is APP.MIGRATION.
    """
    of_target = ("--target", target) if target else ()
    plan = _ask("plan", "stamp", *of_target)
    _tell_steps(plan, "Notes as undone" if plan["backwards"] else "Notes as applied", output, nothing="says so already")
    if dry_run or not plan["steps"]:
        return
    _refuse_while_used(plan)
    confirm(f"Change only the list of migrations in {plan['database']}?", yes=yes)
    _forget_up_to_date()
    _apply("stamp", *of_target)
    _say(f"Noted {_count(plan)}. The tables are as they were.", output)


def _ask(*words: str) -> dict[str, Any]:
    from orchestrator.cli.managing import ask_manage

    answer: dict[str, Any] = json.loads(ask_manage("database", *words))
    return answer


def _apply(*words: str) -> None:
    from orchestrator.cli.managing import ask_manage

    ask_manage("database", "apply", *words)


def _tell_steps(plan: dict[str, Any], verb: str, output: str, *, nothing: str) -> None:
    if output == "json":
        show_json(plan)
        return
    if not plan["steps"]:
        click.echo(f"{plan['database'][0].upper()}{plan['database'][1:]} {nothing}.")
        return
    click.echo(f"{verb}, in {plan['database']}:")
    for step in plan["steps"]:
        click.echo(f"  {plain(step['name'])}")
        for what in step["what"]:
            click.echo(f"    {plain(what)}")


def _say(text: str, output: str) -> None:
    click.echo(text, err=output == "json")


def _count(plan: dict[str, Any]) -> str:
    number = len(plan["steps"])
    return f"{number} migration{'' if number == 1 else 's'}"


def _refuse_newer(plan: dict[str, Any]) -> None:
    if plan["missing"]:
        raise Ended(
            f"{plan['database']} was made by a newer version: this one does not know {', '.join(plan['missing'])}. "
            "Install the newer version."
        )


def _refuse_while_used(plan: dict[str, Any]) -> None:
    """Tables must not change below a server that runs."""
    from orchestrator.cli.pidfile import find_running
    from orchestrator.cli.places import pid_file

    running = find_running(pid_file())
    if running is not None:
        raise Ended(
            f"The server at {running.url} uses this database (process {running.pid}). "
            "Stop it first: orchestrator server stop",
        )
    if plan["servers"]:
        raise Ended(
            f"{plan['servers']} web process{'' if plan['servers'] == 1 else 'es'} of a server used this database in "
            "the last 15 seconds. Stop every server first; a server that was killed is forgotten in that time.",
        )


def _database_url() -> str | None:
    return os.environ.get("DATABASE_URL") or None


def _note_up_to_date() -> None:
    from orchestrator.cli.migrating import remember_up_to_date

    remember_up_to_date(_database_url())


def _forget_up_to_date() -> None:
    from orchestrator.cli.places import migration_stamp

    migration_stamp().unlink(missing_ok=True)
