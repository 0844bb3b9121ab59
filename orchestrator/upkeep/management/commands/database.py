"""The server's side of `orchestrator server database`: says what a change would do, as JSON, or makes it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.exceptions import InconsistentMigrationHistory, IrreversibleError

from orchestrator.upkeep import schema_changes
from orchestrator.upkeep.schema_changes import NoSuchTarget, Plan


class Command(BaseCommand):
    help = "What `orchestrator server database` asks of the server's side."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("step", choices=["plan", "apply"])
        parser.add_argument("change", choices=["upgrade", "downgrade", "stamp", "reset"])
        parser.add_argument("--target", help="Of a downgrade or a stamp.")

    def handle(self, *args: Any, step: str, change: str, target: str | None, **options: Any) -> None:
        try:
            if change == "reset":
                self._reset(step)
                return
            plan = _plan(change, target)
            if step == "plan":
                self._tell(plan)
            else:
                _apply(change, plan)
        except (NoSuchTarget, InconsistentMigrationHistory, IrreversibleError) as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            raise CommandError(f"{schema_changes.database_name()}: {str(error).strip()}") from None

    def _reset(self, step: str) -> None:
        if step == "apply":
            schema_changes.reset()
            return
        tables = schema_changes.our_tables()
        rows = {table: _rows(table) for table in ("runs_flowrun", "deployments_deployment") if table in tables}
        self._write({**_facts(), "tables": len(tables), "rows": rows})

    def _tell(self, plan: Plan) -> None:
        steps = [{"name": step.label, "what": list(step.what), "reversible": step.reversible} for step in plan.steps]
        self._write({**_facts(), "steps": steps, "backwards": plan.backwards, "missing": list(plan.missing)})

    def _write(self, answer: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(answer))


def _plan(change: str, target: str | None) -> Plan:
    if change == "upgrade":
        return schema_changes.plan_upgrade()
    if change == "stamp":
        return schema_changes.plan_stamp(target)
    return schema_changes.plan_downgrade(target or "")


def _apply(change: str, plan: Plan) -> None:
    match change:
        case "upgrade":
            schema_changes.upgrade()
        case "downgrade":
            schema_changes.downgrade(plan)
        case "stamp":
            schema_changes.stamp(plan)


def _facts() -> dict[str, Any]:
    return {"database": schema_changes.database_name(), "servers": schema_changes.servers_that_use_it()}


def _rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
        return int(cursor.fetchone()[0])
