"""How the database gets from the migrations that it had to others: planned first, then carried out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.exceptions import AmbiguityError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations import CreateModel
from django.db.migrations.recorder import MigrationRecorder

from orchestrator.contract.times import now
from orchestrator.web.models import WebPulse
from orchestrator.web.pulse import SILENT_SECONDS

Node = tuple[str, str]


class NoSuchTarget(Exception):
    """The database cannot be brought to what was named. The message says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One migration that is applied, or undone."""

    app: str
    name: str
    what: tuple[str, ...]  # its operations in words
    reversible: bool

    @property
    def label(self) -> str:
        return f"{self.app}.{self.name}"


@dataclass(frozen=True, slots=True)
class Plan:
    """`targets` is what the migration executor is told; `missing` are applied migrations that this version lacks."""

    steps: tuple[Step, ...]
    backwards: bool = False
    targets: tuple[tuple[str, str | None], ...] = ()
    missing: tuple[str, ...] = field(default=())


def plan_upgrade() -> Plan:
    """To the newest migrations that this version has."""
    executor = MigrationExecutor(connection)
    executor.loader.check_consistent_history(connection)
    targets = executor.loader.graph.leaf_nodes()
    steps = tuple(_step(migration) for migration, _ in executor.migration_plan(targets))
    return Plan(steps, targets=tuple(targets), missing=_missing(executor.loader))


def plan_downgrade(target: str) -> Plan:
    """Back to a target: `-1` undoes the migration that was applied last, `-3` the last three, and `runs.0009`
    everything of `runs` that came after it, with all that depends on it; `runs.zero` all of it.

    Raises NoSuchTarget.
    """
    executor = MigrationExecutor(connection)
    if target.startswith("-"):
        targets = _before_the_last(_number(target), executor.loader)
    else:
        targets = [_named(target, executor.loader)]
    planned = executor.migration_plan(targets)
    if any(not backwards for _, backwards in planned):
        raise NoSuchTarget(f"{target} is not behind where the database is: use upgrade.")
    return Plan(tuple(_step(migration) for migration, _ in planned), backwards=True, targets=tuple(targets))


def plan_stamp(target: str | None) -> Plan:
    """Which migrations would be noted as applied without being carried out. Raises NoSuchTarget."""
    executor = MigrationExecutor(connection)
    targets = executor.loader.graph.leaf_nodes() if target is None else [_named(target, executor.loader)]
    planned = executor.migration_plan(targets)
    backwards = any(back for _, back in planned)
    return Plan(tuple(_step(migration) for migration, _ in planned), backwards=backwards, targets=tuple(targets))


def upgrade() -> None:
    call_command("migrate", interactive=False, verbosity=0)


def downgrade(plan: Plan) -> None:
    """Undo the plan's steps. What tells other parts of a migration is left out: those parts go."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(plan.targets))


def stamp(plan: Plan) -> None:
    """Note the plan's steps as applied, or as undone, and touch nothing else."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(plan.targets), fake=True)


def reset() -> None:
    """Drop every table of this project with all that is in it, and make them anew. Other tables stay."""
    cascade = " CASCADE" if connection.vendor == "postgresql" else ""
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        for table in our_tables():
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)}{cascade}")
    upgrade()


def our_tables() -> list[str]:
    """Those of today's models, those that earlier migrations made, and the list of migrations; as far as they exist."""
    loader = MigrationLoader(None)
    made = {
        operation.options.get("db_table") or f"{migration.app_label}_{operation.name.lower()}"
        for migration in loader.disk_migrations.values()
        for operation in migration.operations
        if isinstance(operation, CreateModel)
    }
    existing = set(connection.introspection.table_names())
    ours = {*connection.introspection.django_table_names(), *made, MigrationRecorder.Migration._meta.db_table}
    return sorted(ours & existing)


def servers_that_use_it(at: datetime | None = None) -> int:
    """How many web processes said of late that they are up; on a database without tables, none."""
    seen = (at or now()) - timedelta(seconds=SILENT_SECONDS)
    try:
        with transaction.atomic():
            return WebPulse.objects.seen_since(seen).count()
    except DatabaseError:
        return 0


def database_name() -> str:
    """For people, without a password."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"the SQLite file {settings['NAME']}"
    where = f"{settings.get('HOST') or 'localhost'}:{settings.get('PORT') or 5432}"
    return f"the PostgreSQL database {settings['NAME']} at {where}"


def _named(target: str, loader: MigrationLoader) -> tuple[str, str | None]:
    app, _, name = target.partition(".")
    if app not in loader.migrated_apps:
        known = ", ".join(sorted(loader.migrated_apps))
        raise NoSuchTarget(f"{target!r} is no target: write -1, or APP.MIGRATION with one of the apps {known}.")
    if not name:
        raise NoSuchTarget(f"{target!r} names no migration: write {app}.NAME, or {app}.zero for none.")
    if name == "zero":
        return app, None
    try:
        return app, loader.get_migration_by_prefix(app, name).name
    except KeyError:
        raise NoSuchTarget(f"{app} has no migration that begins with {name!r}.") from None
    except AmbiguityError as error:
        raise NoSuchTarget(str(error)) from None


def _number(target: str) -> int:
    try:
        number = -int(target)
    except ValueError:
        raise NoSuchTarget(f"{target!r} is no target: write -1, or APP.MIGRATION.") from None
    if number < 1:
        raise NoSuchTarget(f"{target!r} undoes nothing.")
    return number


def _before_the_last(number: int, loader: MigrationLoader) -> list[tuple[str, str | None]]:
    """What each app has to go back to, so that the migrations that were applied last are undone."""
    recorded = MigrationRecorder.Migration.objects.using(connection.alias).order_by("-id").values_list("app", "name")
    last = [node for node in recorded if node in loader.disk_migrations][:number]
    if not last:
        raise NoSuchTarget("No migration was applied yet.")
    undone = {node for one in last for node in loader.graph.backwards_plan(one) if node in loader.applied_migrations}
    return [_newest_but(undone, app, loader) for app in sorted({app for app, _ in undone})]


def _newest_but(undone: Iterable[Node], app: str, loader: MigrationLoader) -> tuple[str, str | None]:
    left_out = set(undone)
    applied = [node for node in loader.applied_migrations if node[0] == app and node in loader.graph.nodes]
    kept = [node for node in applied if node not in left_out]
    # The newest of those that stay is the one on which none of the others depends.
    newest = [node for node in kept if not any(node in loader.graph.node_map[other].parents for other in kept)]
    return newest[-1] if newest else (app, None)


def _missing(loader: MigrationLoader) -> tuple[str, ...]:
    """Applied migrations of apps of ours that this version does not know: the database is newer than the program."""
    known = loader.migrated_apps
    gone = [node for node in loader.applied_migrations if node not in loader.graph.nodes and node[0] in known]
    return tuple(sorted(f"{app}.{name}" for app, name in gone if (app, name) not in loader.disk_migrations))


def _step(migration: Migration) -> Step:
    return Step(
        migration.app_label,
        migration.name,
        tuple(operation.describe() for operation in migration.operations),
        all(getattr(operation, "reversible", True) for operation in migration.operations),
    )
