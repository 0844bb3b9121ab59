"""The indexes of states hold both times of a run, so that those of a span are counted without reading the runs."""

from django.db import migrations, models
from django.db.models.functions import Coalesce


def _index(kind):
    return models.Index(
        "state_type",
        Coalesce("start_time", "expected_start_time").desc(),
        "start_time",
        "expected_start_time",
        name=f"{kind}_state_times",
    )


class Migration(migrations.Migration):
    dependencies = [("runs", "0021_hour_counts")]

    operations = [
        migrations.AddIndex(model_name="flowrun", index=_index("flow_run")),
        migrations.RemoveIndex(model_name="flowrun", name="flow_run_state"),
        migrations.AddIndex(model_name="taskrun", index=_index("task_run")),
        migrations.RemoveIndex(model_name="taskrun", name="task_run_state"),
    ]
