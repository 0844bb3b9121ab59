"""Hours are counted of task runs too, and minute by minute. What was counted before is counted anew."""

from django.db import migrations, models

_KINDS = [("flow-runs", "Flow Runs"), ("task-runs", "Task Runs")]


def _key():
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _minutes(words):
    return models.JSONField(blank=True, default=list, help_text=words)


class Migration(migrations.Migration):
    dependencies = [("runs", "0022_counting_by_state_and_time")]

    operations = [
        migrations.DeleteModel("HourCount"),
        migrations.CreateModel(
            name="HourCount",
            fields=[
                ("id", _key()),
                ("kind", models.CharField(choices=_KINDS, max_length=16)),
                ("hour", models.DateTimeField(help_text="When it begins.")),
                (
                    "counted_at",
                    models.DateTimeField(blank=True, help_text="Nothing while it has to be counted again.", null=True),
                ),
                (
                    "counts",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text=(
                            "Type of state, its name, and how many runs began or were due; subflows are left out."
                        ),
                    ),
                ),
                (
                    "total",
                    models.PositiveIntegerField(default=0, help_text="Runs that were expected to start in it."),
                ),
                ("began", _minutes("By minute; task runs that never began are left out.")),
                ("expected", _minutes("By the minute in which they were to start.")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["kind", "hour"], name="hour_count_of_kind")],
            },
        ),
        migrations.CreateModel(
            name="ChangedHour",
            fields=[
                ("id", _key()),
                ("kind", models.CharField(choices=_KINDS, max_length=16)),
                ("hour", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["kind", "hour"], name="changed_hour")]},
        ),
    ]
