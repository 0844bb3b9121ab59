"""Foreign keys whose column another index begins with need none of their own, which every new row would have to write.

The tables are not altered: SQLite would copy them, and PostgreSQL look through all rows for their foreign keys.
"""

import django.db.models.deletion
from django.db import migrations, models

_FLOW_RUN, _TASK_RUN = "runs.flowrun", "runs.taskrun"


def _key(to, related_name, **options):
    options = {"on_delete": django.db.models.deletion.CASCADE, **options}
    return models.ForeignKey(to=to, related_name=related_name, db_index=False, **options)


_KEYS = [
    ("flowrun", "flow", _key("runs.flow", "runs")),
    (
        "flowrun",
        "deployment",
        _key(
            "deployments.deployment",
            "runs",
            blank=True,
            null=True,
            db_constraint=False,
            on_delete=django.db.models.deletion.DO_NOTHING,
        ),
    ),
    ("flowrunstate", "flow_run", _key(_FLOW_RUN, "states")),
    ("taskrun", "flow_run", _key(_FLOW_RUN, "task_runs", blank=True, null=True)),
    ("taskrunstate", "task_run", _key(_TASK_RUN, "states")),
    ("claim", "flow_run", _key(_FLOW_RUN, "claims")),
    ("bulkactionitem", "action", _key("runs.bulkaction", "items")),
]


def _forget(apps, editor):
    for model_name, field_name, _ in _KEYS:
        model = apps.get_model("runs", model_name)
        table, column = model._meta.db_table, model._meta.get_field(field_name).column
        with editor.connection.cursor() as cursor:
            found = editor.connection.introspection.get_constraints(cursor, table)
        for name, facts in found.items():
            is_plain = facts["index"] and not (facts["unique"] or facts["primary_key"])
            if is_plain and facts["columns"] == [column] and name not in _named(model):
                editor.execute(f"DROP INDEX {editor.quote_name(name)}")


def _named(model):
    """The indexes that the model asks for by name; they may hold a part of the rows, or work something out."""
    return {each.name for each in (*model._meta.indexes, *model._meta.constraints)}


def _make_again(apps, editor):
    for model_name, field_name, _ in _KEYS:
        model = apps.get_model("runs", model_name)
        editor.execute(editor._create_index_sql(model, fields=[model._meta.get_field(field_name)]))


class Migration(migrations.Migration):
    dependencies = [("runs", "0024_due_by_state_and_time")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(_forget, _make_again, elidable=True)],
            state_operations=[migrations.AlterField(*key) for key in _KEYS],
        )
    ]
