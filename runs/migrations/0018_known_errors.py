import django.utils.timezone
from django.db import migrations, models

import orchestrator.contract.ids


class Migration(migrations.Migration):
    dependencies = [("runs", "0017_bulk_actions")]

    operations = [
        migrations.CreateModel(
            name="KnownError",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orchestrator.contract.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated", models.DateTimeField(auto_now=True)),
                (
                    "fingerprint",
                    models.CharField(help_text="As failed runs carry it.", max_length=16, unique=True),
                ),
                ("note", models.TextField(blank=True)),
                ("issue_url", models.TextField(blank=True, help_text="Where it is worked on.")),
                (
                    "marked_by",
                    models.TextField(
                        blank=True, help_text="The name of whoever wrote it last; empty on an open server."
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.AddIndex(
            model_name="log",
            index=models.Index(
                fields=["flow_run_id", "timestamp", "id", "level"],
                name="log_flow_run_bad",
                condition=models.Q(("level__gte", 30)),
            ),
        ),
    ]
