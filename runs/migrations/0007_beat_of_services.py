"""The services of runs and events that beat starts."""

from django.db import migrations

# name, task, every so many seconds, what it does
SERVICES = (
    ("Mark late runs", "runs.tasks.mark_late_runs", 5, "Marks scheduled runs that did not begin in time."),
    ("Expire pauses", "runs.tasks.expire_pauses", 5, "Lets runs fail whose pause nobody ended in time."),
    ("Finish cancellations", "runs.tasks.finish_cancellations", 10, "Cancels what cancelled runs left unfinished."),
    ("Clear leftovers", "runs.tasks.clear_leftovers", 5, "Deletes the log lines and artifacts of deleted runs."),
    ("Delete old runs", "runs.tasks.delete_old_runs", 60, "Deletes runs that ended too long ago, if that is wanted."),
    ("Delete old events", "orchestrator.events.tasks.delete_old_events", 60, "Deletes events that are kept no longer."),
)


def create_services(apps, schema_editor):
    IntervalSchedule = apps.get_model("django_celery_beat", "IntervalSchedule")
    PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, seconds, description in SERVICES:
        interval, _ = IntervalSchedule.objects.get_or_create(every=seconds, period="seconds")
        values = {"task": task, "interval": interval, "description": description, "expire_seconds": 60}
        PeriodicTask.objects.update_or_create(name=name, defaults=values)


def remove_services(apps, schema_editor):
    PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
    PeriodicTask.objects.filter(name__in=[service[0] for service in SERVICES]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0006_services"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(create_services, remove_services, elidable=True)]
