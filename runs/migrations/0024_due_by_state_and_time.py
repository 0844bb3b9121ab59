"""Runs that are due are found by state and time, so that SQLite takes no index that begins with the state alone."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("runs", "0023_counts_of_task_runs")]

    operations = [
        migrations.RemoveIndex("FlowRun", name="flow_run_due"),
        migrations.AddIndex(
            "FlowRun",
            models.Index(
                fields=["state_type", "next_scheduled_start_time"],
                name="flow_run_due",
                condition=Q(state_type="SCHEDULED"),
            ),
        ),
    ]
