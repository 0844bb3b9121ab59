import gc

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from orchestrator.upkeep.schema_changes import (
    NoSuchTarget,
    our_tables,
    plan_downgrade,
    plan_stamp,
    plan_upgrade,
    servers_that_use_it,
    stamp,
)

pytestmark = pytest.mark.django_db


def names(plan):
    return [step.label for step in plan.steps]


def test_has_nothing_to_do_where_all_is_applied():
    plan = plan_upgrade()

    assert plan.steps == ()
    assert plan.missing == ()


def test_undoes_what_was_applied_last():
    last = MigrationRecorder.Migration.objects.order_by("-id").first()

    plan = plan_downgrade("-1")

    assert plan.backwards
    assert f"{last.app}.{last.name}" in names(plan)


def test_undoes_what_depends_on_it_too_and_that_first():
    undone = names(plan_downgrade("runs.zero"))

    assert undone[-1] == "runs.0001_initial"
    assert any(name.startswith("deployments.") for name in undone)


def test_goes_back_to_the_migration_that_is_named_by_its_beginning():
    undone = names(plan_downgrade("runs.0009"))

    assert all(name > "runs.0009" for name in undone if name.startswith("runs."))
    assert not any(name.startswith("runs.0009") for name in undone)


def test_can_undo_every_migration_of_ours():
    undone = [*plan_downgrade("runs.zero").steps, *plan_downgrade("events.zero").steps]

    assert [step.label for step in undone if not step.reversible] == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nothing", "is no target"),
        ("runs", "names no migration"),
        ("runs.7777", "no migration that begins with"),
        ("runs.00", "more than one migration"),
        ("-0", "undoes nothing"),
        ("-x", "is no target"),
    ],
)
def test_explains_a_target_that_is_none(target, words):
    with pytest.raises(NoSuchTarget, match=words):
        plan_downgrade(target)


def test_notices_that_a_newer_version_made_the_database():
    MigrationRecorder(connection).record_applied("runs", "9999_from_the_future")

    assert plan_upgrade().missing == ("runs.9999_from_the_future",)


def test_finds_nothing_to_stamp_where_all_is_applied():
    assert plan_stamp(None).steps == ()


def test_notes_migrations_as_applied_without_carrying_them_out():
    MigrationRecorder(connection).record_unapplied("web", "0001_initial")
    plan = plan_stamp(None)

    stamp(plan)

    assert names(plan) == ["web.0001_initial"]
    assert plan_upgrade().steps == ()


def test_counts_the_tables_of_this_project_alone():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE somebody_elses (id integer)")

    tables = our_tables()

    assert {"runs_flowrun", "django_migrations"} <= set(tables)
    assert "somebody_elses" not in tables


def test_sees_that_no_server_uses_it():
    assert servers_that_use_it() == 0


def test_collects_garbage_again_after_migrating():
    call_command("migrate", verbosity=0)

    assert gc.isenabled()
