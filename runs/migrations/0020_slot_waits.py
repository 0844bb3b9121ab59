import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0019_bad_lines_of_task_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="SlotWait",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "holder_type",
                    models.CharField(
                        choices=[("flow_run", "Flow Run"), ("task_run", "Task Run"), ("deployment", "Deployment")],
                        max_length=16,
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("slots", models.PositiveIntegerField()),
                (
                    "since",
                    models.DateTimeField(help_text="When it was refused first, of those times that follow each other."),
                ),
                ("asked_at", models.DateTimeField(help_text="When it was refused last.")),
                ("again_at", models.DateTimeField(help_text="When it was told to ask again.")),
                ("until", models.DateTimeField(help_text="It has given up if it has not asked again by then.")),
                (
                    "limit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="waits", to="runs.concurrencylimit"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["until"], name="slot_wait_until")],
                "constraints": [models.UniqueConstraint(fields=("holder_id", "limit"), name="slot_wait_of_holder")],
            },
        ),
    ]
