from django.db import migrations, models
from django.db.models import Q


def columns():
    return {
        "error_type": models.TextField(
            null=True, blank=True, help_text="The exception's, or the state's name where none is known."
        ),
        "error_message": models.TextField(null=True, blank=True, help_text="The first 200 characters."),
        "error_frame": models.TextField(
            null=True, blank=True, help_text="The last place in the author's own code: file:line, function."
        ),
        "error_source": models.TextField(null=True, blank=True, help_text="The line of code there."),
        "error_fingerprint": models.CharField(
            max_length=16, null=True, blank=True, help_text="The same for errors of one kind."
        ),
        "failing_task_run_id": models.UUIDField(
            null=True, blank=True, help_text="The task run that went wrong first."
        ),
        "failure_log_id": models.UUIDField(null=True, blank=True, help_text="The line of the log that tells why."),
    }


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0015_epoch_of_task_workers"),
    ]

    operations = [
        *(
            migrations.AddField(model_name=model, name=name, field=field)
            for model in ("flowrun", "taskrun")
            for name, field in columns().items()
        ),
        *(
            migrations.AddIndex(
                model_name=model,
                index=models.Index(
                    fields=["error_fingerprint", "end_time"],
                    name=name,
                    condition=Q(error_fingerprint__isnull=False),
                ),
            )
            for model, name in (("flowrun", "flow_run_error"), ("taskrun", "task_run_error"))
        ),
    ]
