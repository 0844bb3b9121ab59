import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import orchestrator.contract.ids

SERVICE = {
    "name": "Repossess expired leases",
    "task": "runs.tasks.repossess_expired_leases",
    "description": "Frees the slots of limits whose holders stopped renewing.",
    "expire_seconds": 60,
}
SECONDS = 15


def start_service(apps, schema_editor):
    IntervalSchedule = apps.get_model("django_celery_beat", "IntervalSchedule")
    interval, _ = IntervalSchedule.objects.get_or_create(every=SECONDS, period="seconds")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.create(interval=interval, **SERVICE)


def stop_service(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=SERVICE["name"]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0003_process_of_claim"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConcurrencyLimit",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orchestrator.contract.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated", models.DateTimeField(auto_now=True)),
                ("name", models.TextField(unique=True)),
                ("tag", models.TextField(blank=True, editable=False, help_text="Follows from the name.", null=True)),
                ("limit", models.IntegerField()),
                (
                    "active",
                    models.BooleanField(default=True, help_text="A limit that is not active holds nobody up."),
                ),
                (
                    "slot_decay_per_second",
                    models.FloatField(default=0.0, help_text="Counted slots that become free each second."),
                ),
                ("counted_slots", models.IntegerField(default=0)),
                ("counted_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "denied_slots",
                    models.IntegerField(default=0, help_text="Slots that were refused of late; they decay too."),
                ),
                ("denied_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("avg_slot_occupancy_seconds", models.FloatField(default=2.0)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("tag__isnull", False)), fields=["tag"], name="concurrency_limit_tag"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConcurrencyLease",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orchestrator.contract.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("taken_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True, help_text="Empty: it lasts as long as its run does.", null=True
                    ),
                ),
                (
                    "holder_type",
                    models.CharField(
                        blank=True,
                        choices=[("flow_run", "Flow Run"), ("task_run", "Task Run"), ("deployment", "Deployment")],
                        max_length=16,
                        null=True,
                    ),
                ),
                ("holder_id", models.UUIDField(blank=True, null=True)),
                (
                    "flow_run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="concurrency_leases",
                        to="runs.flowrun",
                    ),
                ),
                (
                    "task_run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="concurrency_leases",
                        to="runs.taskrun",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["expires_at"], name="lease_expires"),
                    models.Index(
                        condition=models.Q(("holder_id__isnull", False)), fields=["holder_id"], name="lease_holder"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConcurrencySlot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slots", models.PositiveIntegerField()),
                (
                    "counted",
                    models.BooleanField(
                        default=False, help_text="They are part of the limit's count, and decay with it."
                    ),
                ),
                (
                    "lease",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="slots",
                        to="runs.concurrencylease",
                    ),
                ),
                (
                    "limit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="leased_slots",
                        to="runs.concurrencylimit",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("limit", "lease"), name="slot_of_lease")],
            },
        ),
        migrations.RunPython(start_service, stop_service, elidable=True),
    ]
