import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0005_artifacts")]

    operations = [
        migrations.CreateModel(
            name="Leftover",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("flow-run", "Flow Run"), ("task-run", "Task Run")], max_length=16),
                ),
                ("run_id", models.UUIDField()),
                ("deleted_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="StateDeadline",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state_id", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("PAUSE", "The pause ends unless the run goes on"),
                            ("CANCELLING", "Whoever executes the run did not stop it in time"),
                            ("CHILDREN", "What a cancelled run left running is to be cancelled"),
                        ],
                        max_length=16,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "flow_run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deadlines", to="runs.flowrun"
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["kind", "at"], name="state_deadline_due")]},
        ),
        migrations.AddIndex(
            model_name="flowrun",
            index=models.Index(
                fields=["state_name", "next_scheduled_start_time"],
                name="flow_run_not_marked_late",
                condition=models.Q(("state_type", "SCHEDULED")),
            ),
        ),
    ]
