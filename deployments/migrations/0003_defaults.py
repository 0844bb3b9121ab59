"""What every installation begins with: the default work pool, and the services that beat starts."""

from django.db import migrations

POOL = {
    "name": "default",
    "type": "celery",
    "description": "Runs on our own Celery workers, such as the one that `orchestrator server start` brings along.",
}

# name, task, every so many seconds, what it does
SERVICES = (
    ("Dispatch due runs", "deployments.tasks.dispatch_due_runs", 1, "Wakes workers for runs that become due."),
    ("Dispatch waiting runs", "deployments.tasks.dispatch_waiting_runs", 10, "Wakes workers again for runs that still wait."),
    ("Mark workers offline", "deployments.tasks.mark_workers_offline", 15, "Workers without heartbeats are offline."),
    ("Reclaim lost runs", "runs.tasks.reclaim_lost_runs", 5, "Begins again, or crashes, runs whose worker is gone."),
)


def create_pool(apps, schema_editor):
    WorkPool = apps.get_model("deployments", "WorkPool")
    WorkQueue = apps.get_model("deployments", "WorkQueue")
    pool = WorkPool.objects.create(**POOL)
    pool.default_queue = WorkQueue.objects.create(work_pool=pool, name="default", priority=1)
    pool.save(update_fields=["default_queue"])


def create_services(apps, schema_editor):
    IntervalSchedule = apps.get_model("django_celery_beat", "IntervalSchedule")
    PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, seconds, description in SERVICES:
        interval, _ = IntervalSchedule.objects.get_or_create(every=seconds, period="seconds")
        PeriodicTask.objects.create(name=name, task=task, interval=interval, description=description, expire_seconds=60)


def remove_services(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=[service[0] for service in SERVICES]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0002_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [
        migrations.RunPython(create_pool, migrations.RunPython.noop),
        # Today the services' rows are written after each change of the tables.
        migrations.RunPython(create_services, remove_services, elidable=True),
    ]
