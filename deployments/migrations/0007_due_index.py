import django.utils.timezone
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0006_deployment_versions"),
    ]

    operations = [
        migrations.AddField(
            model_name="deployment",
            name="catch_up_max_age_seconds",
            field=models.FloatField(blank=True, help_text="How late a run may begin; with the policy max_age alone.", null=True),
        ),
        migrations.AddField(
            model_name="deployment",
            name="catch_up_policy",
            field=models.CharField(
                choices=[("planned", "Planned"), ("all", "All"), ("latest", "Latest"), ("max_age", "Max Age"), ("none", "None")],
                default="planned",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="deploymentschedule",
            name="failures",
            field=models.PositiveIntegerField(default=0, editable=False, help_text="How often in a row they could not."),
        ),
        migrations.AddField(
            model_name="deploymentschedule",
            name="next_time",
            field=models.DateTimeField(editable=False, help_text="The first time for which none is planned.", null=True),
        ),
        migrations.AddField(
            model_name="deploymentschedule",
            name="plan_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                editable=False,
                help_text="When the scheduler looks at it again; empty: not before it changes.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="deploymentschedule",
            name="planned_until",
            field=models.DateTimeField(
                editable=False, help_text="The last time for which a run is planned; empty: none is.", null=True
            ),
        ),
        migrations.AddField(
            model_name="deploymentschedule",
            name="problem",
            field=models.TextField(blank=True, default="", editable=False, help_text="Why its times cannot be worked out."),
        ),
        migrations.AddIndex(
            model_name="deployment",
            index=models.Index(fields=["catch_up_policy", "catch_up_max_age_seconds"], name="deployment_by_catch_up"),
        ),
        migrations.AddIndex(
            model_name="deploymentschedule",
            index=models.Index(condition=Q(plan_at__isnull=False), fields=["plan_at"], name="deployment_schedule_plan_at"),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=Q(catch_up_policy="max_age", catch_up_max_age_seconds__isnull=False)
                | Q(~Q(catch_up_policy="max_age"), catch_up_max_age_seconds__isnull=True),
                name="deployment_catch_up",
                violation_error_message="Seconds belong to the policy max_age, and only to it.",
            ),
        ),
    ]
