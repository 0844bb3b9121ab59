"""A database without tables gets at once those to which the migrations come, and each migration is noted as applied.

Carried out one after the other they come to the same, but it takes seconds: for models as they were in between, and for
tables that are made anew with each change. What migrations write into tables is written here too, unless they call it
`elidable`, which is Django's word for what only databases need that were there before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.sql import emit_post_migrate_signal
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations import RunPython
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import StateApps


def is_new(connection: BaseDatabaseWrapper) -> bool:
    """Whether it has no table of today's models, and no migration was ever applied."""
    existing = set(connection.introspection.table_names())
    if not existing.isdisjoint(connection.introspection.django_table_names()):
        return False
    return not MigrationRecorder(connection).applied_migrations()


def make_tables(connection: BaseDatabaseWrapper, **told: Any) -> None:
    """All of them or none, in one transaction. Then the rows are written that follow each change of the tables.

    `told` is for those who write them: `verbosity`, `interactive` and `stdout` of the command.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    migrations = [migration for migration, _ in plan]
    apps = executor.loader.project_state().apps
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            if model._meta.can_migrate(connection):
                editor.create_model(model)
        _write_first_rows(migrations, apps, editor)
        _note_as_applied(migrations, editor)
    emit_post_migrate_signal(db=connection.alias, apps=apps, plan=plan, **told)


def _write_first_rows(migrations: Sequence[Migration], apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for migration in migrations:
        for operation in migration.operations:
            if isinstance(operation, RunPython) and not operation.elidable:
                operation.code(apps, editor)


def _note_as_applied(migrations: Sequence[Migration], editor: BaseDatabaseSchemaEditor) -> None:
    recorder = MigrationRecorder(editor.connection)
    if not recorder.has_table():
        editor.create_model(recorder.Migration)
    notes = [recorder.Migration(app=migration.app_label, name=migration.name) for migration in migrations]
    recorder.migration_qs.bulk_create(notes)
