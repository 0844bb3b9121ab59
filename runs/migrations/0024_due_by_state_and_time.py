"""The indexes of planned runs begin with the state, so that SQLite takes none that has nothing but the state."""

from django.db import migrations, models
from django.db.models import Q

_SCHEDULED = Q(state_type="SCHEDULED")
_INDEXES = [
    ("flow_run_due", [], _SCHEDULED),
    ("flow_run_planned", ["deployment"], Q(state_type="SCHEDULED", deployment__isnull=False)),
    ("flow_run_not_marked_late", ["state_name"], _SCHEDULED),
    ("flow_run_next_of_flow", ["flow"], _SCHEDULED),
]


def _anew(name, fields, condition):
    fields = ["state_type", *fields, "next_scheduled_start_time"]
    return [
        migrations.RemoveIndex("FlowRun", name=name),
        migrations.AddIndex("FlowRun", models.Index(fields=fields, name=name, condition=condition)),
    ]


class Migration(migrations.Migration):
    dependencies = [("runs", "0023_counts_of_task_runs")]

    operations = [operation for index in _INDEXES for operation in _anew(*index)]
