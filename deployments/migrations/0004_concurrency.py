import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0003_defaults"),
        ("runs", "0004_concurrency"),
    ]

    operations = [
        migrations.AddField(
            model_name="deployment",
            name="global_concurrency_limit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="deployments",
                to="runs.concurrencylimit",
            ),
        ),
        migrations.AddField(
            model_name="deployment",
            name="concurrency_options",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
