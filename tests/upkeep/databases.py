"""Makes the database of this process's settings in one of three ways, and prints what is in it then, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

# What there is of each table, in words that can be compared; in which order its columns stand is left out.
_IN_POSTGRESQL = """
SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, column_default,
                 is_identity)
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace
"""
_IN_SQLITE = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"


def at_once() -> None:
    call_command("migrate", verbosity=0)


def step_by_step() -> None:
    """As a database of an earlier version is brought up to date."""
    MigrationExecutor(connection).migrate([("runs", "0009_inputs_and_background_tasks")])
    call_command("migrate", verbosity=0)


def back_and_forth() -> None:
    call_command("migrate", verbosity=0)
    call_command("migrate", "runs", "0009", verbosity=0)
    call_command("migrate", verbosity=0)


def facts() -> dict[str, Any]:
    with connection.cursor() as cursor:
        tables = _tables_of_postgresql(cursor) if connection.vendor == "postgresql" else _tables_of_sqlite(cursor)
        return {
            "tables": sorted(tables),
            "rows": {table: _count(cursor, table) for table in connection.introspection.table_names(cursor)},
            "migrations": sorted(_all(cursor, "SELECT app, name FROM django_migrations")),
            "pools": _all(cursor, "SELECT name, type, description FROM deployments_workpool"),
        }


def _tables_of_postgresql(cursor: Any) -> list[str]:
    return [words for (words,) in _all(cursor, _IN_POSTGRESQL)]


def _tables_of_sqlite(cursor: Any) -> list[str]:
    words = []
    for kind, name, sql in _all(cursor, _IN_SQLITE):
        words += [f"{name}: {part}" for part in _parts(sql)] if kind == "table" else [sql]
    return words


def _parts(sql: str) -> list[str]:
    """What stands between the outermost parentheses, parted at those commas that no others enclose."""
    parts, depth = [""], 0
    for letter in sql[sql.index("(") + 1 : sql.rindex(")")]:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _count(cursor: Any, table: str) -> int:
    return int(_all(cursor, f'SELECT count(*) FROM "{table}"')[0][0])


def _all(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())


if __name__ == "__main__":
    django.setup()
    {way.__name__: way for way in (at_once, step_by_step, back_and_forth)}[sys.argv[1]]()
    json.dump(facts(), sys.stdout)
