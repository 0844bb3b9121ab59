import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0010_handed_back"),
    ]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "flow_run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="heartbeat",
                        serialize=False,
                        to="runs.flowrun",
                    ),
                ),
                ("last_at", models.DateTimeField(help_text="By the clock of the server.")),
                ("interval_seconds", models.FloatField(blank=True, null=True)),
                ("pause_seconds", models.FloatField(blank=True, help_text="Between the last two.", null=True)),
                (
                    "silent_after",
                    models.DateTimeField(db_index=True, help_text="Without another one, the process is dead then."),
                ),
                ("host", models.TextField(blank=True, null=True)),
                ("process_id", models.PositiveBigIntegerField(blank=True, null=True)),
                (
                    "buried_state_id",
                    models.UUIDField(
                        blank=True,
                        help_text="The state that was written when the process was taken for dead.",
                        null=True,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Rescue",
            fields=[
                (
                    "flow_run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="rescue",
                        serialize=False,
                        to="runs.flowrun",
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("last_at", models.DateTimeField()),
            ],
        ),
    ]
