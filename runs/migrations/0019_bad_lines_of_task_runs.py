from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0018_known_errors")]

    operations = [
        migrations.AddIndex(
            model_name="log",
            index=models.Index(
                fields=["task_run_id", "timestamp", "id", "level"],
                name="log_task_run_bad",
                condition=models.Q(("level__gte", 30)),
            ),
        ),
    ]
